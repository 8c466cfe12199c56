//! The requests that nearly all visitors send: GET and HEAD of HTTP/1.1, without a body and without a wish for the connection.
//!
//! Invariant: a request is read here only if hyper would read it alike. Everything else, wrong requests too, is [`Reading::Other`].

use std::mem::MaybeUninit;
use std::net::IpAddr;

use http::Method;
use httparse::{Header, Request, Status};

use super::request::RequestView;
use crate::domain::client_address::TrustedProxies;

/// The most headers of a request.
const HEADERS_MAX: usize = 64;

static GET: Method = Method::GET;
static HEAD: Method = Method::HEAD;

/// What the bytes that have arrived are.
#[derive(Debug)]
pub(super) enum Reading<'a> {
    /// The beginning of a request.
    Incomplete,
    /// An ordinary request, and how many bytes it takes.
    Ordinary(RequestView<'a>, usize),
    /// Something else.
    Other,
}

/// Reads a request that came from `peer`, through so many proxies that are believed. Allocates nothing, unless the host has capitals.
pub(super) fn read(bytes: &[u8], peer: IpAddr, trusted_proxies: TrustedProxies) -> Reading<'_> {
    let mut room = [const { MaybeUninit::uninit() }; HEADERS_MAX];
    let mut request = Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(bytes, &mut room) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Reading::Incomplete,
        Err(_) => return Reading::Other,
    };
    let (Some(method), Some(target)) = (ordinary_method(&request), ordinary_target(&request)) else {
        return Reading::Other;
    };
    let hosts = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host")).count();
    if hosts != 1 || !request.headers.iter().all(is_ordinary_header) {
        return Reading::Other;
    }
    let headers = || request.headers.iter().map(|header| (header.name, header.value));
    let view = RequestView::read(method, target, headers, peer, trusted_proxies);
    if view.host.is_empty() { Reading::Other } else { Reading::Ordinary(view, length) }
}

fn ordinary_method(request: &Request<'_, '_>) -> Option<&'static Method> {
    match (request.version?, request.method?) {
        (1, "GET") => Some(&GET),
        (1, "HEAD") => Some(&HEAD),
        _ => None,
    }
}

/// The path and the query of a target in origin form (RFC 9112, section 3.2.1).
fn ordinary_target<'a>(request: &Request<'_, 'a>) -> Option<(&'a str, &'a str)> {
    let target =
        request.path.filter(|target| target.starts_with('/') && target.bytes().all(is_ordinary_target_byte))?;
    Some(target.split_once('?').unwrap_or((target, "")))
}

/// What a path and a query consist of (RFC 3986, section 3.3 and 3.4).
fn is_ordinary_target_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&byte)
}

/// Whether a header tells of no body and asks nothing of the connection.
fn is_ordinary_header(header: &Header<'_>) -> bool {
    let is = |known: &str| header.name.eq_ignore_ascii_case(known);
    if is("connection") {
        return header.value.eq_ignore_ascii_case(b"keep-alive");
    }
    !(is("content-length") || is("transfer-encoding") || is("upgrade") || is("expect"))
}

#[cfg(test)]
mod tests;
