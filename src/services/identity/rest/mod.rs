//! identity over REST: one file a resource.
//!
//! Invariant: a session's secret leaves either in a response or in a cookie that no script can read, never in both.

mod accounts;
mod client;
mod consents;
mod credential;
mod email;
mod identities;
mod me;
mod oauth;
mod oauth_clients;
mod password;
mod providers;
mod registration;
mod second_factor;
mod sessions;
mod sign_in;

use axum::extract::{DefaultBodyLimit, FromRef};
use utoipa_axum::router::OpenApiRouter;

pub use oauth::operations as oauth_operations;

use super::Identity;
use crate::http::browser_cookie::BrowserCookie;
use crate::http::session_cookie::SessionCookie;
use crate::services::api_core::ApiCore;

/// The longest request of somebody whom nobody knows, in bytes: no more is read than an address, a password and a code need.
const STRANGER_BYTES_MAX: usize = 16 * 1024;

/// The sections of the API's document that are about this service: their names, and what they say.
pub const TAGS: &[(&str, &str)] = &[
    ("auth", "Signing in and out, sessions, registration, and what is confirmed by a code from a mail."),
    ("me", "One's own account: who one is, address, password and second factor."),
    ("accounts", "All accounts of the instance, for those who run it."),
    ("oauth-clients", "Programs that may ask people to act for them."),
    ("oauth", "Elido as an OAuth2 provider: how a program asks a person, and gets tokens to act for them."),
];

/// What the handlers use. Clones share it.
#[derive(Clone)]
pub struct IdentityApi {
    /// The use cases.
    pub identity: Identity,
    /// Where browsers keep their session.
    pub cookie: SessionCookie,
    /// What they keep while they are at a provider.
    pub sign_in_cookie: BrowserCookie,
}

impl FromRef<IdentityApi> for Identity {
    fn from_ref(api: &IdentityApi) -> Self {
        api.identity.clone()
    }
}

impl FromRef<IdentityApi> for SessionCookie {
    fn from_ref(api: &IdentityApi) -> Self {
        api.cookie.clone()
    }
}

impl FromRef<IdentityApi> for ApiCore {
    fn from_ref(api: &IdentityApi) -> Self {
        api.identity.core.clone()
    }
}

impl FromRef<IdentityApi> for BrowserCookie {
    fn from_ref(api: &IdentityApi) -> Self {
        api.sign_in_cookie.clone()
    }
}

/// Every operation of the service, with its part of the OpenAPI document. Those that need a credential want the one that
/// [`crate::services::api_core::rest::authenticate`] finds.
#[must_use]
pub fn operations() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new()
        .merge(sign_in::routes())
        .merge(password::reset_routes())
        .merge(registration::routes())
        .merge(email::confirmation_routes())
        .layer(DefaultBodyLimit::max(STRANGER_BYTES_MAX))
        .merge(providers::routes())
        .merge(sessions::routes())
        .merge(me::routes())
        .merge(consents::routes())
        .merge(identities::routes())
        .merge(email::routes())
        .merge(password::routes())
        .merge(second_factor::routes())
        .merge(accounts::routes())
        .merge(oauth_clients::routes())
}
