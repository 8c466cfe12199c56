//! `elido key`: API keys over the API.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::api_client::{ApiArguments, ApiClient, Call};
use super::exit::{Exit, Failure};
use super::listing;
use super::output::{self, OutputArguments};
use super::pages::Pages;
use crate::domain::time::Timestamp;

/// The columns of the table.
const COLUMNS: [&str; 6] = ["id", "name", "token_start", "scopes", "last_used_at", "expires_at"];

/// Lists, creates, changes, rotates and revokes API keys.
#[derive(Debug, Args)]
#[command(
    long_about = "Lists, creates, changes, rotates and revokes API keys of a workspace. Creating and rotating print the secret alone, which is \
shown this once. They and changing need the token of a session."
)]
pub struct KeyCommand {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    api: ApiArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the keys, newest first, without their secrets.
    #[command(after_long_help = "Examples:\n  elido key list")]
    List,
    /// Creates a key and prints its secret.
    #[command(after_long_help = "Examples:
  elido key create CI --scope links:read --scope links:write
  elido key create Report --scope analytics:read --expires-at 2027-01-01T00:00:00Z")]
    Create {
        /// Its name, for people.
        name: String,
        /// What it may be used for; may be repeated.
        #[arg(long, required = true)]
        scope: Vec<String>,
        /// Not valid from this moment on.
        #[arg(long, value_name = "TIME")]
        expires_at: Option<Timestamp>,
        /// Requests a minute.
        #[arg(long, value_name = "COUNT")]
        rate_limit_per_minute: Option<u32>,
    },
    /// Changes the name of a key, or how many requests it may make; what is not given stays as it is.
    #[command(after_long_help = "Examples:
  elido key update key_0190b8f20000700080000000000000aa --name Build
  elido key update key_0190b8f20000700080000000000000aa --rate-limit-per-minute 0")]
    Update {
        /// The key, by its id.
        key: String,
        /// Its name, for people.
        #[arg(long)]
        name: Option<String>,
        /// Requests a minute; 0 is as many as the instance gives every key.
        #[arg(long, value_name = "COUNT")]
        rate_limit_per_minute: Option<u32>,
    },
    /// Gives a key a new secret and prints it.
    #[command(
        after_long_help = "Examples:\n  elido key rotate key_0190b8f20000700080000000000000aa --overlap-hours 24"
    )]
    Rotate {
        /// The key, by its id.
        key: String,
        /// For how many hours the present secret holds beside the new one, at most seven days.
        #[arg(long, value_name = "HOURS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=168))]
        overlap_hours: u32,
    },
    /// Revokes a key, at once and for good.
    #[command(after_long_help = "Examples:\n  elido key revoke key_0190b8f20000700080000000000000aa")]
    Revoke {
        /// The key, by its id.
        key: String,
    },
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(command: KeyCommand) -> Result<(), Failure> {
    let client = ApiClient::new(&command.api)?;
    let workspace = client.workspace_path(&command.api).await?;
    let json = command.output.json;
    match command.what {
        What::List => {
            let path = format!("{workspace}/api-keys");
            listing::print(Pages::new(&client, &path, Vec::new()), u64::MAX, &COLUMNS, json).await
        }
        What::Create { name, scope, expires_at, rate_limit_per_minute } => {
            let mut body = Map::from_iter([("name".to_owned(), json!(name)), ("scopes".to_owned(), json!(scope))]);
            body.extend(expires_at.map(|time| ("expires_at".to_owned(), json!(time))));
            body.extend(rate_limit_per_minute.map(|limit| ("rate_limit_per_minute".to_owned(), json!(limit))));
            let path = format!("{workspace}/api-keys");
            print_secret(&client.call(&Call::post(&path, &Value::Object(body))?).await?.body, json)
        }
        What::Update { key, name, rate_limit_per_minute } => {
            let changes = changes(name, rate_limit_per_minute)?;
            let path = format!("{workspace}/api-keys/{key}");
            listing::print_one(&client.call(&Call::patch(&path, &changes)?).await?.body, json)
        }
        What::Rotate { key, overlap_hours } => {
            let path = format!("{workspace}/api-keys/{key}/rotate");
            let body = json!({ "overlap_seconds": overlap_hours.saturating_mul(3_600) });
            print_secret(&client.call(&Call::post(&path, &body)?).await?.body, json)
        }
        What::Revoke { key } => {
            client.call(&Call::delete(&format!("{workspace}/api-keys/{key}"))).await?;
            if json { output::json(&json!({ "revoked": key })) } else { output::line(&format!("revoked {key}")) }
        }
    }
}

/// What the API is to change of a key.
fn changes(name: Option<String>, rate_limit_per_minute: Option<u32>) -> Result<Value, Failure> {
    let mut changes = Map::new();
    changes.extend(name.map(|name| ("name".to_owned(), json!(name))));
    let limit = rate_limit_per_minute.map(|limit| Some(limit).filter(|limit| *limit > 0));
    changes.extend(limit.map(|limit| ("rate_limit_per_minute".to_owned(), json!(limit))));
    if changes.is_empty() {
        return Err(Failure::usage("nothing to change: give --name or --rate-limit-per-minute"));
    }
    Ok(Value::Object(changes))
}

/// The secret alone, so that a script takes it as it is; with `--json` all that the API answered.
fn print_secret(created: &Value, json: bool) -> Result<(), Failure> {
    if json {
        return output::json(created);
    }
    match created.get("token").and_then(Value::as_str) {
        Some(token) => output::line(token),
        None => Err(Failure::new(Exit::Failure, "the server answered a key without its secret")),
    }
}
