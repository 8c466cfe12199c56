//! Labels on links.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiCore;
use super::field_errors::FieldErrors;
use super::freeze_windows::refuse_frozen_links_with;
use super::principal::Access;
use super::recorded_action::{Action, Recorded};
use super::version::ExpectedVersion;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::folded_text::{composed, name_key};
use crate::domain::id::TagId;
use crate::domain::time::Timestamp;
use crate::infra::store::page::Page;
use crate::infra::store::tags::{self, Tag as Row};
use crate::infra::store::{Connection, workspaces};
use crate::runtime::clock;

/// The most tags of one workspace.
pub(super) const TAGS_MAX: u64 = 5_000;
/// The longest name of a tag, in characters.
pub(super) const NAME_LENGTH_MAX: usize = 50;
/// The colour of tags that nobody chose one for.
const DEFAULT_COLOR: &str = "#808080";

pub(super) const CREATED: Action<Tag> =
    Action::new("tag.created", "A tag was made, by itself or on the way to a link.");
pub(super) const UPDATED: Action<Tag> = Action::new("tag.updated", "A tag was changed, on every link that carries it.");
pub(super) const DELETED: Action<Tag> = Action::new("tag.deleted", "A tag was deleted and taken off every link.");

/// A label on links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Tag {
    /// Its id.
    pub id: TagId,
    /// Its name, unique in the workspace in any case.
    pub name: String,
    /// Its colour in the dashboard.
    #[schema(pattern = "^#[0-9a-f]{6}$", example = "#d62828")]
    pub color: String,
    /// Grows with every edit.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A tag to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TagDraft {
    /// Its name, unique in the workspace in any case.
    #[schema(min_length = 1, max_length = 50, example = "summer")]
    pub name: String,
    /// Its colour in the dashboard; grey if absent.
    #[serde(default)]
    #[schema(pattern = "^#[0-9a-fA-F]{6}$", example = "#d62828")]
    pub color: Option<String>,
}

/// An edit of a tag. What is absent stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TagPatch {
    /// Its name.
    #[schema(min_length = 1, max_length = 50, nullable = false)]
    pub name: Option<String>,
    /// Its colour.
    #[schema(pattern = "^#[0-9a-fA-F]{6}$", nullable = false)]
    pub color: Option<String>,
}

impl Recorded for Tag {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl From<Row> for Tag {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            color: row.color,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl ApiCore {
    /// Makes a tag.
    ///
    /// # Errors
    /// `Conflict` if the workspace has one of this name, or too many.
    pub async fn create_tag(&self, access: &Access, draft: TagDraft) -> Result<Tag> {
        let mut errors = FieldErrors::default();
        let name = check_name(&mut errors, "/name", &draft.name);
        let color = draft.color.map(|color| check_color(&mut errors, &color));
        errors.into_result()?;

        let row = Row { color: color.unwrap_or_else(|| DEFAULT_COLOR.to_owned()), ..new_row(access, name) };
        let transaction = self.store.write().await?;
        require_room(&transaction, access, 1).await?;
        if !tags::insert(&transaction, row.clone()).await? {
            return Err(name_taken());
        }
        let tag = Tag::from(row);
        self.commit(transaction, vec![CREATED.made(access.by(), &tag)?], Vec::new()).await?;
        Ok(tag)
    }

    /// A page of the workspace's tags, newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_tags(&self, access: &Access, page: Page) -> Result<Vec<Tag>> {
        let rows = tags::list(self.store.reader(), access.workspace_id(), page).await?;
        Ok(rows.into_iter().map(Tag::from).collect())
    }

    /// One tag.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such tag.
    pub async fn find_tag(&self, access: &Access, id: TagId) -> Result<Tag> {
        let row = tags::find(self.store.reader(), access.workspace_id(), id).await?;
        row.map(Tag::from).ok_or_else(|| Error::not_found("tag"))
    }

