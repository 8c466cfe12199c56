//! The listening sockets of a process, bound first and passed in.

use std::io;
use std::net::{SocketAddr, TcpListener};

use super::role::{Role, Roles};
use super::running::Addresses;
use crate::config::{ConfigError, ConfigErrors, Loaded};
use crate::runtime::sockets;
use crate::services::edge_redirect::EdgeSockets;

/// What a process listens on.
pub(super) struct Sockets {
    /// Redirects.
    pub(super) edge: EdgeSockets,
    /// The API.
    pub(super) api: Option<ApiSockets>,
    /// Health and metrics.
    pub(super) internal: TcpListener,
}

/// What the api role listens on.
pub(super) struct ApiSockets {
    /// REST.
    pub(super) http: TcpListener,
    /// The link resolver, for edges of other processes.
    pub(super) grpc: TcpListener,
}

impl Sockets {
    /// Binds what these roles need.
    ///
    /// # Errors
    /// Every address that cannot be had.
    pub(super) fn bind(loaded: &Loaded, roles: &Roles) -> Result<Self, ConfigErrors> {
        let config = &loaded.config;
        let named = |key: &str, address: SocketAddr, error: io::Error| {
            ConfigError::cannot_listen(key, loaded.source_of(key), address, &error)
        };
        let edge =
            roles.has(Role::Edge).then(|| sockets::bind_shared(config.edge.listen, workers(config.edge.workers)));
        let edge = edge.transpose().map(Option::unwrap_or_default);
        let edge = edge.map_err(|error| named("edge.listen", config.edge.listen, error));
        let secured = config.edge.tls.listen.filter(|_| roles.has(Role::Edge));
        let secured = secured.map_or_else(
            || Ok(Vec::new()),
            |address| {
                let sockets = sockets::bind_shared(address, workers(config.edge.workers));
                sockets.map_err(|error| named("edge.tls.listen", address, error))
            },
        );
        let api = roles.has(Role::Api).then(|| sockets::bind(config.api.listen)).transpose();
        let api = api.map_err(|error| named("api.listen", config.api.listen, error));
        let grpc = roles.has(Role::Api).then(|| sockets::bind(config.grpc.listen)).transpose();
        let grpc = grpc.map_err(|error| named("grpc.listen", config.grpc.listen, error));
        let internal = sockets::bind(config.internal.listen);
        let internal = internal.map_err(|error| named("internal.listen", config.internal.listen, error));
        match (edge, secured, api, grpc, internal) {
            (Ok(clear), Ok(secured), Ok(api), Ok(grpc), Ok(internal)) => {
                let api = api.zip(grpc).map(|(http, grpc)| ApiSockets { http, grpc });
                Ok(Self { edge: EdgeSockets { clear, secured }, api, internal })
            }
            (edge, secured, api, grpc, internal) => {
                let errors = [edge.err(), secured.err(), api.err(), grpc.err(), internal.err()];
                Err(errors.into_iter().flatten().collect())
            }
        }
    }
}

impl Sockets {
    /// Where they listen; with port 0 in the settings, the kernel chose.
    pub(super) fn addresses(&self) -> Addresses {
        let of = |socket: Option<&TcpListener>| socket.and_then(|socket| socket.local_addr().ok());
        Addresses {
            edge: of(self.edge.clear.first()),
            edge_over_tls: of(self.edge.secured.first()),
            api: of(self.api.as_ref().map(|api| &api.http)),
            grpc: of(self.api.as_ref().map(|api| &api.grpc)),
            internal: of(Some(&self.internal)),
        }
    }
}

/// One worker a core, unless the settings say otherwise.
fn workers(configured: usize) -> usize {
    match configured {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        some => some,
    }
}
