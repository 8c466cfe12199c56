//! `elido.v1.Events`: the events of a workspace as they are committed, with the rights that credentials have over REST.

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::callers::{Work, answer, origin_of, principal};
use super::link_resolver::parsed;
use super::link_responses::time;
use super::status::to_status;
use crate::domain::error::{Error, Result as DomainResult};
use crate::domain::event::Event;
use crate::domain::permission::{ListEvents, Operation};
use crate::infra::grpc::v1::events_server::Events;
use crate::infra::grpc::v1::{self, FollowEventsRequest, FollowEventsResponse};
use crate::services::api_core::{ApiCore, EventBatch};

/// The use cases of events, which REST calls too.
pub(super) struct EventsService {
    pub(super) core: ApiCore,
    /// Cancelled when streams shall end, because the process does.
    pub(super) stopping: CancellationToken,
}

type Batches = BoxStream<'static, Result<FollowEventsResponse, Status>>;

impl EventsService {
    fn follow(&self, request: Request<FollowEventsRequest>) -> Work<'_, Batches> {
        Box::pin(async move {
            let principal = principal(&self.core, &request).await?;
            let workspace = parsed("workspace_id", &request.get_ref().workspace_id)?;
            let access = self.core.authorize(&principal, workspace, &ListEvents::PERMISSION).await?;
            let FollowEventsRequest { after, types, .. } = request.into_inner();
            let batches = self.core.follow_events(principal, &access, types, after).await?;
            let answers = batches.map(|batch| batch.and_then(to_message).map_err(to_status));
            Ok(answers.take_until(self.stopping.clone().cancelled_owned()).boxed())
        })
    }
}

#[tonic::async_trait]
impl Events for EventsService {
    type FollowStream = Batches;

    async fn follow(&self, request: Request<FollowEventsRequest>) -> Result<Response<Batches>, Status> {
        answer(origin_of(&request), Self::follow(self, request)).await
    }
}

fn to_message(batch: EventBatch) -> DomainResult<FollowEventsResponse> {
    let events = batch.events.into_iter().map(event).collect::<DomainResult<_>>()?;
    Ok(FollowEventsResponse { events, position: batch.position })
}

pub(super) fn event(event: Event) -> DomainResult<v1::Event> {
    Ok(v1::Event {
        sequence: event.sequence,
        id: event.id.to_string(),
        r#type: event.r#type,
        schema_version: event.schema_version,
        workspace_id: event.workspace_id.map(|id| id.to_string()).unwrap_or_default(),
        subject: event.subject,
        actor: event.actor.to_string(),
        at: Some(time(event.at)),
        data_json: serde_json::to_string(&event.data).map_err(Error::internal)?,
    })
}
