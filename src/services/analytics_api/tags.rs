//! Which link carries which tag, as the source of truth says now.

use std::collections::HashMap;

use crate::domain::id::{LinkId, TagId};
use crate::infra::click_store::{Dimension, Filter, TagMembership, Value};

/// The tags on the links of one workspace.
#[derive(Debug, Clone, Default)]
pub struct LinkTags {
    memberships: Vec<TagMembership>,
    names: HashMap<TagId, String>,
}

impl LinkTags {
    /// From pairs of a tag, by id and name, and a link that carries it.
    pub fn new(pairs: impl IntoIterator<Item = (TagId, String, LinkId)>) -> Self {
        let mut tags = Self::default();
        for (tag_id, name, link_id) in pairs {
            tags.memberships.push(TagMembership { tag_id, link_id });
            tags.names.entry(tag_id).or_insert(name);
        }
        tags
    }

    /// Who carries what.
    #[must_use]
    pub fn memberships(&self) -> &[TagMembership] {
        &self.memberships
    }

    /// What the tag of this id is called; empty where there is none.
    #[must_use]
    pub fn name_of(&self, tag: &Value) -> String {
        match tag {
            Value::Id(id) => self.names.get(&TagId::from_uuid(*id)).cloned().unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// Clicks of links that carry any tag of these names, which are lower-case.
    #[must_use]
    pub fn filter(&self, names: &[String]) -> Filter {
        let is_wanted = |membership: &&TagMembership| {
            self.names.get(&membership.tag_id).is_some_and(|name| names.contains(&name.to_lowercase()))
        };
        let links = self.memberships.iter().filter(is_wanted).map(|membership| membership.link_id);
        Filter { dimension: Dimension::Link, any_of: links.map(|link| Some(Value::Id(link.as_uuid()))).collect() }
    }
}
