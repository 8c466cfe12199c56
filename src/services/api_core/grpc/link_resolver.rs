//! `elido.v1.LinkResolver`: what edges of other processes ask.

use std::str::FromStr;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::status::to_status;
use crate::domain::certificate::{CertificateAnswer, ChallengeQuestion};
use crate::domain::change::{ChangeBatch, HostStanding, Sequence};
use crate::domain::error::{Error, Result as DomainResult};
use crate::domain::id::ParseIdError;
use crate::domain::name_key::NameKey;
use crate::infra::cache::packed::pack;
use crate::infra::cache::packed_link::pack_link;
use crate::infra::grpc::v1::link_resolver_server::LinkResolver;
use crate::infra::grpc::v1::resolve_certificate_response::Answer;
use crate::infra::grpc::v1::resolve_challenge_request::Question;
use crate::infra::grpc::v1::{
    self, ClaimClickRequest, ClaimClickResponse, CountNamesRequest, CountNamesResponse, FollowChangesRequest,
    FollowChangesResponse, ListHostsRequest, ListHostsResponse, ListNamesRequest, ListNamesResponse,
    ResolveCertificateRequest, ResolveCertificateResponse, ResolveChallengeRequest, ResolveChallengeResponse,
    ResolveDomainRequest, ResolveDomainResponse, ResolveLinkRequest, ResolveLinkResponse,
};
use crate::services::api_core::ApiCore;

/// How many host names one message of their list has: each has at most 253 characters.
const HOSTS_AT_ONCE: usize = 2_000;

/// Answers with the use cases that an edge in the same process calls by itself.
pub(super) struct LinkResolverService {
    pub(super) core: ApiCore,
    /// Cancelled when streams shall end, because the process does.
    pub(super) stopping: CancellationToken,
}

type ResponseStream<T> = BoxStream<'static, Result<T, Status>>;

#[tonic::async_trait]
impl LinkResolver for LinkResolverService {
    async fn resolve_domain(
        &self,
        request: Request<ResolveDomainRequest>,
    ) -> Result<Response<ResolveDomainResponse>, Status> {
        let domain = self.core.resolve_domain(&request.get_ref().hostname).await.map_err(to_status)?;
        let sequence = domain.sequence.number();
        let domain = domain.value.as_ref().map(packed).transpose().map_err(to_status)?;
        Ok(Response::new(ResolveDomainResponse { domain, sequence }))
    }

    type ListHostsStream = ResponseStream<ListHostsResponse>;

    /// What was read is sent to its end, so that nobody takes a part of the list for all of it.
    async fn list_hosts(&self, _: Request<ListHostsRequest>) -> Result<Response<Self::ListHostsStream>, Status> {
        let list = self.core.list_hosts().await.map_err(to_status)?;
        let sequence = list.sequence.number();
        let pieces: Vec<_> = list.value.chunks(HOSTS_AT_ONCE).map(|hosts| Ok(piece(hosts, sequence))).collect();
        Ok(Response::new(stream::iter(pieces).boxed()))
    }

    async fn resolve_link(
        &self,
        request: Request<ResolveLinkRequest>,
    ) -> Result<Response<ResolveLinkResponse>, Status> {
        let ResolveLinkRequest { domain_id, slug } = request.get_ref();
        let domain = parsed("domain_id", domain_id).map_err(to_status)?;
        let link = self.core.resolve_link(domain, slug).await.map_err(to_status)?;
        let sequence = link.sequence.number();
        let link = link.value.as_ref().map(pack_link).transpose().map_err(Error::internal).map_err(to_status)?;
        Ok(Response::new(ResolveLinkResponse { link, sequence }))
    }

    async fn claim_click(&self, request: Request<ClaimClickRequest>) -> Result<Response<ClaimClickResponse>, Status> {
        let link = parsed("link_id", &request.get_ref().link_id).map_err(to_status)?;
        let claimed = match request.get_ref().only_ask {
            true => self.core.has_click_left(link).await,
            false => self.core.claim_click(link).await,
        };
        Ok(Response::new(ClaimClickResponse { claimed: claimed.map_err(to_status)? }))
    }

