//! Click analytics: counts, series, breakdowns, raw clicks and exports of one workspace.
//!
//! Invariant: all reports about one selection of clicks agree with each other
//! and with the raw clicks.

pub mod calendar;
