//! The conditions of a selection, in SQLite's SQL.

use sqlx::{QueryBuilder, Sqlite};
use uuid::Uuid;

use super::row::id_bytes;
use crate::infra::click_store::question::dimension::Storage;
use crate::infra::click_store::{Dimension, Filter, Include, Selection, Value};

/// Adds `WHERE` with every condition.
pub(super) fn push_where(query: &mut QueryBuilder<Sqlite>, selection: &Selection) {
    push_where_of_any_period(query, selection);
    query.push(" AND at >= ").push_bind(selection.period.from.as_micros());
    query.push(" AND at < ").push_bind(selection.period.to.as_micros());
}

/// Adds `WHERE` with every condition but the period.
pub(super) fn push_where_of_any_period(query: &mut QueryBuilder<Sqlite>, selection: &Selection) {
    query.push(" WHERE workspace_id = ").push_bind(id_bytes(selection.workspace_id.as_uuid()));
    if !selection.filters_on(Dimension::Kind) {
        query.push(" AND kind = 'redirect'");
    }
    push_counted(query, selection);
    if !selection.hidden_links.is_empty() {
        query.push(" AND (link_id IS NULL OR link_id NOT IN (SELECT unhex(value) FROM json_each(");
        query.push_bind(hexadecimal_list(selection.hidden_links.iter().map(|link| link.as_uuid())));
        query.push(")))");
    }
    for filter in &selection.filters {
        query.push(" AND ");
        push_condition(query, filter);
    }
}

fn push_counted(query: &mut QueryBuilder<Sqlite>, selection: &Selection) {
    if selection.include == Include::default() && !selection.filters_on(Dimension::Agent) {
        query.push(" AND counted = 1");
        return;
    }
    if !selection.filters_on(Dimension::Agent) {
        query.push(match (selection.include.bots, selection.include.previews) {
            (false, false) => " AND agent = 'human'",
            (true, false) => " AND agent <> 'preview'",
            (false, true) => " AND agent <> 'bot'",
            (true, true) => "",
        });
    }
    if !selection.include.prefetches {
        query.push(" AND prefetch = 0");
    }
    if !selection.include.heads {
        query.push(" AND head = 0");
    }
    if !selection.include.opted_out {
        query.push(" AND opted_out = 0");
    }
}

/// Adds the condition. Unless it is negated it is NULL rather than false where the property is missing.
pub(super) fn push_condition(query: &mut QueryBuilder<Sqlite>, filter: &Filter) {
    if filter.negated {
        query.push("NOT coalesce(");
        push_alternatives(query, filter);
        query.push(", 0)");
    } else {
        push_alternatives(query, filter);
    }
}

fn push_alternatives(query: &mut QueryBuilder<Sqlite>, filter: &Filter) {
    let column = column(filter.dimension);
    let value = if filter.dimension.storage() == Storage::Id { "unhex(value)" } else { "value" };
    let listed: Vec<_> = filter.any_of.iter().flatten().collect();
    // One value is the common case, and an equality lets the index give the order as well.
    let operator = if filter.any_of.len() == 1 { "=" } else { "IN" };
    query.push(format_args!("({column} {operator} (SELECT {value} FROM json_each("));
    query.push_bind(json_list(&listed));
    query.push("))");
    if filter.any_of.contains(&None) {
        query.push(format_args!(" OR {column} IS NULL"));
    }
    for part in &filter.any_part {
        query.push(format_args!(" OR instr(lower({column}), "));
        query.push_bind(part.to_ascii_lowercase()).push(") > 0");
    }
    query.push(")");
}

/// Where a dimension is stored.
pub(super) const fn column(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Link => "link_id",
        Dimension::Domain => "domain_id",
        Dimension::Referrer => "referrer_host",
        other => other.as_str(),
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
