//! The settings of the server, as commands beside it need them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use url::Url;

use super::exit::{Exit, Failure};
use crate::config::{self, Loaded};

/// Where settings come from.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings")]
pub struct ConfigArguments {
    /// A settings file, read in place of config/*.toml.
    #[arg(long, env = "ELIDO_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl ConfigArguments {
    /// The settings.
    ///
    /// # Errors
    /// All errors in them at once.
    pub fn load(&self) -> Result<Loaded, Failure> {
        config::load(self.config.as_deref()).map_err(|errors| Failure::new(Exit::Config, errors.to_string()))
    }

    /// How the internal listener is reached from this machine.
    ///
    /// # Errors
    /// When the settings have errors.
    pub fn internal_url(&self) -> Result<Url, Failure> {
        let listen = reachable(self.load()?.config.internal.listen);
        Url::parse(&format!("http://{listen}")).map_err(|error| Failure::new(Exit::Config, error.to_string()))
    }
}

/// A listener on every address of the machine is reached by the loopback address.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_all_addresses_is_reached_by_loopback() {
        for (listen, reached) in [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:2", "[::1]:2"), ("10.0.0.1:3", "10.0.0.1:3")] {
            assert_eq!(reachable(listen.parse().expect("an address")).to_string(), reached);
        }
    }
}
