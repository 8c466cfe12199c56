//! `elido events consumers` and its neighbours: who takes events inside, and what they could not take, for those who run the instance.

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::cli::api_client::{ApiClient, Call};
use crate::cli::exit::Failure;
use crate::cli::listing;
use crate::cli::output::{self, shown};
use crate::cli::pages::Pages;

/// Where consumers are.
const PATH: &str = "v1/admin/event-consumers";
/// The columns of the tables.
const CONSUMER_COLUMNS: [&str; 6] = ["name", "position", "lag", "waiting", "set_aside", "updated_at"];
const FAILURE_COLUMNS: [&str; 6] = ["sequence", "state", "attempts", "retry_at", "failed_at", "last_error"];

#[derive(Debug, Subcommand)]
pub(super) enum ConsumerCommand {
    /// Lists the consumers of events: how far each is, and how much it could not take. For administrators of the instance.
    Consumers,
    /// Lists events that a consumer could not take, in the order of the stream. For administrators of the instance.
    #[command(after_long_help = "Examples:
  elido events failures webhooks --state set_aside
  elido events failures webhooks --all --json")]
    Failures {
        /// The consumer's name.
        consumer: String,
        /// Only those that wait for another try, or that were set aside.
        #[arg(long, value_parser = ["waiting", "set_aside"])]
        state: Option<String>,
        /// At most so many.
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        limit: u64,
        /// All of them, however many there are.
        #[arg(long, conflicts_with = "limit")]
        all: bool,
    },
    /// Has a consumer try events again that it set aside. For administrators of the instance.
    #[command(after_long_help = "Examples:\n  elido events retry webhooks 4711 4715")]
    Retry(FailureArguments),
    /// Forgets events that a consumer set aside: it will not take them. For administrators of the instance.
    #[command(after_long_help = "Examples:\n  elido events discard webhooks 4711")]
    Discard(FailureArguments),
}

#[derive(Debug, Args)]
pub(super) struct FailureArguments {
    /// The consumer's name.
    consumer: String,
    /// The numbers of the events.
    #[arg(required = true, value_name = "NUMBER")]
    events: Vec<u64>,
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub(super) async fn run(client: &ApiClient, command: ConsumerCommand, json: bool) -> Result<(), Failure> {
    match command {
        ConsumerCommand::Consumers => consumers(client, json).await,
        ConsumerCommand::Failures { consumer, state, limit, all } => {
            let filters = state.map(|state| ("state", state)).into_iter().collect();
            let path = failures_of(&consumer);
            let wanted = if all { u64::MAX } else { limit };
            listing::print(Pages::new(client, &path, filters), wanted, &FAILURE_COLUMNS, json).await
        }
        ConsumerCommand::Retry(FailureArguments { consumer, events }) => {
            listing::do_each(client, &failures_of(&consumer), &events, "retry", "is tried again", json).await
        }
        ConsumerCommand::Discard(FailureArguments { consumer, events }) => {
            listing::do_each(client, &failures_of(&consumer), &events, "discard", "is discarded", json).await
        }
    }
}

fn failures_of(consumer: &str) -> String {
    format!("{PATH}/{consumer}/failures")
}

async fn consumers(client: &ApiClient, json: bool) -> Result<(), Failure> {
    let body = client.call(&Call::get(PATH, &[])).await?.body;
    let consumers = body.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if json {
        return consumers.iter().try_for_each(output::json_line);
    }
    let row = |item: &Value| CONSUMER_COLUMNS.iter().map(|column| shown(item.get(column))).collect();
    output::table(&CONSUMER_COLUMNS, &consumers.iter().map(row).collect::<Vec<_>>())
}
