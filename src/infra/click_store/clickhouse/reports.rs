//! Counting: in total, over time, by a dimension.

use std::collections::HashMap;
use std::time::Duration;

use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use super::condition::{column, push_condition, push_moment, push_where, push_where_of_any_period};
use super::connection::ClickStore;
use super::question::{Parameter, Question};
use super::row::{known, value};
use crate::domain::click::ClickKind;
use crate::domain::id::LinkId;
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
struct LinkPeriodRow {
    begin: i64,
    #[serde(with = "clickhouse::serde::uuid")]
    link: Uuid,
    clicks: u64,
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
        let Some(question) = over_time(selection, periods, COUNTING, "") else { return Ok(Vec::new()) };
        let rows = question.ask::<PeriodRow>(self).await?.into_iter();
        let counts = |row: PeriodRow| (row.begin, Counts { clicks: row.clicks, visitors: row.visitors });
        let series: HashMap<_, _> = rows.map(counts).collect();
        let begins = periods.iter().map(|period| period.from.as_micros());
        Ok(begins.map(|begin| series.get(&begin).copied().unwrap_or_default()).collect())
    }

    /// The selected clicks of each of these links in each of these periods, which must lie within the selection's own, one behind the
    /// other.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn links_over_time(
        &self,
        selection: &Selection,
        links: &[LinkId],
        periods: &[Period],
    ) -> Result<Vec<Vec<u64>>, ClickStoreError> {
        let counting = "assumeNotNull(link_id) AS link, count() AS clicks";
        let question = over_time(&selection.of_links(links), periods, counting, ", link");
        let rows = match question {
            Some(question) => question.ask::<LinkPeriodRow>(self).await?,
            None => Vec::new(),
        };
        let series: HashMap<_, _> = rows.into_iter().map(|row| ((row.link, row.begin), row.clicks)).collect();
        let of_link = |link: &LinkId| {
            let begins = periods.iter().map(|period| period.from.as_micros());
            begins.map(|begin| series.get(&(link.as_uuid(), begin)).copied().unwrap_or_default()).collect()
        };
        Ok(links.iter().map(of_link).collect())
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

    /// Asks how many clicks there are, for as long as it may take.
    pub(super) async fn clicks_within(&self, question: &Question, time_max: Duration) -> Result<u64, ClickStoreError> {
        let rows = question.ask_within::<CountsRow>(self, time_max).await?;
        Ok(rows.first().map_or(0, |row| row.clicks))
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

/// A question that counts by period, and by what else is named; nothing where there are no periods.
fn over_time(selection: &Selection, periods: &[Period], counting: &str, and_by: &str) -> Option<Question> {
    let (first, last) = (periods.first()?, periods.last()?);
    let begins: Vec<i64> = periods.iter().map(|period| period.from.as_micros()).collect();
    let ends: Vec<i64> = periods.iter().map(|period| period.to.as_micros()).collect();
    let mut question = Question::default();
    let (begins, ends) = (question.place(Parameter::Numbers(begins)), question.place(Parameter::Numbers(ends)));
    question.push(&format!(
        "SELECT toInt64(roundDown(toUnixTimestamp64Micro(at), {begins})) AS begin, {counting} FROM clicks"
    ));
    push_where_of_any_period(&mut question, selection);
    push_moment(question.push(" AND at >= "), first.from.as_micros());
    push_moment(question.push(" AND at < "), last.to.as_micros());
    question.push(&format!(
        " AND toUnixTimestamp64Micro(at) < transform(begin, {begins}, {ends}, toInt64(0)) GROUP BY begin{and_by}"
    ));
    Some(question)
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
