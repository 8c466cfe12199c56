//! Where a request comes from, for sessions and limits.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::header::USER_AGENT;
use http::request::Parts;

use crate::http::client_address::ClientAddress;
use crate::services::identity::Client;

/// The client of a request.
pub(super) struct From(pub(super) Client);

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let user_agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let address = parts.extensions.get::<ClientAddress>().map(|address| address.0);
        Ok(Self(Client { address, user_agent: user_agent.to_owned() }))
    }
}