    /// Changes a tag, on every link that carries it.
    ///
    /// # Errors
    /// `PreconditionFailed` if it is not in the version expected; `Conflict` if another tag has the name, or it would have another and a link
    /// that carries it is frozen.
    pub async fn update_tag(
        &self,
        access: &Access,
        id: TagId,
        expected: &impl ExpectedVersion,
        patch: TagPatch,
    ) -> Result<Tag> {
        let mut errors = FieldErrors::default();
        let name = patch.name.map(|name| check_name(&mut errors, "/name", &name));
        let color = patch.color.map(|color| check_color(&mut errors, &color));
        errors.into_result()?;

        let transaction = self.store.write().await?;
        let current = tags::lock(&transaction, access.workspace_id(), id).await?;
        let current = current.ok_or_else(|| Error::not_found("tag"))?;
        expected.require(current.version)?;
        let before = Tag::from(current.clone());
        let name = name.unwrap_or(current.name);
        if name != before.name {
            refuse_frozen_links_with(&transaction, id).await?;
        }
        let row = Row {
            name_key: name_key(&name),
            name,
            color: color.unwrap_or(current.color),
            version: current.version + 1,
            updated_at: clock::now(),
            ..current
        };
        if !tags::update(&transaction, row.clone()).await? {
            return Err(name_taken());
        }
        let tag = Tag::from(row);
        self.commit(transaction, vec![UPDATED.edited(access.by(), &before, &tag)?], Vec::new()).await?;
        Ok(tag)
    }

    /// Deletes a tag and takes it off every link.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such tag; `PreconditionFailed` if it is not in the version expected; `Conflict` if a link that
    /// carries it is frozen.
    pub async fn delete_tag(&self, access: &Access, id: TagId, expected: &impl ExpectedVersion) -> Result<()> {
        let transaction = self.store.write().await?;
        let current = tags::lock(&transaction, access.workspace_id(), id).await?;
        let current = Tag::from(current.ok_or_else(|| Error::not_found("tag"))?);
        expected.require(current.version)?;
        refuse_frozen_links_with(&transaction, id).await?;
        tags::delete(&transaction, access.workspace_id(), id).await?;
        self.commit(transaction, vec![DELETED.removed(access.by(), &current)?], Vec::new()).await
    }
}

/// A tag of this name without a colour of its own.
pub(super) fn new_row(access: &Access, name: String) -> Row {
    let now = clock::now();
    Row {
        id: TagId::new(),
        workspace_id: access.workspace_id(),
        name_key: name_key(&name),
        name,
        color: DEFAULT_COLOR.to_owned(),
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Refuses more tags than a workspace may have. They are counted by one transaction at a time.
pub(super) async fn require_room(connection: &impl Connection, access: &Access, more: u64) -> Result<()> {
    workspaces::lock(connection, access.workspace_id()).await?.ok_or_else(|| Error::not_found("workspace"))?;
    if tags::count(connection, access.workspace_id()).await?.saturating_add(more) > TAGS_MAX {
        let message = format!("A workspace has at most {TAGS_MAX} tags.");
        return Err(Error::new(ErrorKind::Conflict, "too_many_tags", message));
    }
    Ok(())
}

/// The name of a tag, composed, so that what looks alike is one tag.
pub(super) fn check_name(errors: &mut FieldErrors, pointer: &str, name: &str) -> String {
    errors.text(pointer, &composed(name), (1, NAME_LENGTH_MAX), super::text_validation::Lines::One)
}

fn check_color(errors: &mut FieldErrors, color: &str) -> String {
    let digits = color.strip_prefix('#').filter(|digits| digits.len() == 6);
    if !digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        errors.add("/color", "invalid_color", "expected a colour such as #d62828");
    }
    color.to_ascii_lowercase()
}

fn name_taken() -> Error {
    Error::new(ErrorKind::Conflict, "name_taken", "The workspace has a tag of this name.")
}
