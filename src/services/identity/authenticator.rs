//! Time-based codes (RFC 6238) as common authenticators make them: SHA-1, six digits, a new one every 30 seconds. The code before
//! and the one after count too, for clocks that are a little off.

use rand::RngCore;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use totp_rs::{Algorithm, Builder, Secret, Totp};
use url::Url;

use crate::domain::error::{Error, Result};
use crate::domain::time::Timestamp;

/// As long as the hash (RFC 4226, section 4).
const SECRET_BYTES: usize = 20;
const DIGITS: u8 = 6;
const STEP_SECONDS: u64 = 30;
/// How many steps a clock may be off, either way.
const SKEW: u16 = 1;
const MICROS_PER_SECOND: u64 = 1_000_000;

/// The secret that an authenticator and the server share.
pub(super) struct Authenticator {
    secret: SecretSlice<u8>,
}

impl Authenticator {
    /// A new secret that nobody can guess.
    pub(super) fn random() -> Self {
        let mut bytes = vec![0; SECRET_BYTES];
        rand::rng().fill_bytes(&mut bytes);
        Self { secret: bytes.into() }
    }

    pub(super) fn from_secret(secret: SecretSlice<u8>) -> Self {
        Self { secret }
    }

    pub(super) fn secret(&self) -> &[u8] {
        self.secret.expose_secret()
    }

    /// The secret as people type it: base32.
    pub(super) fn in_base32(&self) -> SecretString {
        Secret::from(self.secret()).to_base32().into()
    }

    /// The address that authenticators scan.
    ///
    /// # Errors
    /// None that can happen.
    pub(super) fn url(&self, instance: &Url, account: &str) -> Result<SecretString> {
        // A colon separates the two.
        let issuer = format!("Elido ({})", instance.host_str().unwrap_or_default()).replace(':', " ");
        let totp =
            self.totp(|builder| builder.with_issuer(Some(issuer)).with_account_name(account.replace(':', " ")))?;
        totp.to_url().map(SecretString::from).map_err(Error::internal)
    }

    /// The step whose code this is, if it is one of those that count now.
    ///
    /// # Errors
    /// None that can happen.
    pub(super) fn step_of(&self, code: &str, now: Timestamp) -> Result<Option<i64>> {
        let seconds = u64::try_from(now.as_micros()).unwrap_or_default() / MICROS_PER_SECOND;
        let code: String = code.chars().filter(|character| !character.is_whitespace()).collect();
        Ok(self.totp(|builder| builder)?.check(&code, seconds).and_then(|step| i64::try_from(step).ok()))
    }

    fn totp(&self, complete: impl FnOnce(Builder) -> Builder) -> Result<Totp> {
        let builder = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_skew(SKEW)
            .with_step_duration(STEP_SECONDS)
            .with_secret(Secret::from(self.secret()));
        complete(builder).build().map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret and the codes of RFC 6238, appendix B, with the last six of their digits.
    const RFC: (&[u8], [(i64, &str); 4]) = (
        b"12345678901234567890",
        [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (2_000_000_000, "279037")],
    );

    fn rfc() -> Authenticator {
        Authenticator::from_secret(RFC.0.to_vec().into())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, code) in RFC.1 {
            assert_eq!(rfc().step_of(code, at(seconds)).expect("a response"), Some(seconds / 30), "{seconds}");
            let (left, right) = code.split_at(3);
            let spaced = rfc().step_of(&format!(" {left} {right} "), at(seconds + 30));
            assert_eq!(spaced.expect("a response"), Some(seconds / 30));
            assert_eq!(rfc().step_of(code, at(seconds + 90)).expect("a response"), None);
        }
    }

    #[test]
    fn what_is_no_code_is_wrong() {
        for text in ["", "28708", "2870820", "abcdef", "-87082", "২৮৭০৮২"] {
            assert_eq!(rfc().step_of(text, at(59)).expect("a response"), None, "{text}");
        }
    }

    #[test]
    fn authenticators_read_the_address() {
        let url =
            rfc().url(&"https://links.example.com/".parse().expect("a URL"), "a:da@example.com").expect("an address");
        let url = url.expose_secret();
        assert!(url.starts_with("otpauth://totp/"), "{url}");
        assert!(
            url.contains(&format!("secret={}", rfc().in_base32().expose_secret())) && url.contains("issuer=Elido"),
            "{url}"
        );
        assert_ne!(Authenticator::random().secret(), Authenticator::random().secret());
    }
}
