//! `elido workspace`: workspaces over the API.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::api_client::{ApiArguments, ApiClient, Call};
use super::exit::Failure;
use super::listing;
use super::output::{self, OutputArguments};
use super::pages::Pages;

/// The columns of the table.
const COLUMNS: [&str; 5] = ["id", "slug", "name", "created_at", "purge_at"];

/// Creates, reads, changes and deletes workspaces.
#[derive(Debug, Args)]
#[command(
    long_about = "Creates, reads, changes and deletes workspaces over the API. All but list and create are about the workspace of \
--workspace. With --json every command prints what the API answered."
)]
pub struct WorkspaceCommand {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    api: ApiArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the workspaces that you belong to, newest first.
    #[command(after_long_help = "Examples:\n  elido workspace list\n  elido workspace list --deleted --json")]
    List {
        /// Those that are being deleted, in place of those in use.
        #[arg(long)]
        deleted: bool,
    },
    /// Creates a workspace that belongs to you.
    #[command(after_long_help = "Examples:\n  elido workspace create Marketing --slug marketing")]
    Create {
        /// Its name, for people.
        name: String,
        /// Its name in addresses: lower-case letters, digits and single hyphens.
        #[arg(long)]
        slug: String,
    },
    /// Shows a workspace.
    #[command(after_long_help = "Examples:\n  elido workspace show")]
    Show,
    /// Changes the name or the slug of a workspace.
    #[command(after_long_help = "Examples:\n  elido workspace update --name Sales")]
    Update {
        /// Its name, for people.
        #[arg(long)]
        name: Option<String>,
        /// Its name in addresses.
        #[arg(long)]
        slug: Option<String>,
    },
    /// Deletes a workspace with everything in it. For some days an owner can undelete it.
    #[command(after_long_help = "Examples:\n  elido workspace delete --workspace ws_0190b8f20000700080000000000000aa")]
    Delete,
    /// Brings a workspace back that is being deleted.
    #[command(
        after_long_help = "Examples:\n  elido workspace undelete --workspace ws_0190b8f20000700080000000000000aa"
    )]
    Undelete,
    /// Makes another member an owner, and you an admin.
    #[command(after_long_help = "Examples:\n  elido workspace transfer usr_0190b8f20000700080000000000000aa")]
    Transfer {
        /// The member, by their id.
        user: String,
    },
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(command: WorkspaceCommand) -> Result<(), Failure> {
    let client = ApiClient::new(&command.api)?;
    let json = command.output.json;
    match command.what {
        What::List { deleted } => {
            let filters = vec![("deleted", deleted.to_string())];
            return listing::print(Pages::new(&client, "v1/workspaces", filters), u64::MAX, &COLUMNS, json).await;
        }
        What::Create { name, slug } => {
            let call = Call::post("v1/workspaces", &json!({ "name": name, "slug": slug }))?;
            return listing::print_one(&client.call(&call).await?.body, json);
        }
        _ => {}
    }
    let path = client.workspace_path(&command.api).await?;
    match command.what {
        What::List { .. } | What::Create { .. } | What::Show => {
            listing::print_one(&client.call(&Call::get(&path, &[])).await?.body, json)
        }
        What::Update { name, slug } => update(&client, &path, name, slug, json).await,
        What::Delete => {
            client.call(&Call::delete(&path)).await?;
            if json {
                return output::json(&json!({ "deleted": path.trim_start_matches("v1/workspaces/") }));
            }
            output::line(
                "The workspace is out of use. Until its time is over, elido workspace undelete brings it back.",
            )
        }
        What::Undelete => post(&client, &format!("{path}/undelete"), &json!({}), json).await,
        What::Transfer { user } => post(&client, &format!("{path}/transfer"), &json!({ "user_id": user }), json).await,
    }
}

async fn post(client: &ApiClient, path: &str, body: &Value, json: bool) -> Result<(), Failure> {
    listing::print_one(&client.call(&Call::post(path, body)?).await?.body, json)
}

async fn update(
    client: &ApiClient,
    path: &str,
    name: Option<String>,
    slug: Option<String>,
    json: bool,
) -> Result<(), Failure> {
    let fields = [("name", name), ("slug", slug)];
    let fields: Map<String, Value> =
        fields.into_iter().filter_map(|(field, value)| Some((field.to_owned(), value?.into()))).collect();
    if fields.is_empty() {
        return Err(Failure::usage("nothing to change: give --name or --slug"));
    }
    listing::print_one(&client.call(&Call::patch(path, &Value::Object(fields))?).await?.body, json)
}
