//! `elido link list`.

use clap::Args;

use super::Context;
use crate::cli::exit::Failure;
use crate::cli::listing;
use crate::cli::pages::Pages;

/// The columns of the table.
const COLUMNS: [&str; 4] = ["short_url", "destination_url", "created_at", "id"];

/// Lists links, newest first.
#[derive(Debug, Args)]
#[command(long_about = "Lists the links of a workspace, newest first. With --json each link is one line of JSON.")]
#[command(after_long_help = "Examples:
  elido link list
  elido link list --search spring --tag campaign --limit 20
  elido link list --all --json | jq -r .short_url")]
pub struct ListArguments {
    /// Only links whose slug, destination or title contains this text.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only links with this tag.
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Only links on this domain.
    #[arg(long, value_name = "HOST")]
    domain: Option<String>,
    /// Only links in this folder, by its id; none for links in no folder.
    #[arg(long, value_name = "ID")]
    folder: Option<String>,
    /// Only links that are archived, or only those that are not.
    #[arg(long, value_name = "BOOL")]
    archived: Option<bool>,
    /// At most so many.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: u64,
    /// All of them, however many there are.
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

pub(super) async fn run(context: &Context, arguments: ListArguments) -> Result<(), Failure> {
    let filters = [
        ("search", arguments.search),
        ("tag", arguments.tag),
        ("domain", arguments.domain),
        ("folder", arguments.folder),
        ("archived", arguments.archived.map(|archived| archived.to_string())),
    ];
    let filters = filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let path = format!("{}/links", context.workspace);
    let wanted = if arguments.all { u64::MAX } else { arguments.limit };
    listing::print(Pages::new(&context.client, &path, filters), wanted, &COLUMNS, context.output.json).await
}
