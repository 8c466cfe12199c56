//! The REST API as commands use it.
//!
//! Invariants: every request has a deadline and every response a size; a request
//! that is sent again carries the same idempotency key, or is one that changes nothing
//! the second time (GET, PUT), so that nothing is done twice.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use http::header::{ETAG, IF_MATCH, RETRY_AFTER};
use http::{Method, StatusCode};
use reqwest::RequestBuilder;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::exit::{Exit, Failure};
use super::retry_policy::{Asked, RetryPolicy};
use crate::http::idempotency::IDEMPOTENCY_KEY;
use crate::http::problem::ProblemDocument;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a file may take.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(60 * 60);
/// How long a stream is read before it is asked for again.
const STREAM_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a stream may be silent. The server shows that it is alive more often.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// The longest answer read, in bytes.
const RESPONSE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Which server and workspace, and with which credential.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Server")]
pub struct ApiArguments {
    /// Where the API is.
    #[arg(long, env = "ELIDO_API_URL", value_name = "URL", default_value = "http://localhost:8090", global = true)]
    pub api_url: Url,
    /// A session token or an API key. Prefer the variable or --token-file: other users can see command lines.
    #[arg(long, env = "ELIDO_TOKEN", value_name = "TOKEN", hide_env_values = true, global = true)]
    pub token: Option<SecretString>,
    /// A file that holds the token; it goes before the variable.
    #[arg(long, value_name = "FILE", global = true)]
    pub token_file: Option<PathBuf>,
    /// The workspace, by its id. Not needed where the token reaches only one.
    #[arg(long, env = "ELIDO_WORKSPACE", value_name = "ID", global = true)]
    pub workspace: Option<String>,
}

/// A connection to the API.
pub struct ApiClient {
    http: reqwest::Client,
    base: Url,
    token: SecretString,
    patience: Duration,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    method: Method,
    path: &'a str,
    query: &'a [(&'a str, String)],
    body: Option<Vec<u8>>,
    idempotency_key: Option<String>,
    if_match: Option<String>,
}

/// What the API answered with success.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiResponse {
    /// The body; null where there is none.
    pub body: Value,
    /// The entity tag of a single resource.
    pub etag: Option<String>,
}

/// A response that is read in pieces.
pub struct Download {
    response: reqwest::Response,
    base: Url,
}

impl Download {
    /// The next piece; none at the end.
    ///
    /// # Errors
    /// The server fell silent or became unavailable before the end.
    pub async fn next(&mut self) -> Result<Option<bytes::Bytes>, Failure> {
        let silent = |_| Failure::new(Exit::Unavailable, format!("{} fell silent", self.base));
        let piece = tokio::time::timeout(SILENCE_MAX, self.response.chunk()).await.map_err(silent)?;
        piece.map_err(|error| CallFailure::Transport(error).into_failure(&self.base))
    }
}

/// Why a call failed.
#[derive(Debug)]
enum CallFailure {
    /// No response came.
    Transport(reqwest::Error),
    /// The API refused.
    Refused { status: StatusCode, problem: Option<Box<ProblemDocument>>, retry_after: Option<Duration> },
    /// What came is not a response of this API.
    Unreadable(String),
}

