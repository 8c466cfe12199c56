//! What all handshakes of a process have in common.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};

/// Versions, ciphers, protocols and the keys of session tickets; cheap to clone. All accept loops of a process share one, so that a
/// session is resumed on whichever of them its client arrives. The keys of tickets are replaced every six hours and never leave memory.
#[derive(Clone)]
pub struct Handshakes(Arc<Shared>);

struct Shared {
    provider: Arc<CryptoProvider>,
    tickets: Arc<dyn rustls::server::ProducesTickets>,
}

impl Handshakes {
    /// TLS 1.2 and 1.3 by ring.
    ///
    /// # Errors
    /// The machine has no randomness.
    pub fn new() -> Result<Self, rustls::Error> {
        Ok(Self(Arc::new(Shared { provider: Arc::new(default_provider()), tickets: Ticketer::new()? })))
    }

    pub(super) fn provider(&self) -> &CryptoProvider {
        &self.0.provider
    }

    /// Handshakes that show this certificate and speak these protocols (RFC 7301), best first.
    pub(super) fn showing(
        &self,
        certified: Arc<CertifiedKey>,
        protocols: &[&[u8]],
    ) -> Result<Arc<ServerConfig>, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.0.provider))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        config.ticketer = Arc::clone(&self.0.tickets);
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Arc::new(config))
    }
}
