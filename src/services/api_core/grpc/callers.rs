//! Who makes a call, from where, and what they may do. A credential has the rights that it has over REST.

use std::net::IpAddr;

use futures_util::future::BoxFuture;
use http::{Extensions, HeaderMap};
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use tonic::{Request, Response, Status};

use super::link_resolver::parsed;
use super::status::to_status;
use crate::domain::error::Result;
use crate::domain::permission::Permission;
use crate::http::request_id::{X_REQUEST_ID, fresh_id, is_sane};
use crate::runtime::origin::{self, Origin};
use crate::services::api_core::authenticate::unauthenticated;
use crate::services::api_core::rest::bearer;
use crate::services::api_core::{Access, ApiCore, Principal};

/// Whoever sent a call.
///
/// # Errors
/// `Unauthenticated` without a credential, or with one that does not hold; `RateLimited` if it asks too often.
pub(in crate::services) async fn principal<T>(core: &ApiCore, request: &Request<T>) -> Result<Principal> {
    // Whoever had to know it before has put it there.
    if let Some(known) = request.extensions().get::<Principal>() {
        return Ok(known.clone());
    }
    let headers = request.metadata().clone().into_headers();
    identify(core, &headers, sender(request.extensions())).await?.ok_or_else(unauthenticated)
}

/// Whoever sent a call with these headers, which counts as a request of theirs; none if nobody says who they are. A credential that
/// does not hold counts for the address.
pub(super) async fn identify(
    core: &ApiCore,
    headers: &HeaderMap,
    address: Option<IpAddr>,
) -> Result<Option<Principal>> {
    let principal = match bearer(headers) {
        Ok(None) => return Ok(None),
        Ok(Some(token)) => core.authenticate(&token).await,
        Err(error) => Err(error),
    };
    match principal {
        Ok(principal) => core.count_credential(&principal).await.map(|()| Some(principal)),
        Err(error) => Err(core.refusal(error, address).await),
    }
}

/// The other end of the connection that a call came by.
pub(super) fn sender(extensions: &Extensions) -> Option<IpAddr> {
    let plain = extensions.get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
    let by_tls = || extensions.get::<TlsConnectInfo<TcpConnectInfo>>()?.get_ref().remote_addr();
    plain.or_else(by_tls).map(|address| address.ip().to_canonical())
}

/// What the sender of a call may do in the workspace that the call names.
///
/// # Errors
/// As for the same operation over REST.
pub(in crate::services) async fn access<T>(
    core: &ApiCore,
    request: &Request<T>,
    workspace: &str,
    permission: &Permission,
) -> Result<Access> {
    let principal = principal(core, request).await?;
    core.authorize(&principal, parsed("workspace_id", workspace)?, permission).await
}

/// What is done for a call. It is boxed where it is written: in the methods of a service the compiler would prove for each of them anew,
/// down to the last driver, that it may cross threads, which took half of the time of a build.
pub(in crate::services) type Work<'a, T> = BoxFuture<'a, Result<T>>;

/// Does the work of a call from this origin, and answers with what came of it.
pub(in crate::services) fn answer<'a, T: Send + 'a>(
    origin: Origin,
    work: Work<'a, T>,
) -> BoxFuture<'a, std::result::Result<Response<T>, Status>> {
    let work = origin::within(origin, work);
    Box::pin(async move { work.await.map(Response::new).map_err(to_status) })
}

/// Where a call comes from: the other end of the connection, and the id that the caller gave it.
pub(in crate::services) fn origin_of<T>(request: &Request<T>) -> Origin {
    let id = request.metadata().get(X_REQUEST_ID.as_str()).and_then(|id| id.to_str().ok());
    Origin {
        address: sender(request.extensions()),
        request_id: Some(id.filter(|id| is_sane(id)).map_or_else(fresh_id, str::to_owned)),
        ..Origin::default()
    }
}
