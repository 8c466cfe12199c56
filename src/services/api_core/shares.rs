//! Pages of statistics that whoever has their address sees, without an account.
//!
//! Invariants: of the secret in the address a hash is kept; what a page is about is fixed when it is made, and whoever opens it may do
//! nothing but read counts of clicks; links in folders that are closed to members are in no shared page.

use std::net::IpAddr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::field_errors::FieldErrors;
use super::patch::present;
use super::principal::{Access, Actor};
use super::recorded_action::{Action, Recorded};
use super::version::ExpectedVersion;
use super::views::check_query;
use super::{ApiCore, Token, TokenKind};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::folder::{FolderAccess, FolderSight};
use crate::domain::id::{LinkId, ShareId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;
use crate::infra::store::page::Page;
use crate::infra::store::shares::{self, Share as Row};
use crate::infra::store::{Connection, Transaction, folders, workspaces};
use crate::runtime::clock;

/// The most pages that one workspace shares at a time.
const SHARES_MAX: u64 = 500;
/// How long the page of a revoked share says that it is revoked.
const REVOKED_KEPT_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How long a password is, in characters. Whoever has the address can guess it, however slowly.
const PASSWORD_LENGTHS: std::ops::RangeInclusive<usize> = 8..=128;

/// A page of statistics was shared.
pub const CREATED: Action<Share> = Action::new("share.created", "A page of statistics was shared by its address.");
/// A shared page was changed.
pub const UPDATED: Action<Share> = Action::new("share.updated", "A shared page of statistics was changed.");
/// A shared page was taken back.
pub const REVOKED: Action<Share> = Action::new("share.revoked", "A shared page of statistics was taken back.");

/// A page of statistics that whoever has its address sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Share {
    /// Its id.
    pub id: ShareId,
    /// The heading of the page.
    #[schema(example = "Spring campaign")]
    pub name: String,
    /// Which clicks it is about, as a query string of analytics.
    #[schema(example = "tag=spring&country=!DE")]
    pub filters: String,
    /// Whether visitors need a password.
    pub password_protected: bool,
    /// Shows nothing from this moment on.
    pub expires_at: Option<Timestamp>,
    /// Who made it: the id of a person.
    pub created_by: Author,
    /// Grows with every edit.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A share that was just made, with its address.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CreatedShare {
    /// The share.
    #[serde(flatten)]
    pub share: Share,
    /// The secret. It is shown this once and kept nowhere.
    #[schema(example = "share_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    pub token: String,
    /// The address of the page, which has the secret in it.
    #[schema(example = "https://api.example.com/s/share_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    pub url: String,
}

/// A share to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareDraft {
    /// The heading of the page.
    #[schema(min_length = 1, max_length = 100, example = "Spring campaign")]
    pub name: String,
    /// Which clicks it is about, as a query string of analytics without a period; all of the workspace if empty.
    #[serde(default)]
    #[schema(max_length = 4000, example = "tag=spring&country=!DE")]
    pub filters: String,
    /// What visitors must know, 8 to 128 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 8, max_length = 128, format = "password")]
    pub password: Option<SecretString>,
    /// Shows nothing from this moment on; absent for a page without an end.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// An edit of a share. What is absent stays as it is, `null` clears.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SharePatch {
    /// The heading of the page.
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    pub name: Option<String>,
    /// What visitors must know, 8 to 128 characters.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 8, max_length = 128, format = "password")]
    pub password: Option<Option<SecretString>>,
    /// Shows nothing from this moment on.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Timestamp>)]
    pub expires_at: Option<Option<Timestamp>>,
}

/// A shared page that was opened, and the right to read what it is about.
#[derive(Debug, Clone)]
pub struct OpenShare {
    /// The share.
    pub share: Share,
    /// To the counts of its clicks alone.
    pub access: Access,
}

