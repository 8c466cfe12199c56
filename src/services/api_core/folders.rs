//! Folders of links, and who may do what in them.
//!
//! Invariants: a folder narrows what the table of permissions gives, and never widens it; owners and admins, who decide about
//! folders, reach into all of them; a folder that is deleted is empty, so that nothing in it becomes open by that.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiCore;
use super::field_errors::FieldErrors;
use super::principal::{Access, Actor};
use super::recorded_action::{Action, Recorded};
use super::version::ExpectedVersion;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::folded_text::{composed, name_key};
use crate::domain::folder::{FolderAccess, FolderSight};
use crate::domain::id::{FolderId, UserId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::infra::store::folders::{self, Folder as Row, FolderMember as MemberRow};
use crate::infra::store::page::Page;
use crate::infra::store::{Connection, Transaction, deleted_links, workspaces};
use crate::runtime::clock;

/// The most folders of one workspace.
const FOLDERS_MAX: u64 = 500;
/// The most members that one folder names.
const MEMBERS_MAX: usize = 100;

pub(super) const CREATED: Action<Folder> = Action::new("folder.created", "A folder was made.");
pub(super) const UPDATED: Action<Folder> =
    Action::new("folder.updated", "A folder was renamed, or others than before may do something in it.");
pub(super) const DELETED: Action<Folder> = Action::new("folder.deleted", "An empty folder was deleted.");

/// A place for links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Folder {
    /// Its id.
    pub id: FolderId,
    /// Its name, unique in the workspace in any case.
    #[schema(example = "Spring campaign")]
    pub name: String,
    /// What members may do with its links who are not named, as far as their role allows. Owners and admins may do everything.
    pub access: FolderAccess,
    /// Members for whom something else holds.
    pub members: Vec<FolderMember>,
    /// How many links are in it.
    pub links: u64,
    /// Grows with every edit.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What one member may do in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderMember {
    /// The member.
    pub user_id: UserId,
    /// What they may do with its links, as far as their role allows.
    pub access: FolderAccess,
}

/// A folder to be. At first everybody may do in it what their role allows.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderDraft {
    /// Its name, unique in the workspace in any case.
    #[schema(min_length = 1, max_length = 50, example = "Spring campaign")]
    pub name: String,
}

/// An edit of a folder. What is absent stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderPatch {
    /// Its name.
    #[schema(min_length = 1, max_length = 50, nullable = false)]
    pub name: Option<String>,
}

/// Who may do what in a folder. What is absent stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderAccessPatch {
    /// What members may do who are not named.
    #[schema(value_type = FolderAccess, required = false, example = "none")]
    pub access: Option<FolderAccess>,
    /// All members for whom something else holds.
    #[schema(max_items = 100, nullable = false)]
    pub members: Option<Vec<FolderMember>>,
}

impl Recorded for Folder {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl ApiCore {
    /// Makes a folder, open to everybody.
    ///
    /// # Errors
    /// `Conflict` if the workspace has one of this name, or too many.
    pub async fn create_folder(&self, access: &Access, draft: FolderDraft) -> Result<Folder> {
        let mut errors = FieldErrors::default();
        let name = check_name(&mut errors, &draft.name);
        errors.into_result()?;
        let now = clock::now();
        let row = Row {
            id: FolderId::new(),
            workspace_id: access.workspace_id(),
            name_key: name_key(&name),
            name,
            access: FolderAccess::Edit,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let transaction = self.store.write().await?;
        require_room(&transaction, access).await?;
        if !folders::insert(&transaction, row.clone()).await? {
            return Err(name_taken());
        }
        let folder = view_one(&transaction, row).await?;
        self.commit(transaction, vec![CREATED.made(access.by(), &folder)?], Vec::new()).await?;
        Ok(folder)
    }

    /// A page of the folders that exist for the caller, newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_folders(&self, access: &Access, page: Page) -> Result<Vec<Folder>> {
        let reader = self.store.reader();
        let rows = folders::list(reader, access.workspace_id(), access.folders.hidden(), page).await?;
        view(reader, rows).await
    }

