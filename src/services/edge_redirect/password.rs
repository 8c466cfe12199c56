//! Passwords of links: checked on other threads than those that answer requests, and a few tries a visitor.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderValue;
use http_body_util::{BodyExt, Limited};
use secrecy::SecretString;
use url::form_urlencoded;

use crate::domain::client_address::{UNKNOWN, network};
use crate::domain::id::LinkId;
use crate::infra::passwords::Passwords;
use crate::runtime::token_bucket::{Decision, Rate, TokenBuckets};

/// The longest form that is read, in bytes.
const FORM_BYTES_MAX: usize = 4096;
/// How long a visitor may take to send it.
const FORM_TIMEOUT: Duration = Duration::from_secs(5);
/// When to try again while more checks wait than can be made.
const BUSY_RETRY: Duration = Duration::from_secs(1);
/// Tries of one visitor at one link: so many at once, and as many again every minute.
const TRIES: u32 = 10;
/// How many visitors' tries are remembered.
const VISITORS_MAX: usize = 100_000;
/// Tries of all visitors at one link: so many at once, and one more every second, so that nobody is kept out for longer than a
/// second after guessing from many places has ended.
const LINK_TRIES: u32 = 300;
const LINK_INTERVAL: Duration = Duration::from_secs(1);
/// How many links' tries are remembered.
const LINKS_MAX: usize = 100_000;

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// The password is right.
    Right,
    /// It is not, or none was sent.
    Wrong,
    /// Too many tries; another may be made after this long.
    TooMany(Duration),
}

/// Checks passwords.
pub(super) struct PasswordGate {
    passwords: Passwords,
    by_visitor: Option<TokenBuckets<(LinkId, IpAddr)>>,
    by_link: Option<TokenBuckets<LinkId>>,
    started: Instant,
}

impl PasswordGate {
    pub(super) fn new(passwords: Passwords) -> Self {
        let rate = Rate::new(TRIES, Duration::from_secs(60), TRIES);
        let link_rate = Rate::new(1, LINK_INTERVAL, LINK_TRIES);
        Self {
            passwords,
            by_visitor: rate.map(|rate| TokenBuckets::new(rate, VISITORS_MAX)),
            by_link: link_rate.map(|rate| TokenBuckets::new(rate, LINKS_MAX)),
            started: Instant::now(),
        }
    }

    /// Checks what a visitor sent against a hash in PHC form.
    pub(super) async fn check(&self, link: LinkId, address: IpAddr, password: SecretString, hash: &str) -> Attempt {
        if let Some(retry_after) = self.refuses(link, address) {
            return Attempt::TooMany(retry_after);
        }
        match self.passwords.verify(password, Some(hash.to_owned())).await {
            Ok(true) => Attempt::Right,
            Ok(false) => Attempt::Wrong,
            Err(_) => Attempt::TooMany(BUSY_RETRY),
        }
    }

    /// When somebody who tries too often may try again. Tries that are refused to one visitor count for nobody else.
    fn refuses(&self, link: LinkId, address: IpAddr) -> Option<Duration> {
        let now = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        // Those who are not known share no bucket of a visitor, or one of them could keep the others out.
        let by_visitor = self.by_visitor.as_ref().filter(|_| address != UNKNOWN);
        let by_visitor = by_visitor.map(|tries| tries.take(&(link, network(address)), now));
        if let Some(Decision::Refused { retry_after }) = by_visitor {
            return Some(retry_after);
        }
        match self.by_link.as_ref()?.take(&link, now) {
            Decision::Allowed { .. } => None,
            Decision::Refused { retry_after } => Some(retry_after),
        }
    }
}

/// What may be a form with a password.
pub(super) struct Form<'a, B> {
    /// The `Content-Type` header.
    pub(super) content_type: Option<&'a HeaderValue>,
    /// The body, of which nothing has been read.
    pub(super) body: B,
}

impl<B> Form<'_, B>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// The password of the form, if it is one.
    pub(super) async fn read(self) -> Option<SecretString> {
        let content_type = self.content_type?.to_str().ok()?;
        if !content_type.starts_with("application/x-www-form-urlencoded") {
            return None;
        }
        let read = tokio::time::timeout(FORM_TIMEOUT, Limited::new(self.body, FORM_BYTES_MAX).collect());
        let bytes = read.await.ok()?.ok()?.to_bytes();
        form_urlencoded::parse(&bytes).find(|(name, _)| name == "password").map(|(_, value)| value.into_owned().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> PasswordGate {
        PasswordGate::new(Passwords::new())
    }

    #[test]
    fn one_ipv6_network_has_no_more_tries_than_one_address() {
        let (gate, link) = (gate(), LinkId::new());
        let try_from = |host: u32| gate.refuses(link, format!("2001:db8::{host:x}").parse().expect("an address"));
        assert_eq!((0..60).filter(|host| try_from(*host).is_none()).count(), TRIES as usize);
        assert_eq!(gate.refuses(link, "2001:db8:0:1::1".parse().expect("an address")), None);
    }

    #[test]
    fn guessing_from_everywhere_is_slowed_down_and_keeps_nobody_out_for_long() {
        let (gate, link) = (gate(), LinkId::new());
        let waits: Vec<_> =
            (0..1000).filter_map(|host| gate.refuses(link, IpAddr::V4((0x0a00_0000 + host).into()))).collect();
        assert!(waits.len() >= 600, "{} of 1000 are refused", waits.len());
        assert!(waits.iter().all(|wait| *wait <= LINK_INTERVAL));
        assert_eq!(gate.refuses(LinkId::new(), IpAddr::V4(0x0a00_0001.into())), None);
    }
}
