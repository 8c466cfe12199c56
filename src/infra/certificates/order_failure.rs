//! Why an order did not bring a certificate, and what that means for the next one.

use std::time::Duration;

use instant_acme::{Error, Problem};

/// What a problem of RFC 8555 begins with.
const ACME_PROBLEM: &str = "urn:ietf:params:acme:error:";
/// How long an authority is left alone that says that it has too much to do, but not for how long.
const PAUSE: Duration = Duration::from_secs(60 * 60);
/// The longest pause that an authority may ask for.
const PAUSE_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Why there is no certificate. The texts hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderFailure {
    /// The authority wants no more orders for this long.
    #[error("the authority wants to be left alone for {} s: {reason}", pause.as_secs())]
    RateLimited {
        /// What it said.
        reason: String,
        /// For how long.
        pause: Duration,
    },
    /// It has asked for a pause before, which is not over: it was not asked.
    #[error("the authority wants to be left alone for {} s: it asked for that a while ago", left.as_secs())]
    Paused {
        /// How long the pause still lasts.
        left: Duration,
    },
    /// The authority does not issue this certificate, or could not reach the host name.
    #[error("the authority refuses: {0}")]
    Refused(String),
    /// The authority does not know the account.
    #[error("the authority does not know our account any more")]
    NoAccount,
    /// The authority cannot be reached, or what it says makes no sense.
    #[error("the authority is not available: {0}")]
    Unavailable(String),
}

/// Whether a limit is that of a host name and not of the account: the words are those of the one authority that has such limits
/// (<https://letsencrypt.org/docs/rate-limits/>). What is not understood is taken for a limit of the account.
#[must_use]
pub fn limits_one_name(reason: &str, hostname: &str) -> bool {
    let labels: Vec<&str> = hostname.split('.').collect();
    let mut names = (0..labels.len().saturating_sub(1)).map(|first| labels.get(first..).unwrap_or_default().join("."));
    reason.contains("exact set of") || names.any(|name| reason.contains(&format!("\"{name}\"")))
}

/// An answer that asks to be left alone.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(super) struct Busy {
    pub(super) reason: String,
    pub(super) pause: Option<Duration>,
}

impl From<Busy> for OrderFailure {
    fn from(busy: Busy) -> Self {
        let pause = busy.pause.unwrap_or(PAUSE).clamp(Duration::from_secs(1), PAUSE_MAX);
        Self::RateLimited { reason: busy.reason, pause }
    }
}

impl From<Error> for OrderFailure {
    fn from(error: Error) -> Self {
        match error {
            Error::Api(problem) => problem.into(),
            Error::Other(other) => match other.downcast::<Busy>() {
                Ok(busy) => (*busy).into(),
                Err(other) => Self::Unavailable(innermost(&*other)),
            },
            other => Self::Unavailable(innermost(&other)),
        }
    }
}

impl From<Problem> for OrderFailure {
    fn from(problem: Problem) -> Self {
        let kind = problem.r#type.as_deref().unwrap_or_default();
        let kind = kind.strip_prefix(ACME_PROBLEM).unwrap_or(kind);
        let reason = problem.detail.clone().unwrap_or_else(|| problem.to_string());
        match kind {
            "rateLimited" => Busy { reason, pause: None }.into(),
            "accountDoesNotExist" => Self::NoAccount,
            "serverInternal" | "badNonce" => Self::Unavailable(reason),
            _ if problem.status.is_some_and(|status| status >= 500) => Self::Unavailable(reason),
            _ => Self::Refused(reason),
        }
    }
}

/// The error with the reason that it hides, such as that nobody listens.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let reason = std::iter::successors(error.source(), |error| (*error).source()).last();
    reason.map_or_else(|| error.to_string(), |reason| format!("{error}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(kind: &str, status: u16) -> OrderFailure {
        let text = format!(r#"{{"type":"{ACME_PROBLEM}{kind}","detail":"because","status":{status}}}"#);
        Error::Api(serde_json::from_str(&text).expect("a problem")).into()
    }

    #[test]
    fn limits_of_a_name_are_told_from_those_of_the_account() {
        let limits = |reason| limits_one_name(reason, "go.example.com");
        assert!(limits(
            "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s"
        ));
        assert!(limits(r#"too many failed authorizations (5) for "go.example.com" in the last 1h0m0s"#));
        assert!(limits(r#"too many certificates (50) already issued for "example.com" in the last 168h0m0s"#));
        assert!(!limits("too many new orders (300) from this account in the last 3h0m0s"));
        assert!(!limits(r#"too many certificates for "other.com", "com""#) && !limits(""));
    }

    #[test]
    fn problems_say_what_comes_next() {
        assert_eq!(problem("rejectedIdentifier", 400), OrderFailure::Refused("because".into()));
        assert_eq!(problem("accountDoesNotExist", 400), OrderFailure::NoAccount);
        assert_eq!(problem("serverInternal", 500), OrderFailure::Unavailable("because".into()));
        assert_eq!(problem("rateLimited", 429), OrderFailure::RateLimited { reason: "because".into(), pause: PAUSE });
        let busy = Busy { reason: "busy".into(), pause: Some(Duration::MAX) };
        let failure = OrderFailure::from(Error::Other(Box::new(busy)));
        assert_eq!(failure, OrderFailure::RateLimited { reason: "busy".into(), pause: PAUSE_MAX });
        assert!(matches!(Error::Str("nothing").into(), OrderFailure::Unavailable(_)));
    }
}
