//! Which clicks a report is about.

use sqlx::{QueryBuilder, Sqlite};
use uuid::Uuid;

use super::dimension::{Dimension, Storage, Value};
use super::row::id_bytes;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;

/// A stretch of time: `from` is in it, `to` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

/// What is counted although it is left out by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Include {
    /// Crawlers, monitors and scripts.
    pub bots: bool,
    /// Link previews of messengers and social networks.
    pub previews: bool,
    /// Pages that a browser fetched before anybody asked for them.
    pub prefetches: bool,
    /// Requests with the method HEAD.
    pub heads: bool,
}

/// One condition on a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Of which property.
    pub dimension: Dimension,
    /// Any of these; `None` is a click that lacks the property.
    pub any_of: Vec<Option<Value>>,
}

/// Which clicks a report is about. All conditions hold together.
///
/// Only redirects of people are counted, without prefetches and HEAD requests, unless `include` says otherwise.
/// A filter on the kind or the agent takes the place of the default for that dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Whose clicks.
    pub workspace_id: WorkspaceId,
    /// When they were.
    pub period: Period,
    /// What is counted although it is left out by default.
    pub include: Include,
    /// What else must hold.
    pub filters: Vec<Filter>,
}

impl Selection {
    /// Adds `WHERE` with every condition.
    pub(super) fn push_where(&self, query: &mut QueryBuilder<Sqlite>) {
        self.push_where_of_any_period(query);
        query.push(" AND at >= ").push_bind(self.period.from.as_micros());
        query.push(" AND at < ").push_bind(self.period.to.as_micros());
    }

    /// Adds `WHERE` with every condition but the period.
    pub(super) fn push_where_of_any_period(&self, query: &mut QueryBuilder<Sqlite>) {
        query.push(" WHERE workspace_id = ").push_bind(id_bytes(self.workspace_id.as_uuid()));
        if !self.filters_on(Dimension::Kind) {
            query.push(" AND kind = 'redirect'");
        }
        self.push_counted(query);
        for filter in &self.filters {
            query.push(" AND ");
            filter.push_condition(query);
        }
    }

    fn push_counted(&self, query: &mut QueryBuilder<Sqlite>) {
        if self.include == Include::default() && !self.filters_on(Dimension::Agent) {
            query.push(" AND counted = 1");
            return;
        }
        if !self.filters_on(Dimension::Agent) {
            query.push(match (self.include.bots, self.include.previews) {
                (false, false) => " AND agent = 'human'",
                (true, false) => " AND agent <> 'preview'",
                (false, true) => " AND agent <> 'bot'",
                (true, true) => "",
            });
        }
        if !self.include.prefetches {
            query.push(" AND prefetch = 0");
        }
        if !self.include.heads {
            query.push(" AND head = 0");
        }
    }

    pub(super) fn filters_on(&self, dimension: Dimension) -> bool {
        self.filters.iter().any(|filter| filter.dimension == dimension)
    }
}

impl Filter {
    /// Adds the condition, which is NULL rather than false where the property is missing.
    pub(super) fn push_condition(&self, query: &mut QueryBuilder<Sqlite>) {
        let column = self.dimension.column();
        let value = if self.dimension.storage() == Storage::Id { "unhex(value)" } else { "value" };
        let listed: Vec<_> = self.any_of.iter().flatten().collect();
        // One value is the common case, and an equality lets the index give the order as well.
        let operator = if self.any_of.len() == 1 { "=" } else { "IN" };
        query.push(format_args!("({column} {operator} (SELECT {value} FROM json_each("));
        query.push_bind(json_list(&listed));
        query.push("))");
        if self.any_of.contains(&None) {
            query.push(format_args!(" OR {column} IS NULL"));
        }
        query.push(")");
    }
}

/// The ids as a JSON list of what `unhex` reads.
pub(super) fn hexadecimal_list(ids: impl Iterator<Item = Uuid>) -> String {
    ids.map(|id| id.simple().to_string()).collect::<serde_json::Value>().to_string()
}

fn json_list(values: &[&Value]) -> String {
    let to_json = |value: &&Value| match value {
        Value::Text(text) => serde_json::Value::from(&**text),
        Value::Id(id) => serde_json::Value::from(id.simple().to_string()),
        Value::Number(number) => serde_json::Value::from(*number),
        Value::Flag(flag) => serde_json::Value::from(i64::from(*flag)),
    };
    values.iter().map(to_json).collect::<serde_json::Value>().to_string()
}
