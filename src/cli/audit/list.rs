//! `elido audit list`.

use clap::Args;

use super::TrailArguments;
use crate::cli::exit::Failure;
use crate::cli::listing;
use crate::cli::output::OutputArguments;
use crate::cli::pages::Pages;

/// The columns of the table.
const COLUMNS: [&str; 6] = ["sequence", "at", "actor", "action", "target", "address"];

/// Lists the audit trail, newest first.
#[derive(Debug, Args)]
#[command(
    long_about = "Lists the audit trail, newest first. With --json each row is one line of JSON, with all that it holds."
)]
#[command(after_long_help = "Examples:
  elido audit list
  elido audit list --action link.deleted --from 2026-05-01T00:00:00Z
  elido audit list --instance --limit 20 --json")]
pub(super) struct ListArguments {
    /// Only what this person (usr_…), this key (key_…) or the instance (instance) did.
    #[arg(long, value_name = "ID")]
    actor: Option<String>,
    /// Only this action, such as link.updated.
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Only what was done to the thing of this id.
    #[arg(long, value_name = "ID")]
    target: Option<String>,
    /// Only what was done at this moment or later.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only what was done before this moment.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: u64,
    #[command(flatten)]
    trail: TrailArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) async fn run(arguments: ListArguments) -> Result<(), Failure> {
    let (client, path) = arguments.trail.connect().await?;
    let filters = [
        ("actor", arguments.actor),
        ("action", arguments.action),
        ("target", arguments.target),
        ("from", arguments.from),
        ("until", arguments.until),
    ];
    let filters = filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    listing::print(Pages::new(&client, &path, filters), arguments.limit, &COLUMNS, arguments.output.json).await
}
