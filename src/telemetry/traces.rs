//! Spans to a collector, by OTLP over gRPC. Off unless an address is set.

use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;

use super::AnyLayer;
use crate::config::ConfigError;
use crate::config::sections::TelemetryConfig;

/// Longest that one export may take.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest that the last export may hold up the end of the process.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// Spans on their way to the collector.
pub(super) struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Starts the export in the background, or nothing if there is no address. An unreachable collector is no error.
    pub(super) fn start(config: &TelemetryConfig) -> Result<Option<Self>, ConfigError> {
        if config.otlp_endpoint.is_empty() {
            return Ok(None);
        }
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(&config.otlp_endpoint)
            .with_timeout(EXPORT_TIMEOUT)
            .build()
            .map_err(|error| {
                let problem = format!("traces cannot be sent there ({error})");
                ConfigError::new(
                    "telemetry.otlp_endpoint",
                    "settings",
                    problem,
                    "Correct the address or leave it empty",
                )
            })?;
        let resource = Resource::builder().with_service_name("elido").build();
        let provider = SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build();
        Ok(Some(Self { provider }))
    }

    /// Takes the spans of this process, from level info up.
    pub(super) fn layer(&self) -> AnyLayer {
        let tracer = self.provider.tracer("elido");
        tracing_opentelemetry::layer().with_tracer(tracer).with_filter(LevelFilter::INFO).boxed()
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown_with_timeout(SHUTDOWN_TIMEOUT) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}
