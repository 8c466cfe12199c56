//! `elido backup`: a copy of an installation that keeps everything on its own disk.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::output::{self, OutputArguments};
use super::settings::ConfigArguments;
use crate::infra::backup::{self, BackupError, Places};
use crate::infra::data_folder::keep_new_files_private;

/// Backs up an installation on its own disk, also while it serves.
#[derive(Debug, Args)]
#[command(
    long_about = "Backs up an installation whose databases are SQLite files, also while it serves.\n\nIt makes a folder that is named after the moment and holds the \
databases, the journals, the objects and the keys, with a manifest of checksums and rows. Every write and every click that was answered before it began is in it. \
Whoever reads it can read all that the installation keeps: guard it as the data folder itself. `elido restore` puts it back."
)]
#[command(after_long_help = "Examples:
  elido backup --to /mnt/backups
  elido backup --to /mnt/backups --config /etc/elido/elido.toml --json")]
pub struct BackupArguments {
    /// The folder to make the backup in, best on another disk. It is made where there is none.
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the command.
///
/// # Errors
/// When the settings have errors, a database is on a server, or a file cannot be read or written.
pub async fn run(arguments: BackupArguments) -> Result<(), Failure> {
    let began = Instant::now();
    let config = arguments.config.load()?.config;
    keep_new_files_private();
    let places = Places::of(&config).map_err(failed)?;
    let (folder, manifest) = backup::take(&places, &arguments.to).await.map_err(failed)?;
    let seconds = began.elapsed().as_secs_f64();
    if arguments.output.json {
        return output::json_line(&json!({
            "folder": folder, "taken_at": manifest.taken_at, "files": manifest.files.len(), "bytes": manifest.bytes(),
            "rows": manifest.rows, "seconds": seconds,
        }));
    }
    let (files, bytes) = (manifest.files.len(), manifest.bytes());
    output::line(&format!("{}: {files} files, {bytes} bytes, in {seconds:.1} s", folder.display()))
}

/// Which sort of failure a backup ended with.
pub(super) fn failed(error: BackupError) -> Failure {
    let exit = match &error {
        BackupError::OnServer { .. } => Exit::Config,
        BackupError::WithinData(_) | BackupError::Occupied(_) => Exit::Usage,
        BackupError::Manifest { .. } | BackupError::Changed { .. } => Exit::Data,
        BackupError::Database(_) | BackupError::File { .. } => Exit::Failure,
    };
    Failure::new(exit, error.to_string())
}
