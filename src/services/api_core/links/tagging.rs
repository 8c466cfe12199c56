//! The tags that links name. Those that do not exist yet are made on the way.

use std::collections::{BTreeMap, HashMap};

use crate::domain::error::{Error, Result};
use crate::domain::folded_text::name_key;
use crate::domain::id::TagId;
use crate::infra::store::{Connection, tags as store};
use crate::services::api_core::principal::Access;
use crate::services::api_core::recorded_action::RecordedAction;
use crate::services::api_core::tags;

/// How often tags are made anew that others delete in the same moment.
const TRIES_MAX: usize = 3;

/// Tags by their names, lower-cased.
pub(super) struct TagsByName {
    ids: HashMap<String, TagId>,
    /// Those that were made on the way.
    made: Vec<tags::Tag>,
}

impl TagsByName {
    /// Finds or makes the tags of these names, which nobody deletes until the transaction ends. They are made in one order, so that no two
    /// requests wait for each other.
    pub(super) async fn load(connection: &impl Connection, access: &Access, names: Vec<String>) -> Result<Self> {
        let mut wanted: BTreeMap<String, String> = BTreeMap::new();
        for name in names {
            wanted.entry(name_key(&name)).or_insert(name);
        }
        let mut found = Self { ids: find(connection, access, &wanted).await?, made: Vec::new() };
        wanted.retain(|key, _| !found.ids.contains_key(key));
        if wanted.is_empty() {
            return Ok(found);
        }
        tags::require_room(connection, access, u64::try_from(wanted.len()).unwrap_or(u64::MAX)).await?;
        for _ in 0..TRIES_MAX {
            for name in wanted.values() {
                let row = tags::new_row(access, name.clone());
                if store::insert(connection, row.clone()).await? {
                    found.made.push(row.into());
                }
            }
            found.ids.extend(find(connection, access, &wanted).await?);
            wanted.retain(|key, _| !found.ids.contains_key(key));
            if wanted.is_empty() {
                return Ok(found);
            }
        }
        Err(Error::unavailable("a tag is made and deleted again and again"))
    }

    /// What the tags that were made on the way add to what happened.
    pub(super) fn recorded_actions(&self, access: &Access) -> Result<Vec<RecordedAction>> {
        self.made.iter().map(|tag| tags::CREATED.made(access.by(), tag)).collect()
    }

    /// The tags of these names, which [`TagsByName::load`] was asked for.
    pub(super) fn ids(&self, names: &[String]) -> Result<Vec<TagId>> {
        let id = |name: &String| self.ids.get(&name_key(name)).copied();
        names.iter().map(|name| id(name).ok_or_else(|| Error::internal("a tag was lost"))).collect()
    }
}

async fn find(
    connection: &impl Connection,
    access: &Access,
    wanted: &BTreeMap<String, String>,
) -> Result<HashMap<String, TagId>> {
    let keys: Vec<String> = wanted.keys().cloned().collect();
    let rows = store::hold_named(connection, access.workspace_id(), &keys).await?;
    Ok(rows.into_iter().map(|row| (row.name_key, row.id)).collect())
}
