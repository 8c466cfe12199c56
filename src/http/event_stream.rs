//! Server-sent events: what every stream of them shares.

use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::Stream;
use http::HeaderMap;
use http::header::ACCEPT;

use super::problem::{Problem, ProblemDocument};
use crate::domain::error::Error;

/// How often a silent stream shows that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// The media type.
const EVENT_STREAM: &str = "text/event-stream";

/// A message, or why it could not be written.
pub type Message = Result<Event, axum::Error>;

/// Whether the client wants a stream.
#[must_use]
pub fn is_wanted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    let mut media =
        accepted.flat_map(|value| value.split(',')).map(|media| media.split(';').next().unwrap_or("").trim());
    media.any(|media| media.eq_ignore_ascii_case(EVENT_STREAM))
}

/// The response that sends these messages.
#[must_use]
pub fn response(messages: impl Stream<Item = Message> + Send + 'static) -> Response {
    Sse::new(messages).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

/// A failure on the way, behind which the stream ends.
///
/// # Errors
/// The error cannot be written as JSON.
pub fn problem(error: Error) -> Message {
    let document: ProblemDocument = Problem::from(error).to_document();
    Event::default().event("problem").json_data(document)
}
