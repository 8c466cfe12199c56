//! `elido config`: what the settings are, and what is wrong with them.

use clap::{Args, Subcommand};

use super::exit::Failure;
use super::output::{self, OutputArguments};
use super::settings::ConfigArguments;

/// Checks the settings or shows where each of them comes from.
#[derive(Debug, Args)]
#[command(
    long_about = "Checks the settings, or shows where each of them comes from.\n\nSettings are read from the built-in \
defaults, then from config/*.toml (or the file that --config names), then from ELIDO_… variables, with __ between \
levels: ELIDO_API__LISTEN is api.listen. A secret may come from a file: name_file instead of name."
)]
pub struct ConfigCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Reports every error in the settings, and ends with 64 if there is one.
    #[command(after_long_help = "Examples:\n  elido config check\n  elido config check --config /etc/elido/elido.toml")]
    Check(SettingsArguments),
    /// Prints every setting with its source. Secrets are redacted.
    #[command(after_long_help = "Examples:\n  elido config show\n  ELIDO_LOG__FORMAT=json elido config show --json")]
    Show(SettingsArguments),
}

#[derive(Debug, Args)]
struct SettingsArguments {
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the command.
///
/// # Errors
/// All errors in the settings.
pub fn run(command: ConfigCommand) -> Result<(), Failure> {
    match command.what {
        What::Check(arguments) => check(&arguments),
        What::Show(arguments) => show(&arguments),
    }
}

fn check(arguments: &SettingsArguments) -> Result<(), Failure> {
    let loaded = arguments.config.load()?;
    if arguments.output.json {
        return output::json_line(&serde_json::json!({"valid": true, "settings": loaded.entries.len()}));
    }
    output::line(&format!("{} settings, no errors", loaded.entries.len()))
}

fn show(arguments: &SettingsArguments) -> Result<(), Failure> {
    let loaded = arguments.config.load()?;
    if arguments.output.json {
        return output::json(&loaded.entries);
    }
    output::verbatim(loaded.to_string().as_bytes())
}
