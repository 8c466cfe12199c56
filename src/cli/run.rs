//! `elido run`: the platform itself.

use std::process::ExitCode;

use clap::Args;

use super::exit::{Exit, Failure};
use super::output;
use super::settings::ConfigArguments;
use crate::infra::data_folder::keep_new_files_private;
use crate::roles::{self, Roles, StartError};

/// Starts the platform, or some roles of it, in the foreground.
#[derive(Debug, Args)]
#[command(
    long_about = "Starts the platform, or some roles of it, in the foreground.\n\nWithout settings it keeps its data in the \
folder data and needs nothing else installed. SIGTERM or Ctrl-C stops it: new work is refused, work in hand is finished, \
clicks on their way are stored as far as time allows, and the rest waits on disk. A second signal ends it at once.",
    after_long_help = "Examples:\n  elido run\n  elido run --role edge,api\n  elido run --config /etc/elido/elido.toml"
)]
pub struct RunArguments {
    /// What this process is for: edge, api, ingester, workers or all; several are joined by commas.
    #[arg(long, env = "ELIDO_ROLE", value_name = "ROLES", default_value = "all")]
    role: Roles,
    #[command(flatten)]
    config: ConfigArguments,
}

/// Runs until a signal.
///
/// # Errors
/// What kept the platform from starting.
pub fn run(arguments: RunArguments) -> Result<ExitCode, Failure> {
    let loaded = arguments.config.load()?;
    keep_new_files_private();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
    let ended = runtime.block_on(roles::run(loaded, arguments.role, |welcome| welcome.lines().for_each(output::note)));
    // After a second signal, nothing that still runs is waited for.
    runtime.shutdown_background();
    ended.map_err(|error| {
        let exit = match error {
            StartError::Config(_) => Exit::Config,
            StartError::Database(_) | StartError::ClickStore(_) => Exit::Unavailable,
            StartError::Machine(_) | StartError::DatabaseLost { .. } => Exit::Failure,
        };
        Failure::new(exit, error.to_string())
    })
}
