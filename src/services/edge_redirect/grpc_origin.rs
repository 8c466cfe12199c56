//! The edge's origin in another process, over gRPC.
//!
//! Invariant: a call ends within its deadline, whatever the other end does; a
//! click is claimed at most once a call.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Response, Status};
use url::Url;

use super::origin::{Origin, OriginError};
use super::retry::RetryBudget;
use crate::domain::id::{DomainId, LinkId};
use crate::domain::link::{DomainRecord, LinkRecord};
use crate::infra::cache::packed::{PackedError, unpack};
use crate::infra::grpc::v1::link_resolver_client::LinkResolverClient;
use crate::infra::grpc::v1::{ClaimClickRequest, ResolveDomainRequest, ResolveLinkRequest};
use crate::infra::grpc::{ANSWER_BYTES_MAX, REQUEST_BYTES_MAX};

/// The longest that a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How often an idle connection is asked whether its other end is still there, and how long that may take.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// Asks the link resolver of an api process. It connects when it is first asked, and again after a connection was lost.
#[derive(Clone)]
pub struct GrpcOrigin {
    client: LinkResolverClient<Channel>,
    deadline: Duration,
    retries: Arc<RetryBudget>,
}

impl GrpcOrigin {
    /// An origin at `url` (`http://`, or `https://` with these certificates), whose calls end within `deadline`. Call it
    /// within a runtime, which then runs the connection.
    ///
    /// # Errors
    /// The URL cannot be connected to at all, or the certificates cannot be used.
    pub fn new(url: &Url, deadline: Duration, tls: ClientTlsConfig) -> Result<Self, tonic::transport::Error> {
        let mut endpoint = Endpoint::from_shared(url.to_string())?
            .connect_timeout(CONNECT_TIMEOUT.min(deadline))
            .timeout(deadline)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE)
            .keep_alive_while_idle(true);
        if url.scheme() == "https" {
            endpoint = endpoint.tls_config(tls)?;
        }
        let client = LinkResolverClient::new(endpoint.connect_lazy())
            .max_encoding_message_size(REQUEST_BYTES_MAX)
            .max_decoding_message_size(ANSWER_BYTES_MAX);
        Ok(Self { client, deadline, retries: Arc::default() })
    }

    /// A request that tells the other end how long it is waited for.
    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.deadline);
        request
    }

    /// Makes a call, within the deadline also while there is no connection.
    async fn call<T>(&self, call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, OriginError> {
        match tokio::time::timeout(self.deadline, call).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(status)) => Err(OriginError(format!("{:?}: {}", status.code(), status.message()))),
            Err(_) => Err(OriginError("no answer in time".into())),
        }
    }
}

#[async_trait]
impl Origin for GrpcOrigin {
    async fn resolve_domain(&self, hostname: &str) -> Result<DomainRecord, OriginError> {
        let question = || {
            let request = self.request(ResolveDomainRequest { hostname: hostname.to_owned() });
            let mut client = self.client.clone();
            async move { client.resolve_domain(request).await }
        };
        let answer = self.call(self.retries.ask(question)).await?;
        unpack(&answer.domain).map_err(unreadable)
    }

    async fn resolve_link(&self, domain: DomainId, slug: &str) -> Result<Option<LinkRecord>, OriginError> {
        let question = || {
            let request = self.request(ResolveLinkRequest { domain_id: domain.to_string(), slug: slug.to_owned() });
            let mut client = self.client.clone();
            async move { client.resolve_link(request).await }
        };
        let answer = self.call(self.retries.ask(question)).await?;
        answer.link.map(|link| unpack(&link)).transpose().map_err(unreadable)
    }

    async fn claim_click(&self, link: LinkId) -> Result<bool, OriginError> {
        let mut client = self.client.clone();
        let request = self.request(ClaimClickRequest { link_id: link.to_string() });
        let answer = self.call(client.claim_click(request)).await?;
        Ok(answer.claimed)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is what `map_err` passes")]
fn unreadable(error: PackedError) -> OriginError {
    OriginError(error.to_string())
}
