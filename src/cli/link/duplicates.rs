//! `elido link duplicates`.

use clap::Args;

use super::Context;
use crate::cli::exit::Failure;
use crate::cli::listing;
use crate::cli::pages::Pages;

/// The columns of the table.
const COLUMNS: [&str; 2] = ["destination_url", "link_ids"];

/// Lists destinations that several links have, with the ids of these links.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  elido link duplicates
  elido link duplicates --json | jq -r .destination_url")]
pub struct DuplicatesArguments {}

pub(super) async fn run(context: &Context) -> Result<(), Failure> {
    let path = format!("{}/links/duplicates", context.workspace);
    let pages = Pages::new(&context.client, &path, Vec::new());
    listing::print(pages, u64::MAX, &COLUMNS, context.output.json).await
}
