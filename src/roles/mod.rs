//! Floor 5: composition. A role is one file with one `start` that lists its services in order.
//!
//! Invariants: sockets are bound before anything else starts; services meet
//! only through seams, so that splitting roles over processes is a change of
//! configuration.

mod api;
mod api_core;
mod api_document;
mod api_listener;
mod click_shipping;
mod direct_origin;
mod edge;
mod edge_certificates;
mod grpc_listener;
mod ingester;
mod internal;
mod platform;
mod probe;
mod readiness;
mod role;
mod running;
mod signals;
mod slug_words;
mod sockets;
mod start_error;
mod startup;
mod tls_ask;
mod workers;

use std::process::ExitCode;

pub use api_document::document;
pub use click_shipping::{JournalShippingError, ship_journals};
pub use role::{ParseRolesError, Role, Roles};
pub use running::{Addresses, Running, start};
pub use start_error::StartError;

use self::signals::Signals;
use crate::config::Loaded;
use crate::telemetry;

/// What a process that was told to stop ends with when it had to leave something undone.
const UNCLEAN: u8 = 1;

/// Runs these roles until a signal, or until a part of them fails; `greet` says where everything is once it serves. Call it within a multi-threaded runtime.
///
/// # Errors
/// What kept the process from starting.
pub async fn run(loaded: Loaded, roles: Roles, greet: impl FnOnce(&str)) -> Result<ExitCode, StartError> {
    let guard = telemetry::start(&loaded.config)?;
    let mut signals = Signals::listen()?;
    let running = tokio::select! {
        started = start(&loaded, roles.clone()) => started?,
        // Nothing was answered yet, so that nothing has to be finished.
        () = signals.asked_to_stop() => return Ok(ExitCode::SUCCESS),
    };
    tracing::info!(%roles, "ready");
    greet(&running.welcome());
    let failed = tokio::select! {
        () = signals.asked_to_stop() => None,
        name = running.failed() => Some(name),
    };
    if let Some(name) = failed {
        tracing::error!(task = name, "the task {name} ended unexpectedly; the process stops");
    }
    let stopped = tokio::select! {
        stopped = running.stop() => stopped,
        () = signals.asked_to_stop() => false,
    };
    // Flushing waits, which a thread of the runtime must not.
    drop(tokio::task::spawn_blocking(move || drop(guard)).await);
    Ok(if stopped && failed.is_none() { ExitCode::SUCCESS } else { ExitCode::from(UNCLEAN) })
}
