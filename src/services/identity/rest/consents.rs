//! `/v1/me/consents`: what one lets programs do.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::IdentityApi;
use crate::domain::id::OAuthConsentId;
use crate::domain::permission;
use crate::http::extract::Query;
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{DeleteProblems, ForbiddenProblem, PlainProblems};
use crate::services::api_core::rest::{PageQuery, Permitted, page_of, requested_page};
use crate::services::identity::Identity;
use crate::services::identity::oauth::{Consent, REVOKED};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct ConsentPath {
    /// The consent.
    consent_id: OAuthConsentId,
}

pub(super) fn routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(revoke))
}

/// List what the caller lets programs do
///
/// Newest first.
#[utoipa::path(
    get, path = "/v1/me/consents", operation_id = "listConsents", tag = "me",
    params(PageQuery),
    responses((status = 200, description = "A page of consents.", body = Page<Consent>), PlainProblems, ForbiddenProblem)
)]
async fn list(
    State(identity): State<Identity>,
    caller: Permitted<permission::ListConsents>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Consent>>, Problem> {
    let (person, _) = caller.session()?;
    let fingerprint = QueryFingerprint::of(&("consents", person));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let consents = identity.list_consents(person, page).await?;
    Ok(page_of(consents, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Take back what the caller lets a program do
///
/// All tokens that the program has by this consent end at once.
#[utoipa::path(
    delete, path = "/v1/me/consents/{consent_id}", operation_id = "revokeConsent", tag = "me",
    extensions(("x-audit-action" = json!(REVOKED.name()))),
    params(ConsentPath),
    responses((status = 204, description = "The program acts no longer."), DeleteProblems)
)]
async fn revoke(
    State(identity): State<Identity>,
    caller: Permitted<permission::RevokeConsent>,
    Path(path): Path<ConsentPath>,
) -> Result<StatusCode, Problem> {
    let (person, _) = caller.session()?;
    identity.revoke_consent(person, path.consent_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
