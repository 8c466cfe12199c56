//! `elido health`: asks a running process how it is.

use std::time::Duration;

use clap::Args;
use http::{Method, StatusCode};
use url::Url;

use super::exit::{Exit, Failure};
use super::output::{self, OutputArguments};
use super::plain_http;
use super::settings::ConfigArguments;

/// Asks the process on this machine whether it is ready.
#[derive(Debug, Args)]
#[command(
    long_about = "Asks a running process whether it is ready to work, over its internal listener, and ends with 0 if \
it is. Made for container health checks and for the start of scripts.\n\nThe address comes from the settings \
(internal.listen), as for the process itself; --url asks another one."
)]
#[command(
    after_long_help = "Examples:\n  elido health\n  elido health --live\n  elido health --url http://10.0.0.7:8081"
)]
pub struct HealthArguments {
    /// The internal listener to ask.
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
    /// Ask only whether the process lives, not whether it is ready.
    #[arg(long)]
    live: bool,
    /// How long to wait for a response, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the command.
///
/// # Errors
/// When nobody answers, or the response is that it is not ready.
pub async fn run(arguments: HealthArguments) -> Result<(), Failure> {
    let base = match &arguments.url {
        Some(url) => url.clone(),
        None => arguments.config.internal_url()?,
    };
    let path = if arguments.live { "livez" } else { "readyz" };
    let url = base.join(path).map_err(|error| Failure::usage(error.to_string()))?;
    let (status, body) =
        plain_http::request(Method::GET, &url, None, None, Duration::from_secs(arguments.timeout)).await?;
    let text = String::from_utf8_lossy(&body);
    if arguments.output.json {
        output::json_line(&serde_json::json!({"url": url, "status": status.as_u16(), "answer": text}))?;
    } else {
        output::line(&format!("{url} {status}"))?;
        for line in text.lines() {
            output::line(line)?;
        }
    }
    if status == StatusCode::OK { Ok(()) } else { Err(Failure::new(Exit::Unavailable, "")) }
}
