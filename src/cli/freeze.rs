//! `elido freeze`: times in which nobody changes links, over the API.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::api_client::{ApiArguments, ApiClient, Call};
use super::exit::Failure;
use super::listing;
use super::output::{self, OutputArguments};
use super::pages::Pages;
use crate::domain::time::Timestamp;

/// The columns of the table.
const COLUMNS: [&str; 5] = ["id", "starts_at", "ends_at", "folder_id", "reason"];

/// Sets times in which nobody changes links.
#[derive(Debug, Args)]
pub struct FreezeCommand {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    api: ApiArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists freeze windows, those that ended included, newest first.
    #[command(after_long_help = "Examples:\n  elido freeze list")]
    List,
    /// Sets a time in which nobody changes links of the workspace, or of one folder.
    #[command(after_long_help = "Examples:
  elido freeze create 'Black Friday' --starts-at 2026-11-26T00:00:00Z --ends-at 2026-12-01T00:00:00Z
  elido freeze create Audit --ends-at 2026-06-01T00:00:00Z --folder-id fld_0190b8f20000700080000000000000aa")]
    Create {
        /// Why, as whoever is refused reads it.
        reason: String,
        /// Its first moment; now if absent.
        #[arg(long, value_name = "TIME")]
        starts_at: Option<Timestamp>,
        /// The first moment after it.
        #[arg(long, value_name = "TIME")]
        ends_at: Timestamp,
        /// The folder whose links are left as they are; all links of the workspace if absent.
        #[arg(long, value_name = "ID")]
        folder_id: Option<String>,
    },
    /// Calls a freeze window off.
    #[command(after_long_help = "Examples:\n  elido freeze delete frz_0190b8f20000700080000000000000aa")]
    Delete {
        /// The window, by its id.
        window: String,
    },
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(command: FreezeCommand) -> Result<(), Failure> {
    let client = ApiClient::new(&command.api)?;
    let windows = format!("{}/freeze-windows", client.workspace_path(&command.api).await?);
    let json = command.output.json;
    match command.what {
        What::List => listing::print(Pages::new(&client, &windows, Vec::new()), u64::MAX, &COLUMNS, json).await,
        What::Create { reason, starts_at, ends_at, folder_id } => {
            let fields = [
                ("reason", Some(Value::from(reason))),
                ("starts_at", starts_at.map(|time| json!(time))),
                ("ends_at", Some(json!(ends_at))),
                ("folder_id", folder_id.map(Value::from)),
            ];
            let present = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            let body = Value::Object(present.collect());
            listing::print_one(&client.call(&Call::post(&windows, &body)?).await?.body, json)
        }
        What::Delete { window } => {
            client.call(&Call::delete(&format!("{windows}/{window}"))).await?;
            if json { output::json(&json!({ "deleted": window })) } else { output::line(&format!("deleted {window}")) }
        }
    }
}
