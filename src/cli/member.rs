//! `elido member`: the people of a workspace over the API.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use http::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::api_client::{ApiArguments, ApiClient, Call};
use super::exit::{Exit, Failure};
use super::output::{self, OutputArguments};
use super::pages::Pages;
use super::{listing, plain_http};
use crate::http::problem::ProblemDocument;

/// The columns of the table.
const COLUMNS: [&str; 5] = ["user_id", "email", "name", "role", "created_at"];
const INVITATION_COLUMNS: [&str; 5] = ["id", "email", "role", "sent_at", "expires_at"];
const ROLES: [&str; 5] = ["owner", "admin", "editor", "viewer", "billing"];
/// The longest secret that is read, in bytes.
const SECRET_BYTES_MAX: u64 = 4 * 1024;
/// How long the acceptance of an invitation may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Lists, invites, changes and removes the people of a workspace.
#[derive(Debug, Args)]
pub struct MemberCommand {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    api: ApiArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the members, newest first.
    #[command(after_long_help = "Examples:\n  elido member list\n  elido member list --json | jq -r .email")]
    List,
    /// Invites somebody by mail.
    #[command(after_long_help = "Examples:\n  elido member invite grace@example.com --role editor")]
    Invite {
        /// Their address.
        email: String,
        /// As what.
        #[arg(long, value_parser = ROLES)]
        role: String,
    },
    /// Lists the invitations that nobody has accepted yet, newest first.
    #[command(after_long_help = "Examples:\n  elido member invitations")]
    Invitations,
    /// Sends an invitation again, with a new code and for another seven days.
    #[command(after_long_help = "Examples:\n  elido member resend inv_0190b8f20000700080000000000000aa")]
    Resend {
        /// The invitation, by its id.
        invitation: String,
    },
    /// Takes an invitation back.
    #[command(after_long_help = "Examples:\n  elido member revoke inv_0190b8f20000700080000000000000aa")]
    Revoke {
        /// The invitation, by its id.
        invitation: String,
    },
    /// Leaves the workspace yourself, with your API keys and the invitations that you sent.
    #[command(after_long_help = "Examples:\n  elido member leave")]
    Leave,
    /// Accepts an invitation: as you, with a token, or with a name and a password as somebody who has no account yet.
    #[command(after_long_help = "Examples:
  elido member accept --code-file code.txt
  elido member accept --code-file code.txt --name 'Grace Hopper' --password-file password.txt")]
    Accept {
        /// A file with the code of the mail; standard input if absent.
        #[arg(long, value_name = "FILE")]
        code_file: Option<PathBuf>,
        /// What to call you. Only without an account.
        #[arg(long, requires = "password_file")]
        name: Option<String>,
        /// A file with the password of the new account. Only without an account.
        #[arg(long, value_name = "FILE", requires = "name")]
        password_file: Option<PathBuf>,
    },
    /// Gives a member another role.
    #[command(after_long_help = "Examples:\n  elido member set-role usr_0190b8f20000700080000000000000aa admin")]
    SetRole {
        /// The member, by their id.
        user: String,
        /// As what.
        #[arg(value_parser = ROLES)]
        role: String,
    },
    /// Removes a member, with their API keys and the invitations that they sent.
    #[command(after_long_help = "Examples:\n  elido member remove usr_0190b8f20000700080000000000000aa")]
    Remove {
        /// The member, by their id.
        user: String,
    },
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(command: MemberCommand) -> Result<(), Failure> {
    let json = command.output.json;
    if let What::Accept { code_file, name, password_file } = &command.what {
        let password = password_file.as_deref().map(read_file).transpose()?;
        let code = code_file.as_deref().map_or_else(read_input, read_file)?;
        return accept(&command.api, &code, name.as_deref().zip(password.as_ref()), json).await;
    }
    let client = ApiClient::new(&command.api)?;
    let workspace = client.workspace_path(&command.api).await?;
    match command.what {
        What::List | What::Accept { .. } => {
            let path = format!("{workspace}/members");
            listing::print(Pages::new(&client, &path, Vec::new()), u64::MAX, &COLUMNS, json).await
        }
        What::Invite { email, role } => {
            let path = format!("{workspace}/invitations");
            let call = Call::post(&path, &json!({ "email": email, "role": role }))?;
            listing::print_one(&client.call(&call).await?.body, json)
        }
        What::SetRole { user, role } => {
            let path = format!("{workspace}/members/{user}");
            listing::print_one(&client.call(&Call::patch(&path, &json!({ "role": role }))?).await?.body, json)
        }
        What::Remove { user } => {
            client.call(&Call::delete(&format!("{workspace}/members/{user}"))).await?;
            done("removed", &user, json)
        }
        What::Invitations => {
            let path = format!("{workspace}/invitations");
            listing::print(Pages::new(&client, &path, Vec::new()), u64::MAX, &INVITATION_COLUMNS, json).await
        }
        What::Resend { invitation } => {
            let path = format!("{workspace}/invitations/{invitation}/resend");
            listing::print_one(&client.call(&Call::post(&path, &json!({}))?).await?.body, json)
        }
        What::Revoke { invitation } => {
            client.call(&Call::delete(&format!("{workspace}/invitations/{invitation}"))).await?;
            done("revoked", &invitation, json)
        }
        What::Leave => {
            client.call(&Call::post(&format!("{workspace}/leave"), &json!({}))?).await?;
            done("left", workspace.rsplit('/').next().unwrap_or_default(), json)
        }
    }
}

fn done(what: &str, id: &str, json: bool) -> Result<(), Failure> {
    if json { output::json(&json!({ (what): id })) } else { output::line(&format!("{what} {id}")) }
}

async fn accept(
    api: &ApiArguments,
    code: &SecretString,
    account: Option<(&str, &SecretString)>,
    json: bool,
) -> Result<(), Failure> {
    let Some((name, password)) = account else {
        let client = ApiClient::new(api)?;
        let call = Call::post("v1/invitations/accept", &json!({ "token": code.expose_secret() }))?;
        return listing::print_one(&client.call(&call).await?.body, json);
    };
    let url = api.api_url.join("v1/invitations/accept").map_err(|error| Failure::usage(error.to_string()))?;
    let body = json!({ "token": code.expose_secret(), "name": name, "password": password.expose_secret() });
    let body = body.to_string().into_bytes();
    let (status, response) = plain_http::request(Method::POST, &url, Some(body), None, TIMEOUT).await?;
    if status != StatusCode::OK {
        return Err(refused(status, &response));
    }
    let joined: Value = serde_json::from_slice(&response)
        .map_err(|error| Failure::new(Exit::Failure, format!("the server answered something else: {error}")))?;
    listing::print_one(&joined, json)
}

fn refused(status: StatusCode, response: &[u8]) -> Failure {
    match serde_json::from_slice::<ProblemDocument>(response) {
        Ok(problem) => Failure::new(Exit::Failure, problem.detail),
        Err(_) => Failure::new(Exit::Failure, format!("the server answered {status}")),
    }
}

fn read_file(path: &Path) -> Result<SecretString, Failure> {
    let file = std::fs::File::open(path).map_err(|error| Failure::file(path, &error))?;
    read(file)
}

fn read_input() -> Result<SecretString, Failure> {
    read(std::io::stdin().lock())
}

fn read(from: impl Read) -> Result<SecretString, Failure> {
    let mut text = String::new();
    let read = from.take(SECRET_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|error| Failure::new(Exit::Failure, format!("could not read the secret: {error}")))?;
    Ok(text.trim().into())
}
