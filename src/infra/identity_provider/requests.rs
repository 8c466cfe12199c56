//! Requests to a provider: JSON in bounded answers, within a bounded time, and never to where an answer redirects.

use std::time::Duration;

use reqwest::header::ACCEPT;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::ProviderError;
use super::metrics::{RequestResult, count_request};

/// How long a provider may take for one answer.
const TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 512 * 1024;
/// How much of a refusal is written into the log, in characters.
const REASON_CHARACTERS_MAX: usize = 200;

/// Asks one provider.
pub(super) struct Requests {
    provider: String,
    client: Client,
}

/// Who asks, where a provider wants to know.
pub(super) struct ClientCredentials<'a> {
    pub(super) id: &'a str,
    /// Empty for a public client.
    pub(super) secret: &'a SecretString,
    /// Whether they go into the body, because the provider takes them nowhere else.
    pub(super) in_body: bool,
}

/// A refusal as RFC 6749 (section 5.2) writes it.
#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Requests {
    /// For the provider that the operator calls so.
    ///
    /// # Errors
    /// The machine gives no HTTP client.
    pub(super) fn new(provider: &str) -> Result<Self, ProviderError> {
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("elido/", env!("CARGO_PKG_VERSION")))
            .build();
        let client = client.map_err(|error| unavailable(provider, &error))?;
        Ok(Self { provider: provider.to_owned(), client })
    }

    /// What stands at an address.
    pub(super) async fn get<T: DeserializeOwned>(&self, url: Url) -> Result<T, ProviderError> {
        self.answer(self.client.get(url)).await
    }

    /// The same for whoever holds what this header says.
    pub(super) async fn get_with<T: DeserializeOwned>(
        &self,
        url: Url,
        (name, value): (&str, &SecretString),
    ) -> Result<T, ProviderError> {
        self.answer(self.client.get(url).header(name, value.expose_secret())).await
    }

    /// Goes to an address for whoever holds what this header says, for what that does.
    pub(super) async fn visit(&self, url: Url, (name, value): (&str, &SecretString)) -> Result<(), ProviderError> {
        self.done(self.client.get(url).header(name, value.expose_secret())).await
    }

    /// Has something deleted.
    pub(super) async fn delete(&self, url: Url, body: &Value) -> Result<(), ProviderError> {
        self.done(self.client.delete(url).json(body)).await
    }

    /// What comes of a form.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        url: Url,
        credentials: &ClientCredentials<'_>,
        fields: &[(&str, &str)],
    ) -> Result<T, ProviderError> {
        let mut fields = fields.to_vec();
        let secret = credentials.secret.expose_secret();
        let mut request = self.client.post(url);
        match (secret.is_empty(), credentials.in_body) {
            (true, _) => fields.push(("client_id", credentials.id)),
            (false, true) => fields.extend([("client_id", credentials.id), ("client_secret", secret)]),
            // RFC 6749, section 2.3.1: both are encoded as in forms first.
            (false, false) => request = request.basic_auth(encoded(credentials.id), Some(encoded(secret))),
        }
        self.answer(request.form(&fields)).await
    }

    /// A failure with what was wrong.
    pub(super) fn unavailable(&self, reason: impl Into<String>) -> ProviderError {
        ProviderError::Unavailable { provider: self.provider.clone(), reason: reason.into() }
    }

    /// A token with what is wrong with it.
    pub(super) fn unsound(&self, reason: impl Into<String>) -> ProviderError {
        ProviderError::Unsound { provider: self.provider.clone(), reason: reason.into() }
    }

    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ProviderError> {
        let answer = self.exchange(request).await;
        let result = match &answer {
            Ok(_) => RequestResult::Answered,
            Err(ProviderError::Unavailable { .. }) => RequestResult::Unavailable,
            Err(_) => RequestResult::Refused,
        };
        count_request(result);
        answer
    }

    /// For what is done by asking: the answer says nothing more.
    async fn done(&self, request: RequestBuilder) -> Result<(), ProviderError> {
        let response = request.header(ACCEPT, "application/json").send().await;
        let status = response.map_err(|error| unavailable(&self.provider, &error))?.status();
        match status {
            _ if status.is_success() || status.is_redirection() => Ok(()),
            _ if status.is_client_error() => {
                Err(ProviderError::Refused { provider: self.provider.clone(), reason: status.to_string() })
            }
            _ => Err(self.unavailable(format!("it answers {status}"))),
        }
    }

    async fn exchange<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ProviderError> {
        let response = request.header(ACCEPT, "application/json").send().await;
        let response = response.map_err(|error| unavailable(&self.provider, &error))?;
        let status = response.status();
        let body = self.body(response).await?;
        match status {
            StatusCode::OK => serde_json::from_slice(&body)
                .map_err(|error| self.unavailable(format!("its answer cannot be read: {error}"))),
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(ProviderError::Refused { provider: self.provider.clone(), reason: refusal(status, &body) })
            }
            other => Err(self.unavailable(format!("it answers {other}"))),
        }
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, ProviderError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unavailable(&self.provider, &error))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(self.unavailable(format!("its answer is longer than {ANSWER_BYTES_MAX} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// Without the address, which may hold a secret.
fn unavailable(provider: &str, error: &reqwest::Error) -> ProviderError {
    let mut reason = if error.is_timeout() { "no answer in time".to_owned() } else { "no connection".to_owned() };
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        reason.push_str(&format!(": {next}"));
        cause = next.source();
    }
    ProviderError::Unavailable { provider: provider.to_owned(), reason }
}

fn refusal(status: StatusCode, body: &[u8]) -> String {
    let text = match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) => format!("{}: {}", refusal.error, refusal.error_description),
        Err(_) => status.to_string(),
    };
    text.chars().filter(|character| !character.is_control()).take(REASON_CHARACTERS_MAX).collect()
}
