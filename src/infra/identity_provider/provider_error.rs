//! Why a provider gave no answer that counts.

use crate::domain::error::{Error, ErrorKind};
use std::time::Duration;

/// Why a provider gave no answer that counts.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProviderError {
    /// It cannot be reached, or answers what no provider should.
    #[error("the identity provider {provider} is unavailable: {reason}")]
    Unavailable {
        /// What the operator calls it.
        provider: String,
        /// What was seen of it.
        reason: String,
    },
    /// It answered, and refuses: a code that was used, a client that it does not know.
    #[error("the identity provider {provider} refuses: {reason}")]
    Refused {
        /// What the operator calls it.
        provider: String,
        /// What it said.
        reason: String,
    },
    /// What somebody brought from it does not hold: a wrong signature, another audience, too old.
    #[error("a token of the identity provider {provider} does not hold: {reason}")]
    Unsound {
        /// What the operator calls it.
        provider: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl From<ProviderError> for Error {
    fn from(error: ProviderError) -> Self {
        let answer = match &error {
            ProviderError::Unavailable { provider, .. } => Self {
                retry_after: Some(Duration::from_secs(5)),
                ..Self::new(
                    ErrorKind::Unavailable,
                    "provider_unavailable",
                    format!(
                        "The identity provider {provider} cannot be reached. Try again shortly, or use another way to sign in."
                    ),
                )
            },
            ProviderError::Refused { provider, .. } => Self::new(
                ErrorKind::Forbidden,
                "provider_refused",
                format!("{provider} refused the sign-in. Begin it again."),
            ),
            ProviderError::Unsound { provider, .. } => Self::new(
                ErrorKind::Forbidden,
                "provider_token_unsound",
                format!("What {provider} answered does not hold. Begin the sign-in again."),
            ),
        };
        answer.caused_by(error)
    }
}
