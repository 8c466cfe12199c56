//! Files that a worker writes: asked for, waited for, fetched.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use url::Url;

use super::api_client::{ApiClient, Call};
use super::audit::save;
use super::exit::{Exit, Failure};
use super::output;

/// How often it asks whether the export is ready.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long it waits for that.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// Asks for an export of this sort, waits until it is ready, and writes it into a file.
///
/// # Errors
/// When the server cannot be reached or refuses, the export fails, or the file cannot be written.
pub(super) async fn fetch(
    client: &ApiClient,
    exports: &str,
    draft: &Map<String, Value>,
    file: &Path,
    json: bool,
) -> Result<(), Failure> {
    let asked = client.call(&Call::post(exports, draft)?).await?.body;
    let id = asked.get("id").and_then(Value::as_str).unwrap_or_default();
    let export = wait_for(client, &format!("{exports}/{id}")).await?;
    let link = client.call(&Call::get(&format!("{exports}/{id}/link"), &[])).await?.body;
    let url = link.get("url").and_then(Value::as_str).and_then(|url| Url::parse(url).ok());
    let url = url.ok_or_else(|| Failure::new(Exit::Failure, "the server gave no link"))?;
    let bytes = save(client.follow(&url).await?, file).await?;
    if json {
        return output::json_line(&json!({ "file": file, "bytes": bytes, "export": export }));
    }
    output::line(&format!("{bytes} bytes written to {}", file.display()))
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
