//! How often somebody may try. All processes with one Redis count together; without one each counts for itself.
//!
//! Invariant: what somebody tries elsewhere keeps nobody out: attempts are counted for each account and address together; what is
//! counted over all addresses does not hold where the account's owner has signed in, and each other network has a small share of
//! tries that no other network can use up.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::domain::client_address::{network, site};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::infra::cache::redis::Redis;
use crate::infra::cache::shared_buckets::SharedBuckets;
use crate::runtime::token_bucket::{Decision, Rate};

/// The most accounts and addresses that are counted.
const KEYS_MAX: usize = 100_000;

/// An address; unknown ones are counted together.
pub(super) type Address = Option<IpAddr>;

/// How many attempts at once, and how long until there is one more.
#[derive(Debug, Clone, Copy)]
struct Limit {
    burst: u32,
    interval: Duration,
}

/// What is tried, and how often.
struct Limits {
    /// As Redis knows it.
    names: [&'static str; 4],
    what: &'static str,
    /// At one account from one address.
    account: Limit,
    /// From one address at whichever accounts.
    address: Limit,
    /// At one account from whichever addresses.
    anywhere: Limit,
    /// At one account from one site that its owner has not signed in from, where `anywhere` is used up. Without it nothing is let
    /// through then.
    share: Option<Limit>,
}

/// Passwords: people mistype them, and a guess in ten million is not worth a try every six seconds. With the shares, a thousand
/// addresses make 3,000 tries at once and 6,000 a day.
const PASSWORDS: Limits = Limits {
    names: ["sign-in-account", "sign-in-address", "sign-in-anywhere", "sign-in-share"],
    what: "Too many attempts to sign in.",
    account: Limit { burst: 10, interval: Duration::from_secs(60) },
    address: Limit { burst: 100, interval: Duration::from_secs(6) },
    anywhere: Limit { burst: 100, interval: Duration::from_secs(6) },
    share: Some(Limit { burst: 3, interval: Duration::from_secs(4 * 60 * 60) }),
};
/// Codes of second factors: three in a million are right, so that all addresses together try no more than 300 a day, and one more
/// each. Who has the password and a thousand addresses is right once in eight months.
const CODES: Limits = Limits {
    names: ["code-account", "code-address", "code-anywhere", "code-share"],
    what: "Too many codes were tried.",
    account: Limit { burst: 10, interval: Duration::from_secs(60) },
    address: Limit { burst: 100, interval: Duration::from_secs(6) },
    anywhere: Limit { burst: 20, interval: Duration::from_secs(300) },
    share: Some(Limit { burst: 1, interval: Duration::from_secs(24 * 60 * 60) }),
};
/// Requests for mail of one kind: nobody's mailbox is filled, and who has had so many messages has one to go on with. Each kind is
/// counted by itself, because a message of one is none to go on with where another is needed.
const fn mails(names: [&'static str; 4]) -> Limits {
    Limits {
        names,
        what: "Too many messages were asked for.",
        account: Limit { burst: 5, interval: Duration::from_secs(600) },
        address: Limit { burst: 20, interval: Duration::from_secs(60) },
        anywhere: Limit { burst: 20, interval: Duration::from_secs(600) },
        share: None,
    }
}
/// Codes for a new password.
const RESETS: Limits = mails(["reset-account", "reset-address", "reset-anywhere", "reset-share"]);
/// Codes to make an account with.
const REGISTRATIONS: Limits =
    mails(["registration-account", "registration-address", "registration-anywhere", "registration-share"]);
/// Codes that show that an account's address is right, which its owner alone asks for.
const VERIFICATIONS: Limits =
    mails(["verification-account", "verification-address", "verification-anywhere", "verification-share"]);
/// Codes to an address that somebody wants for their account, whoever's it is.
const EMAIL_CHANGES: Limits = mails(["mail-account", "mail-address", "mail-anywhere", "mail-share"]);

/// Secrets, codes and tokens of programs that do not fit: 256 bits are never guessed, so that this ends noise alone.
const CLIENTS: Limits = Limits {
    names: ["oauth-account", "oauth-address", "oauth-anywhere", "oauth-share"],
    what: "Too many secrets, codes and tokens that do not work.",
    account: Limit { burst: 100, interval: Duration::from_secs(6) },
    address: Limit { burst: 100, interval: Duration::from_secs(6) },
    anywhere: Limit { burst: 100, interval: Duration::from_secs(6) },
    share: None,
};
/// Tokens and sessions that a provider has to be asked about. Each is asked about once in some seconds, so that many people behind
/// one address have room, and nobody turns made-up ones into a flood of questions.
const QUESTIONS: Limits = Limits {
    names: ["foreign-account", "foreign-address", "foreign-anywhere", "foreign-share"],
    what: "Too many credentials of identity providers were tried.",
    account: UNLIMITED,
    address: Limit { burst: 200, interval: Duration::from_millis(50) },
    anywhere: UNLIMITED,
    share: None,
};
/// What is not counted.
const UNLIMITED: Limit = Limit { burst: 0, interval: Duration::ZERO };

/// What attempts are counted by: a hash, so that neither accounts nor addresses show in Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key([u8; 16]);

/// The attempts of late, by what is tried.
pub(super) struct AllAttempts {
    /// Passwords.
    pub(super) passwords: Attempts,
    /// Codes of second factors.
    pub(super) codes: Attempts,
    /// Requests for a new password.
    pub(super) resets: Attempts,
    /// Requests for a new account.
    pub(super) registrations: Attempts,
    /// Requests to show that an address is right.
    pub(super) verifications: Attempts,
    /// Requests for another address.
    pub(super) email_changes: Attempts,
    /// What programs prove themselves with, where it does not fit.
    pub(super) clients: Attempts,
    /// Credentials that a provider has to be asked about.
    pub(super) questions: Attempts,
}

/// The attempts of late at one thing.
pub(super) struct Attempts {
    what: &'static str,
    by_account: Option<SharedBuckets<Key>>,
    by_address: Option<SharedBuckets<Key>>,
    anywhere: Option<SharedBuckets<Key>>,
    shares: Option<SharedBuckets<Key>>,
}

impl AllAttempts {
    pub(super) fn new(redis: Option<&Redis>) -> Self {
        let attempts = |limits| Attempts::new(limits, redis);
        Self {
            passwords: attempts(&PASSWORDS),
            codes: attempts(&CODES),
            resets: attempts(&RESETS),
            registrations: attempts(&REGISTRATIONS),
            verifications: attempts(&VERIFICATIONS),
            email_changes: attempts(&EMAIL_CHANGES),
            clients: attempts(&CLIENTS),
            questions: attempts(&QUESTIONS),
        }
    }
}

impl Attempts {
    fn new(limits: &Limits, redis: Option<&Redis>) -> Self {
        let buckets = |name, limit: Limit| {
            let rate = Rate::new(1, limit.interval, limit.burst);
            rate.map(|rate| SharedBuckets::new(name, rate, KEYS_MAX, redis.cloned()))
        };
        let [account, address, anywhere, share] = limits.names;
        Self {
            what: limits.what,
            by_account: buckets(account, limits.account),
            by_address: buckets(address, limits.address),
            anywhere: buckets(anywhere, limits.anywhere),
            shares: limits.share.and_then(|limit| buckets(share, limit)),
        }
    }

    /// Counts an attempt for its address. `account` is what accounts are told apart by here, such as an email address.
    ///
    /// # Errors
    /// `RateLimited` if there were too many.
    pub(super) async fn take(&self, account: &str, address: Address) -> Result<()> {
        self.take_from_address(address).await?;
        self.take_of(self.by_account.as_ref(), Key::of(&[account, &written(address)])).await
    }

    /// Counts an attempt for its address, at no account that is known yet.
    ///
    /// # Errors
    /// `RateLimited` if there were too many.
    pub(super) async fn take_from_address(&self, address: Address) -> Result<()> {
        self.take_of(self.by_address.as_ref(), Key::of(&[&written(address)])).await
    }

    /// Counts an attempt for its account, wherever it comes from. What was refused to one address must not come here, so that it
    /// counts for no other.
    ///
    /// # Errors
    /// `RateLimited` if there were too many.
    pub(super) async fn take_from_anywhere(&self, account: &str) -> Result<()> {
        self.take_of(self.anywhere.as_ref(), Key::of(&[account])).await
    }

    /// Counts an attempt against the share that the site of this address has at the account. Returns whether any of it is left.
    pub(super) async fn take_share(&self, account: &str, address: Address) -> bool {
        let Some(shares) = &self.shares else { return false };
        let site = address.map(|address| site(address).to_string()).unwrap_or_default();
        matches!(shares.take(&Key::of(&[account, &site])).await, Decision::Allowed { .. })
    }

    async fn take_of(&self, buckets: Option<&SharedBuckets<Key>>, key: Key) -> Result<()> {
        let Some(buckets) = buckets else { return Ok(()) };
        let Decision::Refused { retry_after } = buckets.take(&key).await else { return Ok(()) };
        let error = Error::new(ErrorKind::RateLimited, "too_many_attempts", self.what);
        Err(Error { retry_after: Some(retry_after), ..error })
    }
}

fn written(address: Address) -> String {
    address.map(|address| network(address).to_string()).unwrap_or_default()
}

impl Key {
    fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        let hash: [u8; 32] = hash.finalize().into();
        Self(hash.first_chunk().copied().unwrap_or_default())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", u128::from_be_bytes(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords() -> Attempts {
        AllAttempts::new(None).passwords
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[tokio::test]
    async fn guessing_is_slowed_down_for_one_account_from_one_network() {
        let attempts = passwords();
        for host in 0..PASSWORDS.account.burst {
            assert!(attempts.take("ada@example.com", Some(address(&format!("2001:db8::{host:x}")))).await.is_ok());
        }
        let refused = attempts.take("ada@example.com", Some(address("2001:db8::ffff"))).await.expect_err("too many");
        assert_eq!(refused.kind, ErrorKind::RateLimited);
        assert!(refused.retry_after.is_some_and(|wait| wait > Duration::ZERO));
        assert!(attempts.take("ada@example.com", Some(address("192.0.2.1"))).await.is_ok());
        assert!(attempts.take("eve@example.com", Some(address("2001:db8::1"))).await.is_ok());
    }

    #[tokio::test]
    async fn guessing_from_everywhere_is_slowed_down_for_one_account() {
        for (attempts, limits) in [(passwords(), PASSWORDS), (AllAttempts::new(None).codes, CODES)] {
            for _ in 0..limits.anywhere.burst {
                assert!(attempts.take_from_anywhere("ada@example.com").await.is_ok());
            }
            assert!(attempts.take_from_anywhere("ada@example.com").await.is_err());
            assert!(attempts.take_from_anywhere("eve@example.com").await.is_ok());
        }
    }

    #[tokio::test]
    async fn every_site_has_a_share_of_its_own_and_no_more() {
        let attempts = passwords();
        let takes = async |text: &str| attempts.take_share("ada@example.com", Some(address(text))).await;
        for _ in 0..PASSWORDS.share.expect("a share").burst {
            assert!(takes("192.0.2.1").await);
        }
        assert!(!takes("192.0.2.1").await);
        assert!(takes("192.0.2.2").await);
        // The networks of one site count together, however many there are.
        let mut taken = 0;
        for number in 0..20 {
            taken += u32::from(takes(&format!("2001:db8:0:{number:x}::1")).await);
        }
        assert_eq!(taken, 3);
        assert!(takes("2001:db8:0:100::1").await);
        assert!(!AllAttempts::new(None).resets.take_share("ada@example.com", None).await);
    }

    #[tokio::test]
    async fn trying_one_password_on_many_accounts_is_slowed_down_too() {
        let attempts = passwords();
        let mut refused = 0;
        for number in 0..=PASSWORDS.address.burst {
            refused += u32::from(attempts.take(&number.to_string(), None).await.is_err());
        }
        assert_eq!(refused, 1);
    }

    #[test]
    fn keys_tell_accounts_and_addresses_apart() {
        let keys = [Key::of(&["ab", "c"]), Key::of(&["a", "bc"]), Key::of(&["abc"]), Key::of(&["abc", ""])];
        for (place, key) in keys.iter().enumerate() {
            assert!(keys.iter().skip(place + 1).all(|other| other != key));
            assert_eq!(key.to_string().len(), 32);
        }
    }
}
