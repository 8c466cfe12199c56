//! The certificates of both ends. They are read when a process starts; those that are renewed are taken up at the next start.

use std::error::Error;
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use tonic::transport::{Certificate, ClientTlsConfig, Identity, ServerTlsConfig};

use crate::config::sections::GrpcConfig;

/// The longest that both ends may take to agree on a connection.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// What the listener shows, and asks of its callers; none if no certificate is configured.
///
/// # Errors
/// A file cannot be read; the message names it.
pub fn server(config: &GrpcConfig) -> io::Result<Option<ServerTlsConfig>> {
    let Some(identity) = identity(&config.tls_certificate_file, &config.tls_key_file)? else { return Ok(None) };
    let tls = ServerTlsConfig::new().identity(identity).timeout(HANDSHAKE_TIMEOUT);
    Ok(Some(match certificate(&config.tls_client_ca_file)? {
        Some(authority) => tls.client_ca_root(authority),
        None => tls,
    }))
}

/// What an edge shows, and whom it believes: the configured authority, or else those that browsers know.
///
/// # Errors
/// A file cannot be read; the message names it.
pub fn client(config: &GrpcConfig) -> io::Result<ClientTlsConfig> {
    let tls = ClientTlsConfig::new().timeout(HANDSHAKE_TIMEOUT);
    let tls = match certificate(&config.origin_ca_file)? {
        Some(authority) => tls.ca_certificate(authority),
        None => tls.with_webpki_roots(),
    };
    Ok(match identity(&config.origin_certificate_file, &config.origin_key_file)? {
        Some(identity) => tls.identity(identity),
        None => tls,
    })
}

/// An error with the reason that it hides, such as a key that is not that of its certificate.
#[must_use]
pub fn with_reason(error: tonic::transport::Error) -> io::Error {
    let first: &dyn Error = &error;
    let reason = std::iter::successors(first.source(), |error| (*error).source()).last();
    io::Error::other(reason.map_or_else(|| error.to_string(), |reason| format!("gRPC cannot be set up: {reason}")))
}

fn identity(certificate: &Path, key: &Path) -> io::Result<Option<Identity>> {
    let pair = read(certificate)?.zip(read(key)?);
    Ok(pair.map(|(certificate, key)| Identity::from_pem(certificate, key)))
}

fn certificate(file: &Path) -> io::Result<Option<Certificate>> {
    Ok(read(file)?.map(Certificate::from_pem))
}

/// A file, if one is named.
fn read(file: &Path) -> io::Result<Option<Vec<u8>>> {
    if file.as_os_str().is_empty() {
        return Ok(None);
    }
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", file.display()));
    fs::read(file).map(Some).map_err(named)
}
