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
    /// Changes the name or the slug of a workspace, or what it asks of its clicks.
    #[command(
        after_long_help = "Examples:\n  elido workspace update --name Sales\n  elido workspace update --click-retention-days 400 --visitor-addresses truncated --count-opted-out false"
    )]
    Update(Changes),
    /// Shows what questions about the clicks of a workspace may take, or changes it; for those who run the instance.
    #[command(
        after_long_help = "Examples:\n  elido workspace query-limits\n  elido workspace query-limits --seconds-max 30 --queries-max 2\n  elido workspace query-limits --reset"
    )]
    QueryLimits(QueryLimits),
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

/// What to change.
#[derive(Debug, Args)]
struct Changes {
    /// Its name, for people.
    #[arg(long)]
    name: Option<String>,
    /// Its name in addresses.
    #[arg(long)]
    slug: Option<String>,
    /// For how many days clicks are kept at most; 0 is as long as the instance keeps them.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i32).range(0..=36_500))]
    click_retention_days: Option<i32>,
    /// What of a visitor's address is used: whole, truncated or unused.
    #[arg(long, value_name = "PART", value_parser = ["whole", "truncated", "unused"])]
    visitor_addresses: Option<String>,
    /// Whether reports count visitors who ask not to be tracked: true or false.
    #[arg(long, value_name = "BOOL")]
    count_opted_out: Option<bool>,
}

/// What questions may take.
#[derive(Debug, Args)]
struct QueryLimits {
    /// How many seconds one may take.
    #[arg(long, value_name = "SECONDS")]
    seconds_max: Option<u32>,
    /// How many clicks one may go through.
    #[arg(long, value_name = "CLICKS")]
    clicks_max: Option<u64>,
    /// How many a process asks at once.
    #[arg(long, value_name = "NUMBER")]
    queries_max: Option<u32>,
    /// Everything else is as the settings say.
    #[arg(long)]
    reset: bool,
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
        What::QueryLimits(limits) => query_limits(&client, &path, limits, json).await,
        What::Update(changes) => update(&client, &path, changes, json).await,
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

async fn query_limits(client: &ApiClient, path: &str, limits: QueryLimits, json: bool) -> Result<(), Failure> {
    let path = format!("{}/query-limits", path.replacen("v1/", "v1/admin/", 1));
    let chosen = [
        ("seconds_max", limits.seconds_max.map(Value::from)),
        ("clicks_max", limits.clicks_max.map(Value::from)),
        ("queries_max", limits.queries_max.map(Value::from)),
    ];
    let fields = chosen.into_iter().filter(|(_, value)| limits.reset || value.is_some());
    let fields: Map<String, Value> =
        fields.map(|(field, value)| (field.to_owned(), value.unwrap_or(Value::Null))).collect();
    let call = if fields.is_empty() { Call::get(&path, &[]) } else { Call::patch(&path, &Value::Object(fields))? };
    listing::print_one(&client.call(&call).await?.body, json)
}

async fn update(client: &ApiClient, path: &str, changes: Changes, json: bool) -> Result<(), Failure> {
    let fields = [
        ("name", changes.name.map(Value::from)),
        ("slug", changes.slug.map(Value::from)),
        ("click_retention_days", changes.click_retention_days.map(Value::from)),
        ("visitor_addresses", changes.visitor_addresses.map(Value::from)),
        ("count_opted_out", changes.count_opted_out.map(Value::from)),
    ];
    let fields: Map<String, Value> =
        fields.into_iter().filter_map(|(field, value)| Some((field.to_owned(), value?))).collect();
    if fields.is_empty() {
        return Err(Failure::usage("nothing to change: give --name, --slug or what clicks are to be like"));
    }
    listing::print_one(&client.call(&Call::patch(path, &Value::Object(fields))?).await?.body, json)
}
