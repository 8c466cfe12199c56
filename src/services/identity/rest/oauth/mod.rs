//! `/oauth/…`: what clients and browsers see of the OAuth2 provider. One file a resource.
//!
//! Invariants: no credential of `/v1` counts here, but the session cookie of a browser, ours or that of Ory Kratos; failures are told to programs in the form of
//! RFC 6749, section 5.2, and to people on pages, which run no script, load nothing, and are shown in no frame.

mod authorization;
mod browser;
mod client_credentials;
mod failure;
mod introspection;
mod metadata;
mod pages;
mod request_fields;
mod revocation;
mod scope_text;
mod sign_in;
mod token;
mod token_form;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;

use super::IdentityApi;

/// The longest form, in bytes.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// Every operation of the provider, with its part of the OpenAPI document. They find out by themselves who asks.
#[must_use]
pub fn operations() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::with_openapi(failure::document())
        .merge(metadata::routes())
        .merge(authorization::routes())
        .merge(sign_in::routes())
        .merge(token::routes())
        .merge(revocation::routes())
        .merge(introspection::routes())
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
}
