//! One function an operation: reads the request, asks the use case, writes the response.

use axum::body::Body as Bytes;
use axum::extract::State;
use axum::response::sse::Event as SseEvent;
use axum::response::{IntoResponse, Json, Response};
use futures_util::{StreamExt, TryStreamExt};
use http::HeaderMap;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use super::parameters::{
    BreakdownParameters, EventsParameters, ExportParameters, FunnelParameters, HoursOfWeekParameters, LiveParameters,
    SparklinesParameters, SummaryParameters, TimeseriesParameters,
};
use crate::domain::error::Error;
use crate::domain::permission;
use crate::domain::time::Timestamp;
use crate::http::event_stream;
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Cursor, Page, QueryFingerprint, SortKey};
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, ReadProblems};
use crate::infra::click_store::{Event, EventPosition};
use crate::infra::journal::JournalId;
use crate::services::analytics_api::Analytics;
use crate::services::analytics_api::erasure::{self, ErasedClicks, ErasureDraft};
use crate::services::analytics_api::events::{ClickEvent, identity};
use crate::services::analytics_api::export::{self, ExportFormat};
use crate::services::analytics_api::funnel::Funnel;
use crate::services::analytics_api::live::Live;
use crate::services::analytics_api::responses::{BreakdownResponse, HoursOfWeek, Sparklines, Summary, Timeseries};
use crate::services::api_core::rest::{Authenticated, Authorized, IdempotencyHeader, WorkspacePath};

/// The zone of series whose request names none.
const TIME_ZONE_DEFAULT: &str = "UTC";

/// Clicks and visitors in total
///
/// Only redirects of people are counted, without prefetches and HEAD requests, unless the parameters say otherwise.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace_id}/analytics/summary",
    operation_id = "getAnalyticsSummary",
    tag = "analytics",
    params(WorkspacePath, SummaryParameters),
    responses((status = 200, description = "The totals.", body = Summary), ReadProblems),
)]
pub(super) async fn summary(
    State(analytics): State<Analytics>,
    access: Authorized<permission::GetAnalyticsSummary>,
    Query(parameters): Query<SummaryParameters>,
) -> Result<Json<Summary>, Problem> {
    Ok(Json(analytics.summary(&access, &parameters.report(), parameters.compare.is_some()).await?))
}

/// Clicks and visitors over time
///
/// Buckets follow the clocks of the time zone, also where they change; empty ones are there. At most 2,000 points.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace_id}/analytics/timeseries",
    operation_id = "getAnalyticsTimeseries",
    tag = "analytics",
    params(WorkspacePath, TimeseriesParameters),
    responses((status = 200, description = "The series.", body = Timeseries), ReadProblems),
)]
pub(super) async fn timeseries(
    State(analytics): State<Analytics>,
    access: Authorized<permission::GetAnalyticsTimeseries>,
    Query(parameters): Query<TimeseriesParameters>,
) -> Result<Json<Timeseries>, Problem> {
    let zone = parameters.time_zone.as_deref().unwrap_or(TIME_ZONE_DEFAULT);
    let compare = parameters.compare.is_some();
    Ok(Json(analytics.timeseries(&access, &parameters.report(), parameters.interval, zone, compare).await?))
}

/// The clicks of many links on each of the last thirty days
///
/// One question for a whole page of a list. Links without clicks have zeros.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace_id}/analytics/sparklines",
    operation_id = "getAnalyticsSparklines",
    tag = "analytics",
    params(WorkspacePath, SparklinesParameters),
    responses((status = 200, description = "The clicks.", body = Sparklines), ReadProblems),
)]
pub(super) async fn sparklines(
    State(analytics): State<Analytics>,
    access: Authorized<permission::GetAnalyticsSparklines>,
    Query(parameters): Query<SparklinesParameters>,
) -> Result<Json<Sparklines>, Problem> {
    let zone = parameters.time_zone.as_deref().unwrap_or(TIME_ZONE_DEFAULT);
    Ok(Json(analytics.sparklines(&access, parameters.link, zone).await?))
}

