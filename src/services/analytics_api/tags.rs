//! Which link carries which tag, as the source of truth says now.

use std::collections::HashMap;

use crate::domain::id::TagId;
use crate::infra::click_store::{Dimension, Filter, TagMembership, Value};
use crate::services::api_core::TaggedLinks;

/// The tags on the links of one workspace.
#[derive(Debug, Clone, Default)]
pub struct LinkTags {
    memberships: Vec<TagMembership>,
    names: HashMap<TagId, String>,
}

impl LinkTags {
    /// From the source of truth's answer.
    #[must_use]
    pub fn new(tags: Vec<TaggedLinks>) -> Self {
        let mut known = Self::default();
        for TaggedLinks { tag_id, name, links } in tags {
            known.memberships.extend(links.into_iter().map(|link_id| TagMembership { tag_id, link_id }));
            known.names.insert(tag_id, name);
        }
        known
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

    /// Clicks of links that carry any of these tags.
    #[must_use]
    pub fn filter(&self) -> Filter {
        let links = self.memberships.iter().map(|membership| Some(Value::Id(membership.link_id.as_uuid())));
        Filter::any_of(Dimension::Link, links.collect())
    }
}
