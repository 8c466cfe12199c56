//! Changes links: all of one request in one transaction, each by itself right or wrong.

use std::collections::{HashMap, HashSet};

use super::UPDATED;
use super::bulk::{BulkItem, Place, check_length, check_passwords, only};
use super::changes::Changes;
use super::create::invalidation;
use super::draft::{BulkPatch, LinkPatch};
use super::own_places::OwnPlaces;
use super::plan::{Plan, external_id_taken, slug_key, slug_taken};
use super::tagging::TagsByName;
use super::view::Link;
use crate::domain::error::{Error, Result};
use crate::domain::id::{DomainId, LinkId};
use crate::infra::store::domains::{self, Domain};
use crate::infra::store::links::{self, Link as Row};
use crate::infra::store::{Transaction, tags};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::principal::Access;
use crate::services::api_core::unit_of_work::once_more;
use crate::services::api_core::version::ExpectedVersion;

/// An edit whose fields were checked by themselves.
struct Edit<V> {
    pointer: String,
    id: LinkId,
    expected: V,
    tag_names: Option<Vec<String>>,
    changes: Changes,
}

/// An edit that is only not written yet.
struct Edited {
    pointer: String,
    before: Row,
    after: Row,
    tag_names: Option<Vec<String>>,
}

/// What edits are checked against, as the transaction sees it.
struct Present {
    rows: HashMap<LinkId, Row>,
    domains: HashMap<DomainId, Domain>,
}

impl ApiCore {
    /// Changes a link.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such link; `PreconditionFailed` if it is not in the version expected; `Invalid`
    /// with every field that is wrong; `Conflict` if the slug or the external id is in use.
    pub async fn update_link(
        &self,
        access: &Access,
        id: LinkId,
        expected: impl ExpectedVersion,
        patch: LinkPatch,
    ) -> Result<Link> {
        let edit = self.check_patch(id, expected, patch, Place::Single.pointer(0, "")).await?;
        only(Box::pin(self.update(access, vec![edit])).await?)
    }

    /// Changes up to a thousand links in one transaction. Errors of one do not keep the others from being changed; pointers
    /// start at `/links`.
    ///
    /// # Errors
    /// `TooLarge` if there are too many; otherwise only those of the store, and then nothing was changed.
    pub async fn update_links(&self, access: &Access, patches: Vec<BulkPatch>) -> Result<Vec<BulkItem<Link>>> {
        check_length(patches.len())?;
        check_passwords(patches.iter().filter(|patch| matches!(patch.changes.password, Some(Some(_)))).count())?;
        once_more(|| self.check_and_update(access, patches.clone())).await
    }

    async fn check_and_update(&self, access: &Access, patches: Vec<BulkPatch>) -> Result<Vec<BulkItem<Link>>> {
        let mut edits = Vec::with_capacity(patches.len());
        for (index, patch) in patches.into_iter().enumerate() {
            let pointer = Place::Bulk.pointer(index, "/changes");
            edits.push(self.check_patch(patch.id, patch.version, patch.changes, pointer).await?);
        }
        Box::pin(self.update(access, edits)).await
    }

    /// Checks an edit and hashes its password. The inner error is the edit's own.
    async fn check_patch<V>(
        &self,
        id: LinkId,
        expected: V,
        patch: LinkPatch,
        pointer: String,
    ) -> Result<BulkItem<Edit<V>>> {
        let mut errors = FieldErrors::under(pointer.clone());
        let mut changes = Changes::check(patch, &self.settings.destinations, &mut errors);
        if let Err(error) = errors.into_result() {
            return Ok(Err(error));
        }
        changes.hash_password(self.passwords()).await?;
        let tag_names = changes.tags.take();
        Ok(Ok(Edit { pointer, id, expected, tag_names, changes }))
    }

