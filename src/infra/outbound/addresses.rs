//! Looks host names up for the client, and hands over none but the addresses that may be asked.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::refusal::{OutboundError, Refusal};
use super::rules::Rules;
use crate::domain::custom_domain::Looked;
use crate::domain::public_address::is_public;
use crate::infra::dns::Dns;

/// Looks host names up.
#[derive(Clone)]
pub(super) struct CheckedAddresses {
    dns: Dns,
    rules: Arc<Rules>,
}

impl CheckedAddresses {
    pub(super) fn new(dns: Dns, rules: Arc<Rules>) -> Self {
        Self { dns, rules }
    }

    /// Hosts that the operator allows may be known to this machine alone.
    async fn addresses(&self, name: &str) -> Result<Vec<SocketAddr>, OutboundError> {
        let name = name.trim_end_matches('.');
        if self.rules.allows(&name.to_ascii_lowercase()) {
            let found = tokio::net::lookup_host((name, 0)).await.map_err(|_| OutboundError::NoAddress)?;
            return Ok(found.collect());
        }
        let found = match self.dns.addresses(name).await {
            Looked::Found(found) if found.is_empty() => return Err(OutboundError::NoAddress),
            Looked::Found(found) => found,
            Looked::Trouble(_) => return Err(OutboundError::Dns),
        };
        // One that is not of the internet among others is no accident.
        match found.iter().all(|address| is_public(*address)) {
            true => Ok(found.into_iter().map(|address| SocketAddr::new(address, 0)).collect()),
            false => Err(Refusal::NotPublic.into()),
        }
    }
}

impl Resolve for CheckedAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        let this = self.clone();
        Box::pin(async move {
            let addresses = this.addresses(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