impl Recorded for Share {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl From<Row> for Share {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            filters: row.filters,
            password_protected: row.password_hash.is_some(),
            expires_at: row.expires_at,
            created_by: row.created_by,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl ApiCore {
    /// Shares a page. The caller has looked whether its filters can be read.
    ///
    /// # Errors
    /// `Invalid` with every field that is wrong; `Conflict` if the workspace shares too many.
    pub async fn create_share(&self, access: &Access, draft: ShareDraft) -> Result<CreatedShare> {
        let now = clock::now();
        let mut errors = FieldErrors::default();
        let name = errors.name("/name", &draft.name);
        let filters = check_query(&mut errors, "/filters", &draft.filters);
        check_password(&mut errors, draft.password.as_ref());
        check_end(&mut errors, draft.expires_at, now);
        errors.into_result()?;
        let password_hash = self.hashed(draft.password).await?;
        let token = Token::random(TokenKind::Share);
        let row = Row {
            id: ShareId::new(),
            workspace_id: access.workspace_id(),
            token_hash: token.hash(),
            name,
            filters,
            password_hash,
            expires_at: draft.expires_at,
            revoked_at: None,
            created_by: access.author(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let transaction = self.store.write().await?;
        require_room(&transaction, access).await?;
        shares::forget_revoked(&transaction, access.workspace_id(), now.minus(REVOKED_KEPT_FOR)).await?;
        shares::insert(&transaction, row.clone()).await?;
        let share = Share::from(row);
        self.commit(transaction, vec![CREATED.made(access.by(), &share)?], Vec::new()).await?;
        let token = token.secret().expose_secret().to_owned();
        let url = self.settings.public_url.join(&format!("/s/{token}")).map_err(Error::internal)?.to_string();
        Ok(CreatedShare { share, token, url })
    }

    /// A page of what the workspace shares, newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_shares(&self, access: &Access, page: Page) -> Result<Vec<Share>> {
        let rows = shares::list(self.store.reader(), access.workspace_id(), page).await?;
        Ok(rows.into_iter().map(Share::from).collect())
    }

    /// One share.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such share, or none any more.
    pub async fn find_share(&self, access: &Access, id: ShareId) -> Result<Share> {
        let row = shares::find(self.store.reader(), access.workspace_id(), id).await?;
        row.map(Share::from).ok_or_else(not_found)
    }

    /// Changes a share, whose address stays.
    ///
    /// # Errors
    /// `Invalid` with every field that is wrong; `PreconditionFailed` if it is not in the version expected.
    pub async fn update_share(
        &self,
        access: &Access,
        id: ShareId,
        expected: &impl ExpectedVersion,
        patch: SharePatch,
    ) -> Result<Share> {
        let mut errors = FieldErrors::default();
        let name = patch.name.map(|name| errors.name("/name", &name));
        check_password(&mut errors, patch.password.as_ref().and_then(Option::as_ref));
        check_end(&mut errors, patch.expires_at.flatten(), clock::now());
        errors.into_result()?;
        let password_hash = match patch.password {
            Some(password) => Some(self.hashed(password).await?),
            None => None,
        };
        let transaction = self.store.write().await?;
        let current = lock(&transaction, access, id).await?;
        expected.require(current.version)?;
        let before = Share::from(current.clone());
        let row = Row {
            name: name.unwrap_or_else(|| current.name.clone()),
            password_hash: password_hash.unwrap_or_else(|| current.password_hash.clone()),
            expires_at: patch.expires_at.unwrap_or(current.expires_at),
            version: current.version.saturating_add(1),
            updated_at: clock::now(),
            ..current
        };
        shares::update(&transaction, row.clone()).await?;
        let share = Share::from(row);
        self.commit(transaction, vec![UPDATED.edited(access.by(), &before, &share)?], Vec::new()).await?;
        Ok(share)
    }

    /// Takes a share back, at once and for good.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such share, or none any more; `PreconditionFailed` if it is not in the version expected.
    pub async fn revoke_share(&self, access: &Access, id: ShareId, expected: &impl ExpectedVersion) -> Result<()> {
        let transaction = self.store.write().await?;
        let current = lock(&transaction, access, id).await?;
        expected.require(current.version)?;
        let share = Share::from(current.clone());
        shares::update(&transaction, Row { revoked_at: Some(clock::now()), ..current }).await?;
        self.commit(transaction, vec![REVOKED.removed(access.by(), &share)?], Vec::new()).await
    }

    /// Opens a shared page, as somebody of whom nothing is known but the address that they come from.
    ///
    /// # Errors
    /// `NotFound` if no page has this secret; `Gone` if it has ended or was revoked; `Unauthenticated` without the right password;
    /// `RateLimited` if it was opened, or a password tried, too often.
    pub async fn open_share(
        &self,
        token: &SecretString,
        password: Option<SecretString>,
        address: Option<IpAddr>,
    ) -> Result<OpenShare> {
        let token = Token::parse(token.expose_secret()).filter(|token| token.kind() == TokenKind::Share);
        let token = token.ok_or_else(no_such_page)?;
        let row = shares::find_by_token(self.store.reader(), &token.hash()).await?.ok_or_else(no_such_page)?;
        let workspace = workspaces::find(self.store.reader(), row.workspace_id).await?;
        let workspace = workspace.filter(|workspace| workspace.deleted_at.is_none()).ok_or_else(no_such_page)?;
        let now = clock::now();
        if row.revoked_at.is_some() || row.expires_at.is_some_and(|end| end <= now) {
            let message = "This page is no longer shared. Ask whoever sent you its address.";
            return Err(Error::new(ErrorKind::Gone, "no_longer_shared", message));
        }
        self.count_opening(row.id, address).await?;
        if row.password_hash.is_some() {
            self.require_password(&row, password, address).await?;
        }
        let folders = visitors_sight(self.store.reader(), row.workspace_id).await?;
        let access = Access { workspace, actor: Actor::Visitor, folders, level: None };
        Ok(OpenShare { share: row.into(), access })
    }

    /// The right to read counts of a workspace's clicks, but for links in folders that are closed to members: for reports that leave the workspace.
    /// None if there is no such workspace, or it is being deleted.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn access_of_outsiders(&self, workspace: WorkspaceId) -> Result<Option<Access>> {
        let found = workspaces::find(self.store.reader(), workspace).await?;
        let Some(found) = found.filter(|found| found.deleted_at.is_none()) else { return Ok(None) };
        let folders = visitors_sight(self.store.reader(), workspace).await?;
        Ok(Some(Access { workspace: found, actor: Actor::Visitor, folders, level: None }))
    }

    /// Refuses to share links that visitors of shared pages do not see.
    ///
    /// # Errors
    /// `Invalid` if one of them is in a folder that is closed to members.
    pub async fn require_shareable(&self, access: &Access, links: &[LinkId]) -> Result<()> {
        let sight = visitors_sight(self.store.reader(), access.workspace_id()).await?;
        let visitor =
            Access { workspace: access.workspace.clone(), actor: Actor::Visitor, folders: sight, level: None };
        let hidden = self.hidden_links(&visitor).await?;
        if links.iter().any(|link| hidden.contains(link)) {
            let message = "this link is in a folder that is closed to some members; what is in it cannot be shared";
            return Err(Error::invalid_field("/filters", "in_closed_folder", message));
        }
        Ok(())
    }

    async fn require_password(&self, row: &Row, password: Option<SecretString>, address: Option<IpAddr>) -> Result<()> {
        let refused = |code, message| Err(Error::new(ErrorKind::Unauthenticated, code, message));
        let Some(password) = password else {
            return refused("password_required", "This page has a password.");
        };
        self.count_password(row.id, address).await?;
        if self.passwords.verify(password, row.password_hash.clone()).await? {
            return Ok(());
        }
        refused("wrong_password", "This is not the password of this page.")
    }

    async fn hashed(&self, password: Option<SecretString>) -> Result<Option<String>> {
        match password {
            Some(password) => Ok(Some(self.passwords.hash(password).await?)),
            None => Ok(None),
        }
    }
}

/// No folder that is closed to members is open to strangers.
async fn visitors_sight(connection: &impl Connection, workspace: WorkspaceId) -> Result<FolderSight> {
    let closed = folders::closed(connection, workspace).await?;
    Ok(FolderSight::new(closed.into_iter().map(|folder| (folder, FolderAccess::None))))
}

async fn lock(transaction: &Transaction, access: &Access, id: ShareId) -> Result<Row> {
    shares::lock(transaction, access.workspace_id(), id).await?.ok_or_else(not_found)
}

async fn require_room(transaction: &Transaction, access: &Access) -> Result<()> {
    workspaces::lock(transaction, access.workspace_id()).await?.ok_or_else(|| Error::not_found("workspace"))?;
    if shares::count(transaction, access.workspace_id()).await? >= SHARES_MAX {
        let message = format!("A workspace shares at most {SHARES_MAX} pages at a time. Revoke some first.");
        return Err(Error::new(ErrorKind::Conflict, "too_many_shares", message));
    }
    Ok(())
}

fn check_password(errors: &mut FieldErrors, password: Option<&SecretString>) {
    let length = password.map(|password| password.expose_secret().chars().count());
    if length.is_some_and(|length| !PASSWORD_LENGTHS.contains(&length)) {
        let (min, max) = (PASSWORD_LENGTHS.start(), PASSWORD_LENGTHS.end());
        errors.add("/password", "invalid_length", format!("a password has {min} to {max} characters"));
    }
}

fn check_end(errors: &mut FieldErrors, end: Option<Timestamp>, now: Timestamp) {
    if end.is_some_and(|end| end <= now) {
        errors.add("/expires_at", "in_the_past", "a page has to be shared for some time");
    }
}

fn not_found() -> Error {
    Error::not_found("share")
}

fn no_such_page() -> Error {
    let message = "No page is shared at this address. Look whether it was copied whole.";
    Error::new(ErrorKind::NotFound, "not_found", message)
}
