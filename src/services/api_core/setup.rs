//! The first administrator and their workspace, from a page that a one-time link opens.
//!
//! Invariants: of a token only a hash is kept, for a day; whoever makes the first administrator, by whichever way, ends all of them.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::bootstrap::{BOOTSTRAPPED, BootstrapDraft, NewAccount, already_bootstrapped};
use super::field_errors::FieldErrors;
use super::recorded_action::By;
use super::workspaces::{Workspace, check_slug};
use super::{ApiCore, Token, TokenKind};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::time::Timestamp;
use crate::infra::store::setup_tokens::{self, SetupToken as Row};
use crate::infra::store::users;
use crate::runtime::clock;

/// How long a link to the page holds.
const TOKEN_HOLDS_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// How many of them hold at once: one for each process that was started, and for each that was asked for.
const TOKENS_MAX: u64 = 20;

/// What opens the page.
#[derive(Debug, Clone)]
pub struct SetupToken {
    /// The secret, shown this once.
    pub token: SecretString,
    /// Not valid from this moment on.
    pub expires_at: Timestamp,
}

/// What the page asks for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupDraft {
    /// From the link.
    pub token: SecretString,
    /// The address that the administrator signs in with.
    pub email: String,
    /// Their password, 10 to 128 characters.
    pub password: SecretString,
    /// What to call them; may be empty.
    #[serde(default)]
    pub name: String,
    /// Their workspace.
    pub workspace: SetupWorkspace,
}

/// The first workspace.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupWorkspace {
    /// Its name, for people.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetUp {
    /// The administrator.
    pub user: NewAccount,
    /// Their workspace.
    pub workspace: Workspace,
}

impl ApiCore {
    /// Makes a token that opens the page once, for a day.
    ///
    /// # Errors
    /// `Conflict` where the first administrator was made.
    pub async fn make_setup_token(&self) -> Result<SetupToken> {
        if self.is_bootstrapped().await? {
            return Err(already_bootstrapped());
        }
        let token = Token::random(TokenKind::Setup);
        let created_at = clock::now();
        let expires_at = created_at.plus(TOKEN_HOLDS_FOR);
        let transaction = self.store.write().await?;
        setup_tokens::insert(&transaction, Row { token_hash: token.hash(), created_at, expires_at }, TOKENS_MAX)
            .await?;
        self.commit(transaction, Vec::new(), Vec::new()).await?;
        Ok(SetupToken { token: token.secret().clone(), expires_at })
    }

    /// Makes the first administrator and their workspace, once.
    ///
    /// # Errors
    /// `Conflict` for ever after; `Forbidden` if the token does not hold; `Invalid` with every field that is wrong.
    pub async fn set_up(&self, draft: SetupDraft) -> Result<SetUp> {
        if self.is_bootstrapped().await? {
            return Err(already_bootstrapped());
        }
        let token_hash = token_hash(&draft.token)?;
        if !setup_tokens::holds(self.store.reader(), &token_hash, clock::now()).await? {
            return Err(token_is_over());
        }
        let mut errors = FieldErrors::default();
        let name = if draft.name.trim().is_empty() { String::new() } else { errors.name("/name", &draft.name) };
        let workspace_name = errors.name("/workspace/name", &draft.workspace.name);
        check_slug(&mut errors, "/workspace/slug", &draft.workspace.slug);
        let account = BootstrapDraft { email: draft.email, password: draft.password };
        let user = self.first_user(account, name, errors).await?;

        let made = NewAccount::of(&user);
        let transaction = self.store.write().await?;
        let is_first = users::claim_bootstrap(&transaction, made.created_at).await?;
        if !is_first || !users::insert(&transaction, user).await? {
            return Err(already_bootstrapped());
        }
        // Looked for once more, because the hash of the password took its time.
        if !setup_tokens::holds(&transaction, &token_hash, clock::now()).await? {
            return Err(token_is_over());
        }
        setup_tokens::delete_all(&transaction).await?;
        let (workspace, created, stale) =
            self.insert_workspace(&transaction, made.id, workspace_name, draft.workspace.slug).await?;
        let bootstrapped = BOOTSTRAPPED.made(By::person(made.id), &made)?;
        self.commit(transaction, vec![bootstrapped, created], stale).await?;
        Ok(SetUp { user: made, workspace })
    }
}

fn token_hash(token: &SecretString) -> Result<Vec<u8>> {
    let token = Token::parse(token.expose_secret()).filter(|token| token.kind() == TokenKind::Setup);
    token.map(|token| token.hash()).ok_or_else(token_is_over)
}

fn token_is_over() -> Error {
    let message = "This setup link does not hold, or no longer. `elido admin setup-link` makes a new one.";
    Error::new(ErrorKind::Forbidden, "setup_token_invalid", message)
}
