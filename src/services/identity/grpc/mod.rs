//! identity for the other processes of the cluster, over gRPC, on the listener of api-core.

mod accounts;
mod me;
mod oauth_clients;

use tonic::server::NamedService;
use tonic::service::Routes;

use super::Identity;
use crate::infra::grpc::REQUEST_BYTES_MAX;
use crate::infra::grpc::v1::accounts_server::AccountsServer;
use crate::infra::grpc::v1::me_server::MeServer;
use crate::infra::grpc::v1::oauth_clients_server::OauthClientsServer;
use crate::services::api_core::ApiCore;
use crate::services::api_core::grpc::Beside;
use accounts::AccountsService;
use me::MeService;
use oauth_clients::OAuthClientsService;

/// The services, for the listener. `core` recognises callers, those with tokens of identity providers too, which identity itself vouches for
/// and whom its own core therefore does not know.
#[must_use]
pub fn services(identity: Identity, core: ApiCore) -> Beside {
    let identity = Identity { core, ..identity };
    let accounts = AccountsServer::new(AccountsService(identity.clone())).max_decoding_message_size(REQUEST_BYTES_MAX);
    let me = MeServer::new(MeService(identity.clone())).max_decoding_message_size(REQUEST_BYTES_MAX);
    let clients = OauthClientsServer::new(OAuthClientsService(identity)).max_decoding_message_size(REQUEST_BYTES_MAX);
    Beside {
        routes: Routes::new(clients).add_service(accounts).add_service(me),
        names: vec![
            OauthClientsServer::<OAuthClientsService>::NAME,
            AccountsServer::<AccountsService>::NAME,
            MeServer::<MeService>::NAME,
        ],
    }
}
