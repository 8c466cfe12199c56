//! Who a request is charged to.

use std::fmt;
use std::net::IpAddr;

use http::Extensions;

use super::client_address::ClientAddress;
use crate::domain::client_address::network;

/// The credential that a request was found to carry: a session's or an API key's id, never the secret itself. The
/// authenticating middleware of a service puts it into the request's extensions; rate limits and idempotency keys are
/// scoped by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Credential(pub Box<str>);

/// What limits are kept by: the credential, or the address of who has none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Caller {
    /// A known credential.
    Credential(Credential),
    /// Somebody without one. An IPv6 host owns at least its /64, so that the rest of the address counts for nothing.
    Address(IpAddr),
}

impl Caller {
    /// Whoever sent the request with these extensions; `None` where neither is known.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<Self> {
        if let Some(credential) = extensions.get::<Credential>() {
            return Some(Self::Credential(credential.clone()));
        }
        extensions.get::<ClientAddress>().map(|address| Self::Address(network(address.0)))
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(Credential(id)) => formatter.write_str(id),
            Self::Address(address) => address.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_counts_before_an_address() {
        let mut extensions = Extensions::new();
        assert_eq!(Caller::of(&extensions), None);
        extensions.insert(ClientAddress("2001:db8::5:6:7:8".parse().expect("an address")));
        assert_eq!(Caller::of(&extensions), Some(Caller::Address("2001:db8::".parse().expect("an address"))));
        extensions.insert(Credential("key_1".into()));
        assert_eq!(Caller::of(&extensions), Some(Caller::Credential(Credential("key_1".into()))));
    }
}
