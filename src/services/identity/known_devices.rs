//! What people sign in with, so that a sign-in with something else is told to them.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::Identity;
use super::jobs::AccountMail;
use super::sign_in::Client;
use crate::domain::error::Result;
use crate::domain::id::UserId;
use crate::infra::store::Transaction;
use crate::infra::store::known_devices::{self, KnownDevice};
use crate::runtime::clock;

/// What was not used for so long is new again.
pub(super) const REMEMBERED_FOR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// The most devices that are remembered of a person.
const DEVICES_MAX: u64 = 50;

impl Identity {
    /// Remembers what a person signs in with, and has them told if it is new. The first of all is not told: it made the account.
    pub(super) async fn note_device(&self, transaction: &Transaction, person: UserId, client: &Client) -> Result<()> {
        let (fingerprint, last_used_at) = (fingerprint(&client.printable_user_agent()), clock::now());
        let is_known = known_devices::knows(transaction, person, &fingerprint).await?;
        known_devices::note_use(transaction, KnownDevice { user_id: person, fingerprint, last_used_at }, DEVICES_MAX)
            .await?;
        if is_known != Some(false) {
            return Ok(());
        }
        let mail = AccountMail::SignedInWithNewDevice {
            user_id: person,
            user_agent: client.printable_user_agent(),
            address: client.address,
            at: last_used_at,
        };
        self.enqueue(transaction, mail).await
    }
}

/// Versions are left out, so that an update makes nothing new.
fn fingerprint(user_agent: &str) -> Vec<u8> {
    let is_version = |character: char| character.is_ascii_digit() || matches!(character, '.' | '_');
    Sha256::digest(user_agent.replace(is_version, "")).to_vec()
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn an_update_is_nothing_new_and_another_program_is() {
        let browser = |version: &str| {
            let system = "X11; Linux x86_64";
            fingerprint(&format!("Mozilla/5.0 ({system}; rv:{version}) Gecko/20100101 Firefox/{version}"))
        };
        assert_eq!(browser("99.0"), browser("141.0.2"));
        assert_ne!(browser("99.0"), fingerprint("curl/8.5.0"));
    }
}
