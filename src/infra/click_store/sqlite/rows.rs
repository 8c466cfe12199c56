//! Clicks that are not packed yet, as columns.

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row, Sqlite};

use super::condition::column;
use super::row::{label, value};
use crate::domain::click::ClickKind;
use crate::domain::rule::AgentClass;
use crate::infra::click_store::columns::{Block, BlockBuilder, Class, Property};
use crate::infra::click_store::question::dimension::Storage;
use crate::infra::click_store::question::labels::{AGENTS, KINDS, parse};
use crate::infra::click_store::{Value, agent_label, kind_label};

/// Begins a query of what [`read_rows`] reads for these properties.
pub(super) fn selecting(properties: &[Property]) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT id, at, position, visitor");
    for property in properties {
        query.push(", ").push(columns_of(*property));
    }
    query.push(" FROM clicks");
    query
}

/// Rows as a block, and the ids that they have in the table.
pub(super) async fn read_rows(
    mut query: QueryBuilder<Sqlite>,
    properties: &[Property],
    connection: &mut SqliteConnection,
) -> Result<(Block, Vec<i64>), sqlx::Error> {
    let mut builder = BlockBuilder::of(properties.iter().copied());
    let mut ids = Vec::new();
    let mut rows = query.build().fetch(connection);
    while let Some(row) = rows.try_next().await? {
        ids.push(row.try_get("id")?);
        let of_row = |property| value_of(&row, property);
        builder.push(row.try_get("at")?, row.try_get("position")?, row.try_get("visitor")?, of_row)?;
    }
    Ok((builder.finish(), ids))
}

fn columns_of(property: Property) -> &'static str {
    match property {
        Property::Journal => "journal_id",
        Property::Class => "kind, agent, prefetch, head, opted_out",
        Property::Host => "host",
        Property::Of(dimension) => column(dimension),
    }
}

fn value_of(row: &SqliteRow, property: Property) -> Result<Option<Value>, sqlx::Error> {
    match property {
        Property::Journal => value(Storage::Number, row, "journal_id"),
        Property::Class => class_of(row).map(|class| Some(Value::Number(class.number()))),
        Property::Host => value(Storage::Text, row, "host"),
        Property::Of(dimension) => value(dimension.storage(), row, column(dimension)),
    }
}

fn class_of(row: &SqliteRow) -> Result<Class, sqlx::Error> {
    let kind: ClickKind = label(row, "kind", |text| parse(&KINDS, kind_label, text))?;
    let agent: AgentClass = label(row, "agent", |text| parse(&AGENTS, agent_label, text))?;
    let flag = |column| row.try_get::<bool, _>(column);
    Ok(Class { kind, agent, prefetch: flag("prefetch")?, head: flag("head")?, opted_out: flag("opted_out")? })
}
