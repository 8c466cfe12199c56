//! `elido.v1.LinkExplanations`: where a described visitor would go, with the rights that credentials have over REST.
//!
//! Invariants: a call reaches a workspace only through [`access`]; nothing is written.

use serde_json::{Value, json};
use tonic::{Request, Response, Status};

use super::callers::{Work, access, answer, origin_of};
use super::link_requests::{draft, read_body, text};
use super::link_resolver::parsed;
use super::link_responses::time;
use crate::domain::error::{Error, Result as DomainResult};
use crate::domain::permission::{Operation, ResolveDraft, ResolveLink};
use crate::infra::grpc::v1::link_explanations_server::LinkExplanations;
use crate::infra::grpc::v1::{
    CreateLinkRequest, DescribedVisitor, ExplainDraftRequest, ExplainDraftResponse, ExplainLinkRequest,
    ExplainLinkResponse, ExplainedState, LinkExplanation,
};
use crate::services::api_core::{ApiCore, Resolution, ResolutionState};

/// The use cases of explanations, which REST calls too.
pub(super) struct LinkExplanationsService(pub(super) ApiCore);

impl LinkExplanationsService {
    fn explain(&self, request: Request<ExplainLinkRequest>) -> Work<'_, ExplainLinkResponse> {
        Box::pin(async move {
            let access = access(&self.0, &request, &request.get_ref().workspace_id, &ResolveLink::PERMISSION).await?;
            let ExplainLinkRequest { link_id, visitor, .. } = request.into_inner();
            let resolution =
                self.0.resolve(&access, parsed("link_id", &link_id)?, read_body(&described(visitor))?).await?;
            Ok(ExplainLinkResponse { explanation: Some(to_message(resolution)?) })
        })
    }

    fn explain_draft(&self, request: Request<ExplainDraftRequest>) -> Work<'_, ExplainDraftResponse> {
        Box::pin(async move {
            let access = access(&self.0, &request, &request.get_ref().workspace_id, &ResolveDraft::PERMISSION).await?;
            let ExplainDraftRequest { content, link_id, visitor, .. } = request.into_inner();
            let link = draft(CreateLinkRequest { content, ..Default::default() })?;
            let draft = json!({ "link": link, "link_id": link_id, "visitor": described(visitor) });
            let resolution = self.0.resolve_draft(&access, read_body(&draft)?).await?;
            Ok(ExplainDraftResponse { explanation: Some(to_message(resolution)?) })
        })
    }
}

/// The visitor as REST has one.
fn described(visitor: Option<DescribedVisitor>) -> Value {
    let visitor = visitor.unwrap_or_default();
    json!({
        "address": visitor.address,
        "country": visitor.country,
        "region": visitor.region,
        "user_agent": visitor.user_agent,
        "accept_language": visitor.accept_language,
        "referrer": visitor.referrer,
        "query": visitor.query,
        "prefetch": visitor.prefetch,
        "at": visitor.at.map(text),
    })
}

fn to_message(resolution: Resolution) -> DomainResult<LinkExplanation> {
    let state = match resolution.state {
        ResolutionState::Redirects => ExplainedState::Redirects,
        ResolutionState::NotStarted => ExplainedState::NotStarted,
        ResolutionState::Expired => ExplainedState::Expired,
        ResolutionState::Archived => ExplainedState::Archived,
        ResolutionState::Disabled => ExplainedState::Disabled,
        ResolutionState::UsedUp => ExplainedState::UsedUp,
    };
    Ok(LinkExplanation {
        state: state.into(),
        destination_url: resolution.destination_url.to_string(),
        at: Some(time(resolution.at)),
        country: resolution.country,
        subdivision: resolution.subdivision,
        agent_json: serde_json::to_string(&resolution.agent).map_err(Error::internal)?,
        explanation_json: serde_json::to_string(&resolution.explanation).map_err(Error::internal)?,
    })
}

#[tonic::async_trait]
impl LinkExplanations for LinkExplanationsService {
    async fn explain_link(
        &self,
        request: Request<ExplainLinkRequest>,
    ) -> Result<Response<ExplainLinkResponse>, Status> {
        answer(origin_of(&request), self.explain(request)).await
    }

    async fn explain_draft(
        &self,
        request: Request<ExplainDraftRequest>,
    ) -> Result<Response<ExplainDraftResponse>, Status> {
        answer(origin_of(&request), self.explain_draft(request)).await
    }
}
