//! api-bff: the dashboard's own server. It serves the dashboard's files, keeps sessions of browsers, and gathers what a page needs.
//!
//! Invariants: it holds no data and no SQL; what it reads of a workspace it asks of `/v1` with the caller's own credential, so that there is
//! no second way to the data and no second set of limits; no file of the dashboard differs from one caller to another.

mod files;
mod metrics;
pub mod rest;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use url::Url;

use crate::http::session_cookie::SessionCookie;
use crate::runtime::token_bucket::TokenBuckets;
use crate::services::api_core::ApiCore;

pub use files::has_dashboard;

/// What the service is made of. Clones share it.
#[derive(Clone)]
pub struct Bff {
    core: ApiCore,
    /// Every operation of `/v1`, behind authentication and limits.
    api: Router,
    cookie: SessionCookie,
    /// How many failures of browsers are written down.
    reports: Arc<Option<TokenBuckets<Option<IpAddr>>>>,
}

impl Bff {
    /// For operations that stand behind their own authentication and limits, at this address.
    #[must_use]
    pub fn new(core: ApiCore, api: Router, public_url: &Url) -> Self {
        let reports = Arc::new(rest::report_limit());
        Self { core, api, cookie: SessionCookie::new(public_url), reports }
    }
}
