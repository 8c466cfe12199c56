//! `elido completions`: teaches a shell the command line.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::arguments::Arguments;
use super::exit::Failure;
use super::output;

/// Prints a script that completes this command line in a shell.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  elido completions bash > /etc/bash_completion.d/elido
  elido completions zsh > \"${fpath[1]}/_elido\"
  elido completions fish > ~/.config/fish/completions/elido.fish")]
pub struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command.
///
/// # Errors
/// When standard output is closed.
pub fn run(arguments: &CompletionsArguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "elido", &mut script);
    output::verbatim(&script)
}
