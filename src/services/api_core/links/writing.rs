//! Writes edits of links that are right by themselves: with their tags, their history and word of what happened.

use std::collections::HashMap;

use super::UPDATED;
use super::bulk::BulkItem;
use super::create::invalidation;
use super::history::{Step, record};
use super::own_places::OwnPlaces;
use super::plan::{Plan, external_id_taken, slug_taken};
use super::tagging::TagsByName;
use super::view::Link;
use crate::domain::change::Invalidation;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{LinkChangeId, LinkId};
use crate::domain::link_version::LinkVersionAction;
use crate::infra::store::links::{self, Link as Row};
use crate::infra::store::{Transaction, tags};
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::happening::Happening;
use crate::services::api_core::principal::Access;

/// An edit that is only not written yet.
pub(super) struct Edited {
    pub pointer: String,
    pub before: Row,
    pub after: Row,
    /// All tags of the link, where the edit names some.
    pub tag_names: Option<Vec<String>>,
    /// Whether whoever edits knows that the link is in print.
    pub confirm_printed: bool,
}

/// What came of the edits of one request, and what is to be committed with them.
#[derive(Default)]
pub(super) struct Written {
    /// A result an edit, in order.
    pub links: Vec<BulkItem<Link>>,
    pub happenings: Vec<Happening>,
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
        let own = OwnPlaces::load(self, transaction, access).await?;
        let mut results = Vec::with_capacity(edits.len());
        for edit in edits {
            results.push(match edit {
                Ok(edited) => Box::pin(write(transaction, &own, edited)).await?,
                Err(error) => Err(error),
            });
        }
        let rows = |side: fn(&Edited) -> &Row| results.iter().flatten().map(|edited| side(edited).clone()).collect();
        let before = self.view_links(transaction, access.workspace_id(), rows(|edited| &edited.before)).await?;
        replace_tags(transaction, &tags_by_name, &results).await?;
        let after = self.view_links(transaction, access.workspace_id(), rows(|edited| &edited.after)).await?;

        let mut happenings = tags_by_name.happenings(access)?;
        let mut steps = Vec::with_capacity(after.len());
        for (edited, (before, after)) in results.iter().flatten().zip(before.iter().zip(&after)) {
            happenings.push(UPDATED.edited(access.by(), before, after)?);
            steps.push(Step {
                before: (edited.before.clone(), before.tags.clone()),
                after: (edited.after.clone(), after.tags.clone()),
            });
        }
        record(transaction, access, steps, (change, action), self.settings.link_history.versions_max).await?;
        let stale = results.iter().flatten().flat_map(|edit| [invalidation(&edit.before), invalidation(&edit.after)]);
        let stale = stale.collect();
        let mut views: HashMap<LinkId, Link> = after.into_iter().map(|link| (link.id, link)).collect();
        let mut view = |id| views.remove(&id).ok_or_else(|| Error::internal("a link without its view"));
        let links = results.into_iter().map(|result| result.and_then(|edited| view(edited.after.id))).collect();
        Ok(Written { links, happenings, stale })
    }
}

/// Writes an edit, unless its slug or external id is in use, or the link would lead to itself.
async fn write(transaction: &Transaction, own: &OwnPlaces, edited: Edited) -> Result<BulkItem<Edited>> {
    let (before, after) = (&edited.before, &edited.after);
    if let Err(error) = check_printed(&edited) {
        return Ok(Err(error));
    }
    if leads_elsewhere(before, after) {
        let mut errors = FieldErrors::under(edited.pointer.clone());
        own.refuse_loops(transaction, after, &Plan::with_capacity(0), &mut errors).await?;
        if let Err(error) = errors.into_result() {
            return Ok(Err(error));
        }
    }
    if before.slug_key != after.slug_key || before.domain_id != after.domain_id {
        let taken = links::taken_slugs(transaction, after.domain_id, vec![after.slug_key.clone()]).await?;
        if !taken.is_empty() {
            return Ok(Err(slug_taken()));
        }
    }
    if let Some(external_id) = after.external_id.clone().filter(|_| before.external_id != after.external_id) {
        let others = links::find_by_external_ids(transaction, after.workspace_id, vec![external_id]).await?;
        if !others.is_empty() {
            return Ok(Err(external_id_taken()));
        }
    }
    if !links::update(transaction, after.clone()).await? {
        // Somebody took the slug or the external id since it was looked for; the transaction is spent.
        return Err(slug_taken());
    }
    Ok(Ok(edited))
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

/// Refuses to change where a printed code leads, unless whoever does it knows that it is printed.
fn check_printed(edited: &Edited) -> Result<()> {
    let (before, after) = (&edited.before, &edited.after);
    let is_elsewhere = before.destination_url != after.destination_url
        || before.slug_key != after.slug_key
        || before.domain_id != after.domain_id;
    match before.printed_at {
        Some(at) if is_elsewhere && !edited.confirm_printed => {
            let message = format!(
                "The QR code of this link may be in print since {at}. Send confirm_printed: true to change its address or its destination."
            );
            Err(Error::new(ErrorKind::Conflict, "printed", message))
        }
        _ => Ok(()),
    }
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
