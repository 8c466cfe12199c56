//! `elido audit evidence`: has an evidence export written, and fetches it.

use std::path::PathBuf;

use crate::cli::api_client::{ApiArguments, ApiClient};
use crate::cli::exit::Failure;
use crate::cli::output::OutputArguments;
use crate::cli::written_file;
use crate::domain::time::Timestamp;
use clap::Args;
use serde_json::{Map, Value, json};

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
    written_file::fetch(&client, &exports, &arguments.draft(), &arguments.file, arguments.output.json).await
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
