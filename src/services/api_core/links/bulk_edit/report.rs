//! How far an edit of many links is, and what it could not do.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::bulk_edit::BulkEditState;
use crate::domain::change::Invalidation;
use crate::domain::error::{Error, Result};
use crate::domain::id::{BulkEditId, LinkChangeId, LinkId};
use crate::domain::time::Timestamp;
use crate::infra::store::bulk_edits::BulkEdit as Row;
use crate::services::api_core::links::content::{decode, encode};
use crate::services::api_core::recorded_action::RecordedAction;

/// The most links that a report names.
const FAILURES_MAX: usize = 1_000;

/// An edit of many links.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BulkEdit {
    /// Its id.
    pub id: BulkEditId,
    /// How far it is.
    pub state: BulkEditState,
    /// The change of links that it is, by which it can be undone.
    pub change_id: LinkChangeId,
    /// How many links it is about.
    pub total: i64,
    /// How many of them were changed.
    pub changed: i64,
    /// How many were so already.
    pub unchanged: i64,
    /// How many were left as they are, because the edit does not fit them, or somebody changed or deleted them since.
    pub failed: i64,
    /// Those among them, at most 1,000.
    pub failures: Vec<BulkEditFailure>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended; `null` until then.
    pub finished_at: Option<Timestamp>,
}

/// A link that an edit left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BulkEditFailure {
    /// The link.
    pub link_id: LinkId,
    /// The code of the error.
    #[schema(example = "changed_since")]
    pub code: String,
    /// What is wrong, for people.
    pub detail: String,
}

/// What came of a batch, and what is to be committed with it.
#[derive(Default)]
pub(super) struct WrittenBatch {
    pub changed: i64,
    pub unchanged: i64,
    pub failures: Vec<BulkEditFailure>,
    pub recorded_actions: Vec<RecordedAction>,
    pub stale: Vec<Invalidation>,
}

impl BulkEdit {
    pub(super) fn of(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id,
            state: row.state,
            change_id: row.change_id,
            total: row.total,
            changed: row.changed,
            unchanged: row.unchanged,
            failed: row.failed,
            failures: decode(&row.failures)?,
            created_at: row.created_at,
            finished_at: row.finished_at,
        })
    }
}

impl WrittenBatch {
    /// Adds the batch to what is known of the edit.
    pub(super) fn count_in(&self, row: &mut Row) -> Result<()> {
        let mut failures: Vec<BulkEditFailure> = decode(&row.failures)?;
        failures.extend(self.failures.iter().cloned());
        failures.truncate(FAILURES_MAX);
        row.failures = encode(&failures)?;
        row.changed = row.changed.saturating_add(self.changed);
        row.unchanged = row.unchanged.saturating_add(self.unchanged);
        row.failed = row.failed.saturating_add(i64::try_from(self.failures.len()).unwrap_or(i64::MAX));
        Ok(())
    }
}

/// What an error says for people, the fields included.
pub(super) fn text(error: &Error) -> String {
    let fields: Vec<String> =
        error.fields.iter().map(|field| format!("{}: {}", field.pointer, field.message)).collect();
    if fields.is_empty() { error.message.clone() } else { fields.join("; ") }
}

pub(super) fn failure(link_id: LinkId, error: &Error) -> BulkEditFailure {
    let code = error.fields.first().map_or(error.code, |field| field.code);
    BulkEditFailure { link_id, code: code.to_owned(), detail: text(error) }
}
