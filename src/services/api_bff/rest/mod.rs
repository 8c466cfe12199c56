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
mod sign_in;
mod status;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use url::Url;

use crate::http::session_cookie::SessionCookie;
use crate::runtime::token_bucket::TokenBuckets;
use crate::services::api_bff::ProcessStatus;
use crate::services::api_core::ApiCore;

/// The longest request, in bytes: what a page sends here is an address, a password, or what went wrong.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// What the service is made of. Clones share it.
#[derive(Clone)]
pub struct Bff {
    core: ApiCore,
    /// Every operation of `/v1`, behind authentication and limits.
    api: Router,
    cookie: SessionCookie,
    status: ProcessStatus,
    /// How many failures of browsers are written down.
    reports: Arc<Option<TokenBuckets<Option<IpAddr>>>>,
}

impl Bff {
    /// For operations that stand behind their own authentication and limits, at this address, of the process that is like this.
    #[must_use]
    pub fn new(core: ApiCore, api: Router, public_url: &Url, status: ProcessStatus) -> Self {
        let reports = Arc::new(client_errors::report_limit());
        Self { core, api, cookie: SessionCookie::new(public_url), status, reports }
    }
}

/// Everything that the service answers. Addresses that nobody has are the dashboard's, so that this comes last.
pub fn router(bff: Bff) -> Router {
    Router::new()
        .merge(session::routes())
        .merge(setup::routes())
        .merge(aggregates::routes())
        .merge(client_errors::routes())
        .merge(status::routes())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .merge(pages::routes())
        .with_state(bff)
}
