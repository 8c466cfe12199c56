//! Clicks by tag.

use super::condition::{push_where, texts};
use super::connection::ClickStore;
use super::question::{Parameter, Question};
use super::reports::{counting, group, in_order};
use crate::infra::click_store::question::dimension::Storage;
use crate::infra::click_store::{Breakdown, ClickStoreError, Selection, TagMembership, Value};

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
        let mut question = Question::default();
        let tags = Parameter::Ids(texts(memberships.iter().map(|membership| membership.tag_id.as_uuid())));
        let (tags, links) = (question.array(tags), question.array(links_of(memberships)));
        question.push(&format!(
            "SELECT {} FROM clicks LEFT JOIN (SELECT toNullable(membership.1) AS tag, membership.2 AS link FROM \
             (SELECT arrayJoin(arrayZip({tags}, {links})) AS membership)) AS memberships ON memberships.link = clicks.link_id",
            group("tag")
        ));
        push_where(&mut question, selection);
        question.push(&in_order("tag", Storage::Id, limit));
        let mut breakdown = self.grouped(&question, Storage::Id).await?;
        if breakdown.other_values > 0 {
            breakdown.other = self.counts(&of_no_listed_tag(selection, memberships, &breakdown)).await?;
        }
        Ok(breakdown)
    }
}

fn of_no_listed_tag(selection: &Selection, memberships: &[TagMembership], listed: &Breakdown) -> Question {
    let is_listed = |membership: &&TagMembership| {
        listed.items.iter().any(|item| item.value == Some(Value::Id(membership.tag_id.as_uuid())))
    };
    let of_listed: Vec<_> = memberships.iter().filter(is_listed).copied().collect();
    let mut question = counting();
    push_where(&mut question, selection);
    let is_listed = question.is_one_of("link_id", links_of(&of_listed));
    question.push(&format!(" AND NOT ifNull({is_listed}, 0)"));
    if listed.items.iter().any(|item| item.value.is_none()) {
        let is_tagged = question.is_one_of("link_id", links_of(memberships));
        question.push(" AND ").push(&is_tagged);
    }
    question
}

fn links_of(memberships: &[TagMembership]) -> Parameter {
    Parameter::Ids(texts(memberships.iter().map(|membership| membership.link_id.as_uuid())))
}
