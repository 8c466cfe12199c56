//! The tags that links name. Those that do not exist yet are made on the way.

use std::collections::{BTreeMap, HashMap};

use crate::domain::error::{Error, Result};
use crate::domain::folded_text::name_key;
use crate::domain::id::TagId;
use crate::infra::store::{Connection, tags as store};
use crate::services::api_core::principal::Access;
use crate::services::api_core::tags;

/// How often tags are made anew that others delete in the same moment.
const TRIES_MAX: usize = 3;

/// Tags by their names, lower-cased.
pub(super) struct TagsByName(HashMap<String, TagId>);

impl TagsByName {
    /// Finds or makes the tags of these names, which nobody deletes until the transaction ends. They are made in one order, so that no two
    /// requests wait for each other.
    pub(super) async fn load(connection: &impl Connection, access: &Access, names: Vec<String>) -> Result<Self> {
        let mut wanted: BTreeMap<String, String> = BTreeMap::new();
        for name in names {
            wanted.entry(name_key(&name)).or_insert(name);
        }
        let mut found = Self::find(connection, access, &wanted).await?;
        wanted.retain(|key, _| !found.0.contains_key(key));
        if wanted.is_empty() {
            return Ok(found);
        }
        tags::require_room(connection, access, u64::try_from(wanted.len()).unwrap_or(u64::MAX)).await?;
        for _ in 0..TRIES_MAX {
            for name in wanted.values() {
                store::insert(connection, tags::new_row(access, name.clone())).await?;
            }
            found.0.extend(Self::find(connection, access, &wanted).await?.0);
            wanted.retain(|key, _| !found.0.contains_key(key));
            if wanted.is_empty() {
                return Ok(found);
            }
        }
        Err(Error::unavailable("a tag is made and deleted again and again"))
    }

    async fn find(connection: &impl Connection, access: &Access, wanted: &BTreeMap<String, String>) -> Result<Self> {
        let keys: Vec<String> = wanted.keys().cloned().collect();
        let rows = store::hold_named(connection, access.workspace_id(), &keys).await?;
        Ok(Self(rows.into_iter().map(|row| (row.name_key, row.id)).collect()))
    }

    /// The tags of these names, which [`TagsByName::load`] was asked for.
    pub(super) fn ids(&self, names: &[String]) -> Result<Vec<TagId>> {
        let id = |name: &String| self.0.get(&name_key(name)).copied();
        names.iter().map(|name| id(name).ok_or_else(|| Error::internal("a tag was lost"))).collect()
    }
}
