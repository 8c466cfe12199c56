//! Secrets that callers prove themselves with: 256 random bits, of which only a hash is kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How many random bytes a token carries.
const RANDOM_BYTES: usize = 32;
/// How many characters behind the prefix may be shown again, so that people can tell tokens apart.
const SHOWN_LENGTH: usize = 5;

/// What a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A signed-in session.
    Session,
    /// An API key.
    ApiKey,
    /// A program that acts for a person, for a short time.
    AccessToken,
    /// What such a program gets its next access token with.
    RefreshToken,
    /// What such a program gets its first tokens with.
    AuthorizationCode,
    /// What such a program proves itself with.
    ClientSecret,
    /// An invitation to a workspace, which is no credential.
    Invitation,
    /// What opens the page on which the first administrator is made, which is no credential either.
    Setup,
    /// What is in the address of a shared page, and opens that page alone.
    Share,
}

/// A token as its owner sends it.
pub struct Token {
    kind: TokenKind,
    text: SecretString,
}

impl TokenKind {
    const ALL: [Self; 9] = [
        Self::Session,
        Self::ApiKey,
        Self::AccessToken,
        Self::RefreshToken,
        Self::AuthorizationCode,
        Self::ClientSecret,
        Self::Invitation,
        Self::Setup,
        Self::Share,
    ];

    /// What tokens of this kind start with.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Session => "session_",
            Self::ApiKey => "elido_",
            Self::AccessToken => "elido_at_",
            Self::RefreshToken => "elido_rt_",
            Self::AuthorizationCode => "elido_ac_",
            Self::ClientSecret => "elido_cs_",
            Self::Invitation => "invitation_",
            Self::Setup => "setup_",
            Self::Share => "share_",
        }
    }
}

impl Token {
    /// A new token that nobody can guess.
    #[must_use]
    pub fn random(kind: TokenKind) -> Self {
        let mut bytes = [0; RANDOM_BYTES];
        rand::rng().fill_bytes(&mut bytes);
        Self::of_bytes(kind, &bytes)
    }

    /// The token of these bytes, which nobody else can compute.
    #[must_use]
    pub fn of_bytes(kind: TokenKind, bytes: &[u8; RANDOM_BYTES]) -> Self {
        let text = format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(bytes));
        Self { kind, text: text.into() }
    }

    /// Reads a token by its form alone; `None` if it has no form that was ever given out. Where one prefix begins with another, the
    /// length tells which is meant.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let has_form = |kind: &TokenKind| {
            let random = text.strip_prefix(kind.prefix()).and_then(|random| URL_SAFE_NO_PAD.decode(random).ok());
            random.is_some_and(|bytes| bytes.len() == RANDOM_BYTES)
        };
        let kind = TokenKind::ALL.into_iter().find(has_form)?;
        Some(Self { kind, text: text.to_owned().into() })
    }

    /// What it stands for.
    #[must_use]
    pub const fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The whole secret, to be shown once.
    #[must_use]
    pub fn secret(&self) -> &SecretString {
        &self.text
    }

    /// The beginning, which is no secret.
    #[must_use]
    pub fn start(&self) -> String {
        self.text.expose_secret().chars().take(self.kind.prefix().len().saturating_add(SHOWN_LENGTH)).collect()
    }

    /// What is kept of it. Guessing 256 bits is hopeless, so that a plain hash will do.
    #[must_use]
    pub fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.text.expose_secret()).to_vec()
    }

    /// Whether `hash` was made from this token; takes as long for every response.
    #[must_use]
    pub fn matches(&self, hash: &[u8]) -> bool {
        self.hash().ct_eq(hash).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_form_and_its_hash() {
        let token = Token::random(TokenKind::ApiKey);
        let parsed = Token::parse(token.secret().expose_secret()).expect("its own form");
        assert_eq!(parsed.kind(), TokenKind::ApiKey);
        assert!(parsed.matches(&token.hash()));
        assert!(!Token::random(TokenKind::ApiKey).matches(&token.hash()));
        assert!(token.secret().expose_secret().starts_with(&token.start()));
    }

    #[test]
    fn a_key_that_begins_like_another_token_is_still_a_key() {
        for kind in TokenKind::ALL {
            let parsed = Token::parse(Token::random(kind).secret().expose_secret()).expect("its own form");
            assert_eq!(parsed.kind(), kind);
        }
        let key = format!("elido_at_{}", "A".repeat(40));
        assert_eq!(Token::parse(&key).map(|token| token.kind()), Some(TokenKind::ApiKey));
    }

    #[test]
    fn other_forms_are_no_tokens() {
        for text in ["", "elido_", "elido_short", "bearer_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert!(Token::parse(text).is_none(), "{text}");
        }
    }
}