/// Clicks and visitors by the hour of the week
///
/// All Mondays of the period at eight together, and so on, by the clocks of the time zone. A period of 366 days at most.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace_id}/analytics/hours-of-week",
    operation_id = "getAnalyticsHoursOfWeek",
    tag = "analytics",
    params(WorkspacePath, HoursOfWeekParameters),
    responses((status = 200, description = "The hours.", body = HoursOfWeek), ReadProblems),
)]
pub(super) async fn hours_of_week(
    State(analytics): State<Analytics>,
    access: Authorized<permission::GetAnalyticsHoursOfWeek>,
    Query(parameters): Query<HoursOfWeekParameters>,
) -> Result<Json<HoursOfWeek>, Problem> {
    let zone = parameters.time_zone.as_deref().unwrap_or(TIME_ZONE_DEFAULT);
    Ok(Json(analytics.hours_of_week(&access, &parameters.report(), zone).await?))
}

/// Clicks and visitors by a dimension
///
/// The values with the most clicks, and the rest in one. By `tag`, a click counts for every tag that its link carries now.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace_id}/analytics/breakdown",
    operation_id = "getAnalyticsBreakdown",
    tag = "analytics",
    params(WorkspacePath, BreakdownParameters),
    responses((status = 200, description = "The values.", body = BreakdownResponse), ReadProblems),
)]
pub(super) async fn breakdown(
    State(analytics): State<Analytics>,
    access: Authorized<permission::GetAnalyticsBreakdown>,
    Query(parameters): Query<BreakdownParameters>,
) -> Result<Json<BreakdownResponse>, Problem> {
    let (dimension, limit) = (parameters.dimension, parameters.limit.get());
    let compare = parameters.compare.is_some();
    Ok(Json(analytics.breakdown(&access, &parameters.report(), dimension, limit, compare).await?))
}

/// From scans of QR codes to the pages behind them
///
/// Each step counts a part of the one before: scans, those by people, those that were sent on to a page. `kind`, `agent`, `qr` and `include` are what the
/// steps are made of, and cannot be filtered by.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace_id}/analytics/funnel",
    operation_id = "getAnalyticsFunnel",
    tag = "analytics",
    params(WorkspacePath, FunnelParameters),
    responses((status = 200, description = "The steps.", body = Funnel), ReadProblems),
)]
pub(super) async fn funnel(
    State(analytics): State<Analytics>,
    access: Authorized<permission::GetAnalyticsFunnel>,
    Query(parameters): Query<FunnelParameters>,
) -> Result<Json<Funnel>, Problem> {
    Ok(Json(analytics.funnel(&access, &parameters.report()).await?))
}

/// The record of processing of the workspace
///
/// What data-protection law asks for (GDPR, article 30), as Markdown, written from the settings of the instance and of the workspace as they are
/// now. What no software can know is left to be filled in.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace_id}/processing-record",
    operation_id = "getProcessingRecord",
    tag = "analytics",
    params(WorkspacePath),
    responses((status = 200, description = "The record.", content((String = "text/markdown"))), ReadProblems),
)]
pub(super) async fn processing_record(
    State(analytics): State<Analytics>,
    access: Authorized<permission::GetProcessingRecord>,
) -> Result<Response, Problem> {
    let record = analytics.processing_record(&access).await?;
    Ok(([(CONTENT_TYPE, "text/markdown; charset=utf-8")], record).into_response())
}

/// Read or follow the clicks of the last half hour
///
/// With `Accept: text/event-stream` as server-sent events: a message `live` at once, and then whenever clicks are new, at most one a second, or a
/// minute is over. Each has the last thirty minutes and the one that is not over, in UTC, and at most 100 clicks that were in none before; a
/// click that is stored more than a minute after its answer is in the minutes alone. A failure on the way is a message `problem`, after which
/// the stream ends. Whoever comes back is told everything anew.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace_id}/analytics/live",
    operation_id = "followAnalytics",
    tag = "analytics",
    params(WorkspacePath, LiveParameters),
    responses(
        (
            status = 200, description = "How it is now, or the stream of it.",
            content((Live = "application/json"), (String = "text/event-stream")),
        ),
        ReadProblems
    ),
)]
pub(super) async fn live(
    State(analytics): State<Analytics>,
    Authenticated(principal): Authenticated,
    access: Authorized<permission::FollowAnalytics>,
    headers: HeaderMap,
    Query(parameters): Query<LiveParameters>,
) -> Result<Response, Problem> {
    let request = parameters.of_any_time();
    if !event_stream::is_wanted(&headers) {
        return Ok(Json(analytics.live(principal, (*access).clone(), request).await?).into_response());
    }
    let messages = analytics.follow(principal, (*access).clone(), request).await?;
    let messages = messages.map(|live| match live {
        Ok(live) => SseEvent::default().event("live").json_data(live),
        Err(error) => event_stream::problem(error),
    });
    Ok(event_stream::response(analytics.core().until_stopping(messages)))
}

