//! The listener of the api role for edges and programs of the cluster.

use std::net::TcpListener as StdListener;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::start_error::StartError;
use crate::config::sections::GrpcConfig;
use crate::http::idempotency::Idempotency;
use crate::infra::grpc::tls;
use crate::runtime::tasks::Tasks;
use crate::services::api_core::ApiCore;
use crate::services::api_core::grpc::{self, Beside};
use crate::services::api_core::rest::IdempotencyRecords;

/// Answers edges and programs of the cluster on this socket.
///
/// # Errors
/// The certificates cannot be used, or the machine refuses the socket.
pub(super) fn start(
    config: &GrpcConfig,
    (core, beside): (ApiCore, Beside),
    socket: StdListener,
    tasks: &Tasks,
) -> Result<(), StartError> {
    let server = grpc::server(tls::server(config)?).map_err(tls::with_reason)?;
    let idempotency = Idempotency::new(Arc::new(IdempotencyRecords::new(core.clone())), tasks.clone());
    let (socket, stopping) = (TcpListener::from_std(socket)?, tasks.stopping());
    tasks.spawn("grpc-listener", async move {
        if let Err(error) = Box::pin(grpc::serve(server, socket, (core, idempotency), beside, stopping)).await {
            tracing::error!(%error, "the gRPC listener failed");
        }
    });
    Ok(())
}
