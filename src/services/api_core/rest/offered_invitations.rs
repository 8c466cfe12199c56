//! `/v1/invitations`: invitations as the invited see them.

use axum::Json;
use axum::extract::{DefaultBodyLimit, Extension, State};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::extract::Json as Body;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, NotFoundProblem, PlainBodyProblems};
use crate::services::api_core::{Acceptance, ApiCore, InvitationToken, InvitationView, Joined, Principal, members};

/// The longest request, in bytes: nobody may be known who sends it.
const BYTES_MAX: usize = 16 * 1024;

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(show)).routes(routes!(accept)).layer(DefaultBodyLimit::max(BYTES_MAX))
}

/// Read what an invitation is for
///
/// For whoever has the secret of the mail. It is a POST, so that no log of addresses has the secret.
#[utoipa::path(
    post, path = "/v1/invitations/show", operation_id = "show_invitation", tag = "invitations", security(()),
    request_body = InvitationToken,
    responses((status = 200, description = "What it is for.", body = InvitationView), PlainBodyProblems, NotFoundProblem)
)]
async fn show(
    State(core): State<ApiCore>,
    Body(token): Body<InvitationToken>,
) -> Result<Json<InvitationView>, Problem> {
    Ok(Json(core.show_invitation(&token).await?))
}

/// Accept an invitation
///
/// Whoever has an account is signed in and sends the secret alone; it must be the account of the address that was invited
/// (`other_address`). Whoever has none sends a name and a password with it, and has an account then, with which they sign in.
#[utoipa::path(
    post, path = "/v1/invitations/accept", operation_id = "accept_invitation", tag = "invitations",
    extensions(("x-audit-action" = json!(members::JOINED.name()))),
    security((), ("bearer" = [])), request_body = Acceptance,
    responses((status = 200, description = "Who joined, and what.", body = Joined), CreateProblems)
)]
async fn accept(
    State(core): State<ApiCore>,
    principal: Option<Extension<Principal>>,
    Body(acceptance): Body<Acceptance>,
) -> Result<Json<Joined>, Problem> {
    // Of an API key nobody is known who could join.
    let person = principal.and_then(|Extension(principal)| principal.session().ok());
    Ok(Json(core.accept_invitation(person.map(|(id, _)| id), acceptance).await?))
}
