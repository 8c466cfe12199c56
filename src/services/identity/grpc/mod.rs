//! identity for the other processes of the cluster, over gRPC, on the listener of api-core.

mod oauth_clients;

use tonic::server::NamedService;
use tonic::service::Routes;

use super::Identity;
use crate::infra::grpc::REQUEST_BYTES_MAX;
use crate::infra::grpc::v1::oauth_clients_server::OauthClientsServer;
use crate::services::api_core::grpc::Beside;
use oauth_clients::OAuthClientsService;

/// The services, for the listener.
#[must_use]
pub fn services(identity: Identity) -> Beside {
    let clients = OauthClientsServer::new(OAuthClientsService(identity)).max_decoding_message_size(REQUEST_BYTES_MAX);
    Beside { routes: Routes::new(clients), names: vec![OauthClientsServer::<OAuthClientsService>::NAME] }
}
