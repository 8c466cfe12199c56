//! `elido folder`: folders of links over the API.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use super::api_client::{ApiArguments, ApiClient, Call};
use super::exit::Failure;
use super::listing;
use super::output::{self, OutputArguments};
use super::pages::Pages;

/// The columns of the table.
const COLUMNS: [&str; 4] = ["id", "name", "access", "links"];

/// Creates, renames and deletes folders of links, and says who may do what in them.
#[derive(Debug, Args)]
pub struct FolderCommand {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    api: ApiArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// What members may do in a folder.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Access {
    /// It does not exist for them.
    None,
    /// They see its links.
    View,
    /// They do whatever their role allows.
    Edit,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists folders, newest first.
    #[command(after_long_help = "Examples:\n  elido folder list\n  elido link list --folder none")]
    List,
    /// Creates a folder that is open to everybody.
    #[command(after_long_help = "Examples:\n  elido folder create 'Spring campaign'")]
    Create {
        /// Its name.
        name: String,
    },
    /// Renames a folder.
    #[command(after_long_help = "Examples:\n  elido folder rename fld_0190b8f20000700080000000000000aa Summer")]
    Rename {
        /// The folder, by its id.
        folder: String,
        /// Its new name.
        name: String,
    },
    /// Says who may do what in a folder.
    #[command(after_long_help = "Examples:
  elido folder access fld_0190b8f20000700080000000000000aa --everybody none --member usr_0190b8f20000700080000000000000ab=edit
  elido folder access fld_0190b8f20000700080000000000000aa --everybody edit --nobody-else")]
    Access {
        /// The folder, by its id.
        folder: String,
        /// What members may do who are not named.
        #[arg(long, value_enum)]
        everybody: Option<Access>,
        /// A member and what they may do, such as usr_…=view; may be repeated. Those given replace all that were named.
        #[arg(long = "member", value_name = "USER=ACCESS", value_parser = member)]
        members: Vec<(String, String)>,
        /// Name nobody any more.
        #[arg(long, conflicts_with = "members")]
        nobody_else: bool,
    },
    /// Deletes an empty folder.
    #[command(after_long_help = "Examples:\n  elido folder delete fld_0190b8f20000700080000000000000aa")]
    Delete {
        /// The folder, by its id.
        folder: String,
    },
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(command: FolderCommand) -> Result<(), Failure> {
    let client = ApiClient::new(&command.api)?;
    let folders = format!("{}/folders", client.workspace_path(&command.api).await?);
    let json = command.output.json;
    match command.what {
        What::List => listing::print(Pages::new(&client, &folders, Vec::new()), u64::MAX, &COLUMNS, json).await,
        What::Create { name } => {
            let call = Call::post(&folders, &json!({ "name": name }))?;
            listing::print_one(&client.call(&call).await?.body, json)
        }
        What::Rename { folder, name } => {
            let path = format!("{folders}/{folder}");
            listing::print_one(&client.call(&Call::patch(&path, &json!({ "name": name }))?).await?.body, json)
        }
        What::Access { folder, everybody, members, nobody_else } => {
            let path = format!("{folders}/{folder}/access");
            let body = access(everybody, &members, nobody_else)?;
            listing::print_one(&client.call(&Call::patch(&path, &body)?).await?.body, json)
        }
        What::Delete { folder } => {
            client.call(&Call::delete(&format!("{folders}/{folder}"))).await?;
            if json { output::json(&json!({ "deleted": folder })) } else { output::line(&format!("deleted {folder}")) }
        }
    }
}

fn access(everybody: Option<Access>, members: &[(String, String)], nobody_else: bool) -> Result<Value, Failure> {
    let mut body = Map::new();
    if let Some(everybody) = everybody {
        let name = match everybody {
            Access::None => "none",
            Access::View => "view",
            Access::Edit => "edit",
        };
        body.insert("access".to_owned(), name.into());
    }
    if nobody_else || !members.is_empty() {
        let named = members.iter().map(|(user, access)| json!({ "user_id": user, "access": access }));
        body.insert("members".to_owned(), named.collect());
    }
    if body.is_empty() {
        return Err(Failure::usage("nothing to change: give --everybody, --member or --nobody-else"));
    }
    Ok(body.into())
}

fn member(text: &str) -> Result<(String, String), String> {
    let (user, access) = text.split_once('=').ok_or("expected USER=ACCESS, such as usr_…=view")?;
    Ok((user.to_owned(), access.to_owned()))
}
