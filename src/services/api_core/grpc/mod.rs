//! api-core for the other processes of the cluster, over gRPC.
//!
//! Invariant: a call ends within ten seconds, and sooner if its caller says so.

mod link_resolver;
mod status;

use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use super::ApiCore;
use crate::infra::grpc::v1::link_resolver_server::LinkResolverServer;
use crate::infra::grpc::{ANSWER_BYTES_MAX, REQUEST_BYTES_MAX};
use link_resolver::LinkResolverService;

/// The longest that a call may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// Calls under way on one connection; more are refused at once, so that an edge looks elsewhere or serves what it knows.
const CALLS_MAX: usize = 512;
/// How often an idle connection is asked whether its other end is still there, and how long that may take.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// Answers calls on `listener`, and health checks, until `stopping` is cancelled and the calls under way have ended.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    core: ApiCore,
    stopping: CancellationToken,
) -> Result<(), tonic::transport::Error> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<LinkResolverServer<LinkResolverService>>().await;
    let resolver = LinkResolverServer::new(LinkResolverService { core, stopping: stopping.clone() })
        .max_decoding_message_size(REQUEST_BYTES_MAX)
        .max_encoding_message_size(ANSWER_BYTES_MAX);
    let stop = async move {
        stopping.cancelled().await;
        health.set_not_serving::<LinkResolverServer<LinkResolverService>>().await;
    };
    Server::builder()
        .timeout(DEADLINE)
        .load_shed(true)
        .concurrency_limit_per_connection(CALLS_MAX)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .add_service(health_service)
        .add_service(resolver)
        .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), stop)
        .await
}
