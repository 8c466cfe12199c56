//! `elido account`: the accounts of an instance over the API, for those who run it.

use clap::{Args, Subcommand};

use super::api_client::{ApiArguments, ApiClient};
use super::exit::Failure;
use super::listing;
use super::output::OutputArguments;
use super::pages::Pages;
use crate::domain::id::UserId;

/// Where accounts are.
const PATH: &str = "v1/admin/accounts";
/// The columns of the table.
const COLUMNS: [&str; 6] = ["id", "email", "name", "is_admin", "second_factor_enabled", "disabled_at"];

/// Looks after the accounts of an instance.
#[derive(Debug, Args)]
#[command(
    long_about = "Looks after the accounts of an instance, over the API. The token is the session token of an administrator of the \
instance.\n\nThe sessions of an account that is disabled end at once, and nobody signs in with it. What its owner made stays."
)]
pub struct AccountCommand {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    api: ApiArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists accounts, newest first. With --json each is one line.
    #[command(after_long_help = "Examples:
  elido account list --email ada@
  elido account list --all --json")]
    List {
        /// Only accounts whose address holds this, in any case.
        #[arg(long, value_name = "TEXT")]
        email: Option<String>,
        /// At most so many.
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        limit: u64,
        /// All of them, however many there are.
        #[arg(long, conflicts_with = "limit")]
        all: bool,
    },
    /// Keeps accounts from being used; their sessions end at once.
    #[command(after_long_help = "Examples:\n  elido account disable usr_0190b8f20000700080000000000000aa")]
    Disable {
        /// The accounts' ids.
        #[arg(required = true, value_name = "ACCOUNT")]
        accounts: Vec<UserId>,
    },
    /// Lets accounts be used again.
    #[command(after_long_help = "Examples:\n  elido account enable usr_0190b8f20000700080000000000000aa")]
    Enable {
        /// The accounts' ids.
        #[arg(required = true, value_name = "ACCOUNT")]
        accounts: Vec<UserId>,
    },
    /// Takes the second factor away from people who have lost it; their sessions end at once, and a mail tells them.
    #[command(after_long_help = "Examples:\n  elido account reset-second-factor usr_0190b8f20000700080000000000000aa")]
    ResetSecondFactor {
        /// The accounts' ids.
        #[arg(required = true, value_name = "ACCOUNT")]
        accounts: Vec<UserId>,
    },
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(command: AccountCommand) -> Result<(), Failure> {
    let client = ApiClient::new(&command.api)?;
    let json = command.output.json;
    match command.what {
        What::List { email, limit, all } => {
            let filters = email.into_iter().map(|email| ("email", email)).collect();
            listing::print(Pages::new(&client, PATH, filters), if all { u64::MAX } else { limit }, &COLUMNS, json).await
        }
        What::Disable { accounts } => listing::do_each(&client, PATH, &accounts, "disable", "is disabled", json).await,
        What::Enable { accounts } => {
            listing::do_each(&client, PATH, &accounts, "enable", "can be used again", json).await
        }
        What::ResetSecondFactor { accounts } => {
            let done = "has no second factor any more";
            listing::do_each(&client, PATH, &accounts, "reset-second-factor", done, json).await
        }
    }
}
