//! `/oauth/revoke`: the end of a token (RFC 7009).

use axum::extract::State;
use http::{HeaderMap, StatusCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::client_credentials::credentials;
use super::failure::{Failure, Failures};
use super::token_form::TokenForm;
use crate::http::extract::Form;
use crate::http::problem::Problem;
use crate::services::identity::Identity;
use crate::services::identity::oauth::GIVEN_BACK;
use crate::services::identity::rest::IdentityApi;
use crate::services::identity::rest::client::From;

pub(super) fn routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new().routes(routes!(revoke))
}

/// End a token
///
/// A refresh token ends with all tokens of its authorization, an access token by itself. What is no token of the client is left alone, and
/// the response is the same.
#[utoipa::path(
    post, path = "/oauth/revoke", operation_id = "revokeToken", tag = "oauth", security(()),
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The client has no such token any more."), Failures),
    extensions(("x-audit-action" = json!(GIVEN_BACK.name())))
)]
async fn revoke(
    State(identity): State<Identity>,
    From(client): From,
    headers: HeaderMap,
    form: Result<Form, Problem>,
) -> Result<StatusCode, Failure> {
    let form = form?;
    let credentials = credentials(&headers, &form)?;
    let token = form.read::<TokenForm>()?.token()?;
    identity.revoke_token(&credentials, &token, client.address).await?;
    Ok(StatusCode::OK)
}
