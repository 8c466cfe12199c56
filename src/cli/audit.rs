//! `elido audit`: the audit trail over the API, and whether it is whole, without it.

mod archive;
mod database;
mod evidence;
mod list;
mod rows;
mod verify;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use super::api_client::{ApiArguments, ApiClient, Call, Download};
use super::exit::{Exit, Failure};
use super::output::OutputArguments;
use crate::infra::store::Store;

/// Reads the audit trail, and tells whether it is whole.
#[derive(Debug, Args)]
#[command(
    long_about = "Reads the audit trail of a workspace, or of the instance, over the API, and tells whether a file of it or the \
database is whole: as it was written, with no row changed, removed, added or moved."
)]
pub struct AuditCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    List(list::ListArguments),
    Export(ExportArguments),
    Evidence(evidence::EvidenceArguments),
    Verify(verify::VerifyArguments),
}

/// Reads every chain of a database and says how many there are.
///
/// # Errors
/// The database cannot be read, or a chain is not whole.
pub(super) async fn check_chains(store: &Store) -> Result<usize, Failure> {
    let verdicts = database::verify(store).await?;
    match verdicts.iter().find_map(|verdict| Some((verdict.chain, verdict.broken.as_ref()?))) {
        Some((chain, reason)) => {
            Err(Failure::new(Exit::Data, format!("the audit chain {chain} is not whole: {reason}")))
        }
        None => Ok(verdicts.len()),
    }
}

/// Whose trail, over the API.
#[derive(Debug, Args)]
struct TrailArguments {
    /// The trail of the instance in place of a workspace's: accounts, sessions, workspaces that were deleted.
    #[arg(long)]
    instance: bool,
    #[command(flatten)]
    api: ApiArguments,
}

/// Writes the audit trail into a file, oldest row first.
#[derive(Debug, Args)]
#[command(
    long_about = "Writes the audit trail into a file, oldest row first. A file of NDJSON says in its first line which chain it is of \
and where the chain ended, so that `elido audit verify` finds out on any machine whether it is whole."
)]
#[command(after_long_help = "Examples:
  elido audit export audit.ndjson
  elido audit export --after 1200 audit-2.ndjson
  elido audit export --instance --format csv audit.csv")]
struct ExportArguments {
    /// The file, or - for standard output.
    file: PathBuf,
    /// The form of the file.
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,
    /// Only rows behind this number, the last of the file before.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    after: u64,
    #[command(flatten)]
    trail: TrailArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// One JSON object a line, behind a line that describes the file.
    Ndjson,
    /// Comma-separated values.
    Csv,
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses, a file cannot be read or written, or a chain is not whole.
pub async fn run(command: AuditCommand) -> Result<(), Failure> {
    match command.what {
        What::List(arguments) => list::run(arguments).await,
        What::Export(arguments) => export(arguments).await,
        What::Evidence(arguments) => evidence::run(arguments).await,
        What::Verify(arguments) => verify::run(arguments).await,
    }
}

impl TrailArguments {
    /// A client, and the path of the trail.
    async fn connect(&self) -> Result<(ApiClient, String), Failure> {
        let client = ApiClient::new(&self.api)?;
        if self.instance {
            return Ok((client, "v1/admin/audit-events".to_owned()));
        }
        let workspace = client.workspace_path(&self.api).await?;
        Ok((client, format!("{workspace}/audit-events")))
    }
}

async fn export(arguments: ExportArguments) -> Result<(), Failure> {
    let (client, path) = arguments.trail.connect().await?;
    let path = format!("{path}/export");
    let format = match arguments.format {
        Format::Ndjson => "ndjson",
        Format::Csv => "csv",
    };
    let query = [("format", format.to_owned()), ("after", arguments.after.to_string())];
    let mut download = client.download(&Call::get(&path, &query)).await?;
    if arguments.file.as_os_str() == "-" {
        while let Some(piece) = download.next().await? {
            super::output::verbatim(&piece)?;
        }
        return Ok(());
    }
    let bytes = save(download, &arguments.file).await?;
    if arguments.output.json {
        return super::output::json_line(&serde_json::json!({ "file": arguments.file, "bytes": bytes }));
    }
    super::output::line(&format!("{bytes} bytes written to {}", arguments.file.display()))
}

/// Writes a download into a file, under another name until it is whole. Returns its length in bytes.
pub(super) async fn save(mut download: Download, path: &Path) -> Result<u64, Failure> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let unwritten = |error: io::Error| Failure::file(&partial, &error);
    let mut file = File::create(&partial).map_err(unwritten)?;
    let mut bytes = 0_u64;
    while let Some(piece) = download.next().await? {
        file.write_all(&piece).map_err(unwritten)?;
        bytes = bytes.saturating_add(u64::try_from(piece.len()).unwrap_or(0));
    }
    file.sync_all().and_then(|()| fs::rename(&partial, path)).map_err(unwritten)?;
    Ok(bytes)
}
