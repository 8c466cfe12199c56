//! Changes links: all of one request in one transaction, each by itself right or wrong.

use std::collections::{HashMap, HashSet};

use super::bulk::{BulkItem, Changed, Place, check_length, check_passwords, only};
use super::changes::Changes;
use super::draft::{BulkPatch, LinkPatch};
use super::plan::slug_key;
use super::reach::{Folders, editable};
use super::view::Link;
use super::writing::Edited;
use crate::domain::error::{Error, Result};
use crate::domain::id::{DomainId, LinkChangeId, LinkId};
use crate::domain::link_version::LinkVersionAction;
use crate::domain::slug::Slug;
use crate::infra::store::Transaction;
use crate::infra::store::domains::{self, Domain};
use crate::infra::store::links::{self, Link as Row};
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
    /// The domain that the link moves to.
    hostname: Option<String>,
    expected: V,
    tag_names: Option<Vec<String>>,
    changes: Changes,
}

/// The edit of one link, checked by itself.
pub(super) struct CheckedEdit(Edit<Option<i64>>);

/// What edits are checked against, as the transaction sees it.
struct Present {
    rows: HashMap<LinkId, Row>,
    domains: HashMap<DomainId, Domain>,
    /// Those that links move to.
    named: HashMap<String, Domain>,
    folders: Folders,
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
        only(Box::pin(self.update(access, vec![edit], LinkChangeId::new())).await?)
    }

    /// Changes up to a thousand links in one transaction. Errors of one do not keep the others from being changed; pointers
    /// start at `/links`.
    ///
    /// # Errors
    /// `TooLarge` if there are too many; otherwise only those of the store, and then nothing was changed.
    pub async fn update_links(&self, access: &Access, patches: Vec<BulkPatch>) -> Result<Changed<Link>> {
        check_length(patches.len())?;
        check_passwords(patches.iter().filter(|patch| matches!(patch.changes.password, Some(Some(_)))).count())?;
        let change_id = LinkChangeId::new();
        let results = once_more(|| self.check_and_update(access, patches.clone(), change_id)).await?;
        Ok(Changed { change_id, results })
    }

    async fn check_and_update(
        &self,
        access: &Access,
        patches: Vec<BulkPatch>,
        change: LinkChangeId,
    ) -> Result<Vec<BulkItem<Link>>> {
        let mut edits = Vec::with_capacity(patches.len());
        for (index, patch) in patches.into_iter().enumerate() {
            let pointer = Place::Bulk.pointer(index, "/changes");
            edits.push(self.check_patch(patch.id, patch.version, patch.changes, pointer).await?);
        }
        Box::pin(self.update(access, edits, change)).await
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
        let hostname = patch.domain.as_ref().and_then(|hostname| errors.hostname("/domain", hostname));
        let mut changes = Changes::check(patch, &self.settings.destinations, &mut errors);
        self.check_words(changes.slug.as_ref(), &mut errors);
        if let Err(error) = errors.into_result() {
            return Ok(Err(error));
        }
        changes.hash_password(self.passwords()).await?;
        let tag_names = changes.tags.take();
        Ok(Ok(Edit { pointer, id, hostname, expected, tag_names, changes }))
    }

    /// Checks an edit that may be made later. Pointers start at `pointer`.
    pub(super) async fn check_edit(&self, id: LinkId, patch: LinkPatch, pointer: &str) -> Result<CheckedEdit> {
        Ok(CheckedEdit(self.check_patch(id, None, patch, pointer.to_owned()).await??))
    }

    async fn update<V: ExpectedVersion>(
        &self,
        access: &Access,
        edits: Vec<BulkItem<Edit<V>>>,
        change: LinkChangeId,
    ) -> Result<Vec<BulkItem<Link>>> {
        let transaction = self.store.write().await?;
        let present = load_present(&transaction, access, &edits).await?;
        let mut changed: HashSet<LinkId> = HashSet::new();
        let mut apply = |edit: Edit<V>| {
            if changed.insert(edit.id) { edit.apply(access, &present) } else { Err(named_twice(&edit.pointer)) }
        };
        let edits = edits.into_iter().map(|edit| edit.and_then(&mut apply)).collect();
        let how = (change, LinkVersionAction::Updated);
        let written = Box::pin(self.write_edits(&transaction, access, edits, how)).await?;
        self.commit(transaction, written.recorded_actions, written.stale).await?;
        let mut links = written.links;
        self.count_clicks(access, links.iter_mut().flatten()).await;
        Ok(links)
    }
}

