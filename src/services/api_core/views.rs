//! The filters of a page under a name, for oneself or for the whole workspace.
//!
//! Invariant: a view that is not shared exists for whoever made it and for nobody else, except in the audit trail.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiCore;
use super::field_errors::FieldErrors;
use super::principal::Access;
use super::recorded_action::{Action, Recorded};
use super::text_validation::Lines;
use super::version::ExpectedVersion;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::ViewId;
use crate::domain::recorded::Author;
use crate::domain::role::Scope;
use crate::domain::time::Timestamp;
use crate::domain::view::ViewPage;
use crate::infra::store::page::Page;
use crate::infra::store::views::{self, View as Row};
use crate::infra::store::{Transaction, workspaces};
use crate::runtime::clock;

/// The most views of one workspace.
const VIEWS_MAX: u64 = 2_000;
/// The longest query string of a view, in characters.
pub(super) const QUERY_LENGTH_MAX: usize = 4_000;

pub(super) const CREATED: Action<View> = Action::new("view.created", "A view of a page was saved.");
pub(super) const UPDATED: Action<View> = Action::new("view.updated", "A saved view was changed.");
pub(super) const DELETED: Action<View> = Action::new("view.deleted", "A saved view was deleted.");

/// The filters of a page, under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SavedView)]
pub struct View {
    /// Its id.
    pub id: ViewId,
    /// Its name.
    #[schema(example = "Spring, without Germany")]
    pub name: String,
    /// Of which page.
    pub page: ViewPage,
    /// The filters, as a query string in the names of the API.
    #[schema(example = "tag=spring&country=!DE&period=30d")]
    pub query: String,
    /// Whether everybody in the workspace sees it.
    pub shared: bool,
    /// Who made it: the id of a person.
    pub owner: Author,
    /// Grows with every edit.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A view to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SavedViewDraft)]
pub struct ViewDraft {
    /// Its name.
    #[schema(min_length = 1, max_length = 100, example = "Spring, without Germany")]
    pub name: String,
    /// Of which page.
    pub page: ViewPage,
    /// The filters, as a query string in the names of the API; none if absent.
    #[serde(default)]
    #[schema(max_length = 4000, example = "tag=spring&country=!DE&period=30d")]
    pub query: String,
    /// Whether everybody in the workspace sees it, for which one needs `links:write`.
    #[serde(default)]
    pub shared: bool,
}

/// An edit of a view. What is absent stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SavedViewPatch)]
pub struct ViewPatch {
    /// Its name.
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    pub name: Option<String>,
    /// The filters, as a query string in the names of the API.
    #[schema(max_length = 4000, nullable = false)]
    pub query: Option<String>,
    /// Whether everybody in the workspace sees it.
    #[schema(nullable = false)]
    pub shared: Option<bool>,
}

impl Recorded for View {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl From<Row> for View {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            page: row.page,
            query: row.query,
            shared: row.is_shared,
            owner: row.owner,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl ApiCore {
    /// Saves a view.
    ///
    /// # Errors
    /// `Forbidden` for a shared one of somebody who may not change links; `Conflict` if the workspace has too many.
    pub async fn create_view(&self, access: &Access, draft: ViewDraft) -> Result<View> {
        let mut errors = FieldErrors::default();
        let name = errors.name("/name", &draft.name);
        let query = check_query(&mut errors, "/query", &draft.query);
        errors.into_result()?;
        require_right(access, draft.shared)?;
        let now = clock::now();
        let row = Row {
            id: ViewId::new(),
            workspace_id: access.workspace_id(),
            owner: access.author(),
            name,
            page: draft.page,
            query,
            is_shared: draft.shared,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let transaction = self.store.write().await?;
        require_room(&transaction, access).await?;
        views::insert(&transaction, row.clone()).await?;
        let view = View::from(row);
        self.commit(transaction, vec![CREATED.made(access.by(), &view)?], Vec::new()).await?;
        Ok(view)
    }

    /// A page of the views that the caller sees, newest first: their own and shared ones, of one page or of all.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_views(&self, access: &Access, of_page: Option<ViewPage>, page: Page) -> Result<Vec<View>> {
        let reader = self.store.reader();
        let rows = views::list(reader, access.workspace_id(), access.author(), of_page, page).await?;
        Ok(rows.into_iter().map(View::from).collect())
    }

    /// One view.
    ///
    /// # Errors
    /// `NotFound` if the caller sees no such view.
    pub async fn find_view(&self, access: &Access, id: ViewId) -> Result<View> {
        let row = views::find(self.store.reader(), access.workspace_id(), access.author(), id).await?;
        row.map(View::from).ok_or_else(not_found)
    }

    /// Changes a view.
    ///
    /// # Errors
    /// `Forbidden` if it is shared, or is to be, and the caller may not change links; `PreconditionFailed` if it is not in the version
    /// expected.
    pub async fn update_view(
        &self,
        access: &Access,
        id: ViewId,
        expected: &impl ExpectedVersion,
        patch: ViewPatch,
    ) -> Result<View> {
        let mut errors = FieldErrors::default();
        let name = patch.name.map(|name| errors.name("/name", &name));
        let query = patch.query.map(|query| check_query(&mut errors, "/query", &query));
        errors.into_result()?;
        let transaction = self.store.write().await?;
        let current = lock(&transaction, access, id).await?;
        expected.require(current.version)?;
        let is_shared = patch.shared.unwrap_or(current.is_shared);
        require_right(access, is_shared || current.is_shared)?;
        let before = View::from(current.clone());
        let row = Row {
            name: name.unwrap_or_else(|| current.name.clone()),
            query: query.unwrap_or_else(|| current.query.clone()),
            is_shared,
            version: current.version.saturating_add(1),
            updated_at: clock::now(),
            ..current
        };
        views::update(&transaction, row.clone()).await?;
        let view = View::from(row);
        self.commit(transaction, vec![UPDATED.edited(access.by(), &before, &view)?], Vec::new()).await?;
        Ok(view)
    }

    /// Deletes a view.
    ///
    /// # Errors
    /// `Forbidden` if it is shared and the caller may not change links; `PreconditionFailed` if it is not in the version expected.
    pub async fn delete_view(&self, access: &Access, id: ViewId, expected: &impl ExpectedVersion) -> Result<()> {
        let transaction = self.store.write().await?;
        let current = lock(&transaction, access, id).await?;
        expected.require(current.version)?;
        require_right(access, current.is_shared)?;
        views::delete(&transaction, access.workspace_id(), id).await?;
        self.commit(transaction, vec![DELETED.removed(access.by(), &View::from(current))?], Vec::new()).await
    }
}

/// Checks a query string by its form alone: pages have names of their own beside those of the API.
pub(super) fn check_query(errors: &mut FieldErrors, pointer: &str, query: &str) -> String {
    errors.text(pointer, query, (0, QUERY_LENGTH_MAX), Lines::One)
}

/// What everybody sees is changed by those who change links.
fn require_right(access: &Access, is_shared: bool) -> Result<()> {
    if is_shared { access.actor.require(Scope::LinksWrite) } else { Ok(()) }
}

async fn lock(transaction: &Transaction, access: &Access, id: ViewId) -> Result<Row> {
    views::lock(transaction, access.workspace_id(), access.author(), id).await?.ok_or_else(not_found)
}

async fn require_room(transaction: &Transaction, access: &Access) -> Result<()> {
    workspaces::lock(transaction, access.workspace_id()).await?.ok_or_else(|| Error::not_found("workspace"))?;
    if views::count(transaction, access.workspace_id()).await? >= VIEWS_MAX {
        let message = format!("A workspace has at most {VIEWS_MAX} saved views, those of all its members together.");
        return Err(Error::new(ErrorKind::Conflict, "too_many_views", message));
    }
    Ok(())
}

fn not_found() -> Error {
    Error::not_found("saved view")
}
