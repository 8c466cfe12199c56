//! `elido link get`.

use clap::Args;

use super::Context;
use crate::cli::api_client::Call;
use crate::cli::exit::Failure;

/// Shows a link.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  elido link get https://go.example.com/sale
  elido link get lnk_0190b8f20000700080000000000000aa --json
  elido link get --external-id crm-7")]
pub struct GetArguments {
    /// The link's id or its short URL.
    #[arg(required_unless_present = "external_id")]
    link: Option<String>,
    /// How another system names the link.
    #[arg(long, value_name = "ID", conflicts_with = "link")]
    external_id: Option<String>,
}

pub(super) async fn run(context: &Context, arguments: GetArguments) -> Result<(), Failure> {
    let path = match arguments.external_id {
        Some(id) => context.external_id_path(&id),
        None => context.link_path(&arguments.link.unwrap_or_default()).await?,
    };
    let response = context.client.call(&Call::get(&path, &[])).await?;
    context.print(&response.body)
}
