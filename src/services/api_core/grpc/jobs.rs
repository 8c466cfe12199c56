//! `elido.v1.Jobs`: jobs for those who run the instance.
//!
//! Invariant: a call reaches jobs only through [`JobsService::access`].

use prost::Message;
use tonic::{Request, Response, Status};

use super::callers::{Work, answer, origin_of, principal};
use super::link_requests::limit;
use super::link_resolver::parsed;
use super::link_responses::time;
use crate::domain::error::{Error, Result as DomainResult};
use crate::domain::job::{JobState, Priority};
use crate::http::pagination::QueryFingerprint;
use crate::infra::grpc::v1::jobs_server::Jobs;
use crate::infra::grpc::v1::{
    self, DiscardJobRequest, DiscardJobResponse, GetJobRequest, GetJobResponse, ListJobsRequest, ListJobsResponse,
    RetryJobRequest, RetryJobResponse,
};
use crate::services::api_core::rest::{page_of, requested_page};
use crate::services::api_core::{AdminAccess, ApiCore, Job, JobQuery};

/// The use cases of jobs, which REST calls too.
pub(super) struct JobsService(pub(super) ApiCore);

impl JobsService {
    /// What the sender of a call may do.
    async fn access<T>(&self, request: &Request<T>) -> DomainResult<AdminAccess> {
        self.0.authorize_admin(&principal(&self.0, request).await?)
    }

    fn list(&self, request: Request<ListJobsRequest>) -> Work<'_, ListJobsResponse> {
        Box::pin(async move {
            let access = self.access(&request).await?;
            let mut request = request.into_inner();
            let (limit, cursor) = (limit(request.limit.take())?, request.cursor.take());
            // What is left of the message decides what the list holds.
            let fingerprint = QueryFingerprint::of(&("jobs over gRPC", request.encode_to_vec()));
            let page = requested_page(limit, cursor.as_deref(), fingerprint)?;
            let query = JobQuery { state: state(request.state)?, kind: request.kind };
            let jobs = self.0.list_jobs(access, query, page).await?;
            let page = page_of(jobs, limit, fingerprint, |job| (job.created_at, job.id.as_uuid())).0;
            Ok(ListJobsResponse {
                jobs: page.data.into_iter().map(to_message).collect(),
                next_cursor: page.next_cursor,
            })
        })
    }

    fn get(&self, request: Request<GetJobRequest>) -> Work<'_, GetJobResponse> {
        Box::pin(async move {
            let access = self.access(&request).await?;
            let job = self.0.find_job(access, parsed("job_id", &request.get_ref().job_id)?).await?;
            Ok(GetJobResponse { job: Some(to_message(job)) })
        })
    }

    fn retry(&self, request: Request<RetryJobRequest>) -> Work<'_, RetryJobResponse> {
        Box::pin(async move {
            let access = self.access(&request).await?;
            let job = self.0.retry_job(access, parsed("job_id", &request.get_ref().job_id)?).await?;
            Ok(RetryJobResponse { job: Some(to_message(job)) })
        })
    }

    fn discard(&self, request: Request<DiscardJobRequest>) -> Work<'_, DiscardJobResponse> {
        Box::pin(async move {
            let access = self.access(&request).await?;
            self.0.discard_job(access, parsed("job_id", &request.get_ref().job_id)?).await?;
            Ok(DiscardJobResponse {})
        })
    }
}

/// The state that a query names; none if it is unspecified.
fn state(number: i32) -> DomainResult<Option<JobState>> {
    let unknown = |_| Error::invalid_field("state", "invalid_value", "this enumeration has no such value");
    Ok(match v1::JobState::try_from(number).map_err(unknown)? {
        v1::JobState::Unspecified => None,
        v1::JobState::Ready => Some(JobState::Ready),
        v1::JobState::Running => Some(JobState::Running),
        v1::JobState::Done => Some(JobState::Done),
        v1::JobState::Dead => Some(JobState::Dead),
    })
}

fn to_message(job: Job) -> v1::Job {
    let state = match job.state {
        JobState::Ready => v1::JobState::Ready,
        JobState::Running => v1::JobState::Running,
        JobState::Done => v1::JobState::Done,
        JobState::Dead => v1::JobState::Dead,
    };
    let priority = match job.priority {
        Priority::High => v1::JobPriority::High,
        Priority::Normal => v1::JobPriority::Normal,
        Priority::Low => v1::JobPriority::Low,
    };
    v1::Job {
        id: job.id.to_string(),
        kind: job.kind,
        state: state.into(),
        priority: priority.into(),
        payload_json: job.payload.to_string(),
        unique_key: job.unique_key,
        concurrency_key: job.concurrency_key,
        attempts: job.attempts,
        max_attempts: job.max_attempts,
        run_at: Some(time(job.run_at)),
        lease_until: job.lease_until.map(time),
        lease_owner: job.lease_owner.map(|worker| worker.to_string()),
        last_error: job.last_error,
        created_at: Some(time(job.created_at)),
        finished_at: job.finished_at.map(time),
    }
}

#[tonic::async_trait]
impl Jobs for JobsService {
    async fn list_jobs(&self, request: Request<ListJobsRequest>) -> Result<Response<ListJobsResponse>, Status> {
        answer(origin_of(&request), self.list(request)).await
    }

    async fn get_job(&self, request: Request<GetJobRequest>) -> Result<Response<GetJobResponse>, Status> {
        answer(origin_of(&request), self.get(request)).await
    }

    async fn retry_job(&self, request: Request<RetryJobRequest>) -> Result<Response<RetryJobResponse>, Status> {
        answer(origin_of(&request), self.retry(request)).await
    }

    async fn discard_job(&self, request: Request<DiscardJobRequest>) -> Result<Response<DiscardJobResponse>, Status> {
        answer(origin_of(&request), self.discard(request)).await
    }
}
