//! The conditions of a selection, in ClickHouse's SQL.

use uuid::Uuid;

use super::question::{Parameter, Question};
use crate::infra::click_store::question::dimension::Storage;
use crate::infra::click_store::{Dimension, Filter, Include, Selection, Value};

/// Adds `WHERE` with every condition.
pub(super) fn push_where(question: &mut Question, selection: &Selection) {
    push_where_of_any_period(question, selection);
    push_moment(question.push(" AND at >= "), selection.period.from.as_micros());
    push_moment(question.push(" AND at < "), selection.period.to.as_micros());
}

/// Adds a moment.
pub(super) fn push_moment(question: &mut Question, micros: i64) {
    question.push("fromUnixTimestamp64Micro(").push_value(Parameter::Number(micros)).push(", 'UTC')");
}

/// Adds `WHERE` with every condition but the period, and takes the limits of the workspace over.
pub(super) fn push_where_of_any_period(question: &mut Question, selection: &Selection) {
    question.limit(selection.limits);
    question.push(" WHERE workspace_id = ").push_value(Parameter::Id(selection.workspace_id.as_uuid().to_string()));
    if !selection.filters_on(Dimension::Kind) {
        question.push(" AND kind = 'redirect'");
    }
    push_counted(question, selection);
    if !selection.hidden_links.is_empty() {
        let hidden = Parameter::Ids(texts(selection.hidden_links.iter().map(|link| link.as_uuid())));
        let is_hidden = question.is_one_of("link_id", hidden);
        question.push(&format!(" AND NOT ifNull({is_hidden}, 0)"));
    }
    for filter in &selection.filters {
        question.push(" AND ");
        push_condition(question, filter);
    }
}

fn push_counted(question: &mut Question, selection: &Selection) {
    let by_agent = !selection.filters_on(Dimension::Agent);
    if selection.include == Include::default() && by_agent {
        question.push(" AND counted");
        return;
    }
    if by_agent {
        question.push(match (selection.include.bots, selection.include.previews) {
            (false, false) => " AND agent = 'human'",
            (true, false) => " AND agent <> 'preview'",
            (false, true) => " AND agent <> 'bot'",
            (true, true) => "",
        });
    }
    if !selection.include.prefetches {
        question.push(" AND NOT prefetch");
    }
    if !selection.include.heads {
        question.push(" AND NOT head");
    }
    if !selection.include.opted_out {
        question.push(" AND NOT opted_out");
    }
}

/// Adds the condition, which holds or does not, also where the property is missing.
pub(super) fn push_condition(question: &mut Question, filter: &Filter) {
    question.push(if filter.negated { "NOT ifNull(" } else { "ifNull(" });
    let alternatives = alternatives(question, filter);
    question.push(if alternatives.is_empty() { "0" } else { &alternatives });
    question.push(", 0)");
}

fn alternatives(question: &mut Question, filter: &Filter) -> String {
    let column = column(filter.dimension);
    let listed: Vec<_> = filter.any_of.iter().flatten().collect();
    let mut alternatives = Vec::new();
    if !listed.is_empty() {
        alternatives.push(question.is_one_of(column, list(filter.dimension.storage(), &listed)));
    }
    if filter.any_of.contains(&None) {
        alternatives.push(format!("{column} IS NULL"));
    }
    for part in &filter.any_part {
        let place = question.place(Parameter::Text(part.to_ascii_lowercase()));
        alternatives.push(format!("position(lower({column}), {place}) > 0"));
    }
    alternatives.join(" OR ")
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

/// The ids as the server reads them.
pub(super) fn texts(ids: impl Iterator<Item = Uuid>) -> Vec<String> {
    ids.map(|id| id.to_string()).collect()
}

fn list(storage: Storage, values: &[&Value]) -> Parameter {
    let mut list = match storage {
        Storage::Text => Parameter::Texts(Vec::new()),
        Storage::Id => Parameter::Ids(Vec::new()),
        Storage::Number => Parameter::Numbers(Vec::new()),
        Storage::Flag => Parameter::Flags(Vec::new()),
    };
    for value in values {
        match (&mut list, value) {
            (Parameter::Texts(texts), Value::Text(text)) => texts.push(text.to_string()),
            (Parameter::Ids(ids), Value::Id(id)) => ids.push(id.to_string()),
            (Parameter::Numbers(numbers), Value::Number(number)) => numbers.push(*number),
            (Parameter::Flags(flags), Value::Flag(flag)) => flags.push(*flag),
            // A value of another sort is none that a click has.
            _ => {}
        }
    }
    list
}
