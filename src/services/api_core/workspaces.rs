//! Workspaces. Their end is in [`super::workspace_deletion`].

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiCore;
use super::field_errors::FieldErrors;
use super::principal::{Access, Principal};
use super::recorded_action::{Action, By, Recorded, RecordedAction};
use super::version::ExpectedVersion;
use super::workspace_deletion::being_deleted;
use crate::domain::change::Invalidation;
use crate::domain::click_policy::{ClickPolicy, RETENTION_DAYS_MAX, VisitorAddresses};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{UserId, WorkspaceId};
use crate::domain::permission::{ListWorkspaces, Operation};
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::infra::store::Transaction;
use crate::infra::store::page::Page;
use crate::infra::store::users;
use crate::infra::store::workspaces::{self, Membership, Workspace as Row};
use crate::runtime::clock;

/// The longest slug of a workspace.
const SLUG_LENGTH_MAX: usize = 48;

pub(super) const CREATED: Action<Workspace> = Action::new("workspace.created", "A workspace was made.");
pub(super) const UPDATED: Action<Workspace> = Action::new("workspace.updated", "A workspace was changed.");

/// A workspace: the tenant that owns links, keys and clicks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name, for people.
    pub name: String,
    /// Its name in addresses, unique in this instance.
    pub slug: String,
    /// Grows with every edit.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was deleted; `null` for one in use.
    pub deleted_at: Option<Timestamp>,
    /// When a deleted workspace will be gone for good; until then an owner can undelete it.
    pub purge_at: Option<Timestamp>,
    /// For how many days clicks are kept at most; 0 is as long as the instance keeps them, which is the most in any case.
    #[schema(minimum = 0, maximum = 36500)]
    pub click_retention_days: i64,
    /// What of a visitor's address is used for clicks from now on.
    pub visitor_addresses: VisitorAddresses,
    /// Whether reports count clicks from now on whose visitors ask not to be tracked (`DNT: 1`, `Sec-GPC: 1`). If not, they are kept, and are
    /// told as `opted_out` among what is left out.
    pub count_opted_out: bool,
}

/// A workspace to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceDraft {
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 100, example = "Marketing")]
    pub name: String,
    /// Its name in addresses, unique in this instance: lower-case letters, digits and single hyphens.
    #[schema(min_length = 1, max_length = 48, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", example = "marketing")]
    pub slug: String,
}

/// An edit of a workspace. What is absent stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspacePatch {
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    pub name: Option<String>,
    /// Its name in addresses.
    #[schema(min_length = 1, max_length = 48, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", nullable = false)]
    pub slug: Option<String>,
    /// For how many days clicks are kept at most; 0 is as long as the instance keeps them. Those that are older are deleted within an hour or,
    /// where ClickHouse keeps them, within a day, and do not come back.
    #[schema(minimum = 0, maximum = 36500, nullable = false)]
    pub click_retention_days: Option<i64>,
    /// What of a visitor's address is used.
    #[schema(nullable = false)]
    pub visitor_addresses: Option<VisitorAddresses>,
    /// Whether reports count visitors who ask not to be tracked.
    #[schema(nullable = false)]
    pub count_opted_out: Option<bool>,
}

impl Recorded for Workspace {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl From<Row> for Workspace {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            slug: row.slug,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            deleted_at: row.deleted_at,
            purge_at: row.purge_at,
            click_retention_days: row.click_retention_days,
            visitor_addresses: row.visitor_addresses,
            count_opted_out: row.count_opted_out,
        }
    }
}

impl ApiCore {
    /// Makes a workspace that belongs to `owner`.
    ///
    /// # Errors
    /// `Conflict` if the slug is in use or the owner has too many workspaces; `RateLimited` if there were too many of late.
    pub async fn create_workspace(&self, owner: UserId, draft: WorkspaceDraft) -> Result<Workspace> {
        let mut errors = FieldErrors::default();
        let name = errors.name("/name", &draft.name);
        check_slug(&mut errors, "/slug", &draft.slug);
        errors.into_result()?;
        self.count_creation(owner).await?;

        let transaction = self.store.write().await?;
        self.require_room_for_workspace(&transaction, owner).await?;
        let (workspace, recorded_action, stale) = self.insert_workspace(&transaction, owner, name, draft.slug).await?;
        self.commit(transaction, vec![recorded_action], stale).await?;
        Ok(workspace)
    }

    /// Adds a workspace of checked fields that belongs to `owner`; with what that is called, and what edges have to be told.
    pub(super) async fn insert_workspace(
        &self,
        transaction: &Transaction,
        owner: UserId,
        name: String,
        slug: String,
    ) -> Result<(Workspace, RecordedAction, Vec<Invalidation>)> {
        let (now, id, policy) = (clock::now(), WorkspaceId::new(), ClickPolicy::default());
        let row = Row {
            id,
            name,
            slug,
            version: 1,
            created_by: Some(owner),
            created_at: now,
            updated_at: now,
            deleted_at: None,
            purge_at: None,
            click_retention_days: policy.retention_days,
            visitor_addresses: policy.addresses,
            count_opted_out: policy.count_opted_out,
        };
        let before = self.workspace_of_default_domain(transaction).await?;
        if !workspaces::insert(transaction, row.clone()).await? {
            return Err(slug_taken());
        }
        let membership = Membership { workspace_id: id, user_id: owner, role: Role::Owner, created_at: now };
        workspaces::insert_member(transaction, membership).await?;
        let stale = self.default_domain_moved(transaction, before).await?;
        let workspace = Workspace::from(row);
        let recorded_action = CREATED.made(By::person(owner).within(id), &workspace)?;
        Ok((workspace, recorded_action, stale.into_iter().collect()))
    }

