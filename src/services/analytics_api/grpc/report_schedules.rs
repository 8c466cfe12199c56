//! `elido.v1.ReportSchedules`: reports by mail and to webhooks, with the rights that credentials have over REST.
//!
//! Invariant: a call reaches a workspace only through [`access`].

use serde_json::{Map, Value, json};
use tonic::{Request, Response, Status};

use crate::domain::error::Result as DomainResult;
use crate::domain::permission::{self, Operation};
use crate::domain::report_schedule::{ReportDelivery, ReportDeliveryState, ReportInterval};
use crate::http::pagination::QueryFingerprint;
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::report_schedules_server::ReportSchedules;
use crate::services::analytics_api::Analytics;
use crate::services::analytics_api::report_schedules::{ReportSchedule, ReportScheduleDraft, ReportSchedulePatch};
use crate::services::analytics_api::rest::filters;
use crate::services::api_core::grpc::{Work, access, answer, limit, origin_of, parsed, read_body, time};
use crate::services::api_core::rest::{page_of, requested_page};

/// The use cases of reports, which REST calls too.
pub(super) struct ReportSchedulesService(pub(super) Analytics);

impl ReportSchedulesService {
    fn list(&self, request: Request<v1::ListReportSchedulesRequest>) -> Work<'_, v1::ListReportSchedulesResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let permission = &permission::ListReportSchedules::PERMISSION;
            let access = access(self.0.core(), &request, workspace, permission).await?;
            let v1::ListReportSchedulesRequest { limit: items, cursor, .. } = request.into_inner();
            let items = limit(items)?;
            let fingerprint = QueryFingerprint::of(&("report schedules over gRPC", access.workspace_id()));
            let page = requested_page(items, cursor.as_deref(), fingerprint)?;
            let found = self.0.list_report_schedules(&access, page).await?;
            let page = page_of(found, items, fingerprint, |item| (item.created_at, item.id.as_uuid())).0;
            let report_schedules = page.data.into_iter().map(to_message).collect();
            Ok(v1::ListReportSchedulesResponse { report_schedules, next_cursor: page.next_cursor })
        })
    }

    fn create(&self, request: Request<v1::CreateReportScheduleRequest>) -> Work<'_, v1::CreateReportScheduleResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let permission = &permission::CreateReportSchedule::PERMISSION;
            let access = access(self.0.core(), &request, workspace, permission).await?;
            let draft = to_draft(request.into_inner())?;
            let wanted = filters::of_report(&draft.filters)?;
            let created = self.0.create_report_schedule(&access, draft, wanted).await?;
            Ok(v1::CreateReportScheduleResponse {
                report_schedule: Some(to_message(created.schedule)),
                webhook_secret: created.webhook_secret,
            })
        })
    }

    fn get(&self, request: Request<v1::GetReportScheduleRequest>) -> Work<'_, v1::GetReportScheduleResponse> {
        Box::pin(async move {
            let v1::GetReportScheduleRequest { workspace_id, report_schedule_id } = request.get_ref();
            let permission = &permission::GetReportSchedule::PERMISSION;
            let access = access(self.0.core(), &request, workspace_id, permission).await?;
            let id = parsed("report_schedule_id", report_schedule_id)?;
            let schedule = self.0.find_report_schedule(&access, id).await?;
            Ok(v1::GetReportScheduleResponse { report_schedule: Some(to_message(schedule)) })
        })
    }

    fn update(&self, request: Request<v1::UpdateReportScheduleRequest>) -> Work<'_, v1::UpdateReportScheduleResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let permission = &permission::UpdateReportSchedule::PERMISSION;
            let access = access(self.0.core(), &request, workspace, permission).await?;
            let request = request.into_inner();
            let (id, version) = (parsed("report_schedule_id", &request.report_schedule_id)?, request.version);
            let schedule = self.0.update_report_schedule(&access, id, &version, to_patch(request)?).await?;
            Ok(v1::UpdateReportScheduleResponse { report_schedule: Some(to_message(schedule)) })
        })
    }

    fn delete(&self, request: Request<v1::DeleteReportScheduleRequest>) -> Work<'_, v1::DeleteReportScheduleResponse> {
        Box::pin(async move {
            let v1::DeleteReportScheduleRequest { workspace_id, report_schedule_id, version } = request.get_ref();
            let permission = &permission::DeleteReportSchedule::PERMISSION;
            let access = access(self.0.core(), &request, workspace_id, permission).await?;
            let id = parsed("report_schedule_id", report_schedule_id)?;
            self.0.delete_report_schedule(&access, id, version).await?;
            Ok(v1::DeleteReportScheduleResponse {})
        })
    }

    fn test(&self, request: Request<v1::TestReportScheduleRequest>) -> Work<'_, v1::TestReportScheduleResponse> {
        Box::pin(async move {
            let v1::TestReportScheduleRequest { workspace_id, report_schedule_id } = request.get_ref();
            let permission = &permission::TestReportSchedule::PERMISSION;
            let access = access(self.0.core(), &request, workspace_id, permission).await?;
            self.0.test_report_schedule(&access, parsed("report_schedule_id", report_schedule_id)?).await?;
            Ok(v1::TestReportScheduleResponse {})
        })
    }
}

