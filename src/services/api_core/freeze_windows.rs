//! Times in which nobody changes links: of a whole workspace, or of one folder.
//!
//! Invariants: while a window is open, links in it are neither edited, deleted, restored nor forgotten by anybody, nor changed by way of
//! their tags; new ones are made, and
//! whatever links do by themselves goes on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiCore;
use super::field_errors::FieldErrors;
use super::patch::present;
use super::principal::Access;
use super::recorded_action::{Action, Recorded, RecordedAction};
use super::text_validation::Lines;
use super::version::ExpectedVersion;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{DomainId, FolderId, FreezeWindowId, TagId};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;
use crate::infra::store::freeze_windows::{self, FreezeWindow as Row};
use crate::infra::store::page::Page;
use crate::infra::store::{Connection, Transaction, folders, workspaces};
use crate::runtime::clock;

/// The most windows of a workspace that have not ended.
const WINDOWS_MAX: u64 = 100;
/// The longest reason, in characters.
const REASON_LENGTH_MAX: usize = 200;

pub(super) const CREATED: Action<FreezeWindow> =
    Action::new("freeze_window.created", "A time was set in which links are left as they are.");
pub(super) const UPDATED: Action<FreezeWindow> = Action::new(
    "freeze_window.updated",
    "A time in which links are left as they are was moved, or got another reason.",
);
pub(super) const DELETED: Action<FreezeWindow> =
    Action::new("freeze_window.deleted", "A time in which links are left as they are was called off.");

/// A time in which nobody changes links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FreezeWindow {
    /// Its id.
    pub id: FreezeWindowId,
    /// The folder whose links are left as they are; `null` for all links of the workspace.
    pub folder_id: Option<FolderId>,
    /// Why, as whoever is refused reads it.
    #[schema(example = "Black Friday")]
    pub reason: String,
    /// Its first moment.
    pub starts_at: Timestamp,
    /// The first moment after it.
    pub ends_at: Timestamp,
    /// Who set it.
    pub author: Author,
    /// Grows with every edit.
    pub version: i64,
    /// When it was set.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A window to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FreezeWindowDraft {
    /// The folder whose links are left as they are; all links of the workspace if absent.
    #[serde(default)]
    pub folder_id: Option<FolderId>,
    /// Why, as whoever is refused reads it.
    #[schema(min_length = 1, max_length = 200, example = "Black Friday")]
    pub reason: String,
    /// Its first moment; now if absent.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    pub starts_at: Option<String>,
    /// The first moment after it.
    #[schema(value_type = Timestamp)]
    pub ends_at: String,
}

/// An edit of a window. What is absent stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FreezeWindowPatch {
    /// The folder whose links are left as they are; `null` for all links of the workspace.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<FolderId>)]
    pub folder_id: Option<Option<FolderId>>,
    /// Why.
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    pub reason: Option<String>,
    /// Its first moment.
    #[schema(value_type = Timestamp, required = false)]
    pub starts_at: Option<String>,
    /// The first moment after it.
    #[schema(value_type = Timestamp, required = false)]
    pub ends_at: Option<String>,
}

impl Recorded for FreezeWindow {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl From<Row> for FreezeWindow {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            folder_id: row.folder_id,
            reason: row.reason,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            author: row.author,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// The windows of a workspace that are open.
pub(super) struct Freeze(Vec<Row>);

impl Freeze {
    /// Finds them.
    pub(super) async fn load(connection: &impl Connection, access: &Access) -> Result<Self> {
        Ok(Self(freeze_windows::open_at(connection, access.workspace_id(), clock::now(), WINDOWS_MAX).await?))
    }

