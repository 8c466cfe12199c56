//! What TLS, or its absence, changes about the answers to requests.

use bytes::Bytes;
use http::{HeaderValue, header};
use percent_encoding::{CONTROLS, utf8_percent_encode};

use super::channel::{Channel, Protection};
use super::handler::{Edge, Exchange, Responded};
use super::metrics::LinkSource;
use super::password::Form;
use super::request::RequestView;
use super::respond::{self, EdgeResponse};
use crate::domain::link::DomainRecord;
use crate::infra::journal::FileSystem;
use crate::runtime::clock::MonotonicTime;

/// Where authorities look for answers to their challenges (RFC 8555, section 8.3).
const CHALLENGES: &str = "/.well-known/acme-challenge/";
/// Answered without TLS even where that is demanded, because what asks for it follows no redirect.
const HEALTH: &str = "/healthz";

impl Edge {
    /// Answers a request that the rate limiter allowed, as its channel permits. `form` is its body.
    pub(super) async fn answer_over<B, F>(
        &self,
        channel: &Channel,
        exchange: &Exchange<'_, F>,
        form: Option<Form<'_, B>>,
    ) -> Responded
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        F: FileSystem,
    {
        let request = exchange.request;
        if let Some(token) = request.path.strip_prefix(CHALLENGES)
            && let Some(answer) = self.certificates.response_to(self, token).await
        {
            return Responded(respond::challenge(answer), LinkSource::None);
        }
        if let Some(response) = self.turn_away(channel, request, exchange.started).await {
            return Responded(response, LinkSource::None);
        }
        let mut responded = self.answer(exchange, form).await;
        if (channel.is_secured() || request.is_secured_before)
            && let Some(domain) = self.cache.fresh_domain(&request.host, exchange.started)
            && let Some(hsts) = hsts(&domain.value)
        {
            responded.0.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, hsts);
        }
        responded
    }

    async fn turn_away(
        &self,
        channel: &Channel,
        request: &RequestView<'_>,
        now: MonotonicTime,
    ) -> Option<EdgeResponse> {
        match channel.protection {
            Protection::None => None,
            Protection::Tls(_) => (!channel.lets_through(&request.host)).then(|| respond::misdirected(request)),
            Protection::Demanded if request.path == HEALTH => None,
            Protection::Demanded => {
                let domain = self.cache.domain(&request.host, now).await.ok()?.value?;
                // Whatever host a visitor makes up, only those of domains are ever sent back.
                (domain.value.enabled && *domain.value.hostname == *request.host).then(|| to_https(request)).flatten()
            }
        }
    }
}

fn hsts(domain: &DomainRecord) -> Option<HeaderValue> {
    HeaderValue::from_str(domain.hsts.as_deref()?).ok()
}

/// The same address over TLS, with the method and the body kept.
fn to_https(request: &RequestView<'_>) -> Option<EdgeResponse> {
    let mut location = format!("https://{}", request.host);
    location.extend(utf8_percent_encode(request.path, CONTROLS));
    if !request.query.is_empty() {
        location.push('?');
        location.extend(utf8_percent_encode(request.query, CONTROLS));
    }
    Some(respond::permanently_moved(&HeaderValue::from_str(&location).ok()?))
}
