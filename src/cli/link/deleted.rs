//! `elido link deleted`, `restore` and `purge`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::Context;
use crate::cli::api_client::Call;
use crate::cli::exit::Failure;
use crate::cli::listing;
use crate::cli::output::{self, shown};
use crate::cli::pages::Pages;

/// The columns of the table.
const COLUMNS: [&str; 5] = ["id", "domain", "slug", "deleted_at", "purge_at"];

/// Lists deleted links that can be restored, last deleted first.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  elido link deleted")]
pub struct DeletedArguments {}

/// Brings a deleted link back, with its clicks and its history.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  elido link restore lnk_0190b8f20000700080000000000000aa
  elido link restore lnk_0190b8f20000700080000000000000aa --slug sale-again
  elido link restore lnk_0190b8f20000700080000000000000aa --domain go.example.com")]
pub struct RestoreArguments {
    /// The link, by its id.
    link: String,
    /// Another slug, for where the old one is taken.
    #[arg(long, conflicts_with = "ask")]
    slug: Option<String>,
    /// Another domain of the workspace, for where the old one was deleted.
    #[arg(long, value_name = "HOST", conflicts_with = "ask")]
    domain: Option<String>,
    /// Ask a second person for it, of a link that needs that, and say why.
    #[arg(long, value_name = "NOTE")]
    ask: Option<String>,
}

/// Forgets a deleted link before its time, so that it cannot be restored.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  elido link purge lnk_0190b8f20000700080000000000000aa")]
pub struct PurgeArguments {
    /// The link, by its id.
    link: String,
    /// Ask a second person for it, of a link that needs that, and say why.
    #[arg(long, value_name = "NOTE")]
    ask: Option<String>,
}

pub(super) async fn list(context: &Context, _: DeletedArguments) -> Result<(), Failure> {
    let path = format!("{}/deleted-links", context.workspace);
    let pages = Pages::new(&context.client, &path, Vec::new());
    listing::print(pages, u64::MAX, &COLUMNS, context.output.json).await
}

pub(super) async fn restore(context: &Context, arguments: RestoreArguments) -> Result<(), Failure> {
    if let Some(note) = arguments.ask {
        let path = format!("{}/links/{}", context.workspace, arguments.link);
        return context.ask(&path, &json!({ "restore": true, "note": note })).await;
    }
    let path = format!("{}/deleted-links/{}/restore", context.workspace, arguments.link);
    let fields = [("slug", arguments.slug), ("domain", arguments.domain)];
    let body: Map<String, Value> =
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
    let response = context.client.call(&Call::post(&path, &body)?).await?;
    if context.output.json {
        return context.print(&response.body);
    }
    output::line(&shown(response.body.get("short_url")))
}

pub(super) async fn purge(context: &Context, arguments: PurgeArguments) -> Result<(), Failure> {
    if let Some(note) = arguments.ask {
        let path = format!("{}/links/{}", context.workspace, arguments.link);
        return context.ask(&path, &json!({ "purge": true, "note": note })).await;
    }
    let path = format!("{}/deleted-links/{}", context.workspace, arguments.link);
    context.client.call(&Call::delete(&path)).await?;
    if context.output.json {
        return output::json(&json!({ "purged": arguments.link }));
    }
    output::line(&format!("{} cannot be restored any longer", arguments.link))
}
