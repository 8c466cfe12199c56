//! The files of the dashboard, and its one page for every address that nothing else has.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::Bff;
use super::headers::guard;
use crate::domain::error::{Error, ErrorKind};
use crate::http::problem::Problem;
use crate::services::api_bff::files::{self, File};

/// The name of such a file changes with its bytes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// The page names the files of its version, so that it is asked for every time.
const ASK_EVERY_TIME: HeaderValue = HeaderValue::from_static("no-cache");
/// What no page of the dashboard is under.
const TAKEN: [&str; 6] = ["/v1", "/bff", "/docs", "/oauth", "/.well-known", "/internal"];

/// Where the licences of what the dashboard is made of are read.
const LICENSES: &str = "/licenses";
const LICENSES_FILE: &str = "licenses.md";

/// What is answered at the address of the dashboard where it was not built.
const WITHOUT_DASHBOARD: &str = "Elido is running, without its dashboard: this executable was built without web/dist.\n\
To have it, run dev/run in the source tree, or dev/web and then cargo build.\n\
The API is described at /docs.\n";

/// What a program is answered at the address that the process prints when it starts.
const FOR_PROGRAMS: &str = "Elido is running. Open this address in a browser for the dashboard.\n\
The API is described at /docs, and for programs at /openapi.json.\n";

pub(super) fn routes() -> Router<Bff> {
    Router::new().route("/assets/{*path}", get(asset)).route("/", any(page)).route("/{*path}", any(page))
}

async fn asset(request: Request) -> Result<Response, Problem> {
    let file = files::find(request.uri().path().trim_start_matches('/')).ok_or_else(nothing_here)?;
    Ok(sent(file, request.headers(), FOR_EVER))
}

async fn page(request: Request) -> Result<Response, Problem> {
    let path = request.uri().path();
    if !matches!(*request.method(), Method::GET | Method::HEAD) || is_taken(path) {
        return Err(nothing_here());
    }
    let name = if path == LICENSES { LICENSES_FILE } else { path.trim_start_matches('/') };
    if let Some(file) = files::find(name) {
        return Ok(sent(file, request.headers(), ASK_EVERY_TIME));
    }
    if !accepts_html(request.headers()) {
        return if path == "/" { Ok(plain(FOR_PROGRAMS)) } else { Err(nothing_here()) };
    }
    Ok(match files::index() {
        Some(file) => {
            let mut response = sent(file, request.headers(), ASK_EVERY_TIME);
            response.headers_mut().insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
            response
        }
        None => plain(WITHOUT_DASHBOARD),
    })
}

/// A text, which depends on what the request accepts.
fn plain(text: &'static str) -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-cache"), (VARY, "accept")], text).into_response()
}

fn is_taken(path: &str) -> bool {
    let is_under = |taken: &str| path.strip_prefix(taken).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    TAKEN.into_iter().any(is_under) || path == crate::http::openapi::DOCUMENT_PATH
}

/// Whether a browser opens the address, or a program that has named its wish.
fn accepts_html(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|entry| entry.trim().starts_with("text/html"))
}

fn sent(file: &'static File, asked: &HeaderMap, kept: HeaderValue) -> Response {
    let accepted = text(asked, &ACCEPT_ENCODING);
    let (bytes, coding) = file.encoded(accepted);
    let tag = format!("\"{}{}\"", file.hash, coding.map(|coding| format!("-{coding}")).unwrap_or_default());
    let is_known = text(asked, &IF_NONE_MATCH).split(',').any(|known| known.trim().trim_start_matches("W/") == tag);
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, file.media_type())], Body::from(bytes)).into_response()
    };
    guard(&mut response);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, kept);
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    if let Some(coding) = coding.filter(|_| !is_known) {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn nothing_here() -> Problem {
    Error::new(ErrorKind::NotFound, "not_found", "There is nothing at this path.").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_api_are_not_pages() {
        for path in ["/v1", "/v1/nowhere", "/bff/nowhere", "/openapi.json", "/docs/x", "/oauth/x"] {
            assert!(is_taken(path), "{path}");
        }
        for path in ["/", "/w/marketing/links", "/v1x", "/docsearch", "/sign-in"] {
            assert!(!is_taken(path), "{path}");
        }
    }
}
