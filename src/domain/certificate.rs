//! Certificates that an authority issued for the host names of domains, as the edge learns of them.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What became of the certificate of a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificateState {
    /// It was asked for, and is on its way.
    Ordered,
    /// It is there.
    Issued,
    /// The last order failed. An earlier certificate is shown as long as it holds.
    Failing,
}

/// What the edge is told when it asks for the certificate of a host name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CertificateAnswer {
    /// There is none, and none is on its way.
    Absent,
    /// It is on its way: ask again in a moment.
    Awaited,
    /// This one.
    Issued(IssuedCertificate),
}

/// A certificate with its key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedCertificate {
    /// The certificate and those between it and the authority's root, as PEM.
    pub chain: Box<str>,
    /// The private key, as PEM.
    pub key: Box<str>,
}

/// What an authority asks of the edge to see whether a host name is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChallengeQuestion {
    /// HTTP-01 (RFC 8555, section 8.3): what stands under this token.
    Token(Box<str>),
    /// TLS-ALPN-01 (RFC 8737): what is shown for this host name.
    Host(Box<str>),
}

impl fmt::Debug for IssuedCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("IssuedCertificate").field("chain", &self.chain).finish_non_exhaustive()
    }
}
