//! Counting: in total, over time, by a dimension.

use std::collections::HashMap;

use clickhouse::Row;
use serde::Deserialize;

use super::condition::{column, push_condition, push_moment, push_where, push_where_of_any_period};
use super::connection::ClickStore;
use super::question::{Parameter, Question};
use super::row::{known, value};
use crate::domain::click::ClickKind;
use crate::infra::click_store::columns::Class;
use crate::infra::click_store::question::dimension::Storage;
use crate::infra::click_store::question::labels::{AGENTS, agent_label, parse};
use crate::infra::click_store::{
    Breakdown, BreakdownItem, ClickStoreError, Counts, Dimension, Filter, Include, LeftOut, Period, Selection,
};

/// What is counted of the clicks of a group.
pub(super) const COUNTING: &str = "count() AS clicks, uniqExact(visitor) AS visitors";

#[derive(Debug, Row, Deserialize)]
pub(super) struct CountsRow {
    clicks: u64,
    visitors: u64,
}

#[derive(Debug, Row, Deserialize)]
struct LeftOutRow {
    agent: String,
    prefetch: bool,
    head: bool,
    opted_out: bool,
    clicks: u64,
}

#[derive(Debug, Row, Deserialize)]
struct PeriodRow {
    begin: i64,
    clicks: u64,
    visitors: u64,
}

#[derive(Debug, Row, Deserialize)]
pub(super) struct GroupRow {
    group: Option<String>,
    clicks: u64,
    visitors: u64,
    groups: u64,
}

impl ClickStore {
    /// The selected clicks in total.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn summary(&self, selection: &Selection) -> Result<Counts, ClickStoreError> {
        let mut question = counting();
        push_where(&mut question, selection);
        self.counts(&question).await
    }

    /// What the selection leaves out of the clicks that it would count otherwise.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn left_out(&self, selection: &Selection) -> Result<LeftOut, ClickStoreError> {
        let mut question = Question::new("SELECT agent, prefetch, head, opted_out, count() AS clicks FROM clicks");
        push_where(&mut question, &Selection { include: Include::EVERYTHING, ..selection.clone() });
        question.push(" AND NOT counted GROUP BY agent, prefetch, head, opted_out");
        let mut left_out = LeftOut::default();
        for row in question.ask::<LeftOutRow>(self).await? {
            let agent = known("agent", &row.agent, parse(&AGENTS, agent_label, &row.agent))?;
            // The kind says nothing of why a click is left out.
            let LeftOutRow { prefetch, head, opted_out, clicks, .. } = row;
            left_out.add(selection, Class { kind: ClickKind::Redirect, agent, prefetch, head, opted_out }, clicks);
        }
        Ok(left_out)
    }

    /// The selected clicks of each of these periods, which must lie within the selection's own, one behind the other.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn timeseries(&self, selection: &Selection, periods: &[Period]) -> Result<Vec<Counts>, ClickStoreError> {
        let (Some(first), Some(last)) = (periods.first(), periods.last()) else { return Ok(Vec::new()) };
        let begins: Vec<i64> = periods.iter().map(|period| period.from.as_micros()).collect();
        let ends: Vec<i64> = periods.iter().map(|period| period.to.as_micros()).collect();
        let mut question = Question::default();
        let (begins_place, ends_place) =
            (question.place(Parameter::Numbers(begins.clone())), question.place(Parameter::Numbers(ends)));
        question.push(&format!(
            "SELECT toInt64(roundDown(toUnixTimestamp64Micro(at), {begins_place})) AS begin, {COUNTING} FROM clicks"
        ));
        push_where_of_any_period(&mut question, selection);
        push_moment(question.push(" AND at >= "), first.from.as_micros());
        push_moment(question.push(" AND at < "), last.to.as_micros());
        question.push(&format!(
            " AND toUnixTimestamp64Micro(at) < transform(begin, {begins_place}, {ends_place}, toInt64(0)) GROUP BY begin"
        ));
        let rows = question.ask::<PeriodRow>(self).await?.into_iter();
        let counts = |row: PeriodRow| (row.begin, Counts { clicks: row.clicks, visitors: row.visitors });
        let series: HashMap<_, _> = rows.map(counts).collect();
        Ok(begins.iter().map(|begin| series.get(begin).copied().unwrap_or_default()).collect())
    }

    /// The selected clicks by `dimension`, most clicks first, at most `limit` values.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn breakdown(
        &self,
        selection: &Selection,
        dimension: Dimension,
        limit: u32,
    ) -> Result<Breakdown, ClickStoreError> {
        let (column, storage) = (column(dimension), dimension.storage());
        let mut question = Question::new(format!("SELECT {} FROM clicks", group(column)));
        push_where(&mut question, selection);
        question.push(&in_order(column, storage, limit));
        let mut breakdown = self.grouped(&question, storage).await?;
        if breakdown.other_values > 0 {
            let question = of_no_listed_value(selection, dimension, &breakdown);
            breakdown.other = self.counts(&question).await?;
        }
        Ok(breakdown)
    }

    /// Asks a question that is answered by one row of counts.
    pub(super) async fn counts(&self, question: &Question) -> Result<Counts, ClickStoreError> {
        let rows = question.ask::<CountsRow>(self).await?;
        let counts = |row: CountsRow| Counts { clicks: row.clicks, visitors: row.visitors };
        Ok(rows.into_iter().next().map(counts).unwrap_or_default())
    }

    /// Asks a question that is answered by groups.
    pub(super) async fn grouped(&self, question: &Question, storage: Storage) -> Result<Breakdown, ClickStoreError> {
        let rows = question.ask::<GroupRow>(self).await?;
        let groups = rows.first().map_or(0, |row| row.groups);
        let other_values = groups.saturating_sub(rows.len() as u64);
        let item = |row: GroupRow| {
            let value = row.group.map(|text| value(storage, &text)).transpose()?;
            Ok(BreakdownItem { value, counts: Counts { clicks: row.clicks, visitors: row.visitors } })
        };
        let items = rows.into_iter().map(item).collect::<Result<_, ClickStoreError>>()?;
        Ok(Breakdown { items, other_values, other: Counts::default() })
    }
}

/// What is answered of each group of this column, which is a text wherever it comes from.
pub(super) fn group(column: &str) -> String {
    format!("CAST(toString({column}) AS Nullable(String)) AS group, {COUNTING}, count() OVER () AS groups")
}

/// Most clicks first; those with as many in the order of their values, and clicks without one before them.
pub(super) fn in_order(column: &str, storage: Storage, limit: u32) -> String {
    // The server compares ids by their second half first.
    let value = if matches!(storage, Storage::Id) { "group" } else { column };
    format!(" GROUP BY {column} ORDER BY clicks DESC, {value} ASC NULLS FIRST LIMIT {limit}")
}

/// A question that only counts.
pub(super) fn counting() -> Question {
    Question::new(format!("SELECT {COUNTING} FROM clicks"))
}

fn of_no_listed_value(selection: &Selection, dimension: Dimension, listed: &Breakdown) -> Question {
    let mut question = counting();
    push_where(&mut question, selection);
    let any_of = listed.items.iter().map(|item| item.value.clone()).collect();
    question.push(" AND ");
    push_condition(&mut question, &Filter { negated: true, ..Filter::any_of(dimension, any_of) });
    question
}