    /// Refuses to change a link in this folder, or in none.
    ///
    /// # Errors
    /// `Conflict` that names the window.
    pub(super) fn check(&self, folder: Option<FolderId>) -> Result<()> {
        let holds = |row: &&Row| row.folder_id.is_none() || row.folder_id == folder;
        let Some(window) = self.0.iter().filter(holds).max_by_key(|row| row.ends_at) else { return Ok(()) };
        let place = if window.folder_id.is_some() { "in this folder" } else { "of this workspace" };
        let message = format!(
            "Links {place} are left as they are until {}: {} ({}). An admin can end that sooner.",
            window.ends_at, window.reason, window.id
        );
        Err(Error::new(ErrorKind::Conflict, "frozen", message))
    }
}

impl ApiCore {
    /// Sets a window.
    ///
    /// # Errors
    /// `Invalid` with every field that is wrong; `Conflict` if the workspace has too many.
    pub async fn create_freeze_window(&self, access: &Access, draft: FreezeWindowDraft) -> Result<FreezeWindow> {
        let now = clock::now();
        let mut errors = FieldErrors::default();
        let row = Row {
            id: FreezeWindowId::new(),
            workspace_id: access.workspace_id(),
            folder_id: draft.folder_id,
            reason: errors.text("/reason", &draft.reason, (1, REASON_LENGTH_MAX), Lines::One),
            starts_at: draft.starts_at.and_then(|time| moment(&mut errors, "/starts_at", &time)).unwrap_or(now),
            ends_at: moment(&mut errors, "/ends_at", &draft.ends_at).unwrap_or(now),
            author: access.author(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        errors.into_result()?;
        let transaction = self.store.write().await?;
        check(&transaction, access, &row).await?;
        require_room(&transaction, access).await?;
        freeze_windows::insert(&transaction, row.clone()).await?;
        let window = FreezeWindow::from(row);
        self.commit(transaction, vec![CREATED.made(access.by(), &window)?], Vec::new()).await?;
        Ok(window)
    }

    /// A page of the windows that exist for the caller, those that ended included, newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_freeze_windows(&self, access: &Access, page: Page) -> Result<Vec<FreezeWindow>> {
        let (reader, hidden) = (self.store.reader(), access.folders.hidden());
        let rows = freeze_windows::list(reader, access.workspace_id(), hidden, page).await?;
        Ok(rows.into_iter().map(FreezeWindow::from).collect())
    }

    /// One window.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such window, or its folder does not exist for the caller.
    pub async fn find_freeze_window(&self, access: &Access, id: FreezeWindowId) -> Result<FreezeWindow> {
        let row = freeze_windows::find(self.store.reader(), access.workspace_id(), id).await?;
        Ok(seen(access, row)?.into())
    }

    /// Changes a window. With an end that has passed it is over.
    ///
    /// # Errors
    /// `Invalid` with every field that is wrong; `PreconditionFailed` if it is not in the version expected; `Conflict` if it is over,
    /// shall be one to come, and the workspace has too many of those.
    pub async fn update_freeze_window(
        &self,
        access: &Access,
        id: FreezeWindowId,
        expected: &impl ExpectedVersion,
        patch: FreezeWindowPatch,
    ) -> Result<FreezeWindow> {
        let mut errors = FieldErrors::default();
        let reason = patch.reason.map(|text| errors.text("/reason", &text, (1, REASON_LENGTH_MAX), Lines::One));
        let starts_at = patch.starts_at.and_then(|time| moment(&mut errors, "/starts_at", &time));
        let ends_at = patch.ends_at.and_then(|time| moment(&mut errors, "/ends_at", &time));
        errors.into_result()?;
        let transaction = self.store.write().await?;
        let current = seen(access, freeze_windows::lock(&transaction, access.workspace_id(), id).await?)?;
        expected.require(current.version)?;
        let before = FreezeWindow::from(current.clone());
        let row = Row {
            folder_id: patch.folder_id.unwrap_or(current.folder_id),
            reason: reason.unwrap_or_else(|| current.reason.clone()),
            starts_at: starts_at.unwrap_or(current.starts_at),
            ends_at: ends_at.unwrap_or(current.ends_at),
            version: current.version.saturating_add(1),
            updated_at: clock::now(),
            ..current.clone()
        };
        check(&transaction, access, &row).await?;
        if current.ends_at <= row.updated_at && row.ends_at > row.updated_at {
            require_room(&transaction, access).await?;
        }
        freeze_windows::update(&transaction, row.clone()).await?;
        let window = FreezeWindow::from(row);
        self.commit(transaction, vec![UPDATED.edited(access.by(), &before, &window)?], Vec::new()).await?;
        Ok(window)
    }

    /// Calls a window off.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such window; `PreconditionFailed` if it is not in the version expected.
    pub async fn delete_freeze_window(
        &self,
        access: &Access,
        id: FreezeWindowId,
        expected: &impl ExpectedVersion,
    ) -> Result<()> {
        let transaction = self.store.write().await?;
        let row = seen(access, freeze_windows::lock(&transaction, access.workspace_id(), id).await?)?;
        expected.require(row.version)?;
        freeze_windows::delete(&transaction, access.workspace_id(), id).await?;
        let recorded_actions = vec![DELETED.removed(access.by(), &FreezeWindow::from(row))?];
        self.commit(transaction, recorded_actions, Vec::new()).await
    }
}

/// Refuses to file all links of a domain anew while a window of whichever workspace holds one of them.
///
/// # Errors
/// `Conflict` that names the window.
pub(super) async fn refuse_frozen_links_on(connection: &impl Connection, domain: DomainId) -> Result<()> {
    refuse_held("on this domain", freeze_windows::holding_links_on(connection, domain, clock::now()).await?)
}

/// Refuses to give a tag another name, or to take it off all its links, while a window holds one of them.
///
/// # Errors
/// `Conflict` that names the window.
pub(super) async fn refuse_frozen_links_with(connection: &impl Connection, tag: TagId) -> Result<()> {
    refuse_held("with this tag", freeze_windows::holding_links_with(connection, tag, clock::now()).await?)
}

/// The reason is not told, because the window may be of another workspace, or of a folder that is closed to the caller.
fn refuse_held(which: &str, window: Option<Row>) -> Result<()> {
    let Some(window) = window else { return Ok(()) };
    let message = format!(
        "Links {which} are left as they are until {} ({}). An admin of their workspace can end that sooner.",
        window.ends_at, window.id
    );
    Err(Error::new(ErrorKind::Conflict, "frozen", message))
}

impl ApiCore {
    /// Ends the windows of a folder that is deleted: what happened. Those that are not over keep the folder from that.
    ///
    /// # Errors
    /// `Conflict` that names a window that is not over.
    pub(super) async fn delete_windows_of_folder(
        &self,
        transaction: &Transaction,
        access: &Access,
        folder: FolderId,
    ) -> Result<Vec<RecordedAction>> {
        let windows = freeze_windows::lock_of_folder(transaction, access.workspace_id(), folder).await?;
        let now = clock::now();
        if let Some(window) = windows.iter().find(|window| window.ends_at > now) {
            let message = format!(
                "The freeze window {} ({}) is about this folder until {}. Delete it first, or wait.",
                window.id, window.reason, window.ends_at
            );
            return Err(Error::new(ErrorKind::Conflict, "folder_has_freeze_window", message));
        }
        let mut recorded_actions = Vec::with_capacity(windows.len());
        for window in windows {
            freeze_windows::delete(transaction, access.workspace_id(), window.id).await?;
            recorded_actions.push(DELETED.removed(access.by(), &FreezeWindow::from(window))?);
        }
        Ok(recorded_actions)
    }
}

fn seen(access: &Access, row: Option<Row>) -> Result<Row> {
    row.filter(|row| access.folders.sees(row.folder_id)).ok_or_else(|| Error::not_found("freeze window"))
}

async fn require_room(transaction: &Transaction, access: &Access) -> Result<()> {
    workspaces::lock(transaction, access.workspace_id()).await?.ok_or_else(|| Error::not_found("workspace"))?;
    if freeze_windows::count_to_come(transaction, access.workspace_id(), clock::now()).await? >= WINDOWS_MAX {
        let message = format!("A workspace has at most {WINDOWS_MAX} freeze windows that have not ended. Delete one.");
        return Err(Error::new(ErrorKind::Conflict, "too_many_freeze_windows", message));
    }
    Ok(())
}

/// Checks what only shows in the whole, and beside others.
async fn check(transaction: &Transaction, access: &Access, row: &Row) -> Result<()> {
    let mut errors = FieldErrors::default();
    if row.ends_at <= row.starts_at {
        errors.add("/ends_at", "not_after_start", "the end must be after starts_at");
    }
    if let Some(folder) = row.folder_id {
        let found = folders::hold_all(transaction, access.workspace_id(), vec![folder]).await?;
        if found.is_empty() || !access.folders.sees(Some(folder)) {
            errors.add("/folder_id", "unknown_folder", "the workspace has no such folder");
        }
    }
    errors.into_result()
}

fn moment(errors: &mut FieldErrors, pointer: &str, text: &str) -> Option<Timestamp> {
    errors.check(pointer, "invalid_time", text.parse())
}
