//! `/oauth/token`: codes and refresh tokens against tokens.

use axum::Json;
use axum::extract::State;
use http::header::{CACHE_CONTROL, PRAGMA};
use http::{HeaderMap, HeaderName};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::client_credentials::credentials;
use super::failure::{Failure, Failures};
use super::scope_text::space_separated;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::WorkspaceId;
use crate::http::extract::Form;
use crate::http::problem::Problem;
use crate::services::identity::Identity;
use crate::services::identity::oauth::{CodeExchange, IssuedTokens, Refresh, scopes};
use crate::services::identity::rest::IdentityApi;
use crate::services::identity::rest::client::From;

/// What keeps tokens out of caches (RFC 6749, section 5.1).
const UNCACHED: [(HeaderName, &str); 2] = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];

/// What a client asks for tokens with.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OAuthTokenRequest)]
struct TokenForm {
    /// `authorization_code` or `refresh_token`.
    #[schema(required = true, nullable = false, example = "authorization_code")]
    grant_type: Option<String>,
    /// The code, with `authorization_code`.
    #[schema(value_type = Option<String>, nullable = false, example = "elido_ac_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    code: Option<SecretString>,
    /// Where the code went, with `authorization_code`.
    #[schema(nullable = false, example = "https://example.com/callback")]
    redirect_uri: Option<String>,
    /// The text whose hash the code was asked for with, with `authorization_code`.
    #[schema(value_type = Option<String>, nullable = false, min_length = 43, max_length = 128, example = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")]
    code_verifier: Option<SecretString>,
    /// The refresh token, with `refresh_token`.
    #[schema(value_type = Option<String>, nullable = false)]
    refresh_token: Option<SecretString>,
    /// What the access token shall be for, with `refresh_token`: less than the person agreed to, or all if absent.
    #[schema(nullable = false, example = "links:read")]
    scope: Option<String>,
    /// The client, unless the `Authorization` header names it.
    #[schema(nullable = false, example = "oac_01976a3e5d7c7f3a9b1c2d4e6f8a0b1c")]
    #[allow(dead_code, reason = "read with the credentials of the client")]
    client_id: Option<String>,
    /// The secret of a confidential client, unless the `Authorization` header has it.
    #[schema(value_type = Option<String>, nullable = false)]
    #[allow(dead_code, reason = "read with the credentials of the client")]
    client_secret: Option<SecretString>,
}

/// Tokens.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthTokens)]
struct Tokens {
    /// What to send as `Authorization: Bearer`, over REST and gRPC.
    #[schema(example = "elido_at_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    access_token: String,
    /// `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// How many seconds the access token holds.
    #[schema(minimum = 0, maximum = 3_600, example = 3_600)]
    expires_in: u64,
    /// What to get the next tokens with, once, within 30 days.
    #[schema(example = "elido_rt_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    refresh_token: String,
    /// What the access token may be used for.
    #[schema(example = "links:read links:write")]
    scope: String,
    /// The workspace that the person chose.
    workspace_id: WorkspaceId,
}

impl std::convert::From<IssuedTokens> for Tokens {
    fn from(issued: IssuedTokens) -> Self {
        Self {
            access_token: issued.access_token.expose_secret().to_owned(),
            token_type: "Bearer",
            expires_in: issued.expires_in.as_secs(),
            refresh_token: issued.refresh_token.expose_secret().to_owned(),
            scope: space_separated(&issued.scopes),
            workspace_id: issued.workspace_id,
        }
    }
}

pub(super) fn routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new().routes(routes!(issue))
}

/// Exchange a code or a refresh token for tokens
///
/// A code works once and for a minute. A refresh token works once, and for 30 seconds more it is answered with the very same tokens,
/// unless those were used. A code or a refresh token that comes again ends all tokens of its authorization. Confidential clients send their
/// secret by HTTP Basic or in the form, public ones their `client_id` alone.
#[utoipa::path(
    post, path = "/oauth/token", operation_id = "issueToken", tag = "oauth", security(()),
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The tokens.", body = Tokens), Failures)
)]
async fn issue(
    State(identity): State<Identity>,
    From(client): From,
    headers: HeaderMap,
    form: std::result::Result<Form, Problem>,
) -> std::result::Result<([(HeaderName, &'static str); 2], Json<Tokens>), Failure> {
    let form = form?;
    let credentials = credentials(&headers, &form)?;
    let fields: TokenForm = form.read()?;
    let issued = match fields.grant_type.as_deref() {
        Some("authorization_code") => identity.exchange_code(&credentials, &exchange(fields)?, client.address).await?,
        Some("refresh_token") => identity.refresh(&credentials, &refresh(fields)?, client.address).await?,
        Some(_) => return Err(unsupported().into()),
        None => return Err(missing("grant_type").into()),
    };
    Ok((UNCACHED, Json(issued.into())))
}

fn exchange(fields: TokenForm) -> Result<CodeExchange> {
    Ok(CodeExchange {
        code: fields.code.ok_or_else(|| missing("code"))?,
        redirect_uri: fields.redirect_uri.ok_or_else(|| missing("redirect_uri"))?,
        code_verifier: fields.code_verifier.ok_or_else(|| missing("code_verifier"))?,
    })
}

fn refresh(fields: TokenForm) -> Result<Refresh> {
    let wanted = fields.scope.filter(|text| !text.is_empty());
    Ok(Refresh {
        refresh_token: fields.refresh_token.ok_or_else(|| missing("refresh_token"))?,
        scopes: wanted.map(|text| scopes(&text).ok_or_else(unknown_scope)).transpose()?,
    })
}

fn missing(field: &'static str) -> Error {
    Error::new(ErrorKind::Invalid, "invalid_request", format!("{field} is missing."))
}

fn unknown_scope() -> Error {
    Error::new(ErrorKind::Invalid, "invalid_scope", "scope has a word that is no scope here.")
}

fn unsupported() -> Error {
    let message = "grant_type is authorization_code or refresh_token.";
    Error::new(ErrorKind::Invalid, "unsupported_grant_type", message)
}
