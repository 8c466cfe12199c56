//! Files of clicks: their form, and how far they are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far a click export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClickExportState {
    /// It is going to be written.
    Pending,
    /// It can be downloaded.
    Ready,
    /// It cannot be written; `error` says why.
    Failed,
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AnalyticsExportFormat)]
pub enum ExportFormat {
    /// Comma-separated values (RFC 4180) with a header line.
    #[default]
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// Apache Parquet: columns of the same names, with types, compressed by Snappy.
    Parquet,
}
