//! Requests to an authority.

use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient, Problem};
use reqwest::{Certificate, Client, Response};

use super::order_failure::Busy;
use crate::runtime::clock;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an authority may take for one answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest answer, in bytes. A chain has a few thousand.
const ANSWER_BYTES_MAX: usize = 512 * 1024;

/// Asks an authority; cheap to clone.
#[derive(Clone)]
pub(super) struct AuthorityClient(Client);

impl AuthorityClient {
    /// Believes the authorities of this PEM file, or those that the system believes.
    pub(super) fn new(ca: Option<&[u8]>) -> reqwest::Result<Self> {
        let builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("elido/", env!("CARGO_PKG_VERSION")));
        let builder = match ca {
            Some(ca) => builder.tls_certs_only(Certificate::from_pem_bundle(ca)?),
            None => builder,
        };
        Ok(Self(builder.build()?))
    }

    async fn exchange(self, request: Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, Error> {
        let (parts, body) = request.into_parts();
        let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes);
        let request = reqwest::Request::try_from(Request::from_parts(parts, body)).map_err(other)?;
        let response = self.0.execute(request).await.map_err(other)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let pause = headers.get(header::RETRY_AFTER).and_then(|value| pause(value.to_str().ok()?));
        let body = whole_body(response).await?;
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            let told = serde_json::from_slice::<Problem>(&body).ok().and_then(|problem| problem.detail);
            return Err(other(Busy { reason: told.unwrap_or_else(|| status.to_string()), pause }));
        }
        let mut answer = http::Response::new(Full::new(body));
        (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
        Ok(answer.into())
    }
}

impl HttpClient for AuthorityClient {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        Box::pin(self.clone().exchange(request))
    }
}

async fn whole_body(mut response: Response) -> Result<Bytes, Error> {
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(other)? {
        if body.len() + piece.len() > ANSWER_BYTES_MAX {
            return Err(Error::Str("an answer of a sensible length"));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

/// RFC 9110, section 10.2.3: seconds, or a date.
fn pause(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    let seconds = date.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    let now = u64::try_from(clock::now().as_micros()).unwrap_or_default() / 1_000_000;
    Some(Duration::from_secs(seconds.saturating_sub(now)))
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Other(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_told_in_seconds_or_as_a_date() {
        assert_eq!(pause("120"), Some(Duration::from_secs(120)));
        assert_eq!(pause("Thu, 28 May 2020 20:26:40 GMT"), Some(Duration::ZERO));
        assert!(pause("Thu, 28 May 2099 20:26:40 GMT").is_some_and(|pause| pause > Duration::from_secs(1_000_000)));
        assert_eq!(pause("soon"), None);
    }
}