    type FollowChangesStream = ResponseStream<FollowChangesResponse>;

    async fn follow_changes(
        &self,
        request: Request<FollowChangesRequest>,
    ) -> Result<Response<Self::FollowChangesStream>, Status> {
        let batches = self.core.follow_changes(request.get_ref().sequence.map(Sequence::new));
        let answers = batches.map(|batch| message(batch).map_err(to_status));
        Ok(Response::new(answers.take_until(self.stopping.clone().cancelled_owned()).boxed()))
    }

    async fn resolve_certificate(
        &self,
        request: Request<ResolveCertificateRequest>,
    ) -> Result<Response<ResolveCertificateResponse>, Status> {
        let found = self.core.resolve_certificate(&request.get_ref().hostname).await.map_err(to_status)?;
        let answer = match found.value {
            CertificateAnswer::Absent => None,
            CertificateAnswer::Awaited => Some(Answer::Awaited(true)),
            CertificateAnswer::Issued(issued) => {
                Some(Answer::Issued(v1::Certificate { chain: issued.chain.into(), key: issued.key.into() }))
            }
        };
        Ok(Response::new(ResolveCertificateResponse { answer, sequence: found.sequence.number() }))
    }

    async fn resolve_challenge(
        &self,
        request: Request<ResolveChallengeRequest>,
    ) -> Result<Response<ResolveChallengeResponse>, Status> {
        let question = match request.into_inner().question {
            Some(Question::Token(token)) => ChallengeQuestion::Token(token.into()),
            Some(Question::Hostname(hostname)) => ChallengeQuestion::Host(hostname.into()),
            None => return Err(to_status(Error::invalid_field("question", "missing", "name a token or a host name"))),
        };
        let key_authorization = self.core.resolve_challenge(&question).await.map_err(to_status)?;
        Ok(Response::new(ResolveChallengeResponse { key_authorization }))
    }

    async fn count_names(&self, _: Request<CountNamesRequest>) -> Result<Response<CountNamesResponse>, Status> {
        let count = self.core.count_names().await.map_err(to_status)?;
        Ok(Response::new(CountNamesResponse { count }))
    }

    type ListNamesStream = ResponseStream<ListNamesResponse>;

    async fn list_names(&self, request: Request<ListNamesRequest>) -> Result<Response<Self::ListNamesStream>, Status> {
        let key = <[u8; 16]>::try_from(request.get_ref().key.as_slice());
        let key = key.map_err(|_| Error::invalid_field("key", "invalid_key", "a key has 16 bytes"));
        let key = NameKey::new(key.map_err(to_status)?);
        let answers = self.core.list_names(key).map_ok(|hashes| ListNamesResponse { hashes }).map_err(to_status);
        Ok(Response::new(answers.take_until(self.stopping.clone().cancelled_owned()).boxed()))
    }
}

fn piece(hosts: &[(String, HostStanding)], sequence: i64) -> ListHostsResponse {
    let named = |wanted| {
        let names = hosts.iter().filter(move |(_, standing)| *standing == wanted);
        names.map(|(name, _)| name.clone()).collect()
    };
    ListHostsResponse { served: named(HostStanding::Served), withheld: named(HostStanding::Withheld), sequence }
}

fn message(batch: ChangeBatch) -> DomainResult<FollowChangesResponse> {
    let changes = batch.changes.iter().map(|change| {
        Ok(v1::Change {
            sequence: change.sequence.number(),
            at: change.at.as_micros(),
            invalidations: packed(&change.invalidations)?,
        })
    });
    Ok(FollowChangesResponse {
        sequence: batch.sequence.number(),
        unknown_before: batch.unknown_before.map(Sequence::number),
        changes: changes.collect::<DomainResult<_>>()?,
    })
}

fn packed(record: &impl Serialize) -> DomainResult<Vec<u8>> {
    pack(record).map_err(Error::internal)
}

/// The id that a field of a request holds.
pub(in crate::services) fn parsed<T: FromStr<Err = ParseIdError>>(field: &str, id: &str) -> DomainResult<T> {
    id.parse().map_err(|error: ParseIdError| Error::invalid_field(field, "invalid_id", error.to_string()))
}
