//! The brokers: how they are reached, and who asks.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rskafka::BackoffConfig;
use rskafka::client::{Client, ClientBuilder, Credentials, SaslConfig};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret;

use super::BusError;
use crate::config::bus_section::{BusConfig, Mechanism};
use crate::runtime::clock;

/// What this program calls itself to brokers.
const CLIENT_ID: &str = "elido";
/// The longest that it may take to reach a broker.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How the brokers are reached; clones share it. Nothing is connected yet.
#[derive(Clone)]
pub struct Bus {
    brokers: Vec<String>,
    tls: Option<Arc<ClientConfig>>,
    sasl: Option<SaslConfig>,
}

impl Bus {
    /// Reads the settings; `None` if there is no bus.
    ///
    /// # Errors
    /// `Unusable` if a certificate or a key cannot be read.
    pub fn new(config: &BusConfig) -> Result<Option<Self>, BusError> {
        let Some(address) = config.address() else { return Ok(None) };
        let tls = if address.tls { Some(Arc::new(tls(config)?)) } else { None };
        let brokers = address.brokers.iter().map(|broker| (*broker).to_owned()).collect();
        Ok(Some(Self { brokers, tls, sasl: sasl(config) }))
    }

    /// Reaches a broker and learns of the others.
    pub(super) async fn connect(&self) -> Result<Client, BusError> {
        // Retries are made by whoever sends, who then knows how long they take: the library knows no end of them.
        let once = BackoffConfig { deadline: Some(Duration::ZERO), ..BackoffConfig::default() };
        let mut builder = ClientBuilder::new(self.brokers.clone()).client_id(CLIENT_ID).backoff_config(once);
        if let Some(tls) = &self.tls {
            builder = builder.tls_config(Arc::clone(tls));
        }
        if let Some(sasl) = &self.sasl {
            builder = builder.sasl_config(sasl.clone());
        }
        within(CONNECT_TIMEOUT, builder.build()).await
    }
}

/// What the library answers, if it does within so long.
pub(super) async fn within<T>(
    timeout: Duration,
    call: impl Future<Output = Result<T, rskafka::client::error::Error>>,
) -> Result<T, BusError> {
    match tokio::time::timeout(timeout, call).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(to_error(&error)),
        Err(_) => Err(BusError::Unavailable(format!("no answer within {timeout:?}"))),
    }
}

fn to_error(error: &rskafka::client::error::Error) -> BusError {
    use rskafka::client::error::{Error, ProtocolError, RequestError};
    match error {
        Error::ServerError {
            protocol_error: ProtocolError::MessageTooLarge | ProtocolError::RecordListTooLarge,
            ..
        } => BusError::TooLong(error.to_string()),
        Error::ServerError { protocol_error: ProtocolError::OffsetOutOfRange, .. } => {
            BusError::OutOfRange(error.to_string())
        }
        Error::ServerError { protocol_error: ProtocolError::InvalidTimestamp, .. } => BusError::Unavailable(format!(
            "the clock of this machine ({}) is ahead of that of the brokers, or behind it, by more than they take \
             (message.timestamp.after.max.ms, message.timestamp.before.max.ms): {error}",
            clock::now()
        )),
        // A failed connection is told apart from this: the whole response has come.
        Error::Request(RequestError::ReadVersionedError(_)) | Error::InvalidResponse(_) => {
            BusError::Unreadable(error.to_string())
        }
        _ => BusError::Unavailable(error.to_string()),
    }
}

fn sasl(config: &BusConfig) -> Option<SaslConfig> {
    if config.username.is_empty() {
        return None;
    }
    let credentials = Credentials::new(config.username.clone(), config.password.expose_secret().to_owned());
    Some(match config.mechanism {
        Mechanism::Plain => SaslConfig::Plain(credentials),
        Mechanism::ScramSha256 => SaslConfig::ScramSha256(credentials),
        Mechanism::ScramSha512 => SaslConfig::ScramSha512(credentials),
    })
}

fn tls(config: &BusConfig) -> Result<ClientConfig, BusError> {
    let builder = ClientConfig::builder().with_root_certificates(authorities(&config.ca_file)?);
    if config.certificate_file.as_os_str().is_empty() {
        return Ok(builder.with_no_client_auth());
    }
    let key = PrivateKeyDer::from_pem_file(&config.key_file).map_err(|error| unreadable(&config.key_file, error))?;
    let certificates = certificates(&config.certificate_file)?;
    builder.with_client_auth_cert(certificates, key).map_err(|error| unreadable(&config.certificate_file, error))
}

/// Those of the file, or else those that browsers know.
fn authorities(file: &Path) -> Result<RootCertStore, BusError> {
    if file.as_os_str().is_empty() {
        return Ok(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });
    }
    let mut authorities = RootCertStore::empty();
    for certificate in certificates(file)? {
        authorities.add(certificate).map_err(|error| unreadable(file, error))?;
    }
    Ok(authorities)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, BusError> {
    let found = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    found.map_err(|error| unreadable(file, error))
}

fn unreadable(file: &Path, error: impl std::fmt::Display) -> BusError {
    BusError::Unusable(format!("{}: {error}", file.display()))
}
