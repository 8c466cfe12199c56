//! `/v1/me`: whoever asks.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::IdentityApi;
use crate::domain::id::{ApiKeyId, ExternalClientId, OAuthClientId, SessionId, UserId, WorkspaceId};
use crate::domain::role::Scope;
use crate::http::problem::Problem;
use crate::http::responses::PlainProblems;
use crate::services::api_core::rest::Authenticated;
use crate::services::api_core::{ForeignHolder, ForeignToken, Principal};
use crate::services::identity::{Identity, Person};

/// Whoever sends this credential.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Me {
    /// A person with a session.
    Person {
        /// Who.
        user: Person,
        /// By which session.
        session_id: SessionId,
    },
    /// An API key.
    ApiKey {
        /// Which.
        api_key_id: ApiKeyId,
        /// Where it works.
        workspace_id: WorkspaceId,
        /// What it may be used for.
        scopes: Vec<Scope>,
    },
    /// A program that acts for a person, by an access token.
    Application {
        /// Which.
        client_id: OAuthClientId,
        /// For whom.
        user_id: UserId,
        /// Where it works.
        workspace_id: WorkspaceId,
        /// What the person let it do.
        scopes: Vec<Scope>,
    },
    /// An access token of an identity provider that speaks for a person.
    PersonsToken {
        /// Who.
        user: Person,
        /// What it may be used for.
        scopes: Vec<Scope>,
    },
    /// An access token of an identity provider that speaks for a program.
    ProgramsToken {
        /// Which program.
        client_id: ExternalClientId,
        /// Where it works.
        workspace_id: WorkspaceId,
        /// What it may be used for.
        scopes: Vec<Scope>,
    },
}

pub(super) fn routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new().routes(routes!(me))
}

/// Read who the caller is
#[utoipa::path(
    get, path = "/v1/me", operation_id = "getMe", tag = "me",
    responses((status = 200, description = "The person, the key, the program or the token.", body = Me), PlainProblems)
)]
async fn me(State(identity): State<Identity>, Authenticated(principal): Authenticated) -> Result<Json<Me>, Problem> {
    Ok(Json(match principal {
        Principal::Person { user_id, session_id, .. } => {
            Me::Person { user: identity.find_person(user_id).await?, session_id }
        }
        Principal::ApiKey { key_id, workspace_id, scopes, .. } => {
            Me::ApiKey { api_key_id: key_id, workspace_id, scopes }
        }
        Principal::Application { client_id, user_id, workspace_id, scopes, .. } => {
            Me::Application { client_id, user_id, workspace_id, scopes }
        }
        Principal::Foreign(ForeignToken { holder, scopes, .. }) => match holder {
            ForeignHolder::Person(user_id) => Me::PersonsToken { user: identity.find_person(user_id).await?, scopes },
            ForeignHolder::Client { id, workspace_id } => Me::ProgramsToken { client_id: id, workspace_id, scopes },
        },
    }))
}
