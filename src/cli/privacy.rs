//! `elido privacy`: what data-protection officers ask for, for those who run the instance.

use clap::{Args, Subcommand};

use super::exit::{Exit, Failure};
use super::output;
use super::settings::ConfigArguments;
use crate::domain::error::Error;
use crate::domain::id::WorkspaceId;
use crate::infra::store::{Store, workspaces};
use crate::services::api_core::{ProcessingFacts, WorkspacePolicy};

/// Writes what data-protection officers ask for.
#[derive(Debug, Args)]
pub struct PrivacyCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Writes the record of processing activities, as Markdown.
    #[command(
        long_about = "Writes the record of processing activities (GDPR, article 30) as Markdown, from the settings that hold and from what workspaces decide of their clicks.\n\nIt names which data are processed, for how long they are kept, who receives them and how they are erased. What no software can know, such as who is responsible, is left to be filled in.",
        after_long_help = "Examples:\n  elido privacy record > record.md\n  elido privacy record --workspace ws_0190b8f20000700080000000000000bb"
    )]
    Record(RecordArguments),
}

#[derive(Debug, Args)]
struct RecordArguments {
    /// Of this workspace; of all that decide anything of their clicks if absent.
    #[arg(long, value_name = "ID")]
    workspace: Option<WorkspaceId>,
    #[command(flatten)]
    config: ConfigArguments,
}

/// Runs the command.
///
/// # Errors
/// When the settings have errors, the database does not answer, or there is no such workspace.
pub async fn run(command: PrivacyCommand) -> Result<(), Failure> {
    let What::Record(arguments) = command.what;
    let config = arguments.config.load()?.config;
    let store = Store::connect(&config.database, &config.data_folder).await.map_err(|error| unavailable(&error))?;
    let known = workspaces::click_policies(store.reader()).await.map_err(|error| unavailable(&error))?;
    let mut wanted: Vec<WorkspaceId> = match arguments.workspace {
        Some(workspace) => vec![workspace],
        None => known.keys().copied().collect(),
    };
    wanted.sort_unstable();
    let mut of = Vec::new();
    for id in wanted {
        let found = workspaces::find(store.reader(), id).await.map_err(|error| unavailable(&error))?;
        match found {
            Some(workspace) => {
                of.push(WorkspacePolicy { name: workspace.name, policy: known.get(&id).copied().unwrap_or_default() });
            }
            None if arguments.workspace.is_some() => {
                return Err(Failure::new(Exit::Failure, format!("there is no workspace {id}")));
            }
            // It was deleted meanwhile.
            None => {}
        }
    }
    output::line(ProcessingFacts::of(&config).record(&of).trim_end())
}

fn unavailable(error: &Error) -> Failure {
    let cause = error.source.as_ref().map_or_else(|| error.to_string(), ToString::to_string);
    Failure::new(Exit::Unavailable, format!("the database cannot be read: {cause}"))
}