    /// One folder.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such folder, or it does not exist for the caller.
    pub async fn find_folder(&self, access: &Access, id: FolderId) -> Result<Folder> {
        let reader = self.store.reader();
        let row = seen(access, folders::find(reader, access.workspace_id(), id).await?)?;
        view_one(reader, row).await
    }

    /// Renames a folder.
    ///
    /// # Errors
    /// `PreconditionFailed` if it is not in the version expected; `Conflict` if another folder has the name; `Forbidden` if the
    /// caller may only see what is in it.
    pub async fn update_folder(
        &self,
        access: &Access,
        id: FolderId,
        expected: &impl ExpectedVersion,
        patch: FolderPatch,
    ) -> Result<Folder> {
        let mut errors = FieldErrors::default();
        let name = patch.name.map(|name| check_name(&mut errors, &name));
        errors.into_result()?;
        let transaction = self.store.write().await?;
        let current = lock(&transaction, access, id, expected).await?;
        let before = view_one(&transaction, current.clone()).await?;
        let name = name.unwrap_or_else(|| current.name.clone());
        let row = Row { name_key: name_key(&name), name, ..edited(current) };
        self.write_folder(transaction, access, before, row).await
    }

    /// Says who may do what in a folder.
    ///
    /// # Errors
    /// `Invalid` if somebody is named who is no member, or twice; `PreconditionFailed` if it is not in the version expected.
    pub async fn update_folder_access(
        &self,
        access: &Access,
        id: FolderId,
        expected: &impl ExpectedVersion,
        patch: FolderAccessPatch,
    ) -> Result<Folder> {
        let transaction = self.store.write().await?;
        let current = lock(&transaction, access, id, expected).await?;
        let before = view_one(&transaction, current.clone()).await?;
        if let Some(members) = patch.members {
            check_members(&transaction, access, &members).await?;
            let workspace_id = access.workspace_id();
            let row = |member: FolderMember| MemberRow {
                folder_id: id,
                user_id: member.user_id,
                workspace_id,
                access: member.access,
            };
            folders::replace_members(&transaction, id, members.into_iter().map(row).collect()).await?;
        }
        let row = Row { access: patch.access.unwrap_or(current.access), ..edited(current) };
        self.write_folder(transaction, access, before, row).await
    }

    async fn write_folder(
        &self,
        transaction: Transaction,
        access: &Access,
        before: Folder,
        row: Row,
    ) -> Result<Folder> {
        if !folders::update(&transaction, row.clone()).await? {
            return Err(name_taken());
        }
        let folder = view_one(&transaction, row).await?;
        self.commit(transaction, vec![UPDATED.edited(access.by(), &before, &folder)?], Vec::new()).await?;
        Ok(folder)
    }

