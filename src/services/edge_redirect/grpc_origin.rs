//! The edge's origin in another process, over gRPC.
//!
//! Invariant: a call ends within its deadline, whatever the other end does; a
//! click is claimed at most once a call.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Response, Status};
use url::Url;

use super::origin::{HostList, Origin, OriginError, OriginStream};
use super::retry::RetryBudget;
use crate::domain::certificate::{CertificateAnswer, ChallengeQuestion, IssuedCertificate};
use crate::domain::change::{AsOf, Change, ChangeBatch, HostStanding, Sequence};
use crate::domain::id::{DomainId, LinkId};
use crate::domain::link::{DomainRecord, LinkRecord};
use crate::domain::name_key::NameKey;
use crate::domain::time::Timestamp;
use crate::infra::cache::packed::{PackedError, unpack};
use crate::infra::cache::packed_link::PackedLink;
use crate::infra::grpc::v1::link_resolver_client::LinkResolverClient;
use crate::infra::grpc::v1::resolve_certificate_response::Answer;
use crate::infra::grpc::v1::resolve_challenge_request::Question;
use crate::infra::grpc::v1::{
    Certificate, ClaimClickRequest, CountNamesRequest, FollowChangesRequest, FollowChangesResponse, ListHostsRequest,
    ListNamesRequest, ResolveCertificateRequest, ResolveChallengeRequest, ResolveDomainRequest, ResolveLinkRequest,
};
use crate::infra::grpc::{REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX};

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
            .max_decoding_message_size(RESPONSE_BYTES_MAX);
        Ok(Self { client, deadline, retries: Arc::default() })
    }

    /// A request that tells the other end how long it is waited for.
    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.deadline);
        request
    }

    /// Waits for the next piece of a list, within the deadline.
    async fn piece<T>(&self, piece: impl Future<Output = Result<T, Status>>) -> Result<T, OriginError> {
        let late = || OriginError("the list stopped".into());
        tokio::time::timeout(self.deadline, piece).await.map_err(|_| late())?.map_err(failed)
    }

    /// Makes a call, within the deadline also while there is no connection.
    async fn call<T>(&self, call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, OriginError> {
        match tokio::time::timeout(self.deadline, call).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(failed(status)),
            Err(_) => Err(OriginError("no response in time".into())),
        }
    }
}

#[async_trait]
impl Origin for GrpcOrigin {
    async fn resolve_domain(&self, hostname: &str) -> Result<AsOf<Option<DomainRecord>>, OriginError> {
        let question = || {
            let request = self.request(ResolveDomainRequest { hostname: hostname.to_owned() });
            let mut client = self.client.clone();
            async move { client.resolve_domain(request).await }
        };
        let response = self.call(self.retries.ask(question)).await?;
        let value = response.domain.as_deref().map(unpack).transpose().map_err(unreadable)?;
        Ok(AsOf { value, sequence: Sequence::new(response.sequence) })
    }

    async fn list_hosts(&self) -> Result<AsOf<HostList>, OriginError> {
        let mut client = self.client.clone();
        let mut pieces = self.call(client.list_hosts(ListHostsRequest {})).await?;
        let mut list = AsOf { value: HostList::new(), sequence: Sequence::default() };
        while let Some(piece) = self.piece(pieces.message()).await? {
            let hosts = |names: Vec<String>, standing| names.into_iter().map(move |name| (name, standing));
            list.value.extend(hosts(piece.served, HostStanding::Served));
            list.value.extend(hosts(piece.withheld, HostStanding::Withheld));
            list.sequence = Sequence::new(piece.sequence);
        }
        Ok(list)
    }

    async fn resolve_link(&self, domain: DomainId, slug: &str) -> Result<AsOf<Option<LinkRecord>>, OriginError> {
        let question = || {
            let request = self.request(ResolveLinkRequest { domain_id: domain.to_string(), slug: slug.to_owned() });
            let mut client = self.client.clone();
            async move { client.resolve_link(request).await }
        };
        let response = self.call(self.retries.ask(question)).await?;
        let value = response.link.as_deref().map(unpacked_link).transpose().map_err(unreadable)?;
        Ok(AsOf { value, sequence: Sequence::new(response.sequence) })
    }