/// A report to be, read as the body that REST would have got.
fn to_draft(request: v1::CreateReportScheduleRequest) -> DomainResult<ReportScheduleDraft> {
    let every = match request.every() {
        v1::ReportInterval::Unspecified => None,
        v1::ReportInterval::Week => Some("week"),
        v1::ReportInterval::Month => Some("month"),
    };
    let mut body =
        Map::from_iter([("name".to_owned(), json!(request.name)), ("filters".to_owned(), json!(request.filters))]);
    body.extend(every.map(|every| ("every".to_owned(), json!(every))));
    body.extend(request.folder_id.map(|folder| ("folder_id".to_owned(), json!(folder))));
    body.extend(request.time_zone.map(|zone| ("time_zone".to_owned(), json!(zone))));
    body.extend(some(request.recipients).map(|people| ("recipients".to_owned(), json!(people))));
    body.extend(request.webhook_url.map(|url| ("webhook_url".to_owned(), json!(url))));
    read_body(&Value::Object(body))
}

/// An edit, read in the same way.
fn to_patch(request: v1::UpdateReportScheduleRequest) -> DomainResult<ReportSchedulePatch> {
    let mut body = Map::new();
    body.extend(request.name.map(|name| ("name".to_owned(), json!(name))));
    body.extend(some(request.recipients).map(|people| ("recipients".to_owned(), json!(people))));
    body.extend(request.webhook_url.map(|url| ("webhook_url".to_owned(), json!(url))));
    body.extend(request.paused.map(|paused| ("paused".to_owned(), json!(paused))));
    read_body(&Value::Object(body))
}

/// A list that names somebody: in messages nobody and nothing are the same.
fn some(list: Vec<String>) -> Option<Vec<String>> {
    Some(list).filter(|list| !list.is_empty())
}

fn to_message(schedule: ReportSchedule) -> v1::ReportSchedule {
    let every = match schedule.every {
        ReportInterval::Week => v1::ReportInterval::Week,
        ReportInterval::Month => v1::ReportInterval::Month,
    };
    v1::ReportSchedule {
        id: schedule.id.to_string(),
        name: schedule.name,
        filters: schedule.filters,
        folder_id: schedule.folder_id.map(|id| id.to_string()),
        every: every.into(),
        time_zone: schedule.time_zone,
        recipients: schedule.recipients.iter().map(ToString::to_string).collect(),
        webhook_url: schedule.webhook_url,
        last_delivery: schedule.last_delivery.map(of_delivery),
        paused: schedule.paused,
        next_at: Some(time(schedule.next_at)),
        created_by: schedule.created_by.to_string(),
        version: schedule.version,
        created_at: Some(time(schedule.created_at)),
        updated_at: Some(time(schedule.updated_at)),
    }
}

fn of_delivery(delivery: ReportDelivery) -> v1::ReportDelivery {
    let state = match delivery.state {
        ReportDeliveryState::Delivered => v1::ReportDeliveryState::Delivered,
        ReportDeliveryState::Retrying => v1::ReportDeliveryState::Retrying,
        ReportDeliveryState::Failed => v1::ReportDeliveryState::Failed,
    };
    v1::ReportDelivery {
        from: Some(time(delivery.from)),
        to: Some(time(delivery.to)),
        state: state.into(),
        attempts: delivery.attempts,
        attempted_at: Some(time(delivery.attempted_at)),
        status: delivery.status.map(u32::from),
        error: delivery.error,
    }
}

#[tonic::async_trait]
impl ReportSchedules for ReportSchedulesService {
    async fn list_report_schedules(
        &self,
        request: Request<v1::ListReportSchedulesRequest>,
    ) -> Result<Response<v1::ListReportSchedulesResponse>, Status> {
        answer(origin_of(&request), self.list(request)).await
    }

    async fn create_report_schedule(
        &self,
        request: Request<v1::CreateReportScheduleRequest>,
    ) -> Result<Response<v1::CreateReportScheduleResponse>, Status> {
        answer(origin_of(&request), self.create(request)).await
    }

    async fn get_report_schedule(
        &self,
        request: Request<v1::GetReportScheduleRequest>,
    ) -> Result<Response<v1::GetReportScheduleResponse>, Status> {
        answer(origin_of(&request), self.get(request)).await
    }

    async fn update_report_schedule(
        &self,
        request: Request<v1::UpdateReportScheduleRequest>,
    ) -> Result<Response<v1::UpdateReportScheduleResponse>, Status> {
        answer(origin_of(&request), self.update(request)).await
    }

    async fn delete_report_schedule(
        &self,
        request: Request<v1::DeleteReportScheduleRequest>,
    ) -> Result<Response<v1::DeleteReportScheduleResponse>, Status> {
        answer(origin_of(&request), self.delete(request)).await
    }

    async fn test_report_schedule(
        &self,
        request: Request<v1::TestReportScheduleRequest>,
    ) -> Result<Response<v1::TestReportScheduleResponse>, Status> {
        answer(origin_of(&request), self.test(request)).await
    }
}
