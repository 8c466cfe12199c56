//! Headers that several operations take, as the OpenAPI document describes them, and what `If-Match` asks of use cases.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::error::Result;
use crate::http::etag::IfMatch;
use crate::services::api_core::ExpectedVersion;

/// The header that names a request.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IdempotencyHeader {
    /// Names the request: the first response under a key is kept for 24 hours and repeated byte for byte.
    #[serde(rename = "Idempotency-Key")]
    #[param(nullable = false, min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    pub idempotency_key: Option<String>,
}

/// The header that guards an edit.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IfMatchHeader {
    /// The `ETag` of the version that the edit was made from; 412 if it is not the current one.
    #[serde(rename = "If-Match")]
    #[param(nullable = false, pattern = "^(\\*|\"[0-9]+\")$", example = "\"3\"")]
    pub if_match: Option<String>,
}

/// The header that spares a reader what it has.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IfNoneMatchHeader {
    /// The `ETag` of the version that the caller has; 304 if it is the current one.
    #[serde(rename = "If-None-Match")]
    #[param(nullable = false, pattern = "^(\\*|\"[0-9]+\")$", example = "\"3\"")]
    pub if_none_match: Option<String>,
}

impl ExpectedVersion for IfMatch {
    fn require(&self, version: i64) -> Result<()> {
        Self::require(self, version)
    }
}
