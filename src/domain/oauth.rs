//! What the OAuth2 provider gives out to programs that act for people.

use serde::{Deserialize, Serialize};

/// What a token of the provider is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OAuthTokenKind {
    /// It is sent with requests.
    Access,
    /// It is exchanged for new tokens, once.
    Refresh,
}
