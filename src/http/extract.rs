//! Extractors that say which field is wrong, and where.
//!
//! Structs that they read into carry `#[serde(deny_unknown_fields)]`, so that a misspelt field is an error and not silence.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::body_budget::Share;
use super::deserialize_error;
use super::documented_forms::DocumentedForms;
use super::documented_values::DocumentedValues;
pub use super::path::Path;
use super::problem::Problem;
use crate::domain::error::{Error, ErrorKind};

/// A JSON body. Answers 415 to another media type, 413 to a body above the limit, 400 with the line and column to
/// malformed JSON, and 400 with a JSON pointer to an error in a field.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

/// The query string. Answers 400 with the parameter's name. A repeated parameter is a list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<T>(pub T);

/// The body of a form, `application/x-www-form-urlencoded`. Answers 415 to another media type and 413 to a body above the limit.
#[derive(Debug, Clone, Default)]
pub struct Form(Bytes);

impl Form {
    /// The fields of the form. Those that `T` does not know are left alone, unless it refuses them.
    ///
    /// # Errors
    /// Names the field at fault, such as one that is there twice.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        parse_form(&self.0)
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if media_type(request.headers()).as_deref() != Some("application/x-www-form-urlencoded") {
            let message = "Send the body as a form, with Content-Type: application/x-www-form-urlencoded.";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message));
        }
        read_body(request, state).await.map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        require_json(request.headers())?;
        let body = read_body(request, state).await?;
        parse_json(&body).map(Self).map_err(Problem::from)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parse_query(parts.uri.query().unwrap_or_default()).map(Self).map_err(Problem::from)
    }
}

/// The whole body, at most as long as the service's limit allows.
///
/// # Errors
/// 413 above the limit, 503 while there are too many long bodies, 400 when the client disconnected or sent a broken body.
pub(super) async fn read_body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let share = request.extensions().get::<Arc<Share>>().cloned();
    Bytes::from_request(request, state).await.map_err(|rejection: BytesRejection| {
        if share.is_some_and(|share| share.is_refused()) {
            let message = "There are too many long requests at once. Try again shortly, or with less in one request.";
            let refusal = Error::new(ErrorKind::Unavailable, "too_many_long_bodies", message);
            Error { retry_after: Some(Duration::from_secs(1)), ..refusal }.into()
        } else if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Error::new(ErrorKind::TooLarge, "body_too_large", "The body is larger than this service reads.").into()
        } else {
            Error::new(ErrorKind::Invalid, "unreadable_body", "The body ended early or could not be read.").into()
        }
    })
}

fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let is_json = media_type(headers).is_some_and(|media| {
        media == "application/json" || media.starts_with("application/") && media.ends_with("+json")
    });
    if is_json {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "Send the body as JSON, with Content-Type: application/json.",
    ))
}

/// The media type of a body, in lower case and without its parameters.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Reads exactly one JSON value.
///
/// # Errors
/// Says where the text stops being JSON, or which field holds what it may not.
pub fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(DocumentedForms(&mut reader)).map_err(|error| {
        match error.inner().classify() {
            Category::Data => {
                Error::invalid_fields(vec![deserialize_error::at_pointer(error.path(), &bare_message(error.inner()))])
            }
            Category::Syntax | Category::Eof | Category::Io => malformed(error.inner()),
        }
    })?;
    reader.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

/// Reads a query string, without its `?`.
///
/// # Errors
/// Names the parameter at fault.
pub fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Error> {
    parse_form(query.as_bytes())
}

fn parse_form<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    let reader = serde_html_form::Deserializer::from_bytes(text);
    serde_path_to_error::deserialize(DocumentedValues(reader)).map_err(|error| {
        Error::invalid_fields(vec![deserialize_error::in_parameter(error.path(), &error.inner().to_string())])
    })
}

/// The message without the position that the JSON reader adds to it.
fn bare_message(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&position).unwrap_or(&message).to_owned()
}

