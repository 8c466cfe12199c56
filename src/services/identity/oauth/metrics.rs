//! What the OAuth2 provider counts.

use crate::telemetry::metric::Metric;

const TOKEN_REQUESTS: Metric = Metric::counter(
    "elido_oauth_token_requests_total",
    &["grant", "result"],
    "Codes and refresh tokens that clients sent: exchanged, repeated after a lost response, refused, or used twice.",
);

/// What became of a code or a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenResult {
    /// There are new tokens.
    Issued,
    /// The tokens of a moment ago were given out once more.
    Repeated,
    /// It was worth nothing.
    Refused,
    /// It was used before, so that all that came of it ended.
    Reused,
}

impl TokenResult {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Repeated => "repeated",
            Self::Refused => "refused",
            Self::Reused => "reused",
        }
    }
}

/// Counts a request with a grant of this type.
pub(super) fn count(grant: &'static str, result: TokenResult) {
    TOKEN_REQUESTS.register_counter(&[("grant", grant), ("result", result.as_str())]).increment(1);
}
