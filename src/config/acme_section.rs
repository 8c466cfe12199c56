//! The section `acme`, as config/elido.default.toml documents it.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

/// The authority that certificates of the edge come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcmeConfig {
    /// Its ACME directory. Empty means that certificates come from files alone.
    pub directory_url: String,
    /// Whom it may write to about certificates: addresses with commas between them.
    pub contact: String,
    /// What the authority calls the external account that certificates are ordered for, and its HMAC key in the base64 of URLs.
    pub external_account_id: String,
    /// As above.
    pub external_account_key: SecretString,
    /// How it looks whether a host name is ours.
    pub challenge: AcmeChallengeKind,
    /// A PEM file with who signed the certificate of the authority's own server. Empty means those that the system believes.
    pub ca_file: PathBuf,
}

/// How an authority looks whether a host name is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum AcmeChallengeKind {
    /// By a request to port 80, which `edge.listen` has to answer.
    #[serde(rename = "http-01")]
    Http01,
    /// By a handshake on port 443, which `edge.tls.listen` has to answer.
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
}

impl AcmeConfig {
    /// Whether certificates are ordered.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        !self.directory_url.is_empty()
    }

    /// The addresses in `contact`.
    pub fn contacts(&self) -> impl Iterator<Item = &str> {
        self.contact.split(',').map(str::trim).filter(|address| !address.is_empty())
    }
}
