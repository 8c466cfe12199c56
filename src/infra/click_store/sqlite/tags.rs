//! Clicks by tag.

use std::collections::HashMap;
use std::sync::Arc;

use super::connection::ClickStore;
use crate::infra::click_store::columns::{Grouping, Labels, Property};
use crate::infra::click_store::{Breakdown, ClickStoreError, Dimension, Selection, TagMembership, Value};

impl ClickStore {
    /// The selected clicks by tag, most clicks first. A click counts for each tag that its link carries now, and for `None` if it
    /// carries none; `other` are the clicks that belong to none of the listed.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn breakdown_by_tag(
        &self,
        selection: &Selection,
        memberships: &[TagMembership],
        limit: u32,
    ) -> Result<Breakdown, ClickStoreError> {
        let mut tags_of: HashMap<Value, Vec<Option<Value>>> = HashMap::new();
        for membership in memberships {
            let link = Value::Id(membership.link_id.as_uuid());
            tags_of.entry(link).or_default().push(Some(Value::Id(membership.tag_id.as_uuid())));
        }
        let tags = move |link: Option<&Value>| link.and_then(|link| tags_of.get(link)).cloned().unwrap_or(vec![None]);
        let by_tag = Grouping::labels(Property::of(Dimension::Link), Labels::Said(Arc::new(tags)));
        self.breakdown_by(selection, by_tag, limit).await
    }
}
