//! `/v1/workspaces/{workspace_id}/events`, and what events there are.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::response::sse::Event as SseEvent;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream, StreamExt};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::{Authenticated, Authorized, Permitted, WorkspacePath};
use crate::domain::error::{Error, Result};
use crate::domain::event::Event;
use crate::domain::permission;
use crate::http::event_stream::{self, Message};
use crate::http::extract::Query;
use crate::http::pagination::Limit;
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{GoneProblem, NotFoundProblem, PlainProblems, ReadProblems};
use crate::services::api_core::{ApiCore, EventBatch};

/// Where a client of server-sent events says what it has received.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Which events, and from where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventsQuery {
    /// Only events behind this number: `next_after` of the page before. If absent, a page starts with the oldest event that
    /// is kept, and a stream with the next one.
    #[serde(default)]
    after: Option<u64>,
    /// Only events of these types, such as `link.created`, or `link.*`. Several are written one after another.
    #[serde(default)]
    #[param(max_items = 50, example = json!(["link.*"]))]
    types: Vec<String>,
    /// How many events a page may have; a stream has no pages.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100, default = 50, value_type = u32)]
    limit: Limit,
}

/// Headers of a client that wants a stream.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "it describes headers")]
struct StreamHeaders {
    /// The number of the last event that a stream brought; it counts before `after`.
    #[serde(rename = "Last-Event-ID")]
    #[param(nullable = false, pattern = "^[0-9]+$", example = "4711")]
    last_event_id: Option<String>,
}

/// Some events of a workspace.
#[derive(Debug, Serialize, ToSchema)]
struct EventsPage {
    /// The events, oldest first.
    data: Vec<Event>,
    /// What to pass as `after` for the next page. It may be further than the last event here, where others did not fit.
    next_after: i64,
}

/// A type of events.
#[derive(Debug, Serialize, ToSchema)]
struct EventType {
    /// Its name: what events have as `type`, and rows of the audit trail as `action`.
    #[schema(example = "link.created")]
    r#type: &'static str,
    /// What it means.
    description: &'static str,
    /// The version of the schema that its events have now.
    #[schema(minimum = 1)]
    schema_version: u32,
    /// Where the schema is, below the API.
    #[schema(example = "/v1/event-types/link.created/schema")]
    schema_path: String,
}

/// Every type of events.
#[derive(Debug, Serialize, ToSchema)]
struct EventTypes {
    /// The types, by name.
    data: Vec<EventType>,
}

/// Names a type of events.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct EventTypePath {
    /// The name, such as `link.created`.
    #[param(min_length = 1, max_length = 64, example = "link.created")]
    r#type: String,
}

/// Whether the caller wants a stream, and what it has of it.
struct Wanted {
    stream: bool,
    last_event_id: Option<i64>,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(list_types)).routes(routes!(schema))
}

/// Read or follow the events of a workspace
///
/// In the order of the commits. With `Accept: text/event-stream` they come as server-sent events as they are committed: `id` is the
/// number, `event` the type and `data` the event; an `id` by itself says how far the stream is. A failure on the way is an event
/// `problem`, after which the stream ends. Events that are no longer kept answer 410, which says where to go on.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/events", operation_id = "list_events", tag = "events",
    params(WorkspacePath, EventsQuery, StreamHeaders),
    responses(
        (
            status = 200, description = "A page of events, or the stream of them.",
            content((EventsPage = "application/json"), (String = "text/event-stream")),
        ),
        ReadProblems, GoneProblem
    )
)]
async fn list(
    State(core): State<ApiCore>,
    Authenticated(principal): Authenticated,
    access: Authorized<permission::ListEvents>,
    wanted: Wanted,
    Query(query): Query<EventsQuery>,
) -> std::result::Result<Response, Problem> {
    let after = query.after.map(number).transpose()?;
    if !wanted.stream {
        let batch = core.list_events(&access, query.types, after, query.limit.get().into()).await?;
        return Ok(Json(EventsPage { data: batch.events, next_after: batch.position }).into_response());
    }
    let batches = core.follow_events(principal, &access, query.types, wanted.last_event_id.or(after)).await?;
    let messages = core.until_stopping(batches.flat_map(|batch| stream::iter(messages(batch))));
    Ok(event_stream::response(messages))
}

/// List the types of events
#[utoipa::path(
    get, path = "/v1/event-types", operation_id = "list_event_types", tag = "events",
    responses((status = 200, description = "Every type.", body = EventTypes), PlainProblems)
)]
async fn list_types(State(core): State<ApiCore>, _: Permitted<permission::ListEventTypes>) -> Json<EventTypes> {
    let form = |kind: &crate::services::api_core::ActionKind| EventType {
        r#type: kind.name,
        description: kind.description,
        schema_version: kind.schema_version,
        schema_path: format!("/v1/event-types/{}/schema", kind.name),
    };
    let mut data: Vec<EventType> = core.event_types().iter().map(form).collect();
    data.sort_by_key(|event_type| event_type.r#type);
    Json(EventTypes { data })
}

/// Read the schema of a type of events
///
/// The JSON Schema (2020-12) of `data` in events of this type.
#[utoipa::path(
    get, path = "/v1/event-types/{type}/schema", operation_id = "get_event_type_schema", tag = "events",
    params(EventTypePath),
    responses(
        (status = 200, description = "The schema.", content((Object = "application/schema+json"))),
        PlainProblems, NotFoundProblem
    )
)]
async fn schema(
    State(core): State<ApiCore>,
    _: Permitted<permission::GetEventTypeSchema>,
    Path(path): Path<EventTypePath>,
) -> std::result::Result<Response, Problem> {
    let kind = core.event_types().iter().find(|kind| kind.name == path.r#type);
    let schema = kind.ok_or_else(|| Error::not_found("type of events"))?.schema()?;
    Ok(([(CONTENT_TYPE, "application/schema+json")], schema.to_string()).into_response())
}

impl<State: Send + Sync> FromRequestParts<State> for Wanted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &State) -> std::result::Result<Self, Problem> {
        Ok(Self { stream: event_stream::is_wanted(&parts.headers), last_event_id: last_event_id(&parts.headers)? })
    }
}

fn number(after: u64) -> Result<i64> {
    let refused = |_| Error::invalid_field("after", "invalid_value", "no event has so large a number");
    i64::try_from(after).map_err(refused)
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<i64>> {
    let Some(value) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok()).filter(|number: &i64| *number >= 0);
    let refused = || Error::invalid_field("Last-Event-ID", "invalid_value", "expected the number of an event");
    number.map(Some).ok_or_else(refused)
}

/// A batch as messages of the stream, of which the last says how far it is.
fn messages(batch: Result<EventBatch>) -> Vec<Message> {
    let batch = match batch {
        Ok(batch) => batch,
        Err(error) => return vec![event_stream::problem(error)],
    };
    let mut messages: Vec<_> = batch.events.iter().map(message).collect();
    if batch.events.last().is_none_or(|event| event.sequence != batch.position) {
        messages.push(Ok(SseEvent::default().id(batch.position.to_string())));
    }
    messages
}

fn message(event: &Event) -> Message {
    SseEvent::default().id(event.sequence.to_string()).event(&event.r#type).json_data(event)
}

impl ApiCore {
    /// The same stream, which ends when the process does.
    pub fn until_stopping<S: Stream + Send + 'static>(
        &self,
        stream: S,
    ) -> impl Stream<Item = S::Item> + Send + 'static {
        stream.take_until(self.tasks.stopping().cancelled_owned())
    }
}
