//! Counting: in total, over time, by a dimension.

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row, Sqlite};

use super::condition::{column, push_condition, push_where, push_where_of_any_period};
use super::connection::ClickStore;
use super::reading::Reading;
use super::row::{label, value};
use crate::infra::click_store::question::dimension::Storage;
use crate::infra::click_store::question::labels::{AGENTS, agent_label, parse};
use crate::infra::click_store::{
    Breakdown, BreakdownItem, ClickStoreError, Counts, Dimension, Filter, Include, LeftOut, Period, Selection,
};

impl ClickStore {
    /// The selected clicks in total.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn summary(&self, selection: &Selection) -> Result<Counts, ClickStoreError> {
        let mut query = counting();
        push_where(&mut query, selection);
        let mut reading = Reading::begin(self).await?;
        counts(query, reading.connection()).await
    }

    /// What the selection leaves out of the clicks that it would count otherwise.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn left_out(&self, selection: &Selection) -> Result<LeftOut, ClickStoreError> {
        let everybody = Include { bots: true, previews: true, prefetches: true, heads: true };
        let mut query = QueryBuilder::<Sqlite>::new("SELECT agent, prefetch, head, count(*) AS clicks FROM clicks");
        push_where(&mut query, &Selection { include: everybody, ..selection.clone() });
        query.push(" AND counted = 0 GROUP BY agent, prefetch, head");
        let mut reading = Reading::begin(self).await?;
        let mut left_out = LeftOut::default();
        for row in query.build().fetch_all(reading.connection()).await? {
            let clicks = row.try_get::<i64, _>("clicks")?.cast_unsigned();
            let agent = label(&row, "agent", |text| parse(&AGENTS, agent_label, text))?;
            left_out.add(selection, agent, row.try_get("prefetch")?, row.try_get("head")?, clicks);
        }
        Ok(left_out)
    }

    /// The selected clicks of each of these periods, which must lie within the selection's own.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn timeseries(&self, selection: &Selection, periods: &[Period]) -> Result<Vec<Counts>, ClickStoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "WITH periods(number, first, beyond) AS MATERIALIZED (SELECT key, value ->> 0, value ->> 1 FROM json_each(",
        );
        query.push_bind(period_list(periods));
        // CROSS JOIN keeps the order: each period is one short walk of the index by time.
        query.push(
            ")) SELECT number, count(*) AS clicks, count(DISTINCT visitor) AS visitors FROM periods CROSS JOIN clicks",
        );
        push_where_of_any_period(&mut query, selection);
        query.push(" AND at >= first AND at < beyond GROUP BY number");
        let mut reading = Reading::begin(self).await?;
        let rows = query.build().fetch_all(reading.connection()).await?;
        let mut series = vec![Counts::default(); periods.len()];
        for row in &rows {
            let number = usize::try_from(row.try_get::<i64, _>("number")?).unwrap_or(usize::MAX);
            if let Some(point) = series.get_mut(number) {
                *point = read_counts(row)?;
            }
        }
        Ok(series)
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
        let mut query = QueryBuilder::<Sqlite>::new(format!(
            "SELECT {} AS value, count(*) AS clicks, count(DISTINCT visitor) AS visitors, count(*) OVER () AS groups FROM clicks",
            column(dimension)
        ));
        push_where(&mut query, selection);
        query.push(" GROUP BY value ORDER BY clicks DESC, value LIMIT ").push_bind(limit);
        let mut reading = Reading::begin(self).await?;
        let rows = query.build().fetch_all(reading.connection()).await?;
        let mut breakdown = read_grouped(&rows, dimension.storage())?;
        if breakdown.other_values > 0 {
            let query = of_no_listed_value(selection, dimension, &breakdown);
            breakdown.other = counts(query, reading.connection()).await?;
        }
        Ok(breakdown)
    }
}

fn counting() -> QueryBuilder<Sqlite> {
    QueryBuilder::new("SELECT count(*) AS clicks, count(DISTINCT visitor) AS visitors FROM clicks")
}

fn of_no_listed_value(selection: &Selection, dimension: Dimension, listed: &Breakdown) -> QueryBuilder<Sqlite> {
    let mut query = counting();
    push_where(&mut query, selection);
    query.push(" AND NOT coalesce(");
    let any_of = listed.items.iter().map(|item| item.value.clone()).collect();
    push_condition(&mut query, &Filter::any_of(dimension, any_of));
    query.push(", 0)");
    query
}

/// Asks a query that answers one row of counts.
pub(super) async fn counts(
    mut query: QueryBuilder<Sqlite>,
    connection: &mut SqliteConnection,
) -> Result<Counts, ClickStoreError> {
    Ok(read_counts(&query.build().fetch_one(connection).await?)?)
}

/// Reads rows of `value`, `clicks`, `visitors` and the number of all `groups`.
pub(super) fn read_grouped(rows: &[SqliteRow], storage: Storage) -> Result<Breakdown, ClickStoreError> {
    let read_item = |row| Ok(BreakdownItem { value: value(storage, row, "value")?, counts: read_counts(row)? });
    let items = rows.iter().map(read_item).collect::<Result<Vec<_>, sqlx::Error>>()?;
    let groups = match rows.first() {
        Some(row) => row.try_get::<i64, _>("groups")?.cast_unsigned(),
        None => 0,
    };
    let other_values = groups.saturating_sub(u64::try_from(items.len()).unwrap_or(u64::MAX));
    Ok(Breakdown { items, other_values, other: Counts::default() })
}

fn read_counts(row: &SqliteRow) -> Result<Counts, sqlx::Error> {
    Ok(Counts {
        clicks: row.try_get::<i64, _>("clicks")?.cast_unsigned(),
        visitors: row.try_get::<i64, _>("visitors")?.cast_unsigned(),
    })
}

fn period_list(periods: &[Period]) -> String {
    let ends = |period: &Period| serde_json::json!([period.from.as_micros(), period.to.as_micros()]);
    periods.iter().map(ends).collect::<serde_json::Value>().to_string()
}
