//! Floor 2: what a process says of itself: log lines, metrics, traces, error reports.
//!
//! Invariants: nothing here is awaited by a request; metrics are declared beside what counts them, by way of [`metric`].

mod errors;
pub mod histogram;
pub mod listener_metrics;
mod logs;
pub mod metric;
mod process_metrics;
mod recorder;
mod traces;

use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use recorder::{refresh_also, render, render_also, upkeep};

use crate::config::{Config, ConfigError};

/// Keeps traces and error reports going. Dropping it sends what is still waiting, within seconds; drop it while the runtime
/// lives, but not on one of its worker threads.
#[must_use = "traces and error reports end with the guard"]
pub struct Guard {
    traces: Option<traces::Traces>,
    errors: Option<sentry::ClientInitGuard>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.traces.take());
        drop(self.errors.take());
    }
}

/// Starts logging, and traces and error reports if the settings ask for them. Call it within a Tokio runtime, once per
/// process; where tests start several roles in one process, the first call's log settings hold.
///
/// # Errors
/// An address that cannot be used, or TLS without certificates to trust.
pub fn start(config: &Config) -> Result<Guard, ConfigError> {
    install_crypto_provider();
    recorder::install();
    logs::log_panics(&config.log);
    let traces = traces::Traces::start(&config.telemetry)?;
    let errors = errors::start(&config.telemetry)?;
    let layers: Vec<AnyLayer> = std::iter::once(logs::layer(&config.log)?)
        .chain(traces.as_ref().map(traces::Traces::layer))
        .chain(errors.as_ref().map(|_| errors::layer()))
        .collect();
    // An error means that another role of this process logs already.
    drop(tracing_subscriber::registry().with(layers).try_init());
    Ok(Guard { traces, errors })
}

/// A layer of any kind, so that what is turned off costs nothing.
type AnyLayer = Box<dyn Layer<tracing_subscriber::Registry> + Send + Sync>;

/// TLS clients of several crates share one provider; the first caller installs it.
fn install_crypto_provider() {
    // An error means that it is installed already, which is what is wanted.
    drop(rustls::crypto::ring::default_provider().install_default());
}

#[cfg(test)]
mod tests;
