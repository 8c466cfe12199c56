//! `elido restore`: puts a backup back, or tries whether it could be.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde_json::json;

use super::audit;
use super::backup::failed;
use super::exit::{Exit, Failure};
use super::output::{self, OutputArguments};
use super::settings::ConfigArguments;
use crate::config::Config;
use crate::infra::backup::{self, Manifest, Places};
use crate::infra::data_folder::keep_new_files_private;
use crate::infra::store::{self, Store};

/// Puts a backup back into an empty data folder, or checks that it can be.
#[derive(Debug, Args)]
#[command(
    long_about = "Puts a backup of `elido backup` back to where the settings say that data is, and checks it: the checksum of every file, the pages and the rows of \
the databases, the chains of the audit trail. Nothing may be there yet. Start the platform afterwards: clicks that waited in journals are stored then, once each, and edges \
doubt all that they know.\n\nWith --verify it does all of that in a folder of its own beside the backup, which it removes again: a drill that touches nothing else."
)]
#[command(after_long_help = "Examples:
  elido restore /mnt/backups/elido-20260501T020000Z
  elido restore /mnt/backups/elido-20260501T020000Z --verify")]
pub struct RestoreArguments {
    /// The folder of the backup.
    backup: PathBuf,
    /// Change nothing: put it back beside the backup, check it, remove it.
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// What a backup has proved to be.
struct Checked {
    manifest: Manifest,
    chains: usize,
    seconds: f64,
}

/// Runs the command.
///
/// # Errors
/// When the settings have errors, the backup is not whole, or something is where it belongs.
pub async fn run(arguments: RestoreArguments) -> Result<(), Failure> {
    let config = arguments.config.load()?.config;
    keep_new_files_private();
    let checked = if arguments.verify {
        verify(&arguments.backup, config).await?
    } else {
        restore(&arguments.backup, &config).await?
    };
    let Checked { manifest, chains, seconds } = checked;
    if arguments.output.json {
        return output::json_line(&json!({
            "restored": !arguments.verify, "taken_at": manifest.taken_at, "version": manifest.version, "files": manifest.files.len(),
            "bytes": manifest.bytes(), "rows": manifest.rows, "audit_chains": chains, "seconds": seconds,
        }));
    }
    let what = if arguments.verify { "the backup is whole" } else { "restored" };
    output::line(&format!(
        "{what}: taken at {}, {} files, {} bytes, {chains} audit chains, in {seconds:.1} s",
        manifest.taken_at,
        manifest.files.len(),
        manifest.bytes()
    ))
}

async fn restore(backup: &Path, config: &Config) -> Result<Checked, Failure> {
    let began = Instant::now();
    let places = Places::of(config).map_err(failed)?;
    let manifest = backup::read(backup).map_err(failed)?;
    backup::restore_files(backup, &manifest, &places).map_err(failed)?;
    backup::check_rows(&manifest, &places).await.map_err(failed)?;
    let chains = check_chains(config).await?;
    Ok(Checked { manifest, chains, seconds: began.elapsed().as_secs_f64() })
}

/// The same in a folder that is gone afterwards, wherever the settings keep things.
async fn verify(backup: &Path, config: Config) -> Result<Checked, Failure> {
    let parent = backup.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let drill = parent.join(format!(".elido-drill-{}", std::process::id()));
    let checked = restore(backup, &config.on_its_own_disk(&drill)).await;
    match fs::remove_dir_all(&drill) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::file(&drill, &error)),
        _ => checked,
    }
}

async fn check_chains(config: &Config) -> Result<usize, Failure> {
    let unusable = |error| Failure::new(Exit::Failure, format!("the restored database cannot be used: {error}"));
    store::migrate(&config.database, &config.data_folder).await.map_err(unusable)?;
    let store = Store::connect(&config.database, &config.data_folder).await.map_err(unusable)?;
    let checked = audit::check_chains(&store).await;
    store.close().await;
    checked
}
