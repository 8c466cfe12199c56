//! `/v1/me/identities`: who the caller is to identity providers.

use axum::Json;
use axum::extract::State;
use http::header::SET_COOKIE;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::IdentityApi;
use super::client::From;
use crate::domain::id::IdentityId;
use crate::http::browser_cookie::BrowserCookie;
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{ConflictProblem, CreateProblems, DeleteProblems, ReadProblems};
use crate::services::api_core::rest::{Authenticated, IdempotencyHeader, PageQuery, page_of, requested_page};
use crate::services::identity::identities::UNLINKED;
use crate::services::identity::{ExternalIdentity, Identity, IdentityLinkDraft, SIGN_IN_HOLDS_FOR};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct IdentityPath {
    /// The identity.
    identity_id: IdentityId,
}

pub(super) fn routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new().routes(routes!(list, begin_link)).routes(routes!(unlink))
}

/// List who the caller is to identity providers
///
/// Newest first.
#[utoipa::path(
    get, path = "/v1/me/identities", operation_id = "listIdentities", tag = "me",
    params(PageQuery),
    responses((status = 200, description = "A page of identities.", body = Page<ExternalIdentity>), ReadProblems)
)]
async fn list(
    State(identity): State<Identity>,
    Authenticated(principal): Authenticated,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ExternalIdentity>>, Problem> {
    let (person, _) = principal.session()?;
    let fingerprint = QueryFingerprint::of(&("identities", person));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let identities = identity.list_identities(person, page).await?;
    Ok(page_of(identities, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Where a browser goes to link an identity.
#[derive(Debug, Serialize, ToSchema)]
struct LinkView {
    /// The address, at the provider.
    #[schema(format = "uri", example = "https://login.example.com/authorize?client_id=elido")]
    url: String,
}

/// Link an identity of a provider to one's account
///
/// Answers with the address that the browser goes to, and with a cookie that the answer of the provider will need. From then on the person
/// signs in through the provider as well, whatever address it knows them by. An identity that belongs to somebody else stays theirs
/// (`identity_taken`).
#[utoipa::path(
    post, path = "/v1/me/identities", operation_id = "beginIdentityLink", tag = "me",
    params(IdempotencyHeader), request_body = IdentityLinkDraft,
    responses((status = 200, description = "Where to go on.", body = LinkView), CreateProblems)
)]
async fn begin_link(
    State(identity): State<Identity>,
    State(cookie): State<BrowserCookie>,
    Authenticated(principal): Authenticated,
    From(client): From,
    Body(draft): Body<IdentityLinkDraft>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<LinkView>), Problem> {
    let begun = identity.begin_identity_link(principal.session()?, draft, client.address).await?;
    let kept = cookie.set(&begun.kept, SIGN_IN_HOLDS_FOR)?;
    Ok(([(SET_COOKIE, kept)], Json(LinkView { url: begun.url.into() })))
}

/// Take an identity away
///
/// The other sessions that came through its provider end. The last way to sign in stays (`last_way_in`). Whoever signs in through the
/// provider again may be led to the account again, by its address.
#[utoipa::path(
    delete, path = "/v1/me/identities/{identity_id}", operation_id = "unlinkIdentity", tag = "me",
    extensions(("x-audit-action" = json!(UNLINKED.name()))),
    params(IdentityPath),
    responses((status = 204, description = "It is gone."), DeleteProblems, ConflictProblem)
)]
async fn unlink(
    State(identity): State<Identity>,
    Authenticated(principal): Authenticated,
    Path(path): Path<IdentityPath>,
) -> Result<StatusCode, Problem> {
    let (person, current) = principal.session()?;
    identity.unlink_identity(person, current, path.identity_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
