//! Responses of the edge. A redirect is a status and headers that were built when the link was loaded.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};

use super::compiled_link::Lifetime;
use super::pages;
use super::request::RequestView;
use crate::domain::link::RedirectStatus;

/// What the edge answers with.
pub(super) type EdgeResponse = Response<Bytes>;

static NO_STORE: HeaderValue = HeaderValue::from_static("private, no-store");
/// Short enough that a permanent redirect can still be changed, and repeat visits are still counted.
static SHORT: HeaderValue = HeaderValue::from_static("private, max-age=90");
const PAGE_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'");
const NO_INDEX: HeaderValue = HeaderValue::from_static("noindex");
pub(super) static ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

/// A response without a body.
pub(super) fn empty(status: StatusCode) -> EdgeResponse {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

/// Sends the visitor to `location`.
pub(super) fn redirect(status: RedirectStatus, lifetime: Lifetime, location: &HeaderValue) -> EdgeResponse {
    let mut response = empty(status_code(status));
    for (name, value) in redirect_headers(lifetime, location) {
        response.headers_mut().insert(name, value.clone());
    }
    response
}

/// The headers of a redirect.
pub(super) fn redirect_headers(lifetime: Lifetime, location: &HeaderValue) -> [(HeaderName, &HeaderValue); 2] {
    let lifetime = match lifetime {
        Lifetime::Short => &SHORT,
        Lifetime::None => &NO_STORE,
    };
    [(header::LOCATION, location), (header::CACHE_CONTROL, lifetime)]
}

/// Confirms that the link exists without its destination, for requests that use up no click.
pub(super) fn silent() -> EdgeResponse {
    let mut response = empty(StatusCode::OK);
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE.clone());
    response
}

/// The destination with the visitor's path added would be too long.
pub(super) fn too_long(request: &RequestView<'_>) -> EdgeResponse {
    let text =
        "With the path that was added, the destination of this link is longer than 8,192 bytes. Shorten the path.";
    refusal(request, StatusCode::URI_TOO_LONG, "destination_too_long", "The address is too long", text)
}

/// The status of such a redirect.
pub(super) fn status_code(status: RedirectStatus) -> StatusCode {
    StatusCode::from_u16(status.as_u16()).unwrap_or(StatusCode::FOUND)
}

/// An error: a small page for people, problem+json (RFC 9457) for programs that ask for JSON.
pub(super) fn refusal(
    request: &RequestView<'_>,
    status: StatusCode,
    code: &'static str,
    title: &str,
    text: &str,
) -> EdgeResponse {
    if !request.wants_json {
        return page(status, pages::message(title, text));
    }
    let problem = serde_json::json!({
        "type": format!("urn:elido:problem:{code}"), "title": title, "status": status.as_u16(), "code": code, "detail": text,
    });
    body(status, HeaderValue::from_static("application/problem+json"), problem.to_string())
}

/// Sends whoever came without TLS to the same address with it, for ever.
pub(super) fn permanently_moved(location: &HeaderValue) -> EdgeResponse {
    redirect(RedirectStatus::PermanentRedirect, Lifetime::Short, location)
}

/// The request names a host that the certificate of its connection is not for (RFC 9110, section 15.5.20).
pub(super) fn misdirected(request: &RequestView<'_>) -> EdgeResponse {
    let text = "This connection was made for another host. Open a new one for this host.";
    refusal(request, StatusCode::MISDIRECTED_REQUEST, "misdirected_request", "Wrong connection", text)
}

/// The request names no host, an invalid one, or several.
pub(super) fn bad_host(request: &RequestView<'_>) -> EdgeResponse {
    let text = "A request has to name one host in its Host header.";
    refusal(request, StatusCode::BAD_REQUEST, "invalid_host", "Bad request", text)
}

/// A page.
pub(super) fn page(status: StatusCode, html: String) -> EdgeResponse {
    let mut response = body(status, HeaderValue::from_static("text/html; charset=utf-8"), html);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(ROBOTS_TAG.clone(), NO_INDEX);
    response
}

/// What an authority looks for.
pub(super) fn challenge(answer: String) -> EdgeResponse {
    body(StatusCode::OK, HeaderValue::from_static("application/octet-stream"), answer)
}

/// A short text.
pub(super) fn text(status: StatusCode, text: &'static str) -> EdgeResponse {
    body(status, HeaderValue::from_static("text/plain; charset=utf-8"), text)
}

fn body(status: StatusCode, content_type: HeaderValue, content: impl Into<Bytes>) -> EdgeResponse {
    let mut response = Response::new(content.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CACHE_CONTROL, NO_STORE.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The same response with what search engines are asked to do.
pub(super) fn with_robots(mut response: EdgeResponse, robots: Option<&str>) -> EdgeResponse {
    if let Some(robots) = robots.and_then(|robots| HeaderValue::from_str(robots).ok()) {
        response.headers_mut().insert(ROBOTS_TAG.clone(), robots);
    }
    response
}

/// A document in JSON, which programs may keep for an hour.
pub(super) fn json(document: &str) -> EdgeResponse {
    let mut response = body(StatusCode::OK, HeaderValue::from_static("application/json"), document.to_owned());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}

/// There is no such link, or it has not begun and says so in a text of its own.
pub(super) fn missing(request: &RequestView<'_>, own_text: Option<&str>) -> EdgeResponse {
    let text = own_text.unwrap_or("There is no link at this address. Check it for a typing mistake.");
    refusal(request, StatusCode::NOT_FOUND, "link_not_found", "Link not found", text)
}

/// The link has expired or is disabled, and may say so in a text of its own.
pub(super) fn gone(request: &RequestView<'_>, own_text: Option<&str>) -> EdgeResponse {
    let text = own_text.unwrap_or("This link has expired, or its owner switched it off or deleted it.");
    refusal(request, StatusCode::GONE, "link_gone", "This link is no longer available", text)
}

/// The method is neither GET nor HEAD.
pub(super) fn method_not_allowed(request: &RequestView<'_>) -> EdgeResponse {
    let text = format!("{} is not answered here; GET and HEAD are.", safe_name(request.method));
    let mut response =
        refusal(request, StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed", &text);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// The link is not cached and the origin is unavailable.
pub(super) fn unavailable(request: &RequestView<'_>) -> EdgeResponse {
    let text = "This link cannot be looked up at the moment. Try again in a few seconds.";
    let mut response = refusal(request, StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Try again shortly", text);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// The visitor has exceeded the rate limit.
pub(super) fn too_many_requests(request: &RequestView<'_>, retry_after: std::time::Duration) -> EdgeResponse {
    let text = "Too many requests came from your address. Wait a moment.";
    let mut response = refusal(request, StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many requests", text);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after.as_secs() + 1));
    response
}

fn safe_name(method: &Method) -> &str {
    if method.as_str().len() <= 20 { method.as_str() } else { "This method" }
}