/// Raw clicks, newest first
///
/// The same clicks that the reports with the same filters count.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace_id}/analytics/events",
    operation_id = "listAnalyticsEvents",
    tag = "analytics",
    params(WorkspacePath, EventsParameters),
    responses((status = 200, description = "A page of clicks.", body = Page<ClickEvent>), ReadProblems),
)]
pub(super) async fn events(
    State(analytics): State<Analytics>,
    access: Authorized<permission::ListAnalyticsEvents>,
    Query(parameters): Query<EventsParameters>,
) -> Result<Json<Page<ClickEvent>>, Problem> {
    let report = parameters.report();
    let fingerprint = QueryFingerprint::of(&("analytics-events", access.workspace_id(), &report));
    let after = parameters.cursor.as_deref().map(|text| position_of(text, fingerprint)).transpose()?;
    let events = analytics.events(&access, &report, after, parameters.limit.get() + 1).await?;
    Ok(Json(Page::from_overfetched(events, parameters.limit, fingerprint, cursor_of).map(ClickEvent::from)))
}

/// Raw clicks as a file, newest first
///
/// Streams every selected click. A transfer that breaks off is not complete. For Parquet, have a file written.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace_id}/analytics/export",
    operation_id = "exportAnalyticsEvents",
    tag = "analytics",
    params(WorkspacePath, ExportParameters),
    responses(
        (
            status = 200,
            description = "The file.",
            content((String = "text/csv"), (ClickEvent = "application/x-ndjson")),
        ),
        ReadProblems,
    ),
)]
pub(super) async fn export(
    State(analytics): State<Analytics>,
    access: Authorized<permission::ExportAnalyticsEvents>,
    Query(parameters): Query<ExportParameters>,
) -> Result<Response, Problem> {
    let (store, selection) = analytics.to_export(&access, &parameters.report()).await?;
    let format = ExportFormat::from(parameters.format);
    let pieces = export::export(store, selection, format)
        .inspect_err(|error| tracing::error!(%error, "an export of clicks broke off"));
    let disposition = format!("attachment; filename=\"clicks.{}\"", format.ending());
    let headers = [(CONTENT_TYPE, format.media_type().to_owned()), (CONTENT_DISPOSITION, disposition)];
    Ok((headers, Bytes::from_stream(pieces)).into_response())
}

/// Erase clicks for good
///
/// Those of a link, of a visitor's day, of a time, or what several of these have in common. What links were ever clicked stays as a number. Clicks
/// that are still on their way are stored afterwards: ask again a minute later. If it takes longer than a request may, what was erased is
/// gone, and asking again goes on.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace_id}/analytics/erasures",
    operation_id = "eraseClicks",
    tag = "analytics",
    extensions(("x-audit-action" = json!(erasure::ERASED.name()))),
    params(WorkspacePath, IdempotencyHeader),
    request_body = ErasureDraft,
    responses((status = 200, description = "How many clicks are gone.", body = ErasedClicks), CreateProblems),
)]
pub(super) async fn erase(
    State(analytics): State<Analytics>,
    access: Authorized<permission::EraseClicks>,
    Body(draft): Body<ErasureDraft>,
) -> Result<Json<ErasedClicks>, Problem> {
    Ok(Json(analytics.erase(&access, draft).await?))
}

fn cursor_of(event: &Event) -> Cursor {
    Cursor { sort_key: SortKey::Integer(event.position.at.as_micros()), id: identity(event.position) }
}

fn position_of(text: &str, fingerprint: QueryFingerprint) -> Result<EventPosition, Error> {
    let cursor = Cursor::decode(text, fingerprint)?;
    let SortKey::Integer(at) = cursor.sort_key else {
        return Err(Error::invalid_field("cursor", "invalid_cursor", "this is no cursor that a list gave out"));
    };
    let (journal, position) = cursor.id.as_u64_pair();
    Ok(EventPosition { at: Timestamp::from_micros(at), journal_id: JournalId::from_u64(journal), position })
}
