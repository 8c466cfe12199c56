//! `elido link delete`.

use clap::Args;
use serde_json::json;

use super::Context;
use crate::cli::api_client::Call;
use crate::cli::exit::Failure;
use crate::cli::output;

/// Deletes links. Visitors get 410 from then on, and the links keep their slugs until they are purged; their clicks stay in analytics.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  elido link delete https://go.example.com/sale
  elido link delete lnk_0190b8f20000700080000000000000aa lnk_0190b8f20000700080000000000000ab
  elido link delete go.example.com/sale --ask 'The sale is over'")]
pub struct DeleteArguments {
    /// The links' ids or short URLs.
    #[arg(required = true, value_name = "LINK")]
    links: Vec<String>,
    /// Delete them although their QR codes may be in print.
    #[arg(long)]
    confirm_printed: bool,
    /// Ask a second person for it, of links that need that, and say why.
    #[arg(long, value_name = "NOTE", conflicts_with = "confirm_printed")]
    ask: Option<String>,
}

pub(super) async fn run(context: &Context, arguments: DeleteArguments) -> Result<(), Failure> {
    for link in &arguments.links {
        let path = context.link_path(link).await?;
        if let Some(note) = &arguments.ask {
            context.ask(&path, &json!({ "delete": true, "note": note })).await?;
            continue;
        }
        let query = if arguments.confirm_printed { "?confirm_printed=true" } else { "" };
        context.client.call(&Call::delete(&format!("{path}{query}"))).await?;
        if context.output.json {
            output::json_line(&json!({"deleted": link}))?;
        } else {
            output::line(&format!("deleted {link}"))?;
        }
    }
    Ok(())
}
