//! Writes edits of links that are right by themselves: with their tags, their history and word of what happened.
//!
//! Invariant: an edit that makes nothing of a link that it is not already writes nothing and is told to nobody.

use std::collections::{HashMap, HashSet};

use super::UPDATED;
use super::bulk::BulkItem;
use super::change_requests::{is_noticed, require_no_approval};
use super::content::LinkContent;
use super::create::invalidation;
use super::deleted::slug_in_use;
use super::history::{Step, record};
use super::plan::{Plan, check_letters, external_id_taken, slug_taken};
use super::printed::refuse_to_mislead_scans;
use super::redirect_loops::LoopGuard;
use super::tagging::TagsByName;
use super::view::Link;
use crate::domain::change::Invalidation;
use crate::domain::error::{Error, Result};
use crate::domain::folded_text::name_key;
use crate::domain::id::{LinkChangeId, LinkId};
use crate::domain::link_version::LinkVersionAction;
use crate::infra::store::links::{self, Link as Row};
use crate::infra::store::{Transaction, deleted_links, domains, tags};
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::freeze_windows::Freeze;
use crate::services::api_core::principal::Access;
use crate::services::api_core::recorded_action::RecordedAction;

/// An edit that is only not written yet.
pub(super) struct Edited {
    pub pointer: String,
    pub before: Row,
    pub after: Row,
    /// All tags of the link, where the edit names some.
    pub tag_names: Option<Vec<String>>,
    /// Whether whoever edits knows that the link is in print.
    pub confirm_printed: bool,
    /// Whether a second person approved it.
    pub is_approved: bool,
}

/// What edits are checked against.
pub(super) struct Checks<'a> {
    pub transaction: &'a Transaction,
    pub access: &'a Access,
    pub own: LoopGuard,
    pub freeze: Freeze,
}

/// What came of the edits of one request, and what is to be committed with them.
#[derive(Default)]
pub(super) struct Written {
    /// A result an edit, in order.
    pub links: Vec<BulkItem<Link>>,
    pub recorded_actions: Vec<RecordedAction>,
    pub stale: Vec<Invalidation>,
}

impl ApiCore {
    /// Writes edits of different links, which the caller has locked, as parts of one change.
    pub(super) async fn write_edits(
        &self,
        transaction: &Transaction,
        access: &Access,
        edits: Vec<BulkItem<Edited>>,
        (change, action): (LinkChangeId, LinkVersionAction),
    ) -> Result<Written> {
        let names = edits.iter().flatten().filter_map(|edit| edit.tag_names.clone()).flatten().collect();
        let tags_by_name = TagsByName::load(transaction, access, names).await?;
        let checks = Checks::load(self, transaction, access).await?;
        let rows = edits.iter().flatten().map(|edited| edited.before.clone()).collect();
        let before = self.view_links(transaction, access.workspace_id(), rows).await?;
        let before: HashMap<LinkId, Link> = before.into_iter().map(|link| (link.id, link)).collect();
        let mut results = Vec::with_capacity(edits.len());
        for edit in edits {
            results.push(match edit {
                Ok(edited) if edited.is_so_already(&before) => Ok(edited.into_nothing()),
                Ok(edited) => Box::pin(write(&checks, edited)).await?,
                Err(error) => Err(error),
            });
        }
        replace_tags(transaction, &tags_by_name, &results).await?;
        let rows = results.iter().flatten().map(|edited| edited.after.clone()).collect();
        let after = self.view_links(transaction, access.workspace_id(), rows).await?;

        let mut recorded_actions = tags_by_name.recorded_actions(access)?;
        let mut steps = Vec::with_capacity(results.len());
        let changed = || results.iter().flatten().filter(|edited| edited.before.version != edited.after.version);
        let mut views: HashMap<LinkId, Link> = after.into_iter().map(|link| (link.id, link)).collect();
        for edited in changed() {
            let sides = (before.get(&edited.before.id), views.get(&edited.after.id));
            let (Some(before), Some(after)) = sides else { return Err(without_view()) };
            recorded_actions.push(UPDATED.edited(access.by(), before, after)?);
            steps.push(Step {
                before: (edited.before.clone(), before.tags.clone()),
                after: (edited.after.clone(), after.tags.clone()),
            });
        }
        record(transaction, access, steps, (change, action), self.settings.link_history.versions_max).await?;
        let stale = changed().flat_map(|edit| [invalidation(&edit.before), invalidation(&edit.after)]).collect();
        let mut view = |id| views.remove(&id).ok_or_else(without_view);
        let links = results.into_iter().map(|result| result.and_then(|edited| view(edited.after.id))).collect();
        Ok(Written { links, recorded_actions, stale })
    }
}

impl Edited {
    /// Whether the link is already what the edit makes of it.
    fn is_so_already(&self, views: &HashMap<LinkId, Link>) -> bool {
        let keys = |names: &[String]| names.iter().map(|name| name_key(name)).collect::<HashSet<String>>();
        let has_tags =
            |names: &Vec<String>| views.get(&self.before.id).is_some_and(|before| keys(names) == keys(&before.tags));
        let content = |row: &Row| LinkContent::of(row.clone(), Vec::new());
        self.tag_names.as_ref().is_none_or(has_tags) && content(&self.before) == content(&self.after)
    }

