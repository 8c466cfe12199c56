//! `/v1/admin/accounts`, for those who run the instance.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::IdentityApi;
use crate::domain::id::UserId;
use crate::http::extract::Query;
use crate::http::pagination::{Limit, Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, ForbiddenProblem, PlainProblems, ReadProblems};
use crate::services::api_core::Account;
use crate::services::api_core::rest::{Authenticated, IdempotencyHeader, page_of, requested_page};
use crate::services::identity::Identity;
use crate::services::identity::accounts::{DISABLED, ENABLED, SECOND_FACTOR_RESET, search_text};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct AccountPath {
    /// The account.
    user_id: UserId,
}

/// Which accounts, and which page of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AccountQuery {
    /// Only those whose address holds this, in any case.
    #[serde(default)]
    #[param(nullable = false, min_length = 1, max_length = 254)]
    email: Option<String>,
    /// How many items a page may have.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100, default = 50, value_type = u32)]
    limit: Limit,
    /// `next_cursor` of the page before; the first page if absent.
    #[serde(default)]
    #[param(max_length = 4096)]
    cursor: Option<String>,
}

pub(super) fn routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(read))
        .routes(routes!(disable))
        .routes(routes!(enable))
        .routes(routes!(reset_second_factor))
}

/// List the accounts of the instance
///
/// Newest first. For administrators of the instance.
#[utoipa::path(
    get, path = "/v1/admin/accounts", operation_id = "listAccounts", tag = "accounts",
    params(AccountQuery),
    responses((status = 200, description = "A page of accounts.", body = Page<Account>), PlainProblems, ForbiddenProblem)
)]
async fn list(
    State(identity): State<Identity>,
    Authenticated(principal): Authenticated,
    Query(query): Query<AccountQuery>,
) -> Result<Json<Page<Account>>, Problem> {
    identity.authorize_admin(&principal)?;
    let part = search_text(query.email.as_deref())?;
    let fingerprint = QueryFingerprint::of(&("accounts", part));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let accounts = identity.list_accounts(part, page).await?;
    Ok(page_of(accounts, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Read an account
///
/// For administrators of the instance.
#[utoipa::path(
    get, path = "/v1/admin/accounts/{user_id}", operation_id = "getAccount", tag = "accounts",
    params(AccountPath),
    responses((status = 200, description = "The account.", body = Account), ReadProblems)
)]
async fn read(
    State(identity): State<Identity>,
    Authenticated(principal): Authenticated,
    Path(path): Path<AccountPath>,
) -> Result<Json<Account>, Problem> {
    identity.authorize_admin(&principal)?;
    Ok(Json(identity.find_account(path.user_id).await?))
}

/// Disable an account
///
/// Its sessions end at once, and nobody signs in with it. What its owner made stays: API keys go on, and say that their maker is
/// disabled. For administrators of the instance, and not for their own account.
#[utoipa::path(
    post, path = "/v1/admin/accounts/{user_id}/disable", operation_id = "disableAccount", tag = "accounts",
    extensions(("x-audit-action" = json!(DISABLED.name()))),
    params(AccountPath, IdempotencyHeader),
    responses((status = 200, description = "The account.", body = Account), CreateProblems)
)]
async fn disable(
    State(identity): State<Identity>,
    Authenticated(principal): Authenticated,
    Path(path): Path<AccountPath>,
) -> Result<Json<Account>, Problem> {
    let admin = identity.authorize_admin(&principal)?;
    Ok(Json(identity.disable_account(admin, path.user_id).await?))
}

/// Let a disabled account be used again
///
/// For administrators of the instance.
#[utoipa::path(
    post, path = "/v1/admin/accounts/{user_id}/enable", operation_id = "enableAccount", tag = "accounts",
    extensions(("x-audit-action" = json!(ENABLED.name()))),
    params(AccountPath, IdempotencyHeader),
    responses((status = 200, description = "The account.", body = Account), CreateProblems)
)]
async fn enable(
    State(identity): State<Identity>,
    Authenticated(principal): Authenticated,
    Path(path): Path<AccountPath>,
) -> Result<Json<Account>, Problem> {
    let admin = identity.authorize_admin(&principal)?;
    Ok(Json(identity.enable_account(admin, path.user_id).await?))
}

/// Take the second factor of an account away
///
/// For whoever has lost the authenticator and the recovery codes. Make sure that it is them who ask. Their sessions end at once, they sign in
/// by password alone, and a mail tells them. For administrators of the instance, and not for their own account.
#[utoipa::path(
    post, path = "/v1/admin/accounts/{user_id}/reset-second-factor", operation_id = "resetSecondFactor", tag = "accounts",
    extensions(("x-audit-action" = json!(SECOND_FACTOR_RESET.name()))),
    params(AccountPath, IdempotencyHeader),
    responses((status = 200, description = "The account.", body = Account), CreateProblems)
)]
async fn reset_second_factor(
    State(identity): State<Identity>,
    Authenticated(principal): Authenticated,
    Path(path): Path<AccountPath>,
) -> Result<Json<Account>, Problem> {
    let admin = identity.authorize_admin(&principal)?;
    Ok(Json(identity.reset_second_factor(admin, path.user_id).await?))
}