    /// Deletes a folder without links.
    ///
    /// # Errors
    /// `Conflict` while it has links; `PreconditionFailed` if it is not in the version expected; `Forbidden` if the caller may
    /// only see what is in it.
    pub async fn delete_folder(&self, access: &Access, id: FolderId, expected: &impl ExpectedVersion) -> Result<()> {
        let transaction = self.store.write().await?;
        let row = lock(&transaction, access, id, expected).await?;
        let folder = view_one(&transaction, row).await?;
        let deleted = deleted_links::count_in_folder(&transaction, access.workspace_id(), id).await?;
        if folder.links > 0 || deleted > 0 {
            let message = format!(
                "The folder has {} links, and {deleted} deleted ones that can be restored. Move them out of it, or purge them, first.",
                folder.links
            );
            return Err(Error::new(ErrorKind::Conflict, "folder_not_empty", message));
        }
        let mut recorded_actions = self.delete_windows_of_folder(&transaction, access, id).await?;
        recorded_actions.push(DELETED.removed(access.by(), &folder)?);
        folders::delete(&transaction, access.workspace_id(), id).await?;
        self.commit(transaction, recorded_actions, Vec::new()).await
    }
}

/// In which folders whoever acts may do less than their role allows: in none, if they decide about folders, or are a program that no
/// person stands behind.
pub(super) async fn sight(connection: &impl Connection, workspace: WorkspaceId, actor: &Actor) -> Result<FolderSight> {
    match actor.person() {
        Some((person, _)) if !actor.looks_after_workspace() => {
            Ok(FolderSight::new(folders::narrowed_for(connection, workspace, person).await?))
        }
        _ => Ok(FolderSight::default()),
    }
}

/// The folders, in the same order, with their links counted.
async fn view(connection: &impl Connection, rows: Vec<Row>) -> Result<Vec<Folder>> {
    let ids: Vec<FolderId> = rows.iter().map(|row| row.id).collect();
    let links = folders::count_links(connection, &ids).await?;
    let mut members: HashMap<FolderId, Vec<FolderMember>> = HashMap::new();
    for row in folders::members_of(connection, &ids).await? {
        members.entry(row.folder_id).or_default().push(FolderMember { user_id: row.user_id, access: row.access });
    }
    let view = |row: Row| Folder {
        links: links.get(&row.id).copied().and_then(|links| u64::try_from(links).ok()).unwrap_or(0),
        members: members.remove(&row.id).unwrap_or_default(),
        id: row.id,
        name: row.name,
        access: row.access,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    };
    Ok(rows.into_iter().map(view).collect())
}

async fn view_one(connection: &impl Connection, row: Row) -> Result<Folder> {
    let folders = view(connection, vec![row]).await?;
    folders.into_iter().next().ok_or_else(|| Error::internal("a folder without its view"))
}

fn seen(access: &Access, row: Option<Row>) -> Result<Row> {
    row.filter(|row| access.folders.sees(Some(row.id))).ok_or_else(|| Error::not_found("folder"))
}

/// A folder that the caller may change, kept from others until the transaction ends.
async fn lock(
    transaction: &Transaction,
    access: &Access,
    id: FolderId,
    expected: &impl ExpectedVersion,
) -> Result<Row> {
    let row = seen(access, folders::lock(transaction, access.workspace_id(), id).await?)?;
    if access.folders.access(Some(id)) < FolderAccess::Edit {
        return Err(read_only());
    }
    expected.require(row.version)?;
    Ok(row)
}

/// The next version of a folder.
fn edited(row: Row) -> Row {
    Row { version: row.version.saturating_add(1), updated_at: clock::now(), ..row }
}

/// Whoever may see a folder's links, and wants more.
pub(super) fn read_only() -> Error {
    let message = "You may see what is in this folder, and change nothing of it. Ask an admin of the workspace.";
    Error::new(ErrorKind::Forbidden, "read_only_folder", message)
}

async fn require_room(transaction: &Transaction, access: &Access) -> Result<()> {
    workspaces::lock(transaction, access.workspace_id()).await?.ok_or_else(|| Error::not_found("workspace"))?;
    if folders::count(transaction, access.workspace_id()).await? >= FOLDERS_MAX {
        let message = format!("A workspace has at most {FOLDERS_MAX} folders.");
        return Err(Error::new(ErrorKind::Conflict, "too_many_folders", message));
    }
    Ok(())
}

async fn check_members(transaction: &Transaction, access: &Access, members: &[FolderMember]) -> Result<()> {
    let mut errors = FieldErrors::default();
    if members.len() > MEMBERS_MAX {
        errors.add("/members", "too_many", format!("a folder names at most {MEMBERS_MAX} members"));
        return errors.into_result();
    }
    let mut seen = HashSet::new();
    for (index, member) in members.iter().enumerate() {
        let pointer = format!("/members/{index}/user_id");
        if !seen.insert(member.user_id) {
            errors.add(&pointer, "duplicate", "this member is named before");
        } else if workspaces::find_member(transaction, access.workspace_id(), member.user_id).await?.is_none() {
            errors.add(&pointer, "unknown_member", "the workspace has no such member");
        }
    }
    errors.into_result()
}

fn check_name(errors: &mut FieldErrors, name: &str) -> String {
    errors.text("/name", &composed(name), (1, super::tags::NAME_LENGTH_MAX), super::text_validation::Lines::One)
}

fn name_taken() -> Error {
    Error::new(ErrorKind::Conflict, "name_taken", "The workspace has a folder of this name.")
}
