//! Clients that shake hands with an edge, down to what the handshake says.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::client::{ClientConfig, Resumption};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::platform::PATIENCE;

/// Somebody who believes one authority and remembers sessions.
#[derive(Clone)]
pub struct TlsClient(Arc<ClientConfig>);

impl TlsClient {
    pub fn believing(authority: &Path, versions: &[&'static SupportedProtocolVersion]) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority).expect("a certificate")).expect("an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).expect("versions");
        Self(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
    }

    /// Whoever sends no name along.
    pub fn nameless(&self) -> Self {
        let mut config = (*self.0).clone();
        config.enable_sni = false;
        Self(Arc::new(config))
    }

    /// Whoever shakes hands in full each time, and so sees the certificate of this moment.
    pub fn forgetful(&self) -> Self {
        let mut config = (*self.0).clone();
        config.resumption = Resumption::disabled();
        Self(Arc::new(config))
    }

    /// Whoever speaks this protocol alone.
    pub fn speaking(&self, protocol: &[u8]) -> Self {
        let mut config = (*self.0).clone();
        config.alpn_protocols = vec![protocol.to_vec()];
        Self(Arc::new(config))
    }

    pub async fn connect(&self, address: SocketAddr, name: &str) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(address).await?;
        self.over(stream, name).await
    }

    pub async fn over(&self, stream: TcpStream, name: &str) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let shaking = TlsConnector::from(Arc::clone(&self.0)).connect(name, stream);
        tokio::time::timeout(PATIENCE, shaking).await.expect("in time")
    }
}

/// Sends one request, of which the server shall see that it is the last, and reads the answer.
pub async fn ask(stream: &mut TlsStream<TcpStream>, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.expect("it is taken");
    let mut answer = Vec::new();
    let reading = async {
        while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
            if stream.read_buf(&mut answer).await.expect("an answer") == 0 {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("in time");
    String::from_utf8(answer).expect("text")
}
