//! `/bff/client-errors`: what went wrong in a browser, for the log of this installation and for nobody else.

use std::net::IpAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{Extension, State};
use axum::routing::post;
use http::StatusCode;
use serde::Deserialize;

use super::Bff;
use crate::http::client_address::ClientAddress;
use crate::http::extract::Json;
use crate::http::problem::Problem;
use crate::runtime::clock;
use crate::runtime::token_bucket::{Decision, Rate, TokenBuckets};
use crate::services::api_bff::metrics;

/// How many failures of one address are written down in a minute.
const REPORTS_A_MINUTE: u32 = 10;
const MINUTE: Duration = Duration::from_secs(60);
/// The most addresses whose reports are counted.
const ADDRESSES_MAX: usize = 10_000;
/// How much of a text is written down, in bytes.
const TEXT_BYTES_MAX: usize = 4096;

/// A failure. It names no address of a page and nobody's name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    message: String,
    #[serde(default)]
    stack: String,
    /// The page, by its pattern.
    #[serde(default)]
    route: String,
    /// The version of the dashboard.
    #[serde(default)]
    build: String,
}

pub(super) fn report_limit() -> Option<TokenBuckets<Option<IpAddr>>> {
    let rate = Rate::new(REPORTS_A_MINUTE, MINUTE, REPORTS_A_MINUTE)?;
    Some(TokenBuckets::new(rate, ADDRESSES_MAX))
}

pub(super) fn routes() -> Router<Bff> {
    Router::new().route("/bff/client-errors", post(report))
}

async fn report(
    State(bff): State<Bff>,
    address: Option<Extension<ClientAddress>>,
    Json(report): Json<Report>,
) -> Result<StatusCode, Problem> {
    let address = address.map(|Extension(address)| address.0);
    let now = u64::try_from(clock::monotonic().as_micros()).unwrap_or_default().saturating_mul(1000);
    let decision = bff.reports.as_ref().as_ref().map(|reports| reports.take(&address, now));
    let is_logged = !matches!(decision, Some(Decision::Refused { .. }));
    metrics::client_error(is_logged);
    if is_logged {
        let (message, stack) = (start(&report.message), start(&report.stack));
        tracing::warn!(
            message,
            stack,
            route = start(&report.route),
            build = start(&report.build),
            "the dashboard failed in a browser"
        );
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The beginning of a text that somebody else wrote.
fn start(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default()
}
