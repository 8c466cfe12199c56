//! One edit of all links that a filter finds, shown before it is made.
//!
//! Invariants: what is changed is what the dry run showed, or nothing is: the token stands for the links and their versions; a
//! link that is changed by somebody else after that is left as it is, and told of in the report; a batch of links and the word that
//! it is done are one transaction.

mod changes;
mod preview;
mod report;
mod run;
mod selection;

pub use changes::{BulkEditChanges, DestinationReplacement};
pub use preview::{BulkEditPreview, BulkEditSample};
pub use report::{BulkEdit, BulkEditFailure};
pub use selection::BulkEditFilter;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::content::encode;
use crate::domain::bulk_edit::BulkEditState;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{BulkEditId, LinkChangeId};
use crate::domain::recorded::Author;
use crate::infra::jobs::{NewJob, enqueue};
use crate::infra::store::bulk_edits::{self, BulkEdit as Row, BulkEditBatch};
use crate::infra::store::{Transaction, links};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::jobs::EditLinks;
use crate::services::api_core::principal::Access;
use selection::{Selected, token};

/// How many links one batch has. An edit of so many is made at once; one of more becomes a job.
pub(super) const BATCH_LINKS: usize = 1_000;
/// The most links of one edit.
const LINKS_MAX: usize = 100_000;
/// The most edits of a workspace that are not done.
const RUNNING_MAX: u64 = 10;

/// An edit of many links: shown, or made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkEditDraft {
    /// Which links.
    pub filter: BulkEditFilter,
    /// What is changed of each.
    pub changes: BulkEditChanges,
    /// Whether the edit is only shown.
    pub dry_run: bool,
    /// The token of the dry run; the edit is made of what that found.
    #[serde(default)]
    #[schema(min_length = 64, max_length = 64, nullable = false)]
    pub token: Option<String>,
}

/// What came of an edit of many links.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum BulkEditAnswer {
    /// It was only shown.
    Preview(BulkEditPreview),
    /// It is made, or is being made.
    Edit(BulkEdit),
}

impl ApiCore {
    /// Shows an edit of all links that a filter finds, or makes it as it was shown. One of more than a thousand links goes on as a
    /// job.
    ///
    /// # Errors
    /// `Invalid` with every field that is wrong; `Conflict` if the links are no longer those of the token, there are more than
    /// 100,000, or too many edits are being made.
    pub async fn edit_links(&self, access: &Access, draft: BulkEditDraft) -> Result<BulkEditAnswer> {
        self.check_bulk_changes(&draft.changes)?;
        let Some(filter) = self.bulk_filter(access, &draft.filter).await? else {
            return self.edit_selected(access, &draft, Vec::new()).await;
        };
        let limit = u64::try_from(LINKS_MAX).unwrap_or(u64::MAX).saturating_add(1);
        let selected = links::versions(self.store.reader(), access.workspace_id(), filter, limit).await?;
        if selected.len() > LINKS_MAX {
            let message = format!("The filter finds more than {LINKS_MAX} links. Narrow it.");
            return Err(Error::new(ErrorKind::Conflict, "too_many_links", message));
        }
        self.edit_selected(access, &draft, selected).await
    }

    async fn edit_selected(
        &self,
        access: &Access,
        draft: &BulkEditDraft,
        selected: Vec<Selected>,
    ) -> Result<BulkEditAnswer> {
        let found = token(access, draft, &selected)?;
        if draft.dry_run {
            let preview = Box::pin(self.preview_edit(access, &draft.changes, &selected, found)).await?;
            return Ok(BulkEditAnswer::Preview(preview));
        }
        match &draft.token {
            None => {
                let message = "make a dry run first, and send its token";
                Err(Error::invalid_field("/token", "required", message))
            }
            Some(token) if *token != found => {
                let message =
                    "The filter does not find what the dry run showed, or the edit is another. Make a dry run again.";
                Err(Error::new(ErrorKind::Conflict, "links_changed", message))
            }
            Some(_) => Ok(BulkEditAnswer::Edit(self.start_edit(access, &draft.changes, selected).await?)),
        }
    }

