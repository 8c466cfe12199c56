//! What a link was: kept from its first edit on, for some time and in a bounded number of versions.
//!
//! Invariant: with every edit the version that it makes is written down, and the one before it unless that is there already.

use serde::Serialize;
use utoipa::ToSchema;

use super::content::{FieldChange, LinkContent, decode, encode};
use super::reach::seen;
use crate::domain::error::Result;
use crate::domain::id::{LinkChangeId, LinkId};
use crate::domain::link_version::LinkVersionAction;
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;
use crate::infra::store::link_versions::{self, LinkVersion as VersionRow};
use crate::infra::store::links::{self, Link as Row};
use crate::infra::store::{Connection, Transaction, tags};
use crate::services::api_core::ApiCore;
use crate::services::api_core::principal::Access;

/// The version that every link begins with.
const FIRST: i64 = 1;

/// A version of a link.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LinkVersion {
    /// Its number, which grows.
    pub version: i64,
    /// How the link came to be so.
    pub action: LinkVersionAction,
    /// Whose doing it was: the id of a person, a key or a program; `null` if that is not known.
    pub author: Option<Author>,
    /// The change that it was part of, by which it can be undone; `null` if it cannot.
    pub change_id: Option<LinkChangeId>,
    /// In which fields it differs from the version before; `null` if that one is no longer kept.
    pub changes: Option<Vec<FieldChange>>,
    /// When it became so.
    pub created_at: Timestamp,
}

/// A link before and after an edit, with the names of its tags.
pub(super) struct Step {
    pub before: (Row, Vec<String>),
    pub after: (Row, Vec<String>),
}

impl ApiCore {
    /// The versions of a link below one, newest first, at most `limit`.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such link.
    pub async fn list_link_versions(
        &self,
        access: &Access,
        id: LinkId,
        below: Option<i64>,
        limit: u64,
    ) -> Result<Vec<LinkVersion>> {
        let reader = self.store.reader();
        let row = seen(access, links::find(reader, access.workspace_id(), id).await?)?;
        let from = oldest_kept(row.version, self.settings.link_history.versions_max);
        // One more, from which the last of them differs.
        let range = (from, below);
        let mut rows = link_versions::list(reader, access.workspace_id(), id, range, limit.saturating_add(1)).await?;
        if rows.is_empty() && below.is_none() {
            rows.push(unedited(reader, row).await?);
        }
        let mut versions = Vec::with_capacity(rows.len());
        for (place, version) in rows.iter().enumerate().take(usize::try_from(limit).unwrap_or(usize::MAX)) {
            versions.push(view(version, rows.get(place.saturating_add(1)))?);
        }
        Ok(versions)
    }
}

/// Writes down what edits made of links.
pub(super) async fn record(
    transaction: &Transaction,
    access: &Access,
    steps: Vec<Step>,
    (change, action): (impl Into<Option<LinkChangeId>>, LinkVersionAction),
    versions_max: u32,
) -> Result<()> {
    let change = change.into();
    let Some(at) = steps.iter().map(|step| step.after.0.updated_at).max() else { return Ok(()) };
    let ids: Vec<LinkId> = steps.iter().map(|step| step.after.0.id).collect();
    let mut rows = Vec::with_capacity(steps.len().saturating_mul(2));
    let mut full = Vec::new();
    for Step { before, after } in steps {
        let oldest = oldest_kept(after.0.version, versions_max);
        if oldest > FIRST {
            full.push((after.0.id, oldest.saturating_sub(1)));
        }
        rows.push(VersionRow { replaced_at: Some(at), ..before_first_edit(before)? });
        rows.push(VersionRow { action, author: Some(access.author()), change_id: change, ..version_row(after)? });
    }
    link_versions::end_current(transaction, &ids, at).await?;
    link_versions::insert_missing(transaction, rows).await?;
    for (id, version) in full {
        link_versions::forget_up_to(transaction, id, version).await?;
    }
    Ok(())
}

/// The oldest version that is kept of a link in this version.
fn oldest_kept(version: i64, versions_max: u32) -> i64 {
    version.saturating_sub(versions_max.into()).saturating_add(1).max(FIRST)
}

/// The only version of a link that nobody has edited.
pub(super) async fn unedited(connection: &impl Connection, row: Row) -> Result<VersionRow> {
    let names = tags::names_on(connection, &[row.id]).await?.remove(&row.id).unwrap_or_default();
    before_first_edit((row, names))
}

/// The version of a link of whose making nothing was written down.
fn before_first_edit((row, tags): (Row, Vec<String>)) -> Result<VersionRow> {
    let is_first = row.version == FIRST;
    let author = row.created_by.filter(|_| is_first).map(Author::Person);
    let action = if is_first { LinkVersionAction::Created } else { LinkVersionAction::Updated };
    Ok(VersionRow { action, author, ..version_row((row, tags))? })
}

fn version_row((row, tags): (Row, Vec<String>)) -> Result<VersionRow> {
    Ok(VersionRow {
        link_id: row.id,
        version: row.version,
        workspace_id: row.workspace_id,
        action: LinkVersionAction::Updated,
        author: None,
        change_id: None,
        created_at: row.updated_at,
        replaced_at: None,
        content: encode(&LinkContent::of(row, tags))?,
    })
}

fn view(row: &VersionRow, before: Option<&VersionRow>) -> Result<LinkVersion> {
    let changes = match before {
        _ if row.version == FIRST => Some(Vec::new()),
        Some(before) => Some(decode::<LinkContent>(&before.content)?.differences(&decode(&row.content)?)?),
        None => None,
    };
    Ok(LinkVersion {
        version: row.version,
        action: row.action,
        author: row.author,
        change_id: row.change_id,
        changes,
        created_at: row.created_at,
    })
}