impl<'a> Call<'a> {
    /// Reads what is at `path`.
    #[must_use]
    pub fn get(path: &'a str, query: &'a [(&'a str, String)]) -> Self {
        Self { method: Method::GET, path, query, body: None, idempotency_key: None, if_match: None }
    }

    /// Sends `body` to `path`, under a key of its own.
    ///
    /// # Errors
    /// When the body cannot be written as JSON.
    pub fn post(path: &'a str, body: &impl Serialize) -> Result<Self, Failure> {
        Self::get(path, &[]).sending(Method::POST, body)
    }

    /// Changes what is at `path`, under a key of its own.
    ///
    /// # Errors
    /// When the body cannot be written as JSON.
    pub fn patch(path: &'a str, body: &impl Serialize) -> Result<Self, Failure> {
        Self::get(path, &[]).sending(Method::PATCH, body)
    }

    /// Makes what is at `path` what `body` says; what is done twice is as if it were done once.
    #[must_use]
    pub fn put(path: &'a str, body: Option<&Value>) -> Self {
        let body = body.map(|body| body.to_string().into_bytes());
        Self { method: Method::PUT, body, ..Self::get(path, &[]) }
    }

    /// Deletes what is at `path`.
    #[must_use]
    pub fn delete(path: &'a str) -> Self {
        Self { method: Method::DELETE, ..Self::get(path, &[]) }
    }

    /// Goes on only if the resource still has this entity tag.
    #[must_use]
    pub fn if_match(self, etag: Option<String>) -> Self {
        Self { if_match: etag, ..self }
    }

    /// The same under a key that was chosen before.
    #[must_use]
    pub fn under_key(self, key: String) -> Self {
        Self { idempotency_key: Some(key), ..self }
    }

    fn sending(self, method: Method, body: &impl Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_vec(body).map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
        let idempotency_key = Some(format!("cli-{}", Uuid::now_v7().simple()));
        Ok(Self { method, body: Some(body), idempotency_key, ..self })
    }

    /// Whether it may be sent again when it is not known what became of it.
    fn is_repeatable(&self) -> bool {
        matches!(self.method, Method::GET | Method::PUT) || self.idempotency_key.is_some()
    }
}

impl ApiClient {
    /// A client that gives up at the first failure.
    ///
    /// # Errors
    /// When there is no token, or its file cannot be read.
    pub fn new(arguments: &ApiArguments) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("elido/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::new(Exit::Failure, format!("no HTTP client can be made: {}", causes(&error))))?;
        let token = read_token(arguments)?;
        Ok(Self { http, base: arguments.api_url.clone(), token, patience: Duration::ZERO })
    }

    /// The same client, which goes on trying for `patience` when the server is unavailable or asks to wait.
    #[must_use]
    pub fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The token that it sends.
    #[must_use]
    pub fn token(&self) -> &SecretString {
        &self.token
    }

    /// Makes a call.
    ///
    /// # Errors
    /// Says what the server said, or that it could not be reached.
    pub async fn call(&self, call: &Call<'_>) -> Result<ApiResponse, Failure> {
        let started = Instant::now();
        let mut patience = RetryPolicy::of(self.patience);
        loop {
            let failure = match self.attempt(call).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let may_pass = failure.may_pass() && call.is_repeatable();
            match patience.next_wait(started.elapsed(), failure.asked()) {
                Some(wait) if may_pass => tokio::time::sleep(wait).await,
                _ => return Err(failure.into_failure(&self.base)),
            }
        }
    }

    /// Asks for a file that may be long, and hands it on in pieces.
    ///
    /// # Errors
    /// Says what the server said, or that it could not be reached.
    pub async fn download(&self, call: &Call<'_>) -> Result<Download, Failure> {
        let request = self.request(call).map_err(|failure| failure.into_failure(&self.base))?;
        begin(request.timeout(DOWNLOAD_TIMEOUT), &self.base).await
    }

    /// Asks for the file that a link leads to, which may be on another server: the token stays here.
    ///
    /// # Errors
    /// Says what the server said, or that it could not be reached.
    pub async fn follow(&self, link: &Url) -> Result<Download, Failure> {
        let mut server = link.clone();
        server.set_path("");
        server.set_query(None);
        begin(self.http.get(link.clone()).timeout(DOWNLOAD_TIMEOUT), &server).await
    }

    /// Asks for a stream of server-sent events, which has no end of its own.
    ///
    /// # Errors
    /// Says what the server said, or that it could not be reached.
    pub async fn stream(&self, call: &Call<'_>) -> Result<Download, Failure> {
        let request = self.request(call).map_err(|failure| failure.into_failure(&self.base))?;
        begin(request.timeout(STREAM_TIMEOUT).header(http::header::ACCEPT, "text/event-stream"), &self.base).await
    }

    /// The path of the workspace's resources: the one named, or the only one that the token reaches.
    ///
    /// # Errors
    /// When there are several and none is named.
    pub async fn workspace_path(&self, arguments: &ApiArguments) -> Result<String, Failure> {
        if let Some(id) = &arguments.workspace {
            return workspace_path(id);
        }
        let answer = self.call(&Call::get("v1/workspaces", &[("limit", "2".to_owned())])).await?;
        let ids = answer.body.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        match ids {
            [only] => workspace_path(only.get("id").and_then(Value::as_str).unwrap_or_default()),
            [] => Err(Failure::new(Exit::NoPermission, "this token reaches no workspace")),
            _ => Err(Failure::usage(
                "this token reaches several workspaces: choose one with --workspace or ELIDO_WORKSPACE",
            )),
        }
    }

    async fn attempt(&self, call: &Call<'_>) -> Result<ApiResponse, CallFailure> {
        let response = self.request(call)?.send().await.map_err(CallFailure::Transport)?;
        let status = response.status();
        let etag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
        let body = read_response(response).await?;
        if !status.is_success() {
            let problem = serde_json::from_slice(&body).ok().map(Box::new);
            return Err(CallFailure::Refused { status, problem, retry_after: retry_after.map(Duration::from_secs) });
        }
        if body.is_empty() {
            return Ok(ApiResponse { body: Value::Null, etag });
        }
        match serde_json::from_slice(&body) {
            Ok(body) => Ok(ApiResponse { body, etag }),
            Err(error) => Err(CallFailure::Unreadable(error.to_string())),
        }
    }

    fn request(&self, call: &Call<'_>) -> Result<RequestBuilder, CallFailure> {
        let url = url_of(&self.base, call.path).map_err(|error| CallFailure::Unreadable(error.to_string()))?;
        let mut request = self.http.request(call.method.clone(), url).bearer_auth(self.token.expose_secret());
        if !call.query.is_empty() {
            request = request.query(call.query);
        }
        if let Some(body) = &call.body {
            request = request.header(http::header::CONTENT_TYPE, "application/json").body(body.clone());
        }
        if let Some(key) = &call.idempotency_key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        if let Some(etag) = &call.if_match {
            request = request.header(IF_MATCH, etag);
        }
        Ok(request)
    }
}

/// Sends a request to this server, and hands on what comes back with success.
async fn begin(request: RequestBuilder, server: &Url) -> Result<Download, Failure> {
    let failed = |failure: CallFailure| failure.into_failure(server);
    let response = request.send().await.map_err(|error| failed(CallFailure::Transport(error)))?;
    let status = response.status();
    if !status.is_success() {
        let body = read_response(response).await.map_err(failed)?;
        let problem = serde_json::from_slice(&body).ok().map(Box::new);
        return Err(failed(CallFailure::Refused { status, problem, retry_after: None }));
    }
    Ok(Download { response, base: server.clone() })
}

/// `path` below `base`, whether or not `base` ends in a slash.
fn url_of(base: &Url, path: &str) -> Result<Url, url::ParseError> {
    Url::parse(&format!("{}/{path}", base.as_str().trim_end_matches('/')))
}

/// The path of a workspace's resources.
fn workspace_path(id: &str) -> Result<String, Failure> {
    match id.parse::<crate::domain::id::WorkspaceId>() {
        Ok(id) => Ok(format!("v1/workspaces/{id}")),
        Err(error) => Err(Failure::usage(format!("the workspace {id:?} is not valid: {error}"))),
    }
}

fn read_token(arguments: &ApiArguments) -> Result<SecretString, Failure> {
    if let Some(path) = &arguments.token_file {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
        return Ok(text.trim().into());
    }
    let message = "no token is given: set ELIDO_TOKEN, or use --token-file FILE";
    arguments.token.clone().ok_or_else(|| Failure::new(Exit::NoPermission, message))
}

async fn read_response(mut response: reqwest::Response) -> Result<Vec<u8>, CallFailure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(CallFailure::Transport)? {
        if body.len().saturating_add(chunk.len()) > RESPONSE_BYTES_MAX {
            return Err(CallFailure::Unreadable(format!("it is longer than {RESPONSE_BYTES_MAX} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl CallFailure {
    /// Whether the same request may succeed later.
    fn may_pass(&self) -> bool {
        match self {
            Self::Transport(error) => !error.is_builder(),
            Self::Unreadable(_) => false,
            Self::Refused { status, problem, .. } => match *status {
                StatusCode::TOO_MANY_REQUESTS
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT => true,
                StatusCode::CONFLICT => is_in_flight(problem.as_deref()),
                _ => false,
            },
        }
    }

    fn asked(&self) -> Asked {
        match self {
            Self::Refused { retry_after: Some(wait), problem, .. } if is_in_flight(problem.as_deref()) => {
                Asked::AtTheLatest(*wait)
            }
            Self::Refused { retry_after: Some(wait), .. } => Asked::ToWait(*wait),
            _ => Asked::Nothing,
        }
    }

    fn into_failure(self, base: &Url) -> Failure {
        match self {
            Self::Transport(error) => {
                Failure::new(Exit::Unavailable, format!("{base} does not answer: {}", causes(&error)))
            }
            Self::Unreadable(what) => {
                Failure::new(Exit::Failure, format!("{base} answered something unexpected: {what}"))
            }
            Self::Refused { status, problem, .. } => {
                let exit = match status {
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Exit::NoPermission,
                    StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                        Exit::Unavailable
                    }
                    _ => Exit::Failure,
                };
                Failure::new(exit, described(status, problem.as_deref()))
            }
        }
    }
}

/// Whether the same request is still under way, or was broken off a moment ago.
fn is_in_flight(problem: Option<&ProblemDocument>) -> bool {
    problem.is_some_and(|problem| problem.code == "idempotency_key_in_flight")
}

/// What the server said, with one line for each field at fault.
fn described(status: StatusCode, problem: Option<&ProblemDocument>) -> String {
    let Some(problem) = problem else {
        return format!("the server answered {status}");
    };
    let mut text = format!("{} ({status}, {})", problem.detail, problem.code);
    for field in &problem.errors {
        text.extend(["\n  ", &field.pointer, ": ", &field.detail]);
    }
    if let Some(id) = problem.request_id.as_ref().filter(|_| status.is_server_error()) {
        text.extend(["\n  request id: ", id]);
    }
    text
}

/// An error and what caused it, in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.extend([": ", &cause.to_string()]);
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_below_the_base() {
        for base in ["http://localhost:8090", "http://localhost:8090/"] {
            let base = Url::parse(base).expect("a URL");
            assert_eq!(url_of(&base, "v1/me").expect("a URL").as_str(), "http://localhost:8090/v1/me");
        }
        let base = Url::parse("https://example.com/elido/").expect("a URL");
        assert_eq!(url_of(&base, "v1/me").expect("a URL").as_str(), "https://example.com/elido/v1/me");
    }

    #[test]
    fn refusals_list_the_fields_at_fault() {
        let problem: ProblemDocument = serde_json::from_value(serde_json::json!({
            "type": "t", "title": "Bad Request", "status": 400, "code": "invalid_request", "detail": "2 fields",
            "errors": [{"pointer": "/slug", "code": "c", "detail": "too long"}]
        }))
        .expect("a problem");
        let text = described(StatusCode::BAD_REQUEST, Some(&problem));
        assert_eq!(text, "2 fields (400 Bad Request, invalid_request)\n  /slug: too long");
    }
}
