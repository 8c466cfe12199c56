//! What an authority is shown that looks at a host name by TLS-ALPN-01 (RFC 8737).

use std::sync::Arc;

use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::ServerConfig;
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};

use super::Handshakes;
use crate::domain::error::{Error, Result};

/// What the authority calls its protocol (RFC 8737, section 6.2).
pub const ACME_TLS: &[u8] = b"acme-tls/1";

/// Handshakes that prove to an authority that a host name is ours.
///
/// # Errors
/// The host name is none.
pub fn challenge_config(handshakes: &Handshakes, hostname: &str, key_authorization: &str) -> Result<Arc<ServerConfig>> {
    let key = KeyPair::generate().map_err(Error::internal)?;
    let mut parameters = CertificateParams::new([hostname.to_owned()]).map_err(Error::internal)?;
    let digest = Sha256::digest(key_authorization.as_bytes());
    parameters.custom_extensions = vec![CustomExtension::new_acme_identifier(&digest)];
    let certificate = parameters.self_signed(&key).map_err(Error::internal)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let chain = vec![certificate.der().clone()];
    let key = handshakes.provider().key_provider.load_private_key(key).map_err(Error::internal)?;
    // Without a look at the certificate, in which the extension for the authority is critical and known to it alone.
    handshakes.showing(Arc::new(CertifiedKey::new(chain, key)), &[ACME_TLS]).map_err(Error::internal)
}
