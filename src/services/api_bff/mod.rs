//! api-bff: the dashboard's own server. It serves the dashboard's files, keeps sessions of browsers, and gathers what a page needs.
//!
//! Invariants: it holds no data and no SQL; what it reads of a workspace it asks of `/v1` with the caller's own credential, so that there is
//! no second way to the data and no second set of limits; no file of the dashboard differs from one caller to another.

mod files;
mod first_account;
mod metrics;
mod process_status;
pub mod rest;

pub use files::has_dashboard;
pub use first_account::{Dashboard, dashboard};
pub use process_status::ProcessStatus;
pub use rest::Bff;
