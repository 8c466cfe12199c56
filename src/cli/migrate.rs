//! `elido migrate`: the schema of the source of truth.

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::{Exit, Failure};
use super::output::{self, OutputArguments};
use super::settings::ConfigArguments;
use crate::domain::error::{Error, ErrorKind};
use crate::infra::data_folder::keep_new_files_private;
use crate::infra::store;

/// Brings the database's schema up to date, or shows how far it is.
#[derive(Debug, Args)]
#[command(
    long_about = "Brings the schema of the source of truth up to date, or shows which migrations it has.\n\n`elido run` \
does the first by itself before it serves. Doing it apart is for deployments where only one process may change the schema. \
The database is the one of the settings (database.url)."
)]
pub struct MigrateCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Applies the migrations that are missing.
    #[command(after_long_help = "Examples:\n  elido migrate up\n  elido migrate up --config /etc/elido/elido.toml")]
    Up(DatabaseArguments),
    /// Lists every migration and whether the database has it. Ends with 1 if one is missing.
    #[command(after_long_help = "Examples:\n  elido migrate status\n  elido migrate status --json")]
    Status(DatabaseArguments),
}

#[derive(Debug, Args)]
struct DatabaseArguments {
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the command.
///
/// # Errors
/// When the settings have errors, the database is unavailable, or a migration fails.
pub async fn run(command: MigrateCommand) -> Result<(), Failure> {
    match command.what {
        What::Up(arguments) => up(&arguments).await,
        What::Status(arguments) => status(&arguments).await,
    }
}

async fn up(arguments: &DatabaseArguments) -> Result<(), Failure> {
    let config = arguments.config.load()?.config;
    keep_new_files_private();
    let applied = store::migrate(&config.database, &config.data_folder).await.map_err(failed)?;
    if arguments.output.json {
        return output::json_line(&json!({ "applied": applied }));
    }
    output::line(&format!("{applied} migrations applied; the schema is up to date"))
}

async fn status(arguments: &DatabaseArguments) -> Result<(), Failure> {
    let config = arguments.config.load()?.config;
    let migrations = store::migrations_status(&config.database, &config.data_folder).await.map_err(failed)?;
    let missing = migrations.iter().filter(|migration| !migration.applied).count();
    if arguments.output.json {
        let form = |migration: &store::MigrationStatus| json!({"version": migration.version, "name": migration.name, "applied": migration.applied});
        output::json(&migrations.iter().map(form).collect::<Vec<_>>())?;
    } else {
        let row = |migration: &store::MigrationStatus| {
            let state = if migration.applied { "applied" } else { "missing" };
            vec![migration.version.to_string(), migration.name.clone(), state.to_owned()]
        };
        output::table(&["version", "name", "state"], &migrations.iter().map(row).collect::<Vec<_>>())?;
    }
    if missing == 0 { Ok(()) } else { Err(Failure::new(Exit::Failure, format!("{missing} migrations are missing"))) }
}

/// Whoever operates the database reads the cause too.
fn failed(error: Error) -> Failure {
    let exit = if error.kind == ErrorKind::Unavailable { Exit::Unavailable } else { Exit::Failure };
    let cause = error.source.map(|source| format!(" ({source})")).unwrap_or_default();
    Failure::new(exit, format!("the database cannot be used: {}{cause}", error.message))
}
