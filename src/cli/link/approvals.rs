//! `elido link requests`, `approve`, `refuse` and `withdraw`.

use clap::Args;
use serde_json::json;

use super::Context;
use crate::cli::api_client::Call;
use crate::cli::exit::Failure;
use crate::cli::listing;
use crate::cli::output;
use crate::cli::pages::Pages;

/// The columns of the table.
const COLUMNS: [&str; 7] = ["id", "link_id", "action", "state", "author", "changes", "expires_at"];

/// Lists changes that were asked for of links that need a second person, newest first.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  elido link requests
  elido link requests --state refused --json | jq .reason")]
pub struct RequestsArguments {
    /// Only those that this became of: pending, approved, refused, withdrawn or expired; `all` for all.
    #[arg(long, value_name = "STATE", default_value = "pending")]
    state: String,
}

/// Makes a change that somebody else asked for.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  elido link approve crq_0190b8f20000700080000000000000aa")]
pub struct ApproveArguments {
    /// The change, as `elido link requests` tells it.
    request: String,
    /// Make it although the QR code of the link may be in print.
    #[arg(long)]
    confirm_printed: bool,
}

/// Refuses a change that somebody else asked for.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Examples:\n  elido link refuse crq_0190b8f20000700080000000000000aa --reason 'Not before June'"
)]
pub struct RefuseArguments {
    /// The change, as `elido link requests` tells it.
    request: String,
    /// Why, for whoever asked.
    #[arg(long)]
    reason: Option<String>,
}

/// Takes a change back that you asked for.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  elido link withdraw crq_0190b8f20000700080000000000000aa")]
pub struct WithdrawArguments {
    /// The change, as `elido link requests` tells it.
    request: String,
}

pub(super) async fn list(context: &Context, arguments: RequestsArguments) -> Result<(), Failure> {
    let path = format!("{}/change-requests", context.workspace);
    let state = Some(arguments.state).filter(|state| state != "all");
    let pages = Pages::new(&context.client, &path, state.map(|state| ("state", state)).into_iter().collect());
    listing::print(pages, u64::MAX, &COLUMNS, context.output.json).await
}

pub(super) async fn approve(context: &Context, arguments: ApproveArguments) -> Result<(), Failure> {
    let path = format!("{}/change-requests/{}/approve", context.workspace, arguments.request);
    let body = json!({ "confirm_printed": arguments.confirm_printed });
    let response = context.client.call(&Call::post(&path, &body)?).await?;
    if context.output.json {
        return output::json(&response.body);
    }
    output::line(&format!("{} is made", arguments.request))
}

pub(super) async fn refuse(context: &Context, arguments: RefuseArguments) -> Result<(), Failure> {
    let path = format!("{}/change-requests/{}/refuse", context.workspace, arguments.request);
    let body = arguments.reason.map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
    let response = context.client.call(&Call::post(&path, &body)?).await?;
    if context.output.json {
        return output::json(&response.body);
    }
    output::line(&format!("{} is refused", arguments.request))
}

pub(super) async fn withdraw(context: &Context, arguments: WithdrawArguments) -> Result<(), Failure> {
    let path = format!("{}/change-requests/{}", context.workspace, arguments.request);
    context.client.call(&Call::delete(&path)).await?;
    if context.output.json {
        return output::json(&json!({ "withdrawn": arguments.request }));
    }
    output::line(&format!("{} is taken back", arguments.request))
}
