//! What is wrong with the settings, in words: one line an error, with the key, where its value came from, what is wrong
//! and what to do.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;

/// One error in the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The key at fault, such as `edge.listen`; a file's name when the file as a whole is at fault.
    pub key: String,
    /// Where the value came from: a file's name, the name of a variable, or "the built-in defaults".
    pub source: String,
    /// What is wrong, without a full stop.
    pub problem: String,
    /// What to do about it, without a full stop; a question keeps its mark.
    pub fix: String,
}

/// Every error found; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

/// The source of a value that nobody set.
pub(super) const DEFAULTS: &str = "the built-in defaults";

/// Longest part of a wrong value that is repeated in a message, in characters.
const SHOWN_CHARACTERS_MAX: usize = 80;

impl ConfigError {
    /// An error in the value of `key`, which came from `source`.
    #[must_use]
    pub fn new(
        key: impl Into<String>,
        source: impl Into<String>,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { key: key.into(), source: source.into(), problem: problem.into(), fix: fix.into() }
    }

    /// A listener's address could not be bound, which shows only when it is tried.
    #[must_use]
    pub fn cannot_listen(
        key: impl Into<String>,
        source: impl Into<String>,
        address: SocketAddr,
        error: &std::io::Error,
    ) -> Self {
        let (problem, fix) = match error.kind() {
            std::io::ErrorKind::AddrInUse => (
                format!("port {} of {} is taken by another process", address.port(), address.ip()),
                "Stop that process or choose another port",
            ),
            std::io::ErrorKind::AddrNotAvailable => {
                (format!("{} is no address of this machine", address.ip()), "Use one of its own, or 0.0.0.0 for all")
            }
            std::io::ErrorKind::PermissionDenied => {
                (format!("port {} needs more rights than this process has", address.port()), "Choose a port above 1023")
            }
            _ => (format!("cannot listen on {address}: {error}"), "Choose another address"),
        };
        Self::new(key, source, problem, fix)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.fix.ends_with('?') { "" } else { "." };
        write!(formatter, "{} ({}): {}. {}{end}", self.key, self.source, self.problem, self.fix)
    }
}

impl std::error::Error for ConfigError {}

impl ConfigErrors {
    /// `value` if there are no errors.
    ///
    /// # Errors
    /// All of `errors`, in the order of their keys, if there are any.
    pub(super) fn unless_empty<T>(mut errors: Vec<ConfigError>, value: T) -> Result<T, Self> {
        if errors.is_empty() {
            return Ok(value);
        }
        errors.sort_by(|left, right| left.key.cmp(&right.key));
        errors.dedup();
        Err(Self(errors))
    }

    /// The errors, sorted by key.
    #[must_use]
    pub fn errors(&self) -> &[ConfigError] {
        &self.0
    }
}

impl FromIterator<ConfigError> for ConfigErrors {
    fn from_iter<T: IntoIterator<Item = ConfigError>>(errors: T) -> Self {
        Self(errors.into_iter().collect())
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(formatter, "The settings have an error:")?,
            count => write!(formatter, "The settings have {count} errors:")?,
        }
        for error in &self.0 {
            write!(formatter, "\n  {error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Text without what an address may hold in confidence: user, password and query.
pub(super) fn redacted(text: &str) -> Cow<'_, str> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None if has_credentials(text) => (String::new(), text),
        None => return text.into(),
    };
    let user_end = rest.rfind('@').map_or(0, |at| at + 1);
    let Some((user, rest)) = rest.split_at_checked(user_end) else { return text.into() };
    let user = if user.is_empty() { "" } else { "[redacted]@" };
    match rest.split_once('?') {
        Some((address, _)) => format!("{scheme}{user}{address}?[redacted]").into(),
        None if user.is_empty() => text.into(),
        None => format!("{scheme}{user}{rest}").into(),
    }
}

/// Whether this is `user:password@host` without a scheme, and not a file in a folder with such a name.
fn has_credentials(text: &str) -> bool {
    text.split_once('@').is_some_and(|(user, _)| user.contains(':') && !user.contains('/'))
}

/// Text from outside, quoted for a message: on one line, not too long, and without the secrets of an address.
pub(super) fn quoted(text: &str) -> String {
    let text = &redacted(text);
    let mut shown: String = text.chars().take(SHOWN_CHARACTERS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN_CHARACTERS_MAX).is_some() {
        shown.push('…');
    }
    format!("\"{shown}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_address_holds_in_confidence_is_never_shown() {
        for (text, shown) in [
            ("http://user:pw99@127.0.0.1:4317", "http://[redacted]@127.0.0.1:4317"),
            ("http://pw99@127.0.0.1:4317/v1", "http://[redacted]@127.0.0.1:4317/v1"),
            ("http://user:p/w@9@9@host", "http://[redacted]@host"),
            ("http://user:pw99@", "http://[redacted]@"),
            ("user:pw99@host:4317", "[redacted]@host:4317"),
            ("https://host/v1?api_key=pw99", "https://host/v1?[redacted]"),
            ("https://host/v1", "https://host/v1"),
            ("/run/user@1000/elido.sock", "/run/user@1000/elido.sock"),
            ("info,elido=debug", "info,elido=debug"),
        ] {
            assert_eq!(redacted(text), shown);
            assert_eq!(quoted(text), format!("\"{shown}\""));
        }
    }
}
