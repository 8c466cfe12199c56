//! How a command ends: a code for scripts, a sentence for people.

use std::fmt;
use std::process::ExitCode;

/// What `--help` says of exit codes.
pub const EXIT_CODES: &str = "\
Exit codes:
  0   it worked
  1   it failed
  2   the command line is not valid
  64  the settings are not valid
  65  the input has errors, such as rows that an import refused
  69  a server could not be reached or is not ready
  77  the credential is missing, does not hold or does not reach this far";

/// Why a command ends without success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It failed.
    Failure,
    /// The command line is not valid.
    Usage,
    /// The settings are not valid.
    Config,
    /// The input has errors.
    Data,
    /// A server could not be reached or is not ready.
    Unavailable,
    /// The credential is missing, does not hold or does not reach this far.
    NoPermission,
}

impl Exit {
    /// The number that the process ends with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Config => 64,
            Self::Data => 65,
            Self::Unavailable => 69,
            Self::NoPermission => 77,
        }
    }
}

/// A command that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which sort of failure.
    pub exit: Exit,
    /// What people read on standard error; empty where everything is said already.
    pub message: String,
}

impl Failure {
    /// A failure with its message.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// The command line asks for what cannot be.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A file could not be read or written.
    #[must_use]
    pub fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(Exit::Failure, format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for ExitCode {
    fn from(failure: Failure) -> Self {
        Self::from(failure.exit.code())
    }
}
