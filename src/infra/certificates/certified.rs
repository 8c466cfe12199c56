//! A certificate with its key, ready to be shown.

use std::sync::Arc;

use rustls::client::verify_server_name;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ParsedCertificate, ServerConfig};
use rustls::sign::CertifiedKey;
use x509_parser::parse_x509_certificate;

use super::Handshakes;
use crate::domain::time::Timestamp;

/// HTTP/2, and HTTP/1.1 for those who do not speak it.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
const MICROS_A_SECOND: i64 = 1_000_000;

/// A certificate with its chain and its key.
pub struct Certified {
    key: Arc<CertifiedKey>,
    config: Arc<ServerConfig>,
    not_before: Timestamp,
    not_after: Timestamp,
}

/// Why a certificate cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The text holds no PEM that can be read.
    #[error("it cannot be read as PEM: {0}")]
    Pem(#[from] pem::Error),
    /// There is no certificate in the text.
    #[error("there is no certificate in it")]
    Empty,
    /// The certificate cannot be read, or its key is another's.
    #[error("{0}")]
    Refused(#[from] rustls::Error),
    /// The certificate cannot be read.
    #[error("its certificate cannot be read: {0}")]
    Unreadable(String),
}

impl Certified {
    /// A certificate with its chain, and its key, both as PEM.
    ///
    /// # Errors
    /// One of them cannot be read, or the key is that of another certificate.
    pub fn from_pem(handshakes: &Handshakes, chain: &[u8], key: &[u8]) -> Result<Self, Unusable> {
        let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(key)?;
        Self::from_der(handshakes, chain, key)
    }

    fn from_der(
        handshakes: &Handshakes,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, Unusable> {
        let first = chain.first().ok_or(Unusable::Empty)?;
        let (not_before, not_after) = validity(first)?;
        let key = Arc::new(CertifiedKey::from_der(chain, key, handshakes.provider())?);
        let config = handshakes.showing(Arc::clone(&key), &PROTOCOLS)?;
        Ok(Self { key, config, not_before, not_after })
    }

    /// Handshakes that show it.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// Whether it is a certificate for this host (RFC 9525).
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        let certificate = self.key.end_entity_cert().and_then(ParsedCertificate::try_from);
        let (Ok(certificate), Ok(name)) = (certificate, ServerName::try_from(host)) else { return false };
        verify_server_name(&certificate, &name).is_ok()
    }

    /// Since when it holds.
    #[must_use]
    pub const fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Until when it holds.
    #[must_use]
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }
}

fn validity(certificate: &CertificateDer<'_>) -> Result<(Timestamp, Timestamp), Unusable> {
    let (_, certificate) =
        parse_x509_certificate(certificate).map_err(|error| Unusable::Unreadable(error.to_string()))?;
    let moment = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(MICROS_A_SECOND));
    let validity = certificate.validity();
    Ok((moment(validity.not_before.timestamp()), moment(validity.not_after.timestamp())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(names: &[&str]) -> (String, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn a_certificate_covers_its_names_and_no_others() {
        let handshakes = Handshakes::new().expect("randomness");
        let (chain, key) = pair(&["go.example.com", "*.example.net"]);
        let certified = Certified::from_pem(&handshakes, chain.as_bytes(), key.as_bytes()).expect("a certificate");
        for name in ["go.example.com", "GO.example.com", "a.example.net"] {
            assert!(certified.covers(name), "{name}");
        }
        for name in ["example.com", "a.b.example.net", "example.net", "", "127.0.0.1", "go.example.com\n"] {
            assert!(!certified.covers(name), "{name}");
        }
        assert!(certified.not_before() < certified.not_after());
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        let handshakes = Handshakes::new().expect("randomness");
        let ((chain, key), (_, other)) = (pair(&["go.example.com"]), pair(&["go.example.com"]));
        let refused = |chain: &str, key: &str| Certified::from_pem(&handshakes, chain.as_bytes(), key.as_bytes()).err();
        assert!(matches!(refused(&chain, &other), Some(Unusable::Refused(_))));
        assert!(matches!(refused("", &key), Some(Unusable::Empty)));
        assert!(matches!(refused(&chain, ""), Some(Unusable::Pem(_))));
        assert!(refused(&chain, &key).is_none());
    }
}
