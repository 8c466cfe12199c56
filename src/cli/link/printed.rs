//! `elido link mark-printed` and `unmark-printed`.

use clap::Args;

use super::Context;
use crate::cli::api_client::Call;
use crate::cli::exit::Failure;
use crate::cli::output::{self, shown};

/// Notes that the QR code of a link may be in print, so that nobody changes where it leads without knowing that.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  elido link mark-printed https://go.example.com/sale")]
pub struct MarkArguments {
    /// The link's id or its short URL.
    link: String,
}

/// Notes that the QR code of a link is not in print.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  elido link unmark-printed https://go.example.com/sale")]
pub struct UnmarkArguments {
    /// The link's id or its short URL.
    link: String,
}

pub(super) async fn mark(context: &Context, arguments: MarkArguments) -> Result<(), Failure> {
    let path = printed_path(context, &arguments.link).await?;
    let link = context.client.call(&Call::put(&path, None)).await?.body;
    if context.output.json {
        return context.print(&link);
    }
    let (url, since) = (shown(link.get("short_url")), shown(link.get("printed_at")));
    output::line(&format!("{url} may be in print since {since}"))
}

pub(super) async fn unmark(context: &Context, arguments: UnmarkArguments) -> Result<(), Failure> {
    let path = printed_path(context, &arguments.link).await?;
    let link = context.client.call(&Call::delete(&path)).await?.body;
    if context.output.json {
        return context.print(&link);
    }
    output::line(&format!("{} is not in print", shown(link.get("short_url"))))
}

async fn printed_path(context: &Context, link: &str) -> Result<String, Failure> {
    Ok(format!("{}/printed", context.link_path(link).await?))
}
