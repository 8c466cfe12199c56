//! Errors and panics to a Sentry-compatible tracker. Off unless a DSN is set.
//!
//! Invariant: reporting never holds up the work it reports on: reports wait
//! in a short queue, a thread of its own sends them, and what does not fit is
//! dropped and counted.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use metrics::Counter;
use secrecy::ExposeSecret;
use sentry::integrations::tracing::EventFilter;
use sentry::types::Dsn;
use sentry::{ClientOptions, Envelope, Transport};
use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;

use super::AnyLayer;
use super::logs::PANIC_TARGET;
use super::metric::Metric;
use crate::config::ConfigError;
use crate::config::sections::TelemetryConfig;

/// Reports that wait to be sent; more are dropped.
const WAITING_MAX: usize = 64;
/// Longest that one report may take.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest that waiting reports may hold up the end of the process.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest pause that a tracker's `Retry-After` can ask for.
const PAUSE_MAX: Duration = Duration::from_secs(60 * 60);
/// The pause after a refusal that names none.
const PAUSE_DEFAULT: Duration = Duration::from_secs(60);

/// Starts reporting, or nothing if there is no DSN. An unreachable tracker is no error.
pub(super) fn start(config: &TelemetryConfig) -> Result<Option<sentry::ClientInitGuard>, ConfigError> {
    let dsn = config.sentry_dsn.expose_secret();
    if dsn.is_empty() {
        return Ok(None);
    }
    let wrong = |problem: String| ConfigError::new("telemetry.sentry_dsn", "settings", problem, "Correct or remove it");
    let dsn: Dsn = dsn.parse().map_err(|_| wrong("the value is no DSN".to_owned()))?;
    let transport = Courier::start(&dsn).map_err(|error| wrong(format!("reports cannot be sent ({error})")))?;
    let transport: Arc<dyn Transport> = Arc::new(transport);
    Ok(Some(sentry::init(ClientOptions {
        dsn: Some(dsn),
        release: sentry::release_name!(),
        transport: Some(Arc::new(move |_: &ClientOptions| Arc::clone(&transport))),
        shutdown_timeout: SHUTDOWN_TIMEOUT,
        send_default_pii: false,
        ..ClientOptions::default()
    })))
}

/// Error lines become reports, and the lines before them their history. Panics are reported by their own hook.
pub(super) fn layer() -> AnyLayer {
    sentry::integrations::tracing::layer()
        .event_filter(|metadata| match *metadata.level() {
            Level::ERROR if metadata.target() == PANIC_TARGET => EventFilter::Ignore,
            Level::ERROR => EventFilter::Event,
            Level::WARN | Level::INFO => EventFilter::Breadcrumb,
            _ => EventFilter::Ignore,
        })
        .span_filter(|_| false)
        .with_filter(LevelFilter::INFO)
        .boxed()
}

/// Carries reports to the tracker through the HTTP client that everything else uses.
struct Courier {
    queue: SyncSender<Errand>,
    metrics: Arc<ErrorReportMetrics>,
}

enum Errand {
    Send(Box<Envelope>),
    /// Tells the asker that everything before it is done.
    Flush(SyncSender<()>),
}

impl Courier {
    fn start(dsn: &Dsn) -> std::io::Result<Self> {
        let client = reqwest::Client::builder().timeout(SEND_TIMEOUT).build().map_err(std::io::Error::other)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (queue, errands) = sync_channel(WAITING_MAX);
        let metrics = Arc::new(ErrorReportMetrics::declare());
        let tracker = Tracker {
            client,
            url: dsn.envelope_api_url().to_string(),
            auth: dsn.to_auth(Some(concat!("elido/", env!("CARGO_PKG_VERSION")))).to_string(),
            metrics: Arc::clone(&metrics),
            paused_until: None,
        };
        std::thread::Builder::new().name("error-reports".to_owned()).spawn(move || tracker.run(&runtime, &errands))?;
        Ok(Self { queue, metrics })
    }
}

impl Transport for Courier {
    fn send_envelope(&self, envelope: Envelope) {
        if self.queue.try_send(Errand::Send(Box::new(envelope))).is_err() {
            self.metrics.dropped.increment(1);
        }
    }

    fn flush(&self, timeout: Duration) -> bool {
        let (done, waiter) = sync_channel(1);
        self.queue.try_send(Errand::Flush(done)).is_ok() && waiter.recv_timeout(timeout).is_ok()
    }

    fn shutdown(&self, timeout: Duration) -> bool {
        self.flush(timeout)
    }
}

/// The other end of the wire.
struct Tracker {
    client: reqwest::Client,
    url: String,
    auth: String,
    metrics: Arc<ErrorReportMetrics>,
    paused_until: Option<Instant>,
}

impl Tracker {
    /// Ends when nobody can report any more.
    fn run(mut self, runtime: &tokio::runtime::Runtime, errands: &Receiver<Errand>) {
        while let Ok(errand) = errands.recv() {
            match errand {
                Errand::Send(envelope) => runtime.block_on(self.send(&envelope)),
                // An error means that the asker has gone.
                Errand::Flush(done) => drop(done.send(())),
            }
        }
    }

    async fn send(&mut self, envelope: &Envelope) {
        if self.paused_until.is_some_and(|until| Instant::now() < until) {
            self.metrics.dropped.increment(1);
            return;
        }
        let mut body = Vec::new();
        if envelope.to_writer(&mut body).is_err() {
            self.metrics.failed.increment(1);
            return;
        }
        let request = self.client.post(&self.url).header("X-Sentry-Auth", &self.auth).body(body);
        match request.send().await {
            Ok(response) if response.status().is_success() => self.metrics.sent.increment(1),
            Ok(response) => {
                self.metrics.failed.increment(1);
                self.pause_if_asked(&response);
            }
            Err(_) => self.metrics.failed.increment(1),
        }
    }

    fn pause_if_asked(&mut self, response: &reqwest::Response) {
        if response.status() == reqwest::StatusCode::TOO_MANY_REQUESTS {
            let asked = response.headers().get(reqwest::header::RETRY_AFTER);
            let seconds = asked.and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
            let pause = seconds.map_or(PAUSE_DEFAULT, Duration::from_secs).min(PAUSE_MAX);
            self.paused_until = Some(Instant::now() + pause);
        }
    }
}

const ERROR_REPORTS: Metric =
    Metric::counter("elido_error_reports_total", &["result"], "Reports to the error tracker, by result.");

/// What error reporting counts.
struct ErrorReportMetrics {
    /// Reports that the tracker took.
    sent: Counter,
    /// Reports that it refused, or that did not reach it.
    failed: Counter,
    /// Reports given up because too many were waiting, or because the tracker asked for a pause.
    dropped: Counter,
}

impl ErrorReportMetrics {
    fn declare() -> Self {
        Self {
            sent: ERROR_REPORTS.register_counter(&[("result", "sent")]),
            failed: ERROR_REPORTS.register_counter(&[("result", "failed")]),
            dropped: ERROR_REPORTS.register_counter(&[("result", "dropped")]),
        }
    }
}
