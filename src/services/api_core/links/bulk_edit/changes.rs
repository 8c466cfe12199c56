//! What an edit changes of each link that the filter finds.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::check_text;
use crate::domain::error::Result;
use crate::domain::folded_text::name_key;
use crate::domain::id::{FolderId, LinkId};
use crate::domain::link::RedirectStatus;
use crate::domain::time::Timestamp;
use crate::domain::utm::Utm;
use crate::infra::store::Transaction;
use crate::infra::store::links::Link as Row;
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::links::bulk::BulkItem;
use crate::services::api_core::links::changes::Changes;
use crate::services::api_core::links::content::encode;
use crate::services::api_core::links::draft::LinkPatch;
use crate::services::api_core::links::reach::{Folders, editable};
use crate::services::api_core::links::writing::Edited;
use crate::services::api_core::patch::present;
use crate::services::api_core::principal::Access;

/// What is changed of each link. What is absent stays as it is, `null` clears.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkEditChanges {
    /// Whether the links are archived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub archived: Option<bool>,
    /// Tags that they get besides those that they have; those that the workspace does not have yet are made.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub add_tags: Vec<String>,
    /// Tags that are taken off them.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub remove_tags: Vec<String>,
    /// The folder that they are put into.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<FolderId>)]
    pub folder_id: Option<Option<FolderId>>,
    /// Campaign parameters in place of those that they have of the same name; the others stay.
    #[serde(default)]
    #[schema(value_type = Utm, required = false)]
    pub utm: Utm,
    /// A text within the destination that is replaced wherever it stands. Destinations of rules stay as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = DestinationReplacement, required = false)]
    pub replace_in_destination: Option<DestinationReplacement>,
    /// They answer 410, or their `expired_url`, from then on.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Timestamp>)]
    pub expires_at: Option<Option<String>>,
    /// The status that they redirect with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = RedirectStatus, required = false)]
    pub redirect_status: Option<RedirectStatus>,
    /// They are deleted, by themselves and without any other change; the bin has them as it has others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// That QR codes of the links may be in print is known; without this, such links are not deleted, and lead where they do.
    #[serde(default)]
    pub confirm_printed: bool,
}

/// A text and what comes in its place, as both stand in the address.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DestinationReplacement {
    /// The text, in this case.
    #[schema(min_length = 1, max_length = 2000, example = "http://old.example.com/")]
    pub find: String,
    /// What comes in its place.
    #[schema(max_length = 2000, example = "https://new.example.com/")]
    pub replace_with: String,
}

impl ApiCore {
    /// Checks what shows without a link.
    pub(super) fn check_bulk_changes(&self, changes: &BulkEditChanges) -> Result<()> {
        let mut errors = FieldErrors::under("/changes");
        let nothing = BulkEditChanges { confirm_printed: changes.confirm_printed, ..BulkEditChanges::default() };
        let is_empty = encode(changes)? == encode(&nothing)?;
        if is_empty {
            errors.add("", "empty_changes", "name at least one change");
        }
        let only_deleted = BulkEditChanges { deleted: true, ..nothing };
        if changes.deleted && encode(changes)? != encode(&only_deleted)? {
            errors.add("/deleted", "not_alone", "what is deleted is not changed as well: send deleted alone");
        }
        if let Some(replacement) = &changes.replace_in_destination {
            check_text(&mut errors, "/replace_in_destination/find", &replacement.find, 1);
            check_text(&mut errors, "/replace_in_destination/replace_with", &replacement.replace_with, 0);
        }
        for (field, names) in [("/add_tags", &changes.add_tags), ("/remove_tags", &changes.remove_tags)] {
            let patch = LinkPatch { tags: Some(names.clone()), ..LinkPatch::default() };
            let mut found = FieldErrors::default();
            Changes::check(patch, &self.settings.destinations, &mut found);
            if let Err(error) = found.into_result() {
                for wrong in error.fields {
                    let place = wrong.pointer.strip_prefix("/tags").unwrap_or_default();
                    errors.add(&format!("{field}{place}"), wrong.code, wrong.message);
                }
            }
        }
        let patch = LinkPatch {
            utm: Some(changes.utm.clone()),
            expires_at: changes.expires_at.clone(),
            ..LinkPatch::default()
        };
        Changes::check(patch, &self.settings.destinations, &mut errors);
        errors.into_result()
    }

    /// The edits of these links, which are locked, in their order; none for a link that is so already.
    pub(super) async fn bulk_edits_of(
        &self,
        transaction: &Transaction,
        access: &Access,
        changes: &BulkEditChanges,
        rows: Vec<Row>,
        tags: &HashMap<LinkId, Vec<String>>,
    ) -> Result<Vec<BulkItem<Option<Edited>>>> {
        let folders = Folders::load(transaction, access, changes.folder_id.flatten().into_iter()).await?;
        let edit = |row: Row| {
            let before = editable(access, Some(row))?;
            let current = tags.get(&before.id).cloned().unwrap_or_default();
            let names = changed_tags(&current, changes);
            let mut errors = FieldErrors::default();
            let patch = patch_of(&before, changes, names.clone());
            let mut checked = Changes::check(patch, &self.settings.destinations, &mut errors);
            let tag_names = checked.tags.take();
            let mut after = before.clone();
            if errors.is_empty() {
                checked.apply(&mut after, &mut errors);
            }
            if before.folder_id != after.folder_id {
                folders.check(access, after.folder_id, &mut errors);
            }
            errors.into_result()?;
            if after == before && names.is_none() {
                return Ok(None);
            }
            after.version = before.version.saturating_add(1);
            after.updated_at = clock::now();
            Ok(Some(Edited {
                pointer: String::new(),
                before,
                after,
                tag_names,
                confirm_printed: changes.confirm_printed,
                is_approved: false,
            }))
        };
        Ok(rows.into_iter().map(edit).collect())
    }
}

fn patch_of(row: &Row, changes: &BulkEditChanges, tags: Option<Vec<String>>) -> LinkPatch {
    let replace = |replacement: &DestinationReplacement| {
        let url = row.destination_url.as_str();
        url.contains(&replacement.find).then(|| url.replace(&replacement.find, &replacement.replace_with))
    };
    LinkPatch {
        destination_url: changes.replace_in_destination.as_ref().and_then(replace),
        tags,
        archived: changes.archived,
        folder_id: changes.folder_id,
        expires_at: changes.expires_at.clone(),
        redirect_status: changes.redirect_status,
        utm: Some(changes.utm.clone().or(row.utm.0.clone())),
        ..LinkPatch::default()
    }
}

/// All tags of the link after the edit, if it changes any.
fn changed_tags(current: &[String], changes: &BulkEditChanges) -> Option<Vec<String>> {
    let keys = |names: &[String]| names.iter().map(|name| name_key(name)).collect::<HashSet<String>>();
    let (own, removed) = (keys(current), keys(&changes.remove_tags));
    let added = changes.add_tags.iter().filter(|name| !own.contains(&name_key(name)));
    let all = current.iter().chain(added).filter(|name| !removed.contains(&name_key(name)));
    let all: Vec<String> = all.cloned().collect();
    (keys(&all) != own).then_some(all)
}
