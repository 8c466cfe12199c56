//! `elido jobs`: jobs over the API, for those who run the instance.

use clap::{Args, Subcommand};

use super::api_client::{ApiArguments, ApiClient, Call};
use super::exit::Failure;
use super::listing;
use super::output::OutputArguments;
use super::pages::Pages;
use crate::domain::id::JobId;

/// Where jobs are.
const PATH: &str = "v1/admin/jobs";
/// The columns of the table.
const COLUMNS: [&str; 6] = ["id", "kind", "state", "attempts", "run_at", "last_error"];

/// Looks after jobs: the work that goes on after a response.
#[derive(Debug, Args)]
#[command(
    long_about = "Looks after jobs, which are work that goes on after a response, over the API. The token is the session token of an \
administrator of the instance.\n\nA job that failed is tried again by itself until its attempts are used up; then it is dead, and \
stays so until somebody tries it again or discards it, for 30 days."
)]
pub struct JobsCommand {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    api: ApiArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists jobs, newest first. With --json each is one line.
    #[command(after_long_help = "Examples:
  elido jobs list --state dead
  elido jobs list --kind forget_sessions --limit 5 --json")]
    List {
        /// Only jobs that are this far.
        #[arg(long, value_parser = ["ready", "running", "done", "dead"])]
        state: Option<String>,
        /// Only jobs of this kind.
        #[arg(long, value_name = "KIND")]
        kind: Option<String>,
        /// At most so many.
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        limit: u64,
        /// All of them, however many there are.
        #[arg(long, conflicts_with = "limit")]
        all: bool,
    },
    /// Shows a job with all that is known of it.
    #[command(after_long_help = "Examples:\n  elido jobs show job_0190b8f20000700080000000000000aa")]
    Show {
        /// The job's id.
        job: JobId,
    },
    /// Tries jobs again that were given up.
    #[command(after_long_help = "Examples:
  elido jobs retry job_0190b8f20000700080000000000000aa
  elido jobs list --state dead --all --json | jq -r .id | xargs elido jobs retry")]
    Retry {
        /// The jobs' ids.
        #[arg(required = true, value_name = "JOB")]
        jobs: Vec<JobId>,
    },
    /// Deletes jobs that are not running; they are not done.
    #[command(after_long_help = "Examples:\n  elido jobs discard job_0190b8f20000700080000000000000aa")]
    Discard {
        /// The jobs' ids.
        #[arg(required = true, value_name = "JOB")]
        jobs: Vec<JobId>,
    },
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(command: JobsCommand) -> Result<(), Failure> {
    let client = ApiClient::new(&command.api)?;
    let json = command.output.json;
    match command.what {
        What::List { state, kind, limit, all } => {
            let filters = [("state", state), ("kind", kind)];
            let filters = filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            listing::print(Pages::new(&client, PATH, filters), if all { u64::MAX } else { limit }, &COLUMNS, json).await
        }
        What::Show { job } => {
            listing::print_one(&client.call(&Call::get(&format!("{PATH}/{job}"), &[])).await?.body, json)
        }
        What::Retry { jobs } => listing::do_each(&client, PATH, &jobs, "retry", "is tried again", json).await,
        What::Discard { jobs } => listing::do_each(&client, PATH, &jobs, "discard", "is discarded", json).await,
    }
}
