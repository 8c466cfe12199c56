//! Extractors that a handler cannot do without: they load the workspace and check the scope.

use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::error::{Error, ErrorKind};
use crate::domain::id::WorkspaceId;
use crate::domain::role::Scope;
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::services::api_core::{Access, AdminAccess, ApiCore, Principal};

/// Whoever sent the request. 401 if nobody proved to be anybody.
#[derive(Debug, Clone)]
pub struct Authenticated(pub Principal);

/// Access to the workspace in the path, within the scope of `S`. 404 if the workspace is not the caller's, 403 if the
/// caller's role or key does not have the scope.
#[derive(Debug, Clone)]
pub struct Authorized<S> {
    access: Access,
    scope: PhantomData<S>,
}

/// The right to run the instance. 401 if nobody proved to be anybody, 403 if they do not have it.
#[derive(Debug, Clone, Copy)]
pub struct InstanceAdmin(pub AdminAccess);

/// Names the scope that an operation needs.
pub trait RequiredScope: Send + Sync {
    /// The scope.
    const SCOPE: Scope;
}

/// Names the workspace of an operation.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct WorkspacePath {
    /// The workspace.
    pub workspace_id: WorkspaceId,
}

macro_rules! scopes {
    ($($name:ident)+) => {$(
        #[doc = concat!("Needs [`Scope::", stringify!($name), "`].")]
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl RequiredScope for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )+};
}

scopes! { LinksRead LinksWrite AnalyticsRead WorkspaceRead WorkspaceWrite AuditRead EventsRead }

impl<S> Deref for Authorized<S> {
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
            let message = "Send a session token or an API key as Authorization: Bearer.";
            Error::new(ErrorKind::Unauthenticated, "unauthenticated", message).into()
        })
    }
}

impl<S: RequiredScope, State: Send + Sync> FromRequestParts<State> for Authorized<S>
where
    ApiCore: FromRef<State>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let Authenticated(principal) = Authenticated::from_request_parts(parts, state).await?;
        let Path(WorkspacePath { workspace_id }) = Path::from_request_parts(parts, state).await?;
        let access = ApiCore::from_ref(state).authorize(&principal, workspace_id, S::SCOPE).await?;
        Ok(Self { access, scope: PhantomData })
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
