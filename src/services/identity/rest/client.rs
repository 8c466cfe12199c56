//! Where a request comes from, for sessions and limits.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::http::client_address::{ClientAddress, user_agent};
use crate::services::identity::Client;

/// The client of a request.
pub(super) struct From(pub(super) Client);

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let address = parts.extensions.get::<ClientAddress>().map(|address| address.0);
        Ok(Self(Client { address, user_agent: user_agent(&parts.headers).to_owned() }))
    }
}
