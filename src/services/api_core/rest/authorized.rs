//! Extractors that a handler cannot do without: they load the workspace and look the right up in the table of permissions.

use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use serde::Deserialize;
use utoipa::IntoParams;

use super::authentication::CredentialUnavailable;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::id::WorkspaceId;
use crate::domain::permission::Operation;
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::rate_limit::Levels;
use crate::services::api_core::{Access, AdminAccess, ApiCore, Principal};

/// Whoever sent the request. 401 if nobody proved to be anybody.
#[derive(Debug, Clone)]
pub struct Authenticated(pub Principal);

/// Whoever sent the request and may do the operation `O`, which is outside of workspaces. 401 if nobody proved to be anybody,
/// 403 if it is not for the caller.
#[derive(Debug, Clone)]
pub struct Permitted<O> {
    principal: Principal,
    operation: PhantomData<O>,
}

/// The right to run the instance. 401 if nobody proved to be anybody, 403 if they do not have it.
#[derive(Debug, Clone, Copy)]
pub struct InstanceAdmin(pub AdminAccess);

/// Access to the workspace in the path for the operation `O`. 404 if the workspace is not the caller's or is being deleted, 403
/// if the caller's role or key does not reach this far.
#[derive(Debug, Clone)]
pub struct Authorized<O> {
    access: Access,
    operation: PhantomData<O>,
}

/// Names the workspace of an operation.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct WorkspacePath {
    /// The workspace.
    pub workspace_id: WorkspaceId,
}

impl<O> Deref for Permitted<O> {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
    }
}

impl<O> Deref for Authorized<O> {
    type Target = Access;

    fn deref(&self) -> &Access {
        &self.access
    }
}

impl<State: Send + Sync> FromRequestParts<State> for Authenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &State) -> Result<Self, Problem> {
        let principal = parts.extensions.get::<Principal>().cloned();
        principal.map(Self).ok_or_else(|| {
            if let Some(CredentialUnavailable(message)) = parts.extensions.get::<CredentialUnavailable>() {
                return Error::new(ErrorKind::Unavailable, "provider_unavailable", message).into();
            }
            let message =
                "Send a session token, an API key or an access token as Authorization: Bearer, or a session cookie.";
            Error::new(ErrorKind::Unauthenticated, "unauthenticated", message).into()
        })
    }
}

impl<O: Operation, State: Send + Sync> FromRequestParts<State> for Permitted<O> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let Authenticated(principal) = Authenticated::from_request_parts(parts, state).await?;
        principal.require(&O::PERMISSION.caller)?;
        Ok(Self { principal, operation: PhantomData })
    }
}

impl<O: Operation, State: Send + Sync> FromRequestParts<State> for Authorized<O>
where
    ApiCore: FromRef<State>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let Authenticated(principal) = Authenticated::from_request_parts(parts, state).await?;
        let Path(WorkspacePath { workspace_id }) = Path::from_request_parts(parts, state).await?;
        let core = ApiCore::from_ref(state);
        let access = core.authorize(&principal, workspace_id, &O::PERMISSION).await;
        let level = access.as_ref().map_or_else(|error| core.level_of_refusal(error), Access::level);
        if let (Some(level), Some(levels)) = (level, parts.extensions.get::<Levels>()) {
            levels.note("workspace", level);
        }
        Ok(Self { access: access?, operation: PhantomData })
    }
}

impl<State: Send + Sync> FromRequestParts<State> for InstanceAdmin
where
    ApiCore: FromRef<State>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let Authenticated(principal) = Authenticated::from_request_parts(parts, state).await?;
        Ok(Self(ApiCore::from_ref(state).authorize_admin(&principal)?))
    }
}
