//! Floor 3: what every HTTP service shares, so that each of them answers, refuses, pages and repeats itself in one way.
//!
//! Invariants: every failure leaves as `application/problem+json`, made in
//! [`problem`] alone; no body, list, connection or request is without a limit.

pub mod client_address;
mod connection;
pub mod credential;
pub mod etag;
pub mod event_stream;
pub mod extract;
pub mod idempotency;
mod metrics;
pub mod middleware;
pub mod openapi;
pub mod pagination;
pub mod path;
pub mod problem;
pub mod rate_limit;
pub mod request_id;
pub mod responses;
pub mod server;
pub mod session_cookie;

mod body_budget;
pub mod browser_cookie;
mod deserialize_error;
mod documented_forms;
mod documented_values;