    async fn claim_click(&self, link: LinkId) -> Result<bool, OriginError> {
        let mut client = self.client.clone();
        let request = self.request(ClaimClickRequest { link_id: link.to_string(), only_ask: false });
        let response = self.call(client.claim_click(request)).await?;
        Ok(response.claimed)
    }

    async fn has_click_left(&self, link: LinkId) -> Result<bool, OriginError> {
        let question = || {
            let request = self.request(ClaimClickRequest { link_id: link.to_string(), only_ask: true });
            let mut client = self.client.clone();
            async move { client.claim_click(request).await }
        };
        Ok(self.call(self.retries.ask(question)).await?.claimed)
    }

    async fn follow_changes(&self, received: Option<Sequence>) -> Result<OriginStream<ChangeBatch>, OriginError> {
        let mut client = self.client.clone();
        let request = FollowChangesRequest { sequence: received.map(Sequence::number) };
        // Without a deadline of its own: it goes on for ever, and whoever follows it notices silence.
        let batches = self.call(client.follow_changes(request)).await?;
        Ok(batches.map(|batch| batch.map_err(failed).and_then(change_batch)).boxed())
    }

    async fn resolve_certificate(&self, hostname: &str) -> Result<AsOf<CertificateAnswer>, OriginError> {
        let question = || {
            let request = self.request(ResolveCertificateRequest { hostname: hostname.to_owned() });
            let mut client = self.client.clone();
            async move { client.resolve_certificate(request).await }
        };
        let response = self.call(self.retries.ask(question)).await?;
        let value = match response.answer {
            None => CertificateAnswer::Absent,
            Some(Answer::Awaited(_)) => CertificateAnswer::Awaited,
            Some(Answer::Issued(Certificate { chain, key })) => {
                CertificateAnswer::Issued(IssuedCertificate { chain: chain.into(), key: key.into() })
            }
        };
        Ok(AsOf { value, sequence: Sequence::new(response.sequence) })
    }

    async fn resolve_challenge(&self, question: &ChallengeQuestion) -> Result<Option<String>, OriginError> {
        let question = match question {
            ChallengeQuestion::Token(token) => Question::Token(token.to_string()),
            ChallengeQuestion::Host(hostname) => Question::Hostname(hostname.to_string()),
        };
        let request = self.request(ResolveChallengeRequest { question: Some(question) });
        let mut client = self.client.clone();
        Ok(self.call(client.resolve_challenge(request)).await?.key_authorization)
    }

    async fn count_names(&self) -> Result<u64, OriginError> {
        let question = || {
            let request = self.request(CountNamesRequest {});
            let mut client = self.client.clone();
            async move { client.count_names(request).await }
        };
        Ok(self.call(self.retries.ask(question)).await?.count)
    }

    async fn list_names(&self, key: NameKey) -> Result<OriginStream<Vec<u64>>, OriginError> {
        let mut client = self.client.clone();
        let request = ListNamesRequest { key: key.as_bytes().to_vec() };
        let pieces = self.call(client.list_names(request)).await?;
        Ok(pieces.map(|piece| piece.map(|piece| piece.hashes).map_err(failed)).boxed())
    }
}

fn unpacked_link(bytes: &[u8]) -> Result<LinkRecord, PackedError> {
    PackedLink::read(bytes)?.to_record()
}

fn change_batch(message: FollowChangesResponse) -> Result<ChangeBatch, OriginError> {
    let changes = message.changes.into_iter().map(|change| {
        Ok(Change {
            sequence: Sequence::new(change.sequence),
            at: Timestamp::from_micros(change.at),
            invalidations: unpack(&change.invalidations).map_err(unreadable)?,
        })
    });
    Ok(ChangeBatch {
        sequence: Sequence::new(message.sequence),
        unknown_before: message.unknown_before.map(Sequence::new),
        changes: changes.collect::<Result<_, _>>()?,
    })
}

fn failed(status: Status) -> OriginError {
    OriginError(format!("{:?}: {}", status.code(), status.message()))
}

fn unreadable(error: PackedError) -> OriginError {
    OriginError(error.to_string())
}
