//! `elido migrate`: the schema of the source of truth.

use clap::{Args, Subcommand};

use super::exit::{Exit, Failure};
use super::output::{self, OutputArguments};
use super::settings::ConfigArguments;
use crate::domain::error::Error;
use crate::infra::store;

/// Brings the database's schema up to date, or says how far it is.
#[derive(Debug, Args)]
#[command(
    long_about = "Brings the database's schema up to date, or says how far it is.\n\nStarting the role api migrates by \
itself; this is for those who want it to happen before."
)]
pub struct MigrateCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Applies every migration that is missing.
    #[command(after_long_help = "Examples:\n  elido migrate up")]
    Up(MigrateArguments),
    /// Lists the migrations and whether each is applied.
    #[command(after_long_help = "Examples:\n  elido migrate status --json")]
    Status(MigrateArguments),
}

#[derive(Debug, Args)]
struct MigrateArguments {
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the command.
///
/// # Errors
/// The settings have mistakes, or the database cannot be used.
pub async fn run(command: MigrateCommand) -> Result<(), Failure> {
    match command.what {
        What::Up(arguments) => up(&arguments).await,
        What::Status(arguments) => status(&arguments).await,
    }
}

async fn up(arguments: &MigrateArguments) -> Result<(), Failure> {
    let config = arguments.config.load()?.config;
    let applied = store::migrate(&config.database, &config.data_folder).await.map_err(failed)?;
    if arguments.output.json {
        return output::json_line(&serde_json::json!({ "applied": applied }));
    }
    output::line(&format!("{applied} migrations applied"))
}

async fn status(arguments: &MigrateArguments) -> Result<(), Failure> {
    let config = arguments.config.load()?.config;
    let migrations = store::migrations_status(&config.database, &config.data_folder).await.map_err(failed)?;
    if arguments.output.json {
        let rows = migrations.iter().map(|migration| {
            serde_json::json!({ "version": migration.version, "name": migration.name, "applied": migration.applied })
        });
        return output::json(&rows.collect::<Vec<_>>());
    }
    migrations.iter().try_for_each(|migration| {
        let state = if migration.applied { "applied" } else { "missing" };
        output::line(&format!("{:04}  {state}  {}", migration.version, migration.name))
    })
}

/// The operator may read what clients of the API may not.
fn failed(error: Error) -> Failure {
    let cause = error.source.map(|source| format!(" {source}")).unwrap_or_default();
    Failure::new(Exit::Unavailable, format!("{}{cause}", error.message))
}
