//! `elido oauth-client`: clients of the OAuth2 provider over the API.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::api_client::{ApiArguments, ApiClient, Call};
use super::exit::Failure;
use super::listing;
use super::output::{self, OutputArguments};
use super::pages::Pages;

/// The columns of the table.
const COLUMNS: [&str; 5] = ["id", "name", "confidential", "redirect_uris", "scopes"];

/// Lists, registers, changes, rotates and deletes OAuth2 clients.
#[derive(Debug, Args)]
#[command(
    long_about = "Lists, registers, changes, rotates and deletes OAuth2 clients of a workspace: programs that may ask people to act for them. \
All but listing and deleting need the token of a session."
)]
pub struct OAuthClientCommand {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    api: ApiArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the clients, newest first, without their secrets.
    #[command(after_long_help = "Examples:\n  elido oauth-client list")]
    List,
    /// Registers a client and prints its id, and behind it the secret of a confidential one.
    #[command(after_long_help = "Examples:
  elido oauth-client create Extension --redirect-uri com.example.app:/callback --scope links:read --scope links:write
  elido oauth-client create Reports --redirect-uri https://reports.example.com/callback --scope analytics:read --confidential")]
    Create {
        /// Its name, as people read it when they are asked.
        name: String,
        /// Where codes may go; may be repeated.
        #[arg(long, required = true, value_name = "URI")]
        redirect_uri: Vec<String>,
        /// What it may ask for; may be repeated.
        #[arg(long, required = true)]
        scope: Vec<String>,
        /// It can keep a secret, and gets one.
        #[arg(long)]
        confidential: bool,
    },
    /// Changes the name, the redirect URIs or the scopes of a client.
    #[command(after_long_help = "Examples:
  elido oauth-client update oac_0190b8f20000700080000000000000aa --name Extension
  elido oauth-client update oac_0190b8f20000700080000000000000aa --scope links:read")]
    Update {
        /// The client, by its id.
        client: String,
        /// Its name.
        #[arg(long)]
        name: Option<String>,
        /// Where codes may go, in the place of all before; may be repeated.
        #[arg(long, value_name = "URI")]
        redirect_uri: Vec<String>,
        /// What it may ask for, in the place of all before; may be repeated.
        #[arg(long, required_unless_present_any = ["name", "redirect_uri"])]
        scope: Vec<String>,
    },
    /// Gives a confidential client a new secret, and prints its id and the secret.
    #[command(
        after_long_help = "Examples:\n  elido oauth-client rotate oac_0190b8f20000700080000000000000aa --overlap-hours 24"
    )]
    Rotate {
        /// The client, by its id.
        client: String,
        /// For how many hours the present secret holds beside the new one, at most seven days.
        #[arg(long, value_name = "HOURS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=168))]
        overlap_hours: u32,
    },
    /// Deletes a client, with all consents and tokens that it has.
    #[command(after_long_help = "Examples:\n  elido oauth-client delete oac_0190b8f20000700080000000000000aa")]
    Delete {
        /// The client, by its id.
        client: String,
    },
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(command: OAuthClientCommand) -> Result<(), Failure> {
    let client = ApiClient::new(&command.api)?;
    let clients = format!("{}/oauth-clients", client.workspace_path(&command.api).await?);
    let json = command.output.json;
    match command.what {
        What::List => listing::print(Pages::new(&client, &clients, Vec::new()), u64::MAX, &COLUMNS, json).await,
        What::Create { name, redirect_uri, scope, confidential } => {
            let body =
                json!({ "name": name, "redirect_uris": redirect_uri, "scopes": scope, "confidential": confidential });
            print_credentials(&client.call(&Call::post(&clients, &body)?).await?.body, json)
        }
        What::Update { client: id, name, redirect_uri, scope } => {
            let lists = [("redirect_uris", redirect_uri), ("scopes", scope)];
            let mut body = Map::from_iter(name.map(|name| ("name".to_owned(), json!(name))));
            body.extend(
                lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(key, list)| (key.to_owned(), json!(list))),
            );
            let path = format!("{clients}/{id}");
            let updated = client.call(&Call::patch(&path, &Value::Object(body))?).await?.body;
            if json { output::json(&updated) } else { output::line(&format!("updated {id}")) }
        }
        What::Rotate { client: id, overlap_hours } => {
            let path = format!("{clients}/{id}/rotate-secret");
            let body = json!({ "overlap_seconds": overlap_hours.saturating_mul(3_600) });
            print_credentials(&client.call(&Call::post(&path, &body)?).await?.body, json)
        }
        What::Delete { client: id } => {
            client.call(&Call::delete(&format!("{clients}/{id}"))).await?;
            if json { output::json(&json!({ "deleted": id })) } else { output::line(&format!("deleted {id}")) }
        }
    }
}

/// The id, and the secret where there is one, each in a line; with `--json` all that the API answered.
fn print_credentials(created: &Value, json: bool) -> Result<(), Failure> {
    if json {
        return output::json(created);
    }
    ["id", "client_secret"].iter().filter_map(|field| created.get(field)?.as_str()).try_for_each(output::line)
}
