//! The form that is about one token.

use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::domain::error::{Error, ErrorKind};

/// A token, and the client that holds it.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OAuthTokenInQuestion)]
pub(super) struct TokenForm {
    /// The access token or the refresh token.
    #[schema(value_type = String, required = true, example = "elido_rt_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    token: Option<SecretString>,
    /// `access_token` or `refresh_token`. It makes no difference here.
    #[schema(nullable = false)]
    #[allow(dead_code, reason = "clients send it, and the token tells it")]
    token_type_hint: Option<String>,
    /// The client, unless the `Authorization` header names it.
    #[schema(nullable = false, example = "oac_01976a3e5d7c7f3a9b1c2d4e6f8a0b1c")]
    #[allow(dead_code, reason = "read with the credentials of the client")]
    client_id: Option<String>,
    /// The secret of a confidential client, unless the `Authorization` header has it.
    #[schema(value_type = Option<String>, nullable = false)]
    #[allow(dead_code, reason = "read with the credentials of the client")]
    client_secret: Option<SecretString>,
}

impl TokenForm {
    /// The token that the form is about.
    pub(super) fn token(self) -> Result<SecretString, Error> {
        self.token.ok_or_else(|| Error::new(ErrorKind::Invalid, "invalid_request", "token is missing."))
    }
}
