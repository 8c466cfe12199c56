//! `/oauth/introspect`: what a token is worth (RFC 7662).

use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::client_credentials::credentials;
use super::failure::{Failure, Failures};
use super::scope_text::space_separated;
use super::token_form::TokenForm;
use crate::domain::id::{OAuthClientId, UserId, WorkspaceId};
use crate::domain::oauth::OAuthTokenKind;
use crate::domain::time::Timestamp;
use crate::http::extract::Form;
use crate::http::problem::Problem;
use crate::services::identity::Identity;
use crate::services::identity::oauth::Introspection;
use crate::services::identity::rest::IdentityApi;
use crate::services::identity::rest::client::From;

/// What a token is worth. Of one that is worth nothing, nothing more is told.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = OAuthIntrospection)]
struct Answer {
    /// Whether it is worth anything, at this moment and to this client.
    active: bool,
    /// What it may be used for, as far as the person may do it at this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "links:read links:write")]
    scope: Option<String>,
    /// The client that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    client_id: Option<OAuthClientId>,
    /// `Bearer` for an access token, `refresh_token` for the other kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Bearer")]
    token_type: Option<&'static str>,
    /// When it expires, in seconds since 1970 UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exp: Option<i64>,
    /// When it was made, in seconds since 1970 UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iat: Option<i64>,
    /// The person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sub: Option<UserId>,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "https://links.example.com")]
    iss: Option<String>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    workspace_id: Option<WorkspaceId>,
}

impl Answer {
    fn of(token: &Introspection, issuer: &str) -> Self {
        let token_type = match token.kind {
            OAuthTokenKind::Access => "Bearer",
            OAuthTokenKind::Refresh => "refresh_token",
        };
        Self {
            active: true,
            scope: Some(space_separated(&token.scopes)),
            client_id: Some(token.client_id),
            token_type: Some(token_type),
            exp: Some(seconds(token.expires_at)),
            iat: Some(seconds(token.issued_at)),
            sub: Some(token.user_id),
            iss: Some(issuer.to_owned()),
            workspace_id: Some(token.workspace_id),
        }
    }
}

fn seconds(time: Timestamp) -> i64 {
    time.as_micros().div_euclid(1_000_000)
}

pub(super) fn routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new().routes(routes!(introspect))
}

/// Read what a token is worth
///
/// For confidential clients, and for tokens of their own; all others are not active.
#[utoipa::path(
    post, path = "/oauth/introspect", operation_id = "introspectToken", tag = "oauth", security(()),
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "What it is worth.", body = Answer), Failures)
)]
async fn introspect(
    State(identity): State<Identity>,
    From(client): From,
    headers: HeaderMap,
    form: Result<Form, Problem>,
) -> Result<Json<Answer>, Failure> {
    let form = form?;
    let credentials = credentials(&headers, &form)?;
    let token = form.read::<TokenForm>()?.token()?;
    let found = identity.introspect_token(&credentials, &token, client.address).await?;
    Ok(Json(found.map(|token| Answer::of(&token, identity.issuer())).unwrap_or_default()))
}
