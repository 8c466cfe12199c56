//! `elido clicks`: what became of clicks on their way, for those who run the instance.

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::{Exit, Failure};
use super::output::{self, OutputArguments};
use super::settings::ConfigArguments;
use crate::infra::click_topic::{self, ReplayError};

/// Looks after clicks on their way into the click store.
#[derive(Debug, Args)]
pub struct ClicksCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Puts records that were no click back among the clicks, such as after an update that can read them.
    #[command(
        long_about = "Puts records that were no click back among the clicks, such as after an update that can read them.\n\nThey are in \
the topic NAME.dead of the bus beside the topic of clicks, each with the reason. Each is put back once, however often this runs; one that \
is still no click dies again, with the next reason.",
        after_long_help = "Examples:\n  elido clicks replay-dead"
    )]
    ReplayDead(ReplayArguments),
}

#[derive(Debug, Args)]
struct ReplayArguments {
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the command.
///
/// # Errors
/// When the settings have errors, or the bus or the database does not answer.
pub async fn run(command: ClicksCommand) -> Result<(), Failure> {
    let What::ReplayDead(arguments) = command.what;
    let config = arguments.config.load()?.config;
    let replayed = click_topic::replay_dead_clicks(&config).await.map_err(|error| failed(&error))?;
    if arguments.output.json {
        return output::json_line(&json!({ "replayed": replayed }));
    }
    output::line(&format!("{replayed} records replayed"))
}

fn failed(error: &ReplayError) -> Failure {
    let exit = if matches!(error, ReplayError::NoBus) { Exit::Config } else { Exit::Unavailable };
    Failure::new(exit, error.to_string())
}
