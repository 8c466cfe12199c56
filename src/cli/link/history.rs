//! `elido link history`, `revert` and `undo`.

use clap::Args;
use serde_json::{Value, json};

use super::Context;
use crate::cli::api_client::Call;
use crate::cli::exit::{Exit, Failure};
use crate::cli::listing;
use crate::cli::output::{self, shown};
use crate::cli::pages::Pages;

/// The columns of the table.
const COLUMNS: [&str; 5] = ["version", "created_at", "action", "author", "changes"];

/// Shows what a link was: who changed what, newest first.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  elido link history https://go.example.com/sale
  elido link history go.example.com/sale --json | jq .changes")]
pub struct HistoryArguments {
    /// The link's id or its short URL.
    link: String,
}

/// Makes a link again what it was in a version of its history.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  elido link revert https://go.example.com/sale 3")]
pub struct RevertArguments {
    /// The link's id or its short URL.
    link: String,
    /// The version, as `elido link history` tells it.
    #[arg(value_name = "VERSION")]
    number: u64,
    /// Do it although its QR code may be in print.
    #[arg(long)]
    confirm_printed: bool,
}

/// Undoes your last change of links, or one of your last by its id.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  elido link undo
  elido link undo --change chg_0190b8f20000700080000000000000aa")]
pub struct UndoArguments {
    /// The change, as histories and bulk requests tell it.
    #[arg(long, value_name = "ID")]
    change: Option<String>,
    /// Undo it although QR codes of the links may be in print.
    #[arg(long)]
    confirm_printed: bool,
}

pub(super) async fn list(context: &Context, arguments: HistoryArguments) -> Result<(), Failure> {
    let path = format!("{}/history", context.link_path(&arguments.link).await?);
    let pages = Pages::new(&context.client, &path, Vec::new());
    listing::print(pages, u64::MAX, &COLUMNS, context.output.json).await
}

pub(super) async fn revert(context: &Context, arguments: RevertArguments) -> Result<(), Failure> {
    let path = context.link_path(&arguments.link).await?;
    let current = context.client.call(&Call::get(&path, &[])).await?;
    let path = format!("{path}/revert");
    let draft = json!({ "version": arguments.number, "confirm_printed": arguments.confirm_printed });
    let call = Call::post(&path, &draft)?.if_match(current.etag);
    let response = context.client.call(&call).await?;
    if context.output.json {
        return context.print(&response.body);
    }
    let (url, version) = (shown(response.body.get("short_url")), shown(response.body.get("version")));
    output::line(&format!("{url} is what it was, as version {version}"))
}

pub(super) async fn undo(context: &Context, arguments: UndoArguments) -> Result<(), Failure> {
    let path = format!("{}/links/undo", context.workspace);
    let mut body = json!({ "confirm_printed": arguments.confirm_printed });
    if let (Some(change), Some(fields)) = (arguments.change, body.as_object_mut()) {
        fields.insert("change_id".to_owned(), change.into());
    }
    let response = context.client.call(&Call::post(&path, &body)?).await?;
    if context.output.json {
        return output::json(&response.body);
    }
    let results = response.body.get("results").and_then(Value::as_array).cloned().unwrap_or_default();
    let (failed, done): (Vec<&Value>, Vec<&Value>) = results.iter().partition(|result| result.get("problem").is_some());
    output::line(&format!("{} links are what they were", done.len()))?;
    if failed.is_empty() {
        return Ok(());
    }
    for result in &failed {
        output::note(&shown(result.pointer("/problem/detail")));
    }
    Err(Failure::new(Exit::Failure, format!("{} links were left as they are", failed.len())))
}
