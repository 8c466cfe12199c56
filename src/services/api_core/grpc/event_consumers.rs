//! `elido.v1.EventConsumers`: consumers of events and what they could not take, for those who run the instance.
//!
//! Invariant: a call reaches consumers only through [`EventConsumersService::access`].

use tonic::{Request, Response, Status};

use super::callers::{Work, answer, origin_of, principal};
use super::events::event;
use super::link_requests::limit;
use super::link_responses::time;
use crate::domain::error::{Error, Result as DomainResult};
use crate::infra::grpc::v1::event_consumers_server::EventConsumers;
use crate::infra::grpc::v1::{
    self, DiscardEventFailureRequest, DiscardEventFailureResponse, ListEventConsumersRequest,
    ListEventConsumersResponse, ListEventFailuresRequest, ListEventFailuresResponse, RetryEventFailureRequest,
    RetryEventFailureResponse,
};
use crate::services::api_core::{
    AdminAccess, ApiCore, EventConsumer, EventFailure, EventFailureQuery, EventFailureState,
};

/// The use cases of consumers, which REST calls too.
pub(super) struct EventConsumersService(pub(super) ApiCore);

impl EventConsumersService {
    /// What the sender of a call may do.
    async fn access<T>(&self, request: &Request<T>) -> DomainResult<AdminAccess> {
        self.0.authorize_admin(&principal(&self.0, request).await?)
    }

    fn list(&self, request: Request<ListEventConsumersRequest>) -> Work<'_, ListEventConsumersResponse> {
        Box::pin(async move {
            let consumers = self.0.list_event_consumers(self.access(&request).await?).await?;
            Ok(ListEventConsumersResponse { event_consumers: consumers.into_iter().map(consumer).collect() })
        })
    }

    fn failures(&self, request: Request<ListEventFailuresRequest>) -> Work<'_, ListEventFailuresResponse> {
        Box::pin(async move {
            let access = self.access(&request).await?;
            let request = request.into_inner();
            let query = EventFailureQuery {
                state: state(request.state)?,
                after: request.after,
                limit: limit(request.limit)?.get().into(),
            };
            let failures = self.0.list_event_failures(access, &request.consumer, query).await?;
            let event_failures = failures.into_iter().map(to_message).collect::<DomainResult<_>>()?;
            Ok(ListEventFailuresResponse { event_failures })
        })
    }

    fn retry(&self, request: Request<RetryEventFailureRequest>) -> Work<'_, RetryEventFailureResponse> {
        Box::pin(async move {
            let access = self.access(&request).await?;
            let RetryEventFailureRequest { consumer, sequence } = request.into_inner();
            let failure = self.0.retry_event_failure(access, &consumer, sequence).await?;
            Ok(RetryEventFailureResponse { event_failure: Some(to_message(failure)?) })
        })
    }

    fn discard(&self, request: Request<DiscardEventFailureRequest>) -> Work<'_, DiscardEventFailureResponse> {
        Box::pin(async move {
            let access = self.access(&request).await?;
            let DiscardEventFailureRequest { consumer, sequence } = request.into_inner();
            self.0.discard_event_failure(access, &consumer, sequence).await?;
            Ok(DiscardEventFailureResponse {})
        })
    }
}

/// The state that a query names; none if it is unspecified.
fn state(number: i32) -> DomainResult<Option<EventFailureState>> {
    let unknown = |_| Error::invalid_field("state", "invalid_value", "this enumeration has no such value");
    Ok(match v1::EventFailureState::try_from(number).map_err(unknown)? {
        v1::EventFailureState::Unspecified => None,
        v1::EventFailureState::Waiting => Some(EventFailureState::Waiting),
        v1::EventFailureState::SetAside => Some(EventFailureState::SetAside),
    })
}

fn consumer(consumer: EventConsumer) -> v1::EventConsumer {
    v1::EventConsumer {
        name: consumer.name,
        position: consumer.position,
        lag: consumer.lag,
        waiting: consumer.waiting,
        set_aside: consumer.set_aside,
        updated_at: Some(time(consumer.updated_at)),
    }
}

fn to_message(failure: EventFailure) -> DomainResult<v1::EventFailure> {
    let state = match failure.state {
        EventFailureState::Waiting => v1::EventFailureState::Waiting,
        EventFailureState::SetAside => v1::EventFailureState::SetAside,
    };
    Ok(v1::EventFailure {
        consumer: failure.consumer,
        state: state.into(),
        attempts: failure.attempts,
        retry_at: failure.retry_at.map(time),
        last_error: failure.last_error,
        failed_at: Some(time(failure.failed_at)),
        event: Some(event(failure.event)?),
    })
}

#[tonic::async_trait]
impl EventConsumers for EventConsumersService {
    async fn list_event_consumers(
        &self,
        request: Request<ListEventConsumersRequest>,
    ) -> Result<Response<ListEventConsumersResponse>, Status> {
        answer(origin_of(&request), self.list(request)).await
    }

    async fn list_event_failures(
        &self,
        request: Request<ListEventFailuresRequest>,
    ) -> Result<Response<ListEventFailuresResponse>, Status> {
        answer(origin_of(&request), self.failures(request)).await
    }

    async fn retry_event_failure(
        &self,
        request: Request<RetryEventFailureRequest>,
    ) -> Result<Response<RetryEventFailureResponse>, Status> {
        answer(origin_of(&request), self.retry(request)).await
    }

    async fn discard_event_failure(
        &self,
        request: Request<DiscardEventFailureRequest>,
    ) -> Result<Response<DiscardEventFailureResponse>, Status> {
        answer(origin_of(&request), self.discard(request)).await
    }
}
