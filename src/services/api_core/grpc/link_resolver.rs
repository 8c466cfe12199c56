//! `elido.v1.LinkResolver`: what edges of other processes ask.

use std::str::FromStr;

use serde::Serialize;
use tonic::{Request, Response, Status};

use super::status::to_status;
use crate::domain::error::{Error, Result as DomainResult};
use crate::domain::id::ParseIdError;
use crate::infra::cache::packed::pack;
use crate::infra::grpc::v1::link_resolver_server::LinkResolver;
use crate::infra::grpc::v1::{
    ClaimClickRequest, ClaimClickResponse, ResolveDomainRequest, ResolveDomainResponse, ResolveLinkRequest,
    ResolveLinkResponse,
};
use crate::services::api_core::ApiCore;

/// Answers with the use cases that an edge in the same process calls by itself.
pub(super) struct LinkResolverService(pub(super) ApiCore);

#[tonic::async_trait]
impl LinkResolver for LinkResolverService {
    async fn resolve_domain(
        &self,
        request: Request<ResolveDomainRequest>,
    ) -> Result<Response<ResolveDomainResponse>, Status> {
        let domain = self.0.resolve_domain(&request.get_ref().hostname).await.map_err(to_status)?;
        let domain = packed(&domain).map_err(to_status)?;
        Ok(Response::new(ResolveDomainResponse { domain }))
    }

    async fn resolve_link(
        &self,
        request: Request<ResolveLinkRequest>,
    ) -> Result<Response<ResolveLinkResponse>, Status> {
        let ResolveLinkRequest { domain_id, slug } = request.get_ref();
        let domain = parsed("domain_id", domain_id).map_err(to_status)?;
        let link = self.0.resolve_link(domain, slug).await.map_err(to_status)?;
        let link = link.as_ref().map(packed).transpose().map_err(to_status)?;
        Ok(Response::new(ResolveLinkResponse { link }))
    }

    async fn claim_click(&self, request: Request<ClaimClickRequest>) -> Result<Response<ClaimClickResponse>, Status> {
        let link = parsed("link_id", &request.get_ref().link_id).map_err(to_status)?;
        let claimed = self.0.claim_click(link).await.map_err(to_status)?;
        Ok(Response::new(ClaimClickResponse { claimed }))
    }
}

fn packed(record: &impl Serialize) -> DomainResult<Vec<u8>> {
    pack(record).map_err(Error::internal)
}

/// The id that a field of a request holds.
pub(super) fn parsed<T: FromStr<Err = ParseIdError>>(field: &str, id: &str) -> DomainResult<T> {
    id.parse().map_err(|error: ParseIdError| Error::invalid_field(field, "invalid_id", error.to_string()))
}
