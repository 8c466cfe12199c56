//! Where people have signed in from, so that guessing from elsewhere slows nobody down there.
//!
//! Invariant: networks are kept as keyed hashes, because they are only ever compared.

use std::net::IpAddr;
use std::time::Duration;

use super::Identity;
use crate::domain::client_address::network;
use crate::domain::error::Result;
use crate::domain::id::UserId;
use crate::infra::store::Transaction;
use crate::infra::store::known_networks::{self, KnownNetwork};
use crate::runtime::clock;

/// Where nobody signed in from for so long is new again.
pub(super) const REMEMBERED_FOR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// The most networks that are remembered of a person.
const NETWORKS_MAX: u64 = 100;

impl Identity {
    /// Remembers where a person signs in from, if that is known.
    pub(super) async fn note_network(
        &self,
        transaction: &Transaction,
        person: UserId,
        address: Option<IpAddr>,
    ) -> Result<()> {
        let Some(address) = address else { return Ok(()) };
        let network = self.network_hash(person, address);
        let used = KnownNetwork { user_id: person, network, last_used_at: clock::now() };
        known_networks::note_use(transaction, used, NETWORKS_MAX).await
    }

    /// Whether a person has signed in from the network of this address within the last year.
    pub(super) async fn knows_network(&self, person: UserId, address: Option<IpAddr>) -> Result<bool> {
        let Some(address) = address else { return Ok(false) };
        let hash = self.network_hash(person, address);
        let since = clock::now().minus(REMEMBERED_FOR);
        known_networks::knows(self.store.reader(), person, &hash, since).await
    }

    fn network_hash(&self, person: UserId, address: IpAddr) -> Vec<u8> {
        self.sealing.hash(&format!("known-network:{person}"), &network(address).to_string())
    }
}
