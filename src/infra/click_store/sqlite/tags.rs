//! Clicks by tag.

use sqlx::{QueryBuilder, Sqlite};

use super::condition::push_where;
use super::connection::ClickStore;
use super::reading::Reading;
use super::reports::{counts, read_grouped};
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
        let mut reading = Reading::begin(self).await?;
        let mut query = with_memberships(memberships);
        query.push(
            "SELECT tag AS value, count(*) AS clicks, count(DISTINCT visitor) AS visitors, count(*) OVER () AS groups",
        );
        query.push(" FROM clicks LEFT JOIN memberships ON memberships.link = clicks.link_id");
        push_where(&mut query, selection);
        query.push(" GROUP BY tag ORDER BY clicks DESC, value LIMIT ").push_bind(limit);
        let mut breakdown = read_grouped(&query.build().fetch_all(reading.connection()).await?, Storage::Id)?;
        if breakdown.other_values > 0 {
            let query = of_no_listed_tag(selection, memberships, &breakdown);
            breakdown.other = counts(query, reading.connection()).await?;
        }
        Ok(breakdown)
    }
}

fn of_no_listed_tag(selection: &Selection, memberships: &[TagMembership], listed: &Breakdown) -> QueryBuilder<Sqlite> {
    let is_listed = |membership: &&TagMembership| {
        listed.items.iter().any(|item| item.value == Some(Value::Id(membership.tag_id.as_uuid())))
    };
    let of_listed: Vec<_> = memberships.iter().filter(is_listed).copied().collect();
    let mut query = with_memberships(&of_listed);
    query.push("SELECT count(*) AS clicks, count(DISTINCT visitor) AS visitors FROM clicks");
    push_where(&mut query, selection);
    query.push(" AND NOT coalesce(link_id IN (SELECT link FROM memberships), 0)");
    if listed.items.iter().any(|item| item.value.is_none()) {
        query.push(" AND link_id IN (SELECT unhex(value ->> 1) FROM json_each(");
        query.push_bind(membership_list(memberships)).push("))");
    }
    query
}

fn with_memberships(memberships: &[TagMembership]) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(
        "WITH memberships(tag, link) AS MATERIALIZED (SELECT unhex(value ->> 0), unhex(value ->> 1) FROM json_each(",
    );
    query.push_bind(membership_list(memberships)).push(")) ");
    query
}

fn membership_list(memberships: &[TagMembership]) -> String {
    let pair = |membership: &TagMembership| {
        let (tag, link) = (membership.tag_id.as_uuid(), membership.link_id.as_uuid());
        serde_json::json!([tag.simple().to_string(), link.simple().to_string()])
    };
    memberships.iter().map(pair).collect::<serde_json::Value>().to_string()
}
