//! `elido audit evidence`: has an evidence export written, and fetches it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Map, Value, json};
use url::Url;

use super::save;
use crate::cli::api_client::{ApiArguments, ApiClient, Call};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{self, OutputArguments};
use crate::domain::time::Timestamp;

/// How often it asks whether the export is ready.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long it waits for that.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// Has a part of the audit trail of a workspace written into a signed archive, and fetches it.
#[derive(Debug, Args)]
#[command(
    long_about = "Has a part of the audit trail of a workspace written into a signed archive, waits until it is ready, and fetches it. \
`elido audit verify` checks it on any machine, with the public key of the instance."
)]
#[command(after_long_help = "Examples:
  elido audit evidence evidence.tar.gz
  elido audit evidence --from 2026-01-01T00:00:00Z --until 2026-04-01T00:00:00Z first-quarter.tar.gz
  elido audit evidence --after 1200 evidence-2.tar.gz")]
pub(super) struct EvidenceArguments {
    /// The file.
    file: PathBuf,
    /// Only rows behind this number, such as the last of the export before.
    #[arg(long, value_name = "NUMBER")]
    after: Option<u32>,
    /// Only rows up to this number.
    #[arg(long, value_name = "NUMBER")]
    through: Option<u32>,
    /// Only from this moment on.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["after", "through"])]
    from: Option<Timestamp>,
    /// Only before this moment.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["after", "through"])]
    until: Option<Timestamp>,
    #[command(flatten)]
    api: ApiArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses, the trail is not whole, or the file cannot be written.
pub(super) async fn run(arguments: EvidenceArguments) -> Result<(), Failure> {
    let client = ApiClient::new(&arguments.api)?;
    let exports = format!("{}/evidence-exports", client.workspace_path(&arguments.api).await?);
    let asked = client.call(&Call::post(&exports, &arguments.draft())?).await?.body;
    let id = asked.get("id").and_then(Value::as_str).unwrap_or_default();
    let export = wait_for(&client, &format!("{exports}/{id}")).await?;
    let link = client.call(&Call::get(&format!("{exports}/{id}/link"), &[])).await?.body;
    let url = link.get("url").and_then(Value::as_str).and_then(|url| Url::parse(url).ok());
    let url = url.ok_or_else(|| Failure::new(Exit::Failure, "the server gave no link"))?;
    let bytes = save(client.follow(&url).await?, &arguments.file).await?;
    if arguments.output.json {
        return output::json_line(&json!({ "file": arguments.file, "bytes": bytes, "export": export }));
    }
    output::line(&format!("{bytes} bytes written to {}", arguments.file.display()))
}

impl EvidenceArguments {
    fn draft(&self) -> Map<String, Value> {
        let fields = [
            ("after", self.after.map(|number| json!(number))),
            ("through", self.through.map(|number| json!(number))),
            ("from", self.from.map(|time| json!(time))),
            ("until", self.until.map(|time| json!(time))),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

/// The export, once it is ready.
async fn wait_for(client: &ApiClient, path: &str) -> Result<Value, Failure> {
    let started = Instant::now();
    loop {
        let export = client.call(&Call::get(path, &[])).await?.body;
        match export.get("state").and_then(Value::as_str) {
            Some("ready") => return Ok(export),
            Some("failed") => {
                let reason = export.get("error").and_then(Value::as_str).unwrap_or_default();
                return Err(Failure::new(Exit::Failure, format!("the export cannot be written: {reason}")));
            }
            _ if started.elapsed() > PATIENCE => {
                let message = format!("the export is not ready after an hour; look at {path} later");
                return Err(Failure::new(Exit::Unavailable, message));
            }
            _ => tokio::time::sleep(INTERVAL).await,
        }
    }
}
