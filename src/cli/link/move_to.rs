//! `elido link move`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::Context;
use crate::cli::api_client::Call;
use crate::cli::exit::Failure;
use crate::cli::output::{self, shown};

/// Moves a link to another workspace, with its history, its comments and its tags. Its clicks until then stay in the analytics of the old one.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  elido link move https://localhost/sale --to ws_0190b8f20000700080000000000000aa
  elido link move go.example.com/sale --to ws_0190b8f20000700080000000000000aa --domain go.example.org")]
pub struct MoveArguments {
    /// The link's id or short URL.
    link: String,
    /// The workspace that shall have it, by its id.
    #[arg(long, value_name = "WORKSPACE")]
    to: String,
    /// A domain that workspace may use; needed unless the link is on the default domain.
    #[arg(long, value_name = "HOST")]
    domain: Option<String>,
    /// Another slug.
    #[arg(long)]
    slug: Option<String>,
    /// A folder of that workspace, by its id.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<String>,
    /// Move it although its QR code may be in print.
    #[arg(long)]
    confirm_printed: bool,
}

pub(super) async fn run(context: &Context, arguments: MoveArguments) -> Result<(), Failure> {
    let path = format!("{}/move", context.link_path(&arguments.link).await?);
    let mut body = Map::new();
    body.insert("workspace_id".to_owned(), json!(arguments.to));
    body.insert("confirm_printed".to_owned(), json!(arguments.confirm_printed));
    let chosen = [("domain", arguments.domain), ("slug", arguments.slug), ("folder_id", arguments.folder)];
    let chosen = chosen.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?))));
    body.extend(chosen);
    let response = context.client.call(&Call::post(&path, &Value::Object(body))?).await?;
    if context.output.json {
        return context.print(&response.body);
    }
    output::line(&shown(response.body.get("short_url")))
}
