//! The server: how it is reached, how long it may take, and what it is told with every question and every insert.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clickhouse::{Client, Compression};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret;
use tokio::sync::OnceCell;

use super::schema::Schema;
use crate::config::sections::{ClickHouseAddress, ClickStoreConfig};
use crate::infra::click_store::ClickStoreError;
use crate::infra::click_store::limits::QuestionLimits;
use crate::infra::store::Store;

/// The longest that it may take to reach the server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Servers close connections that are idle for three seconds unless they are told otherwise.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2);

/// The click store. Clones share the same connections.
#[derive(Clone)]
pub struct ClickStore {
    /// Where clicks are.
    server: Arc<Server>,
    /// Where it is kept how far they are stored.
    pub(super) database: Store,
}

struct Server {
    client: Client,
    schema: Schema,
    /// Whether the schema is known to be up to date.
    ready: OnceCell<()>,
    /// What one question may take.
    limits: QuestionLimits,
}

impl ClickStore {
    /// The store that the settings name; `database` keeps how far clicks are stored. Nothing is asked of the server before it is needed,
    /// so that a process starts without it as well.
    ///
    /// # Errors
    /// The address is none of ClickHouse, or the authority's certificate cannot be read.
    pub fn connect(config: &ClickStoreConfig, database: Store) -> Result<Self, ClickStoreError> {
        let address = config.clickhouse().ok_or(ClickStoreError::Address)?;
        let client = client(&address, &config.ca_file)?
            .with_url(address.endpoint.as_str())
            .with_user(&address.user)
            .with_password(address.password.expose_secret())
            .with_database(&address.database)
            .with_compression(Compression::Lz4);
        let (schema, limits) = (Schema::of(config, &address.database), QuestionLimits::of(config));
        let server = Server { client, schema, ready: OnceCell::new(), limits };
        Ok(Self { server: Arc::new(server), database })
    }

    /// The server, with a schema that is up to date.
    pub(super) async fn client(&self) -> Result<&Client, ClickStoreError> {
        let Server { client, schema, ready, .. } = &*self.server;
        ready.get_or_try_init(|| schema.prepare(client)).await?;
        Ok(client)
    }

    /// What one question may take.
    pub(super) fn limits(&self) -> QuestionLimits {
        self.server.limits
    }

    /// Whether inserts have to reach most replicas before they count.
    pub(super) fn is_replicated(&self) -> bool {
        self.server.schema.is_replicated()
    }
}

fn client(address: &ClickHouseAddress, ca_file: &Path) -> Result<Client, ClickStoreError> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let mut builder = legacy::Client::builder(TokioExecutor::new());
    builder.pool_timer(hyper_util::rt::TokioTimer::new()).pool_idle_timeout(IDLE_TIMEOUT);
    if !address.tls {
        return Ok(Client::with_http_client(builder.build(connector)));
    }
    connector.enforce_http(false);
    let tls = ClientConfig::builder().with_root_certificates(authorities(ca_file)?).with_no_client_auth();
    let secured = HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1();
    Ok(Client::with_http_client(builder.build(secured.wrap_connector(connector))))
}

/// Those of the file, or else those that browsers know.
fn authorities(file: &Path) -> Result<RootCertStore, ClickStoreError> {
    if file.as_os_str().is_empty() {
        return Ok(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });
    }
    let unreadable = |error: String| ClickStoreError::Authority(format!("{}: {error}", file.display()));
    let found = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut authorities = RootCertStore::empty();
    for certificate in found.map_err(|error| unreadable(error.to_string()))? {
        authorities.add(certificate).map_err(|error| unreadable(error.to_string()))?;
    }
    Ok(authorities)
}
