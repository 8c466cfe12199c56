//! What an edit of many links would do, shown before it is made.
//!
//! Invariants: nothing is written; what is said of a link comes from the checks that the edit itself makes.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::changes::BulkEditChanges;
use super::selection::Selected;
use super::{BATCH_LINKS, report};
use crate::domain::error::Result;
use crate::domain::id::LinkId;
use crate::infra::store::links::{self, Link as Row};
use crate::infra::store::tags;
use crate::services::api_core::ApiCore;
use crate::services::api_core::links::bulk::BulkItem;
use crate::services::api_core::links::content::{FieldChange, LinkContent};
use crate::services::api_core::links::delete::deletable;
use crate::services::api_core::links::reach::editable;
use crate::services::api_core::links::writing::{Checks, Edited, refusal};
use crate::services::api_core::principal::Access;

/// How many links a dry run shows.
const SAMPLE_LINKS: usize = 20;

/// What an edit would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkEditPreview {
    /// How many links the filter finds.
    pub links: u64,
    /// How many of them were checked as the edit itself checks them: all, or a thousand where there are more.
    pub checked: u64,
    /// How many of those that were checked would be left as they are, because the edit does not fit them or something keeps them from it.
    pub refused: u64,
    /// Some of them, with what would change.
    pub sample: Vec<BulkEditSample>,
    /// Stands for these links in these versions, and for the edit.
    #[schema(min_length = 64, max_length = 64)]
    pub token: String,
}

/// What an edit would do to one link.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkEditSample {
    /// The link.
    pub link_id: LinkId,
    /// The part after the host.
    pub slug: String,
    /// In which fields it would differ; none if it is so already. A link that would be deleted differs in `deleted`.
    pub changes: Vec<FieldChange>,
    /// Why it would be left as it is; `null` if it would not.
    pub problem: Option<String>,
}

impl ApiCore {
    /// What the edit would do to these links.
    pub(super) async fn preview_edit(
        &self,
        access: &Access,
        changes: &BulkEditChanges,
        selected: &[Selected],
        token: String,
    ) -> Result<BulkEditPreview> {
        let ids: Vec<LinkId> = selected.iter().take(BATCH_LINKS).map(|(id, _)| *id).collect();
        // The transaction ends with this, and is not committed.
        let transaction = self.store.write().await?;
        let rows = links::lock_many(&transaction, access.workspace_id(), &ids).await?;
        let checks = Checks::load(self, &transaction, access).await?;
        let places: Vec<(LinkId, String)> = rows.iter().map(|row| (row.id, row.slug.clone())).collect();
        let outcomes = if changes.deleted {
            rows.into_iter().map(|row| deletion(&checks, changes, row)).collect()
        } else {
            self.outcomes(&checks, changes, rows, &ids).await?
        };
        let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        let sample = places.into_iter().zip(outcomes).take(SAMPLE_LINKS).map(|((link_id, slug), outcome)| {
            let problem = outcome.as_ref().err().map(report::text);
            BulkEditSample { link_id, slug, changes: outcome.unwrap_or_default(), problem }
        });
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        Ok(BulkEditPreview {
            links: count(selected.len()),
            checked: count(ids.len()),
            refused: count(refused),
            sample: sample.collect(),
            token,
        })
    }

    /// In which fields each of these links would differ, or why it would not.
    async fn outcomes(
        &self,
        checks: &Checks<'_>,
        changes: &BulkEditChanges,
        rows: Vec<Row>,
        ids: &[LinkId],
    ) -> Result<Vec<BulkItem<Vec<FieldChange>>>> {
        let names = tags::names_on(checks.transaction, ids).await?;
        let edits = self.bulk_edits_of(checks.transaction, checks.access, changes, rows, &names).await?;
        let mut outcomes = Vec::with_capacity(edits.len());
        for edit in edits {
            outcomes.push(match edit {
                Ok(Some(edited)) => Box::pin(outcome(checks, edited, &names)).await?,
                Ok(None) => Ok(Vec::new()),
                Err(error) => Err(error),
            });
        }
        Ok(outcomes)
    }
}

async fn outcome(
    checks: &Checks<'_>,
    edited: Edited,
    names: &HashMap<LinkId, Vec<String>>,
) -> Result<BulkItem<Vec<FieldChange>>> {
    let tags = names.get(&edited.before.id).cloned().unwrap_or_default();
    let after = edited.tag_names.clone().unwrap_or_else(|| tags.clone());
    let after = LinkContent::of(edited.after.clone(), after);
    let changes = LinkContent::of(edited.before.clone(), tags).differences(&after)?;
    if changes.is_empty() {
        return Ok(Ok(changes));
    }
    Ok(match refusal(checks, &edited).await? {
        Some(error) => Err(error),
        None => Ok(changes),
    })
}

fn deletion(checks: &Checks<'_>, changes: &BulkEditChanges, row: Row) -> BulkItem<Vec<FieldChange>> {
    let row = editable(checks.access, Some(row))?;
    deletable(&checks.freeze, row, changes.confirm_printed)?;
    let deleted = FieldChange { field: "deleted".to_owned(), before: Value::Bool(false), after: Value::Bool(true) };
    Ok(vec![deleted])
}
