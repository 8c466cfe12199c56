//! `elido link comment`: what people of a workspace say about a link.

use clap::{Args, Subcommand};
use serde_json::json;

use super::Context;
use crate::cli::api_client::Call;
use crate::cli::exit::Failure;
use crate::cli::listing;
use crate::cli::output;
use crate::cli::pages::Pages;

/// The columns of the table.
const COLUMNS: [&str; 4] = ["id", "author", "created_at", "text"];

/// Lists, adds, changes and deletes comments on a link.
#[derive(Debug, Args)]
pub struct CommentCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the comments on a link, newest first.
    #[command(after_long_help = "Examples:\n  elido link comment list https://go.example.com/sale")]
    List {
        /// The link's id or its short URL.
        link: String,
    },
    /// Adds a comment to a link.
    #[command(after_long_help = "Examples:\n  elido link comment add https://go.example.com/sale 'Ends on Friday'")]
    Add {
        /// The link's id or its short URL.
        link: String,
        /// What it says.
        text: String,
    },
    /// Changes a comment of your own.
    #[command(
        after_long_help = "Examples:\n  elido link comment update https://go.example.com/sale cmt_0190b8f20000700080000000000000aa 'Ends on Monday'"
    )]
    Update {
        /// The link's id or its short URL.
        link: String,
        /// The comment, by its id.
        comment: String,
        /// What it says from now on.
        text: String,
    },
    /// Deletes a comment.
    #[command(
        after_long_help = "Examples:\n  elido link comment delete https://go.example.com/sale cmt_0190b8f20000700080000000000000aa"
    )]
    Delete {
        /// The link's id or its short URL.
        link: String,
        /// The comment, by its id.
        comment: String,
    },
}

pub(super) async fn run(context: &Context, command: CommentCommand) -> Result<(), Failure> {
    let json = context.output.json;
    match command.what {
        What::List { link } => {
            let path = format!("{}/comments", context.link_path(&link).await?);
            listing::print(Pages::new(&context.client, &path, Vec::new()), u64::MAX, &COLUMNS, json).await
        }
        What::Add { link, text } => {
            let path = format!("{}/comments", context.link_path(&link).await?);
            let call = Call::post(&path, &json!({ "text": text }))?;
            listing::print_one(&context.client.call(&call).await?.body, json)
        }
        What::Update { link, comment, text } => {
            let path = format!("{}/comments/{comment}", context.link_path(&link).await?);
            let call = Call::patch(&path, &json!({ "text": text }))?;
            listing::print_one(&context.client.call(&call).await?.body, json)
        }
        What::Delete { link, comment } => {
            let path = format!("{}/comments/{comment}", context.link_path(&link).await?);
            context.client.call(&Call::delete(&path)).await?;
            let deleted = format!("deleted {comment}");
            if json { output::json(&json!({ "deleted": comment })) } else { output::line(&deleted) }
        }
    }
}
