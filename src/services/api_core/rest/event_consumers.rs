//! `/v1/admin/event-consumers`: who takes events inside, and what they could not take.

use std::borrow::Cow;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::InstanceAdmin;
use super::headers::IdempotencyHeader;
use super::listing::requested_number;
use crate::http::extract::Query;
use crate::http::pagination::{Cursor, Limit, Page, QueryFingerprint, SortKey};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, ForbiddenProblem, PlainProblems, ReadProblems};
use crate::services::api_core::admin::event_failures::{DISCARDED, RETRIED};
use crate::services::api_core::{ApiCore, EventConsumer, EventFailure, EventFailureQuery, EventFailureState};

/// Names a consumer.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct ConsumerPath {
    /// The name of the consumer.
    #[param(max_length = 100, example = "webhooks")]
    consumer: String,
}

/// Names an event that a consumer could not take.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct FailurePath {
    /// The name of the consumer.
    #[param(max_length = 100, example = "webhooks")]
    consumer: String,
    /// The number of the event.
    #[param(value_type = i64, minimum = 0, example = 4711)]
    sequence: Sequence,
}

/// The number of an event, as a part of a path.
#[derive(Debug)]
struct Sequence(i64);

impl<'de> Deserialize<'de> for Sequence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        number.map(Self).ok_or_else(|| Error::custom("expected the number of an event"))
    }
}

/// Which failures, and which page of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only those of which this becomes.
    #[serde(default)]
    #[param(nullable = false, inline)]
    state: Option<EventFailureState>,
    /// How many items a page may have.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100, default = 50, value_type = u32)]
    limit: Limit,
    /// `next_cursor` of the page before; the first page if absent.
    #[serde(default)]
    #[param(max_length = 4096)]
    cursor: Option<String>,
}

/// Every consumer.
#[derive(Debug, Serialize, ToSchema)]
struct EventConsumers {
    /// The consumers, by name.
    data: Vec<EventConsumer>,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new()
        .routes(routes!(list_consumers))
        .routes(routes!(list_failures))
        .routes(routes!(retry))
        .routes(routes!(discard))
}

/// List the consumers of events
///
/// How far each has come, and how much it could not take. Only for administrators of the instance, with a session.
#[utoipa::path(
    get, path = "/v1/admin/event-consumers", operation_id = "list_event_consumers", tag = "events",
    responses((status = 200, description = "Every consumer that has ever run.", body = EventConsumers), PlainProblems, ForbiddenProblem)
)]
async fn list_consumers(
    State(core): State<ApiCore>,
    InstanceAdmin(access): InstanceAdmin,
) -> Result<Json<EventConsumers>, Problem> {
    Ok(Json(EventConsumers { data: core.list_event_consumers(access).await? }))
}

/// List events that a consumer could not take
///
/// In the order of the stream. Only for administrators of the instance, with a session.
#[utoipa::path(
    get, path = "/v1/admin/event-consumers/{consumer}/failures", operation_id = "list_event_failures", tag = "events",
    params(ConsumerPath, ListQuery),
    responses((status = 200, description = "A page of failures.", body = Page<EventFailure>), ReadProblems)
)]
async fn list_failures(
    State(core): State<ApiCore>,
    InstanceAdmin(access): InstanceAdmin,
    Path(path): Path<ConsumerPath>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<EventFailure>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("event failures", &path.consumer, query.state));
    let after = requested_number(query.cursor.as_deref(), fingerprint)?.unwrap_or(0);
    let limit = u64::from(query.limit.get()).saturating_add(1);
    let wanted = EventFailureQuery { state: query.state, after, limit };
    let failures = core.list_event_failures(access, &path.consumer, wanted).await?;
    let cursor = |failure: &EventFailure| Cursor {
        sort_key: SortKey::Integer(failure.sequence),
        id: failure.event.id.as_uuid(),
    };
    Ok(Json(Page::from_overfetched(failures, query.limit, fingerprint, cursor)))
}

/// Have a consumer try an event again that it set aside
///
/// It is due at once and has all attempts before it. Only for administrators of the instance, with a session.
#[utoipa::path(
    post, path = "/v1/admin/event-consumers/{consumer}/failures/{sequence}/retry", operation_id = "retry_event_failure",
    tag = "events", extensions(("x-audit-action" = json!(RETRIED.name()))),
    params(FailurePath, IdempotencyHeader),
    responses((status = 200, description = "The failure as it is now.", body = EventFailure), CreateProblems)
)]
async fn retry(
    State(core): State<ApiCore>,
    InstanceAdmin(access): InstanceAdmin,
    Path(path): Path<FailurePath>,
) -> Result<Json<EventFailure>, Problem> {
    Ok(Json(core.retry_event_failure(access, &path.consumer, path.sequence.0).await?))
}

/// Forget an event that a consumer set aside
///
/// The consumer will not take it. Only for administrators of the instance, with a session.
#[utoipa::path(
    post, path = "/v1/admin/event-consumers/{consumer}/failures/{sequence}/discard", operation_id = "discard_event_failure",
    tag = "events", extensions(("x-audit-action" = json!(DISCARDED.name()))),
    params(FailurePath, IdempotencyHeader),
    responses((status = 204, description = "It is gone."), CreateProblems)
)]
async fn discard(
    State(core): State<ApiCore>,
    InstanceAdmin(access): InstanceAdmin,
    Path(path): Path<FailurePath>,
) -> Result<StatusCode, Problem> {
    core.discard_event_failure(access, &path.consumer, path.sequence.0).await?;
    Ok(StatusCode::NO_CONTENT)
}
