//! `elido analytics export`: has clicks written into a file, and fetches it.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::Query;
use crate::cli::api_client::ApiClient;
use crate::cli::exit::Failure;
use crate::cli::written_file;

/// Which file.
#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    /// The file.
    file: PathBuf,
    /// Its form.
    #[arg(long, default_value = "csv", value_parser = ["csv", "ndjson", "parquet"])]
    format: String,
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses, or the file cannot be written.
pub(super) async fn run(
    client: &ApiClient,
    analytics: &str,
    query: &Query<'_>,
    arguments: ExportArguments,
    json: bool,
) -> Result<(), Failure> {
    let workspace = analytics.strip_suffix("/analytics").unwrap_or(analytics);
    let filters = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let draft = [("format", json!(arguments.format)), ("filters", json!(filters))];
    let draft: Map<String, Value> = draft.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    written_file::fetch(client, &format!("{workspace}/click-exports"), &draft, &arguments.file, json).await
}
