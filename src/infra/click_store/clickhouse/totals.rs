//! What each link was ever clicked, as reports count by default; kept for good, also when old clicks are deleted.

use std::collections::HashMap;

use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use super::condition::texts;
use super::connection::ClickStore;
use super::question::{Parameter, Question};
use crate::domain::id::{LinkId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::infra::click_store::{ClickStoreError, LinkTotal};

#[derive(Debug, Row, Deserialize)]
struct TotalRow {
    #[serde(with = "clickhouse::serde::uuid")]
    link_id: Uuid,
    total: u64,
    last: i64,
}

impl ClickStore {
    /// The totals of those of `links` that were ever clicked.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn link_totals(
        &self,
        workspace_id: WorkspaceId,
        links: &[LinkId],
    ) -> Result<HashMap<LinkId, LinkTotal>, ClickStoreError> {
        let mut question = Question::new(
            "SELECT link_id, sum(clicks) AS total, max(last_click_at) AS last FROM link_totals WHERE workspace_id = ",
        );
        question.push_value(Parameter::Id(workspace_id.as_uuid().to_string()));
        let links = Parameter::Ids(texts(links.iter().map(|link| link.as_uuid())));
        let is_asked_for = question.is_one_of("link_id", links);
        question.push(" AND ").push(&is_asked_for).push(" GROUP BY link_id");
        let total = |row: TotalRow| {
            let total = LinkTotal { clicks: row.total, last_click_at: Timestamp::from_micros(row.last) };
            (LinkId::from_uuid(row.link_id), total)
        };
        Ok(question.ask::<TotalRow>(self).await?.into_iter().map(total).collect())
    }
}
