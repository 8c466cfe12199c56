//! Click analytics: counts, series, breakdowns, raw clicks and exports of one workspace.
//!
//! Invariant: all reports about one selection of clicks agree with each other
//! and with the raw clicks.

mod analytics;
pub mod calendar;
pub mod click_exports;
pub mod dimension;
pub mod erasure;
pub mod events;
pub mod export;
pub mod funnel;
pub mod grpc;
pub mod jobs;
pub mod live;
mod metrics;
mod parquet_file;
pub mod query_limits;
pub mod report_schedules;
mod report_webhooks;
pub mod reports;
pub mod request;
pub mod responses;
pub mod rest;
mod scheduled_letter;
mod scheduled_period;
pub mod shared_report;
pub mod tags;

pub use analytics::{Analytics, Webhooks};
pub use click_exports::OBJECT_KINDS;
pub use erasure::ACTIONS;

#[cfg(test)]
mod tests;
