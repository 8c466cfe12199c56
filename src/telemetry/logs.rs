//! Log lines on standard error: one JSON object each, or text for people.
//!
//! Invariant: a failure is logged once, where it is handled; what a request
//! did carries the request's id, because its span does.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::sync::Once;

use tracing_subscriber::{EnvFilter, Layer, fmt};

use super::AnyLayer;
use crate::config::ConfigError;
use crate::config::sections::{LogConfig, LogFormat};

/// The target of the line that a panic leaves, so that it is not reported twice.
pub(super) const PANIC_TARGET: &str = "elido::panic";

/// The lines that `config` asks for.
pub(super) fn layer(config: &LogConfig) -> Result<AnyLayer, ConfigError> {
    let filter = EnvFilter::builder().parse(&config.filter).map_err(|error| {
        ConfigError::new("log.filter", "settings", format!("it is no filter ({error})"), "Write a level such as info")
    })?;
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    Ok(match config.format {
        LogFormat::Pretty => lines.with_target(false).with_filter(filter).boxed(),
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(true).with_span_list(false).with_filter(filter).boxed()
        }
    })
}

/// Where lines are JSON, a panic becomes one such line in place of the text that Rust prints. Call it before anything else
/// that listens to panics, so that it stays at the end of their chain.
pub(super) fn log_panics(config: &LogConfig) {
    static ONCE: Once = Once::new();
    if config.format == LogFormat::Json {
        ONCE.call_once(|| std::panic::set_hook(Box::new(log_panic)));
    }
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("a panic without a message");
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(target: PANIC_TARGET, location, thread = thread.name(), backtrace, "panic: {message}");
}