    /// The same without a new version.
    fn into_nothing(self) -> Self {
        Self { after: self.before.clone(), tag_names: None, ..self }
    }
}

fn without_view() -> Error {
    Error::internal("a link without its view")
}

impl<'a> Checks<'a> {
    pub(super) async fn load(core: &ApiCore, transaction: &'a Transaction, access: &'a Access) -> Result<Self> {
        let own = LoopGuard::load(core, transaction, access).await?;
        Ok(Self { transaction, access, own, freeze: Freeze::load(transaction, access).await? })
    }
}

/// Writes an edit, unless something keeps it from being made.
pub(super) async fn write(checks: &Checks<'_>, edited: Edited) -> Result<BulkItem<Edited>> {
    if let Some(error) = refusal(checks, &edited).await? {
        return Ok(Err(error));
    }
    let (transaction, after) = (checks.transaction, &edited.after);
    if !links::update(transaction, after.clone()).await? {
        // Somebody took the slug or the external id since it was looked for; the transaction is spent.
        return Err(slug_taken());
    }
    if is_at_another_address(&edited) && is_kept(transaction, after).await? {
        // Somebody deleted a link with this slug since it was looked for.
        return Err(slug_taken());
    }
    Ok(Ok(edited))
}

/// Why an edit is not made: the link is frozen, guarded or in print, would lead to itself, or its slug or external id is in use.
pub(super) async fn refusal(checks: &Checks<'_>, edited: &Edited) -> Result<Option<Error>> {
    let Checks { transaction, access, ref own, ref freeze } = *checks;
    let (before, after) = (&edited.before, &edited.after);
    let frozen = freeze.check(before.folder_id).and_then(|()| freeze.check(after.folder_id));
    if let Err(error) = frozen.and_then(|()| check_approval(edited)).and_then(|()| check_printed(edited)) {
        return Ok(Some(error));
    }
    let mut errors = FieldErrors::under(edited.pointer.clone());
    if leads_elsewhere(before, after) {
        own.refuse_loops(transaction, after, &Plan::with_capacity(0), &mut errors).await?;
    }
    if errors.is_empty() && (before.slug != after.slug || before.domain_id != after.domain_id) {
        let domain = domains::find(transaction, after.workspace_id, after.domain_id).await?;
        let domain = domain.ok_or_else(|| Error::internal("a link without its domain"))?;
        if let Err(error) = check_letters(&after.slug, &domain) {
            errors.extend(error.fields);
        }
    }
    if !errors.is_empty() {
        return Ok(Some(errors.into_error()));
    }
    if is_at_another_address(edited) && is_in_use(transaction, after).await? {
        return Ok(Some(slug_in_use(transaction, access, after).await?));
    }
    if let Some(external_id) = after.external_id.clone().filter(|_| before.external_id != after.external_id) {
        let others = links::find_by_external_ids(transaction, after.workspace_id, vec![external_id]).await?;
        if !others.is_empty() {
            return Ok(Some(external_id_taken()));
        }
    }
    Ok(None)
}

fn is_at_another_address(edited: &Edited) -> bool {
    edited.before.slug_key != edited.after.slug_key || edited.before.domain_id != edited.after.domain_id
}

/// Whether another link has the slug of this one, or a deleted one keeps it.
async fn is_in_use(transaction: &Transaction, row: &Row) -> Result<bool> {
    Ok(links::is_taken(transaction, row.domain_id, &row.slug_key).await? || is_kept(transaction, row).await?)
}

async fn is_kept(transaction: &Transaction, row: &Row) -> Result<bool> {
    let kept = deleted_links::keeping(transaction, vec![(row.domain_id, row.slug_key.clone())]).await?;
    Ok(!kept.is_empty())
}

/// Whether an edit may make a loop; other edits are not kept from a link that is in one already.
fn leads_elsewhere(before: &Row, after: &Row) -> bool {
    before.slug_key != after.slug_key
        || before.domain_id != after.domain_id
        || before.destination_url != after.destination_url
        || before.expired_url != after.expired_url
        || before.forward_path != after.forward_path
        || before.ios_url != after.ios_url
        || before.android_url != after.android_url
        || before.rules != after.rules
}

/// Refuses what a second person has to approve.
fn check_approval(edited: &Edited) -> Result<()> {
    let is_free = edited.is_approved || !is_noticed(&edited.before, &edited.after);
    if is_free { Ok(()) } else { require_no_approval(&edited.before) }
}

fn check_printed(edited: &Edited) -> Result<()> {
    refuse_to_mislead_scans(&edited.before, &edited.after, edited.confirm_printed)
}

/// Replaces the tags of those links whose edits name some.
async fn replace_tags(
    transaction: &Transaction,
    tags_by_name: &TagsByName,
    results: &[BulkItem<Edited>],
) -> Result<()> {
    let mut pairs = Vec::new();
    let mut retagged = Vec::new();
    for edited in results.iter().flatten() {
        let Some(names) = &edited.tag_names else { continue };
        retagged.push(edited.after.id);
        pairs.extend(tags_by_name.ids(names)?.into_iter().map(|tag| (edited.after.id, tag)));
    }
    tags::take_off(transaction, &retagged).await?;
    tags::put_on(transaction, pairs).await
}
