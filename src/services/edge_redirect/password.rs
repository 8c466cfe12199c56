//! Passwords of links: checked away from the threads that response, and a few tries a visitor.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderValue;
use http_body_util::{BodyExt, Limited};
use secrecy::SecretString;
use url::form_urlencoded;

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
    tries: Option<TokenBuckets<(LinkId, IpAddr)>>,
    started: Instant,
}

impl PasswordGate {
    pub(super) fn new(passwords: Passwords) -> Self {
        let rate = Rate::new(TRIES, Duration::from_secs(60), TRIES);
        Self { passwords, tries: rate.map(|rate| TokenBuckets::new(rate, VISITORS_MAX)), started: Instant::now() }
    }

    /// Checks what a visitor sent against a hash in PHC form.
    pub(super) async fn check(&self, link: LinkId, address: IpAddr, password: SecretString, hash: &str) -> Attempt {
        let now = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let decision = self.tries.as_ref().map(|tries| tries.take(&(link, address), now));
        if let Some(Decision::Refused { retry_after }) = decision {
            return Attempt::TooMany(retry_after);
        }
        match self.passwords.verify(password, Some(hash.to_owned())).await {
            Ok(true) => Attempt::Right,
            Ok(false) => Attempt::Wrong,
            Err(_) => Attempt::TooMany(BUSY_RETRY),
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
