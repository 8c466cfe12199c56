//! The audit trail as a file: oldest row first, a page in memory at a time.
//!
//! Invariant: a file of NDJSON begins with a line that names the chain, where the file starts in it and the head that the chain had,
//! so that a file that was cut off, or is not whole, shows.

use bytes::Bytes;
use futures_util::stream::{Stream, try_unfold};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiCore;
use super::audit_trail::Trail;
use crate::domain::audit::{AuditEvent, ChainHead};
use crate::domain::error::{Error, Result};
use crate::domain::recorded::Chain;
use crate::domain::time::Timestamp;
use crate::infra::store::audit;
use crate::runtime::clock;

/// Rows in memory at a time.
const PAGE_ROWS: u64 = 1_000;
/// The version of the form of a file.
pub(super) const FORM: u32 = 1;
/// The columns of a CSV file.
const COLUMNS: [&str; 12] =
    ["chain", "sequence", "id", "at", "actor", "action", "target", "before", "after", "address", "request_id", "hash"];

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditExportFormat {
    /// A line that describes the file, then one row a line, as JSON. `elido audit verify` reads it.
    #[default]
    Ndjson,
    /// Comma-separated values (RFC 4180) with a header line; `before` and `after` are JSON text.
    Csv,
}

/// What the first line of an NDJSON file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditExportHeader {
    /// The version of the form of the file, 1.
    pub elido_audit_export: u32,
    /// Whose trail it is.
    pub chain: Chain,
    /// The row behind which the file starts.
    pub after: ChainHead,
    /// The last row of the file, which was the last one of the chain.
    pub head: ChainHead,
    /// When it was written.
    pub at: Timestamp,
}

/// An export that is about to be read.
pub struct AuditExport {
    core: ApiCore,
    trail: Trail,
    format: AuditExportFormat,
    /// What the file is.
    pub header: AuditExportHeader,
}

impl AuditExportFormat {
    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    /// What a file of it is called.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Ndjson => "audit.ndjson",
            Self::Csv => "audit.csv",
        }
    }

    fn head(self, header: &AuditExportHeader) -> Result<Bytes> {
        match self {
            Self::Ndjson => json_lines(std::slice::from_ref(header)),
            Self::Csv => csv_lines([COLUMNS.map(str::to_owned)].into_iter()),
        }
    }

    fn page(self, rows: &[AuditEvent]) -> Result<Bytes> {
        match self {
            Self::Ndjson => json_lines(rows),
            Self::Csv => csv_lines(rows.iter().map(cells)),
        }
    }
}

impl ApiCore {
    /// The rows of a trail behind the number `after`, as a file.
    ///
    /// # Errors
    /// `Invalid` if there is no row `after`.
    pub async fn export_audit_events(
        &self,
        trail: Trail,
        after: i64,
        format: AuditExportFormat,
    ) -> Result<AuditExport> {
        let chain = trail.chain();
        let after = self.audit_head_at(trail, after).await?;
        let head = audit::head(self.store.reader(), chain).await?;
        let header = AuditExportHeader { elido_audit_export: FORM, chain, after, head, at: clock::now() };
        Ok(AuditExport { core: self.clone(), trail, format, header })
    }
}

impl AuditExport {
    /// The file in pieces. An error ends it, and then it is not whole.
    pub fn pieces(self) -> impl Stream<Item = Result<Bytes>> + Send {
        try_unfold((self, None), |(export, reached): (Self, Option<i64>)| async move {
            let Some(reached) = reached else {
                let (line, start) = (export.format.head(&export.header)?, export.header.after.sequence);
                return Ok(Some((line, (export, Some(start)))));
            };
            let (reader, until) = (export.core.store.reader(), export.header.head.sequence);
            let rows = audit::range(reader, export.trail.chain(), reached, until, PAGE_ROWS).await?;
            let Some(last) = rows.last().map(|row| row.sequence) else { return Ok(None) };
            Ok(Some((export.format.page(&rows)?, (export, Some(last)))))
        })
    }
}

/// Each item as a line of JSON.
pub(super) fn json_lines<T: Serialize>(items: &[T]) -> Result<Bytes> {
    let mut lines = Vec::new();
    for item in items {
        serde_json::to_writer(&mut lines, item).map_err(Error::internal)?;
        lines.push(b'\n');
    }
    Ok(lines.into())
}

fn csv_lines(records: impl Iterator<Item = [String; COLUMNS.len()]>) -> Result<Bytes> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records {
        writer.write_record(record).map_err(Error::internal)?;
    }
    writer.into_inner().map(Bytes::from).map_err(|error| Error::internal(error.to_string()))
}

fn cells(row: &AuditEvent) -> [String; COLUMNS.len()] {
    let json = |side: &Option<serde_json::Value>| side.as_ref().map(ToString::to_string).unwrap_or_default();
    [
        row.chain.to_string(),
        row.sequence.to_string(),
        row.id.to_string(),
        row.at.to_string(),
        row.actor.to_string(),
        row.action.clone(),
        row.target.clone(),
        json(&row.before),
        json(&row.after),
        row.address.clone().unwrap_or_default(),
        row.request_id.clone().unwrap_or_default(),
        row.hash.to_string(),
    ]
}
