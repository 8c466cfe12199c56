//! How a request reached the edge, which decides whether it is answered here; decisions and clicks know nothing of it.

use std::net::IpAddr;
use std::sync::Arc;

use crate::infra::certificates::Certified;

/// The connection that a request came over.
pub struct Channel {
    /// The client's address: the other end of the socket, or what the PROXY protocol says.
    pub(super) peer: IpAddr,
    pub(super) protection: Protection,
}

/// What protects a connection.
pub(super) enum Protection {
    /// Nothing, and requests are answered all the same.
    None,
    /// Nothing, so that visitors are sent to https.
    Demanded,
    /// TLS.
    Tls(Secured),
}

/// What a handshake agreed on.
pub(super) struct Secured {
    /// The name that the client asked for, in lower case.
    pub(super) name: Box<str>,
    /// What it was shown.
    pub(super) certificate: Arc<Certified>,
}

impl Channel {
    /// Whether a request for this host may be answered by the link that it names. Costs a comparison for nearly all visitors.
    pub(super) fn lets_through(&self, host: &str) -> bool {
        match &self.protection {
            Protection::None => true,
            Protection::Demanded => false,
            Protection::Tls(secured) => *secured.name == *host || secured.certificate.covers(host),
        }
    }

    pub(super) const fn is_secured(&self) -> bool {
        matches!(self.protection, Protection::Tls(_))
    }
}
