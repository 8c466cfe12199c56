//! api-bff over REST: the dashboard's files for every address that nothing else has, and what its pages ask under `/bff`.
//!
//! Invariants: nothing here changes anything but sessions and the first administrator; every answer under `/bff` is kept by nobody.

mod aggregates;
mod client_errors;
mod gathering;
mod headers;
mod pages;
mod session;
mod setup;

use axum::Router;
use axum::extract::DefaultBodyLimit;

pub(super) use client_errors::report_limit;

use super::Bff;

/// The longest request, in bytes: what a page sends here is an address, a password, or what went wrong.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// Everything that the service answers. Addresses that nobody has are the dashboard's, so that this comes last.
#[must_use]
pub fn router(bff: Bff) -> Router {
    Router::new()
        .merge(session::routes())
        .merge(setup::routes())
        .merge(aggregates::routes())
        .merge(client_errors::routes())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .merge(pages::routes())
        .with_state(bff)
}
