//! How Redis is reached, and that a lost connection is made again for as long as the process runs.

use std::path::Path;
use std::time::Duration;

use fred::clients::{Client, SubscriberClient};
use fred::interfaces::ClientLike;
use fred::types::Builder;
use fred::types::config::{Config, ReconnectPolicy, TcpConfig, TlsConfig, TlsConnector, UnresponsiveConfig};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret;

use super::RedisError;
use crate::config::sections::CacheConfig;
use crate::runtime::tasks::Tasks;

/// The longest that a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// The waits between two attempts to connect, in milliseconds: the first, and the longest.
const RECONNECT_MS: (u32, u32) = (50, 1_000);
/// A connection that owes a response for so long counts as dead.
const UNRESPONSIVE_AFTER: Duration = Duration::from_secs(2);
/// The longest that taking leave may take.
const QUIT_TIMEOUT: Duration = Duration::from_millis(500);
/// How many messages of subscriptions wait to be read.
const MESSAGES_MAX: usize = 16 * 1024;
/// How many commands wait for a connection.
const COMMANDS_MAX: usize = 10_000;

/// After so long a command is given up for good; who waits for it has gone on long before.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(1);

/// What is needed to make clients.
pub(super) struct Settings {
    config: Config,
}

impl Settings {
    pub(super) fn new(config: &CacheConfig) -> Result<Self, RedisError> {
        let parsed = Config::from_url(config.url.expose_secret()).map_err(unusable)?;
        let tls = match parsed.tls {
            Some(_) if !config.ca_file.as_os_str().is_empty() => Some(believing(&config.ca_file)?),
            tls => tls,
        };
        Ok(Self { config: Config { fail_fast: false, tls, ..parsed } })
    }

    /// For commands.
    pub(super) fn client(&self) -> Result<Client, RedisError> {
        self.builder().build().map_err(unusable)
    }

    /// For subscriptions.
    pub(super) fn subscriber(&self) -> Result<SubscriberClient, RedisError> {
        self.builder().build_subscriber_client().map_err(unusable)
    }

    fn builder(&self) -> Builder {
        let mut builder = Builder::from_config(self.config.clone());
        let (first, longest) = RECONNECT_MS;
        builder
            .with_connection_config(|connection| {
                connection.connection_timeout = CONNECT_TIMEOUT;
                connection.internal_command_timeout = CONNECT_TIMEOUT;
                // A command that was on its way when the connection broke is not sent again: its caller has long gone on.
                connection.max_command_attempts = 1;
                connection.max_command_buffer_len = COMMANDS_MAX;
                connection.unresponsive =
                    UnresponsiveConfig { max_timeout: Some(UNRESPONSIVE_AFTER), interval: UNRESPONSIVE_AFTER / 4 };
                connection.tcp = TcpConfig { nodelay: Some(true), ..TcpConfig::default() };
            })
            .with_performance_config(|performance| {
                performance.default_command_timeout = COMMAND_TIMEOUT;
                performance.broadcast_channel_capacity = MESSAGES_MAX;
            })
            .set_policy(ReconnectPolicy::new_exponential(0, first, longest, 2));
        builder
    }
}

/// Connects, and again whenever the connection is lost, until `tasks` are stopped.
pub(super) fn keep(client: impl ClientLike + 'static, tasks: &Tasks) {
    let stopping = tasks.stopping();
    tasks.spawn("redis-connection", async move {
        let connected = async {
            loop {
                // It ends when somebody stops it, or when an attempt fails for good, such as by a wrong password.
                if let Ok(Err(error)) = client.connect().await {
                    tracing::warn!(%error, "the connection to Redis ended with an error; the next attempt follows");
                }
                tokio::time::sleep(Duration::from_millis(RECONNECT_MS.1.into())).await;
            }
        };
        stopping.run_until_cancelled(connected).await;
        // An error means that there was nobody to take leave of, or no time for it.
        drop(tokio::time::timeout(QUIT_TIMEOUT, client.quit()).await);
    });
}

/// TLS with servers whose certificates come from the authorities in this PEM file.
fn believing(file: &Path) -> Result<TlsConfig, RedisError> {
    let mut authorities = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    for certificate in certificates.map_err(|error| RedisError::Authority(error.to_string()))? {
        authorities.add(certificate).map_err(|error| RedisError::Authority(error.to_string()))?;
    }
    let tls = ClientConfig::builder().with_root_certificates(authorities).with_no_client_auth();
    Ok(TlsConnector::from(tls).into())
}

fn unusable(error: fred::error::Error) -> RedisError {
    RedisError::Url(error.details().to_owned())
}
