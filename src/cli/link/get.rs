//! `elido link get`.

use clap::Args;

use super::Context;
use crate::cli::api_client::Call;
use crate::cli::exit::Failure;

/// Shows a link.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  elido link get https://go.example.com/sale
  elido link get lnk_0190b8f20000700080000000000000aa --json")]
pub struct GetArguments {
    /// The link's id or its short URL.
    link: String,
}

pub(super) async fn run(context: &Context, arguments: GetArguments) -> Result<(), Failure> {
    let path = context.link_path(&arguments.link).await?;
    let response = context.client.call(&Call::get(&path, &[])).await?;
    context.print(&response.body)
}
