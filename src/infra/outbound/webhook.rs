//! Signed messages to addresses that people name, in the form of Standard Webhooks.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::RngCore;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use ring::hmac;
use secrecy::{ExposeSecret, SecretSlice};
use url::Url;

use super::Outbound;
use super::refusal::{OutboundError, Refusal};
use crate::domain::time::Timestamp;

/// How long the secrets that are made here are, in bytes.
const SECRET_BYTES: usize = 32;
/// What a secret begins with where people see it.
const PREFIX: &str = "whsec_";

/// What messages to one receiver are signed with.
#[derive(Clone)]
pub struct WebhookSecret(SecretSlice<u8>);

/// What a receiver answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// For how long it wants not to be asked again, if it says so in seconds.
    pub retry_after: Option<Duration>,
}

impl Answer {
    /// Whether the message was taken. A redirect is no success, because none is followed.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

impl WebhookSecret {
    /// A new one.
    #[must_use]
    pub fn make() -> Self {
        let mut bytes = vec![0; SECRET_BYTES];
        rand::rng().fill_bytes(&mut bytes);
        Self(bytes.into())
    }

    /// The bytes, to be sealed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// As the receiver has to know it.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.bytes()))
    }

    /// The signature of a message: of its id, the moment in seconds, and the body, with points between them.
    fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, self.bytes()));
        context.update(format!("{id}.{seconds}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

impl From<SecretSlice<u8>> for WebhookSecret {
    fn from(bytes: SecretSlice<u8>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WebhookSecret")
    }
}

impl Outbound {
    /// Looks at an address, without asking anybody.
    ///
    /// # Errors
    /// Why messages cannot be sent there.
    pub fn check(&self, url: &Url) -> Result<(), Refusal> {
        self.rules.check(url)
    }

    /// Sends a message of JSON. Its id is the same at every attempt.
    ///
    /// # Errors
    /// The address is refused, or nothing was answered.
    pub async fn post_webhook(
        &self,
        url: &Url,
        secret: &WebhookSecret,
        id: &str,
        now: Timestamp,
        body: Vec<u8>,
    ) -> Result<Answer, OutboundError> {
        self.check(url)?;
        let seconds = now.as_micros().div_euclid(1_000_000);
        let request = self
            .client
            .post(url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", secret.sign(id, seconds, &body))
            .body(body);
        let response = request.send().await.map_err(|error| OutboundError::of(&error))?;
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
        Ok(Answer { status: response.status().as_u16(), retry_after: retry_after.map(Duration::from_secs) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_signed_as_standard_webhooks_has_them() {
        let bytes = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        let secret = WebhookSecret(bytes.into());
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(secret.shown(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }
}