    async fn update<V: ExpectedVersion>(
        &self,
        access: &Access,
        edits: Vec<BulkItem<Edit<V>>>,
    ) -> Result<Vec<BulkItem<Link>>> {
        let transaction = self.store.write().await?;
        let present = load_present(&transaction, access, &edits).await?;
        let names = edits.iter().flatten().filter_map(|edit| edit.tag_names.clone()).flatten().collect();
        let tags_by_name = TagsByName::load(&transaction, access, names).await?;
        let own = OwnPlaces::load(self, &transaction, access).await?;
        let mut changed: HashSet<LinkId> = HashSet::new();
        let mut results = Vec::with_capacity(edits.len());
        for edit in edits {
            let edited = edit.and_then(|edit| {
                if changed.insert(edit.id) { edit.apply(&present) } else { Err(named_twice(&edit.pointer)) }
            });
            results.push(match edited {
                Ok(edited) => write(&transaction, &own, edited).await?,
                Err(error) => Err(error),
            });
        }
        let before = results.iter().flatten().map(|edited| edited.before.clone()).collect();
        let before = self.view_links(&transaction, access, before).await?;
        replace_tags(&transaction, &tags_by_name, &results).await?;
        let stale =
            results.iter().flatten().flat_map(|edited| [invalidation(&edited.before), invalidation(&edited.after)]);
        let stale = stale.collect();
        let rows = results.iter().flatten().map(|edited| edited.after.clone()).collect();
        let mut views = self.view_links(&transaction, access, rows).await?;
        let mut happenings = tags_by_name.happenings(access)?;
        for (before, after) in before.iter().zip(&views) {
            happenings.push(UPDATED.edited(access.by(), before, after)?);
        }
        self.commit(transaction, happenings, stale).await?;
        self.count_clicks(access, views.iter_mut()).await;
        let mut views = views.into_iter();
        let mut view = |_| views.next().ok_or_else(|| Error::internal("a link without its view"));
        Ok(results.into_iter().map(|result| result.and_then(&mut view)).collect())
    }
}

async fn load_present<V>(transaction: &Transaction, access: &Access, edits: &[BulkItem<Edit<V>>]) -> Result<Present> {
    let ids: Vec<LinkId> = edits.iter().flatten().map(|edit| edit.id).collect();
    let rows = links::lock_many(transaction, access.workspace_id(), &ids).await?;
    let mut domain_ids: Vec<DomainId> = rows.iter().map(|row| row.domain_id).collect();
    domain_ids.sort_unstable();
    domain_ids.dedup();
    let domains = domains::hold_all(transaction, access.workspace_id(), domain_ids).await?;
    Ok(Present {
        rows: rows.into_iter().map(|row| (row.id, row)).collect(),
        domains: domains.into_iter().map(|domain| (domain.id, domain)).collect(),
    })
}

impl<V: ExpectedVersion> Edit<V> {
    fn apply(self, present: &Present) -> Result<Edited> {
        let before = present.rows.get(&self.id).ok_or_else(|| Error::not_found("link"))?.clone();
        self.expected.require(before.version)?;
        let domain = present.domains.get(&before.domain_id);
        let domain = domain.ok_or_else(|| Error::internal("a link without its domain"))?;
        let mut errors = FieldErrors::under(self.pointer.clone());
        let mut after = before.clone();
        self.changes.apply(&mut after, &mut errors);
        errors.into_result()?;
        after.slug_key = slug_key(&after.slug, domain.case_sensitive);
        after.version = before.version.saturating_add(1);
        after.updated_at = clock::now();
        Ok(Edited { pointer: self.pointer, before, after, tag_names: self.tag_names })
    }
}

/// Writes an edit, unless its slug or external id is in use, or the link would lead to itself.
async fn write(transaction: &Transaction, own: &OwnPlaces, edited: Edited) -> Result<BulkItem<Edited>> {
    let (before, after) = (&edited.before, &edited.after);
    if leads_elsewhere(before, after) {
        let mut errors = FieldErrors::under(edited.pointer.clone());
        own.refuse_loops(transaction, after, &Plan::with_capacity(0), &mut errors).await?;
        if let Err(error) = errors.into_result() {
            return Ok(Err(error));
        }
    }
    if before.slug_key != after.slug_key {
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
        || before.destination_url != after.destination_url
        || before.expired_url != after.expired_url
        || before.forward_path != after.forward_path
        || before.rules != after.rules
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

fn named_twice(pointer: &str) -> Error {
    let pointer = pointer.strip_suffix("/changes").unwrap_or(pointer);
    Error::invalid_field(format!("{pointer}/id"), "duplicate", "this link has an earlier edit in the same request")
}
