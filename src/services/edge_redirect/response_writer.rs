//! Writes responses as HTTP/1.1 (RFC 9112).

use std::cell::Cell;
use std::io::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderName, HeaderValue, StatusCode, header};
use httpdate::HttpDate;

use super::compiled_link::Lifetime;
use super::respond::{self, EdgeResponse};
use crate::domain::link::RedirectStatus;
use crate::domain::time::Timestamp;

/// The length of a date as HTTP writes it (RFC 9110, section 5.6.7).
const DATE_BYTES: usize = 29;

thread_local! {
    /// The last second that was formatted, and its date: most responses fall into the same second.
    static LAST_DATE: Cell<(u64, [u8; DATE_BYTES])> = const { Cell::new((u64::MAX, [0; DATE_BYTES])) };
}

/// What the head of a response depends on besides the response.
#[derive(Debug, Clone, Copy)]
pub(super) struct Framing {
    /// The time for the `Date` header.
    pub(super) now: Timestamp,
    /// Whether the request was HEAD, whose response has no body.
    pub(super) head: bool,
    /// Whether the connection closes after it.
    pub(super) last: bool,
    /// Whether it goes over TLS.
    pub(super) secured: bool,
}

/// Headers that only some redirects have.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RedirectNotes<'a> {
    /// `Strict-Transport-Security`, over TLS alone.
    pub(super) hsts: Option<&'a str>,
    /// `X-Robots-Tag`.
    pub(super) robots: Option<&'a str>,
}

/// Appends a redirect to `room`. Does not allocate if the capacity suffices.
pub(super) fn write_redirect(
    room: &mut Vec<u8>,
    framing: Framing,
    (status, lifetime): (RedirectStatus, Lifetime),
    location: &HeaderValue,
    notes: RedirectNotes<'_>,
) {
    let headers = respond::redirect_headers(lifetime, location);
    let headers = headers.iter().map(|(name, value)| (name, value.as_bytes()));
    let hsts = notes.hsts.filter(|_| framing.secured);
    let headers = headers.chain(hsts.map(|hsts| (&header::STRICT_TRANSPORT_SECURITY, hsts.as_bytes())));
    let headers = headers.chain(notes.robots.map(|robots| (&respond::ROBOTS_TAG, robots.as_bytes())));
    write_head(room, framing, respond::status_code(status), headers, 0);
}

/// Appends any response to `room`.
pub(super) fn write(room: &mut Vec<u8>, framing: Framing, response: &EdgeResponse) {
    let (headers, body) = (response.headers(), response.body());
    let headers = headers.iter().map(|(name, value)| (name, value.as_bytes()));
    write_head(room, framing, response.status(), headers, body.len());
    if !framing.head {
        room.extend_from_slice(body);
    }
}

fn write_head<'a>(
    room: &mut Vec<u8>,
    framing: Framing,
    status: StatusCode,
    headers: impl Iterator<Item = (&'a HeaderName, &'a [u8])>,
    length: usize,
) {
    room.extend_from_slice(b"HTTP/1.1 ");
    room.extend_from_slice(status.as_str().as_bytes());
    room.push(b' ');
    room.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    room.extend_from_slice(b"\r\n");
    headers.for_each(|(name, value)| write_header(room, name, value));
    if status != StatusCode::NO_CONTENT {
        write_header(room, &header::CONTENT_LENGTH, itoa::Buffer::new().format(length).as_bytes());
    }
    if framing.last {
        write_header(room, &header::CONNECTION, b"close");
    }
    write_header(room, &header::DATE, &date(framing.now));
    room.extend_from_slice(b"\r\n");
}

fn write_header(room: &mut Vec<u8>, name: &HeaderName, value: &[u8]) {
    room.extend_from_slice(name.as_str().as_bytes());
    room.extend_from_slice(b": ");
    room.extend_from_slice(value);
    room.extend_from_slice(b"\r\n");
}

fn date(now: Timestamp) -> [u8; DATE_BYTES] {
    let second = u64::try_from(now.as_micros()).unwrap_or_default() / 1_000_000;
    let (last_second, last) = LAST_DATE.get();
    if last_second == second {
        return last;
    }
    let mut date = [b' '; DATE_BYTES];
    // A date of any year before 10000 has this length exactly.
    drop(write!(date.as_mut_slice(), "{}", HttpDate::from(UNIX_EPOCH + Duration::from_secs(second))));
    LAST_DATE.set((second, date));
    date
}

#[cfg(test)]
mod tests;