impl ApiCore {
    /// Refuses a slug that somebody chose, and that is or holds a word that is not allowed here.
    pub(super) fn check_words(&self, slug: Option<&Slug>, errors: &mut FieldErrors) {
        if let Some(Err(error)) = slug.map(|slug| self.settings.slug_words.check(slug)) {
            errors.add("/slug", error.code(), error.to_string());
        }
    }
}

async fn load_present<V>(transaction: &Transaction, access: &Access, edits: &[BulkItem<Edit<V>>]) -> Result<Present> {
    let ids: Vec<LinkId> = edits.iter().flatten().map(|edit| edit.id).collect();
    let rows = links::lock_many(transaction, access.workspace_id(), &ids).await?;
    let mut domain_ids: Vec<DomainId> = rows.iter().map(|row| row.domain_id).collect();
    domain_ids.sort_unstable();
    domain_ids.dedup();
    let domains = domains::hold_all(transaction, access.workspace_id(), domain_ids).await?;
    let folders = edits.iter().flatten().filter_map(|edit| edit.changes.folder_id.flatten());
    let mut hostnames: Vec<String> = edits.iter().flatten().filter_map(|edit| edit.hostname.clone()).collect();
    hostnames.sort_unstable();
    hostnames.dedup();
    let named = domains::hold_named(transaction, access.workspace_id(), hostnames).await?;
    Ok(Present {
        named: named.into_iter().map(|domain| (domain.hostname.clone(), domain)).collect(),
        folders: Folders::load(transaction, access, folders).await?,
        rows: rows.into_iter().map(|row| (row.id, row)).collect(),
        domains: domains.into_iter().map(|domain| (domain.id, domain)).collect(),
    })
}

impl CheckedEdit {
    /// What the edit makes of its link, of which nothing is written.
    pub(super) async fn apply(self, transaction: &Transaction, access: &Access) -> Result<Edited> {
        let edits = vec![Ok(self.0)];
        let present = load_present(transaction, access, &edits).await?;
        only(edits)?.apply(access, &present)
    }
}

impl<V: ExpectedVersion> Edit<V> {
    fn apply(self, access: &Access, present: &Present) -> Result<Edited> {
        let before = editable(access, present.rows.get(&self.id).cloned())?;
        self.expected.require(before.version)?;
        let domain = present.domains.get(&before.domain_id);
        let mut domain = domain.ok_or_else(|| Error::internal("a link without its domain"))?;
        let mut errors = FieldErrors::under(self.pointer.clone());
        if let Some(hostname) = &self.hostname {
            match present.named.get(hostname) {
                Some(other) => domain = other,
                None => errors.add("/domain", "unknown_domain", "the workspace has no such domain"),
            }
        }
        let mut after = before.clone();
        let confirm_printed = self.changes.confirm_printed;
        self.changes.apply(&mut after, &mut errors);
        if before.folder_id != after.folder_id {
            present.folders.check(access, after.folder_id, &mut errors);
        }
        errors.into_result()?;
        after.domain_id = domain.id;
        after.slug_key = slug_key(&after.slug, domain.case_sensitive);
        after.version = before.version.saturating_add(1);
        after.updated_at = clock::now();
        let tag_names = self.tag_names;
        Ok(Edited { pointer: self.pointer, before, after, tag_names, confirm_printed, is_approved: false })
    }
}

fn named_twice(pointer: &str) -> Error {
    let pointer = pointer.strip_suffix("/changes").unwrap_or(pointer);
    Error::invalid_field(format!("{pointer}/id"), "duplicate", "this link has an earlier edit in the same request")
}
