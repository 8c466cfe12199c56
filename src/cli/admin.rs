//! `elido admin`: what only the operator of an installation does.

use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use console::Term;
use http::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::exit::{Exit, Failure};
use super::output::{self, OutputArguments};
use super::plain_http;
use super::settings::ConfigArguments;
use crate::http::problem::ProblemDocument;
use crate::infra::bootstrap_secret::BootstrapSecret;

/// How long the server may take; hashing a password is slow on purpose.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest password read, in bytes.
const PASSWORD_BYTES_MAX: u64 = 4096;

/// Does what only the operator of an installation may do.
#[derive(Debug, Args)]
pub struct AdminCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Bootstrap(BootstrapArguments),
    SetupLink(SetupLinkArguments),
}

/// Prints a link that makes the first account of a new installation in the dashboard.
#[derive(Debug, Args)]
#[command(
    long_about = "Prints a link that makes the first account and workspace of a new installation in the dashboard. It works once and for a \
day.\n\nThe process wants the secret that it wrote into the file bootstrap-secret of its data folder, which is read from the data folder \
of the settings or from --secret-file.",
    after_long_help = "Examples:\n  elido admin setup-link\n  elido admin setup-link --secret-file /run/secrets/bootstrap-secret"
)]
struct SetupLinkArguments {
    #[command(flatten)]
    process: ProcessArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Which process, and what it knows this command by.
#[derive(Debug, Args)]
struct ProcessArguments {
    /// The file that holds the bootstrap secret of the process; by default the one in the data folder of the settings.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The internal listener of the process; by default the one of the settings (internal.listen).
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
    #[command(flatten)]
    config: ConfigArguments,
}

/// Creates the first account of a new installation.
#[derive(Debug, Args)]
#[command(
    long_about = "Creates the first account of a new installation, over the internal listener of the running process. \
It works once; later accounts are made by people who have one.\n\nThe process wants the secret that it wrote into the file \
bootstrap-secret of its data folder, which is read from the data folder of the settings or from --secret-file. The password is asked \
for on a terminal, or read from --password-file, or from standard input."
)]
#[command(after_long_help = "Examples:
  elido admin bootstrap --email ada@example.com
  pass show elido | elido admin bootstrap --email ada@example.com
  elido admin bootstrap --email ada@example.com --password-file /run/secrets/password")]
struct BootstrapArguments {
    /// The email address that the account signs in with.
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    /// A file that holds the password.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    #[command(flatten)]
    process: ProcessArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(command: AdminCommand) -> Result<(), Failure> {
    match command.what {
        What::Bootstrap(arguments) => bootstrap(arguments).await,
        What::SetupLink(arguments) => setup_link(&arguments).await,
    }
}

async fn bootstrap(arguments: BootstrapArguments) -> Result<(), Failure> {
    let url = arguments.process.endpoint("/internal/admin/bootstrap")?;
    let secret = arguments.process.secret()?;
    let password = password(&arguments)?;
    let body = serde_json::json!({"email": arguments.email, "password": password.expose_secret()});
    let (status, response) =
        plain_http::request(Method::POST, &url, Some(body.to_string().into_bytes()), secret.as_ref(), TIMEOUT).await?;
    if status != StatusCode::CREATED {
        return Err(refused(status, &response));
    }
    if arguments.output.json {
        return output::verbatim(&[&response, b"\n".as_slice()].concat());
    }
    output::line(&format!("The account of {} is made. Sign in with it.", arguments.email))
}

async fn setup_link(arguments: &SetupLinkArguments) -> Result<(), Failure> {
    let url = arguments.process.endpoint("/internal/admin/setup-token")?;
    let secret = arguments.process.secret()?;
    let (status, response) = plain_http::request(Method::POST, &url, None, secret.as_ref(), TIMEOUT).await?;
    if status != StatusCode::CREATED {
        return Err(refused(status, &response));
    }
    if arguments.output.json {
        return output::verbatim(&[&response, b"\n".as_slice()].concat());
    }
    let made: SetupToken = serde_json::from_slice(&response)
        .map_err(|error| Failure::new(Exit::Failure, format!("the server answered something else: {error}")))?;
    let mut link = arguments.process.config.load()?.config.api.public_url;
    link.set_path("/setup");
    link.set_fragment(Some(&format!("token={}", made.token.expose_secret())));
    output::line(link.as_str())
}

#[derive(Debug, Deserialize)]
struct SetupToken {
    token: SecretString,
}

impl ProcessArguments {
    fn endpoint(&self, path: &str) -> Result<Url, Failure> {
        let base = match &self.url {
            Some(url) => url.clone(),
            None => self.config.internal_url()?,
        };
        base.join(path).map_err(|error| Failure::usage(error.to_string()))
    }

    /// `None` where the default file is not there, as after the first account was made: the process then says what is wrong.
    fn secret(&self) -> Result<Option<SecretString>, Failure> {
        let default = match &self.secret_file {
            Some(_) => None,
            None => Some(BootstrapSecret::path(&self.config.load()?.config.data_folder)),
        };
        let Some(path) = self.secret_file.as_ref().or(default.as_ref()) else { return Ok(None) };
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(text.trim().into())),
            Err(error) if default.is_some() && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::file(path, &error)),
        }
    }
}

fn refused(status: StatusCode, response: &[u8]) -> Failure {
    match serde_json::from_slice::<ProblemDocument>(response) {
        Ok(problem) => {
            let fields = problem.errors.iter().map(|field| format!("\n  {}: {}", field.pointer, field.detail));
            Failure::new(Exit::Failure, format!("{}{}", problem.detail, fields.collect::<String>()))
        }
        Err(_) => Failure::new(Exit::Failure, format!("the server answered {status}")),
    }
}

fn password(arguments: &BootstrapArguments) -> Result<SecretString, Failure> {
    if let Some(path) = &arguments.password_file {
        let file = std::fs::File::open(path).map_err(|error| Failure::file(path, &error))?;
        return read_password(file);
    }
    if std::io::stdin().is_terminal() {
        return ask_password();
    }
    read_password(std::io::stdin().lock())
}

fn read_password(from: impl Read) -> Result<SecretString, Failure> {
    let mut text = String::new();
    from.take(PASSWORD_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| Failure::new(Exit::Failure, format!("could not read the password: {error}")))?;
    Ok(text.trim_end_matches(['\r', '\n']).into())
}

fn ask_password() -> Result<SecretString, Failure> {
    let terminal = Term::stderr();
    let ask = |prompt: &str| {
        terminal.write_str(prompt)?;
        terminal.read_secure_line()
    };
    let unreadable =
        |error: std::io::Error| Failure::new(Exit::Failure, format!("could not read the password: {error}"));
    let first = ask("Password: ").map_err(unreadable)?;
    let second = ask("Once more: ").map_err(unreadable)?;
    if first != second {
        return Err(Failure::new(Exit::Failure, "the two passwords differ"));
    }
    Ok(first.into())
}
