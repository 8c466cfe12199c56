//! What the services for programs have in common: who calls, from where, and how it is answered.

use futures_util::future::BoxFuture;
use tonic::{Request, Response, Status};

use super::link_resolver::parsed;
use super::status::to_status;
use crate::domain::error::Result as DomainResult;
use crate::domain::role::Scope;
use crate::http::request_id::{X_REQUEST_ID, fresh_id, is_sane};
use crate::runtime::origin::{self, Origin};
use crate::services::api_core::authenticate::unauthenticated;
use crate::services::api_core::rest::bearer;
use crate::services::api_core::{Access, ApiCore, Principal};

/// Who sent a call, and what they may do in the workspace that the call names.
pub(super) async fn caller<T>(
    core: &ApiCore,
    request: &Request<T>,
    workspace: &str,
    scope: Scope,
) -> DomainResult<(Principal, Access)> {
    let headers = request.metadata().clone().into_headers();
    let token = bearer(&headers)?.ok_or_else(unauthenticated)?;
    let principal = core.authenticate(&token).await?;
    let access = core.authorize(&principal, parsed("workspace_id", workspace)?, scope).await?;
    Ok((principal, access))
}

/// Does the work of a call from this origin, and answers with what came of it.
pub(super) fn answer<'a, T>(
    origin: Origin,
    work: impl Future<Output = DomainResult<T>> + Send + 'a,
) -> BoxFuture<'a, Result<Response<T>, Status>> {
    let work = origin::within(origin, work);
    Box::pin(async move { work.await.map(Response::new).map_err(to_status) })
}

/// Where a call comes from: the other end of the connection, and the id that the caller gave it.
pub(super) fn origin_of<T>(request: &Request<T>) -> Origin {
    let id = request.metadata().get(X_REQUEST_ID.as_str()).and_then(|id| id.to_str().ok());
    Origin {
        address: request.remote_addr().map(|address| address.ip().to_canonical()),
        request_id: Some(id.filter(|id| is_sane(id)).map_or_else(fresh_id, str::to_owned)),
    }
}