    async fn start_edit(
        &self,
        access: &Access,
        changes: &BulkEditChanges,
        selected: Vec<Selected>,
    ) -> Result<BulkEdit> {
        let is_large = selected.len() > BATCH_LINKS;
        if is_large && matches!(access.author(), Author::ExternalClient(_)) {
            let message =
                format!("A program that no person stands behind changes at most {BATCH_LINKS} links at once.");
            return Err(Error::new(ErrorKind::Conflict, "too_many_links", message));
        }
        let mut row = Row {
            id: BulkEditId::new(),
            workspace_id: access.workspace_id(),
            author: access.author(),
            change_id: LinkChangeId::new(),
            changes: encode(changes)?,
            state: BulkEditState::Running,
            total: i64::try_from(selected.len()).unwrap_or(i64::MAX),
            changed: 0,
            unchanged: 0,
            failed: 0,
            failures: encode(&Vec::<BulkEditFailure>::new())?,
            created_at: clock::now(),
            finished_at: None,
        };
        let transaction = self.store.write().await?;
        if is_large {
            require_room(&transaction, access).await?;
            bulk_edits::insert(&transaction, row.clone()).await?;
            bulk_edits::insert_batches(&transaction, batches(row.id, &selected)?).await?;
            let job = EditLinks { workspace_id: row.workspace_id, bulk_edit_id: row.id };
            let job = NewJob::of(&job)?.unique(row.id.to_string()).on(row.workspace_id.to_string());
            enqueue(&transaction, job).await?;
            self.commit(transaction, Vec::new(), Vec::new()).await?;
            return BulkEdit::of(row);
        }
        let written = Box::pin(self.edit_batch(&transaction, access, changes, &selected, row.change_id)).await?;
        written.count_in(&mut row)?;
        row.state = BulkEditState::Done;
        row.finished_at = Some(clock::now());
        bulk_edits::insert(&transaction, row.clone()).await?;
        self.commit(transaction, written.recorded_actions, written.stale).await?;
        BulkEdit::of(row)
    }

    /// An edit of many links that the caller made, or that the caller may look after.
    ///
    /// # Errors
    /// `NotFound` if there is no such edit.
    pub async fn find_bulk_edit(&self, access: &Access, id: BulkEditId) -> Result<BulkEdit> {
        let row = bulk_edits::find(self.store.reader(), access.workspace_id(), id).await?;
        // Others may not know of all the links that it names.
        let row = row.filter(|row| row.author == access.author() || access.actor.looks_after_workspace());
        BulkEdit::of(row.ok_or_else(|| Error::not_found("bulk edit"))?)
    }
}

async fn require_room(transaction: &Transaction, access: &Access) -> Result<()> {
    if bulk_edits::count_running(transaction, access.workspace_id()).await? < RUNNING_MAX {
        return Ok(());
    }
    let message =
        format!("{RUNNING_MAX} edits of many links are being made in this workspace. Wait until one is done.");
    Err(Error::new(ErrorKind::Conflict, "too_many_bulk_edits", message))
}

fn batches(edit: BulkEditId, selected: &[Selected]) -> Result<Vec<BulkEditBatch>> {
    let batch =
        |(number, links): (i64, &[Selected])| Ok(BulkEditBatch { edit_id: edit, number, links: encode(&links)? });
    (0..).zip(selected.chunks(BATCH_LINKS)).map(batch).collect()
}

/// Notes an error if the text is no text to look for.
fn check_text(errors: &mut FieldErrors, pointer: &str, text: &str, least: usize) {
    if !(least..=2_000).contains(&text.chars().count()) {
        errors.add(pointer, "invalid_length", format!("this has {least} to 2000 characters"));
    }
}