fn malformed(error: &serde_json::Error) -> Error {
    let message = format!(
        "The body is not valid JSON at line {}, column {}: {}.",
        error.line(),
        error.column(),
        bare_message(error)
    );
    Error::new(ErrorKind::Invalid, "malformed_json", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::ProblemDocument;
    use axum::Router;
    use axum::body::Body;
    use axum::extract::DefaultBodyLimit;
    use axum::routing::{get, post};
    use serde::Deserialize;
    use tower::ServiceExt;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "read by the deserializer alone")]
    struct Create {
        destination_url: String,
        #[serde(default)]
        tags: Vec<String>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct List {
        limit: Option<u8>,
        #[serde(default)]
        tag: Vec<String>,
        archived: Option<bool>,
    }

    fn router() -> Router {
        Router::new()
            .route("/links", post(|Json(_): Json<Create>| async {}))
            .route(
                "/list",
                get(|Query(list): Query<List>| async move {
                    format!("{:?} {:?} {:?}", list.limit, list.tag, list.archived)
                }),
            )
            .layer(DefaultBodyLimit::max(200))
    }

    async fn send(request: Request) -> (StatusCode, Bytes) {
        let response = router().oneshot(request).await.expect("a response");
        let status = response.status();
        (status, axum::body::to_bytes(response.into_body(), 10_000).await.expect("a body"))
    }

    async fn problem(request: Request) -> ProblemDocument {
        let (status, body) = send(request).await;
        let document: ProblemDocument = serde_json::from_slice(&body).expect("a problem");
        assert_eq!(document.status, status.as_u16());
        document
    }

    fn json(body: &str) -> Request {
        Request::post("/links")
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .body(Body::from(body.to_owned()))
            .expect("a request")
    }

    fn get_request(path: &str) -> Request {
        Request::get(path).body(Body::empty()).expect("a request")
    }

    #[tokio::test]
    async fn bodies_are_read_or_refused_with_a_pointer() {
        assert_eq!(send(json(r#"{"destination_url":"x"}"#)).await.0, StatusCode::OK);
        let missing = problem(json("{}")).await;
        assert_eq!((missing.status, missing.errors[0].pointer.as_str()), (400, "/destination_url"));
        let unknown = problem(json(r#"{"destination_url":"x","tag":1}"#)).await;
        assert_eq!(unknown.errors[0].pointer, "/tag");
        let nested = problem(json(r#"{"destination_url":"x","tags":["a",1]}"#)).await;
        assert_eq!(nested.errors[0].pointer, "/tags/1");
    }

    #[tokio::test]
    async fn malformed_json_is_refused_with_its_position() {
        for body in ["{", "", "{\"destination_url\":\"x\"} {", "\u{0}"] {
            let document = problem(json(body)).await;
            assert_eq!((document.status, document.code.as_str()), (400, "malformed_json"), "{body}");
            assert!(document.detail.contains("line 1"), "{}", document.detail);
        }
    }

    #[tokio::test]
    async fn other_media_types_and_long_bodies_are_refused() {
        let plain = Request::post("/links").body(Body::from("{}")).expect("a request");
        assert_eq!(problem(plain).await.status, 415);
        assert_eq!(problem(json(&" ".repeat(300))).await.status, 413);
    }

    #[tokio::test]
    async fn queries_name_the_parameter() {
        assert_eq!(send(get_request("/list?limit=5&tag=a&tag=b%26")).await.1, "Some(5) [\"a\", \"b&\"] None");
        assert_eq!(send(get_request("/list?archived=false&tag=")).await.1, "None [\"\"] Some(false)");
        for (query, name) in [
            ("limit=x", "limit"),
            ("limit=1&limit=2", "limit"),
            ("limt=5", "limt"),
            ("limit=300", "limit"),
            ("limit=", "limit"),
            ("archived=", "archived"),
            ("archived", "archived"),
            ("archived=on", "archived"),
            ("archived=true&archived=true", "archived"),
        ] {
            let document = problem(get_request(&format!("/list?{query}"))).await;
            assert_eq!((document.status, document.errors[0].pointer.as_str()), (400, name), "{document:?}");
        }
    }
}
