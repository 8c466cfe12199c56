//! Who makes a call, and what they may do. A credential has the rights that it has over REST.

use tonic::Request;

use super::link_resolver::parsed;
use crate::domain::error::Result;
use crate::domain::permission::Permission;
use crate::services::api_core::authenticate::unauthenticated;
use crate::services::api_core::rest::bearer;
use crate::services::api_core::{Access, ApiCore, Principal};

/// Whoever sent a call.
///
/// # Errors
/// `Unauthenticated` without a credential, or with one that does not hold.
pub(super) async fn principal<T>(core: &ApiCore, request: &Request<T>) -> Result<Principal> {
    let headers = request.metadata().clone().into_headers();
    let token = bearer(&headers)?.ok_or_else(unauthenticated)?;
    core.authenticate(&token).await
}

/// What the sender of a call may do in the workspace that the call names.
///
/// # Errors
/// As for the same operation over REST.
pub(super) async fn access<T>(
    core: &ApiCore,
    request: &Request<T>,
    workspace: &str,
    permission: &Permission,
) -> Result<Access> {
    let principal = principal(core, request).await?;
    core.authorize(&principal, parsed("workspace_id", workspace)?, permission).await
}