    /// Refuses a person who owns as many workspaces as allowed.
    pub(super) async fn require_room_for_workspace(&self, transaction: &Transaction, owner: UserId) -> Result<()> {
        let Some(limits) = &self.limits else { return Ok(()) };
        // Workspaces of one owner are counted by one transaction at a time.
        users::lock(transaction, owner).await?.ok_or_else(|| Error::not_found("user"))?;
        if workspaces::count_owned(transaction, owner).await? < limits.owned_max {
            return Ok(());
        }
        let message =
            format!("A person owns at most {} workspaces here. Delete one that is not used.", limits.owned_max);
        Err(Error::new(ErrorKind::Conflict, "too_many_workspaces", message))
    }

    /// A page of the workspaces that a person belongs to and that are in use, or being deleted, newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_workspaces(&self, person: UserId, deleted: bool, page: Page) -> Result<Vec<Workspace>> {
        let rows = workspaces::list(self.store.reader(), person, deleted, page).await?;
        Ok(rows.into_iter().map(Workspace::from).collect())
    }

    /// A page of the workspaces of whoever asks, newest first: those of a person, or the one of a key or a program.
    ///
    /// # Errors
    /// `NotFound` to a key whose maker is no longer a member.
    pub async fn workspaces_of(&self, principal: &Principal, deleted: bool, page: Page) -> Result<Vec<Workspace>> {
        if let Some(person) = principal.person() {
            return self.list_workspaces(person, deleted, page).await;
        }
        let Some(workspace_id) = principal.workspace() else { return Ok(Vec::new()) };
        let access = self.authorize(principal, workspace_id, &ListWorkspaces::PERMISSION).await?;
        let workspace = Some(self.workspace(&access)).filter(|_| page.after.is_none());
        Ok(workspace.filter(|workspace| workspace.deleted_at.is_some() == deleted).into_iter().collect())
    }

    /// The workspace of a key, for which the list has this one entry.
    #[must_use]
    pub fn workspace(&self, access: &Access) -> Workspace {
        access.workspace.clone().into()
    }

    /// Changes a workspace.
    ///
    /// # Errors
    /// `PreconditionFailed` if it is not in the version expected; `Conflict` if the slug is in use.
    pub async fn update_workspace(
        &self,
        access: &Access,
        expected: &impl ExpectedVersion,
        patch: WorkspacePatch,
    ) -> Result<Workspace> {
        let mut errors = FieldErrors::default();
        let name = patch.name.map(|name| errors.name("/name", &name));
        if let Some(slug) = &patch.slug {
            check_slug(&mut errors, "/slug", slug);
        }
        if patch.click_retention_days.is_some_and(|days| !(0..=RETENTION_DAYS_MAX).contains(&days)) {
            let message = format!("0, for as long as the instance keeps clicks, or 1 to {RETENTION_DAYS_MAX} days");
            errors.add("/click_retention_days", "out_of_range", message);
        }
        errors.into_result()?;

        let transaction = self.store.write().await?;
        let current = workspaces::lock(&transaction, access.workspace_id()).await?;
        let current = current.ok_or_else(|| Error::not_found("workspace"))?;
        if current.deleted_at.is_some() {
            return Err(being_deleted(&current));
        }
        expected.require(current.version)?;
        let before = Workspace::from(current.clone());
        let row = Row {
            name: name.unwrap_or(current.name),
            slug: patch.slug.unwrap_or(current.slug),
            click_retention_days: patch.click_retention_days.unwrap_or(current.click_retention_days),
            visitor_addresses: patch.visitor_addresses.unwrap_or(current.visitor_addresses),
            count_opted_out: patch.count_opted_out.unwrap_or(current.count_opted_out),
            version: current.version + 1,
            updated_at: clock::now(),
            ..current
        };
        if !workspaces::update(&transaction, row.clone()).await? {
            return Err(slug_taken());
        }
        let workspace = Workspace::from(row);
        self.commit(transaction, vec![UPDATED.edited(access.by(), &before, &workspace)?], Vec::new()).await?;
        Ok(workspace)
    }
}

pub(super) fn check_slug(errors: &mut FieldErrors, pointer: &str, slug: &str) {
    let is_segment = |segment: &str| {
        !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if slug.len() > SLUG_LENGTH_MAX || !slug.split('-').all(is_segment) {
        let message = format!("1 to {SLUG_LENGTH_MAX} lower-case letters, digits and single hyphens between them");
        errors.add(pointer, "invalid_slug", message);
    }
}

fn slug_taken() -> Error {
    Error::new(ErrorKind::Conflict, "slug_taken", "Another workspace has this slug.")
}
