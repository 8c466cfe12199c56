//! Segments: packed clicks of one workspace, a column a row.
//!
//! Invariant: a click is in `clicks` or in one segment. Whatever takes clicks out of either counts that in the same transaction, and
//! refuses when somebody else has counted since it read them: see [`Removal`].

use std::collections::HashMap;
use std::ops::Range;

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row, Sqlite, Transaction};
use uuid::Uuid;

use super::connection::ClickStore;
use super::day_ranges::day_of;
use super::row::{id, id_bytes};
use super::thread::on_thread;
use crate::domain::time::Timestamp;
use crate::infra::click_store::columns::{Block, Damaged, Part};
use crate::infra::click_store::{ClickStoreError, Period, Selection};

/// What is known of a segment without reading it.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) id: i64,
    /// The times of its first and of its last click.
    pub(super) first_at: i64,
    pub(super) last_at: i64,
    pub(super) clicks: usize,
    /// Those that belong to no link.
    pub(super) orphans: usize,
}

impl Segment {
    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let count = |column| row.try_get::<i64, _>(column).map(|count| usize::try_from(count).unwrap_or_default());
        Ok(Self {
            id: row.try_get("id")?,
            first_at: row.try_get("first_at")?,
            last_at: row.try_get("last_at")?,
            clicks: count("clicks")?,
            orphans: count("orphans")?,
        })
    }

    /// Whether all its clicks are in the period.
    pub(super) fn is_within(&self, period: Period) -> bool {
        self.first_at >= period.from.as_micros() && self.last_at < period.to.as_micros()
    }

    /// The UTC days from its first click to its last.
    pub(super) const fn days(&self) -> Range<i64> {
        day_of(self.first_at)..day_of(self.last_at) + 1
    }

    /// Reads these parts of it.
    pub(super) async fn load(
        &self,
        connection: &mut SqliteConnection,
        parts: &[Part],
    ) -> Result<Block, ClickStoreError> {
        self.load_into(connection, Block::of(self.clicks), parts).await
    }

    /// Reads these parts of it as well.
    pub(super) async fn load_into(
        &self,
        connection: &mut SqliteConnection,
        mut block: Block,
        parts: &[Part],
    ) -> Result<Block, ClickStoreError> {
        let packed = self.fetch(connection, parts).await?;
        on_thread(move || {
            packed.iter().try_for_each(|(part, packed)| block.unpack(*part, packed))?;
            Ok(block)
        })
        .await
    }

    async fn fetch(
        &self,
        connection: &mut SqliteConnection,
        parts: &[Part],
    ) -> Result<Vec<(Part, Vec<u8>)>, ClickStoreError> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT part, packed FROM click_columns WHERE segment_id = ");
        query.push_bind(self.id).push(" AND part IN (");
        let mut list = query.separated(", ");
        for part in parts {
            list.push_bind(part.number());
        }
        query.push(")");
        let rows = query.build_query_as::<(i64, Vec<u8>)>().fetch_all(connection).await?;
        let mut packed: HashMap<i64, Vec<u8>> = rows.into_iter().collect();
        let of_part = |part: &Part| Ok((*part, packed.remove(&part.number()).ok_or(Damaged)?));
        parts.iter().map(of_part).collect()
    }

    /// Reads the whole segment.
    pub(super) async fn load_all(&self, connection: &mut SqliteConnection) -> Result<Block, ClickStoreError> {
        self.load(connection, &Part::all().collect::<Vec<_>>()).await
    }
}

/// The segments of a workspace that have clicks in the period, earliest first.
pub(super) async fn segments_of(
    connection: &mut SqliteConnection,
    workspace_id: Uuid,
    period: Period,
) -> Result<Vec<Segment>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT id, first_at, last_at, clicks, orphans FROM click_segments \
         WHERE workspace_id = ? AND first_at < ? AND last_at >= ? ORDER BY first_at, id",
    )
    .bind(id_bytes(workspace_id))
    .bind(period.to.as_micros())
    .bind(period.from.as_micros())
    .fetch_all(connection)
    .await?;
    rows.iter().map(Segment::read).collect()
}

/// The next workspace that has segments.
pub(super) async fn workspace_after(
    connection: &mut SqliteConnection,
    workspace_id: Uuid,
) -> Result<Option<Uuid>, ClickStoreError> {
    let row = sqlx::query("SELECT min(workspace_id) AS workspace_id FROM click_segments WHERE workspace_id > ?")
        .bind(id_bytes(workspace_id))
        .fetch_one(connection)
        .await?;
    Ok(id(&row, "workspace_id")?)
}

/// Every segment of a workspace, in the order of their first clicks.
pub(super) async fn every_segment_of(
    connection: &mut SqliteConnection,
    workspace_id: Uuid,
) -> Result<Vec<Segment>, sqlx::Error> {
    let always = Period { from: Timestamp::from_micros(i64::MIN), to: Timestamp::from_micros(i64::MAX) };
    segments_of(connection, workspace_id, always).await
}

/// The segment with the next id above `after` that has clicks of the selection's workspace and period.
pub(super) async fn next_segment(
    connection: &mut SqliteConnection,
    selection: &Selection,
    after: i64,
) -> Result<Option<Segment>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT id, first_at, last_at, clicks, orphans FROM click_segments \
         WHERE workspace_id = ? AND first_at < ? AND last_at >= ? AND id > ? ORDER BY id LIMIT 1",
    )
    .bind(id_bytes(selection.workspace_id.as_uuid()))
    .bind(selection.period.to.as_micros())
    .bind(selection.period.from.as_micros())
    .bind(after)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(Segment::read).transpose()
}

/// The next workspace that has clicks which are not packed.
pub(super) async fn unpacked_workspace_after(
    connection: &mut SqliteConnection,
    workspace_id: Uuid,
) -> Result<Option<Uuid>, sqlx::Error> {
    let row = sqlx::query("SELECT min(workspace_id) AS workspace_id FROM clicks WHERE workspace_id > ?")
        .bind(id_bytes(workspace_id))
        .fetch_one(connection)
        .await?;
    id(&row, "workspace_id")
}

/// The next workspace that has clicks, packed or not.
pub(super) async fn any_workspace_after(
    connection: &mut SqliteConnection,
    workspace_id: Uuid,
) -> Result<Option<Uuid>, ClickStoreError> {
    let packed = workspace_after(connection, workspace_id).await?;
    let unpacked = unpacked_workspace_after(connection, workspace_id).await?;
    Ok(packed.into_iter().chain(unpacked).min())
}

/// A segment as it is written down.
pub(super) struct PackedSegment {
    first_at: i64,
    last_at: i64,
    clicks: usize,
    orphans: usize,
    parts: Vec<(Part, Vec<u8>)>,
}

impl PackedSegment {
    /// Packs clicks, of which all parts are there.
    ///
    /// # Errors
    /// They are not.
    pub(super) fn of(block: &Block) -> Result<Self, Damaged> {
        let parts = Part::all().map(|part| Ok((part, block.pack(part)?))).collect::<Result<_, Damaged>>()?;
        let (first_at, last_at) = (block.at().first().copied(), block.at().last().copied());
        Ok(Self {
            first_at: first_at.unwrap_or_default(),
            last_at: last_at.unwrap_or_default(),
            clicks: block.clicks(),
            orphans: block.orphans(),
            parts,
        })
    }
}

/// Writes a segment down, unless it is empty.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    workspace_id: Uuid,
    segment: &PackedSegment,
) -> Result<(), sqlx::Error> {
    if segment.clicks == 0 {
        return Ok(());
    }
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let sql = "INSERT INTO click_segments (workspace_id, first_at, last_at, clicks, orphans) VALUES (?, ?, ?, ?, ?)";
    let id = sqlx::query(sql)
        .bind(id_bytes(workspace_id))
        .bind(segment.first_at)
        .bind(segment.last_at)
        .bind(count(segment.clicks))
        .bind(count(segment.orphans))
        .execute(&mut *connection)
        .await?
        .last_insert_rowid();
    for (part, packed) in &segment.parts {
        sqlx::query("INSERT INTO click_columns (segment_id, part, packed) VALUES (?, ?, ?)")
            .bind(id)
            .bind(part.number())
            .bind(&**packed)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Deletes a segment.
pub(super) async fn delete(connection: &mut SqliteConnection, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM click_columns WHERE segment_id = ?").bind(id).execute(&mut *connection).await?;
    sqlx::query("DELETE FROM click_segments WHERE id = ?").bind(id).execute(&mut *connection).await?;
    Ok(())
}

/// The right to take out what was read at some moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Removal {
    number: i64,
}

impl Removal {
    /// What was taken out until now. Ask it before, or in the same look at the store as, what is to be taken out.
    pub(super) async fn seen(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let number = sqlx::query_scalar("SELECT number FROM click_removals").fetch_one(connection).await?;
        Ok(Self { number })
    }

    /// Begins to write, unless anything was taken out since.
    pub(super) async fn begin(self, store: &ClickStore) -> Result<Option<Transaction<'static, Sqlite>>, sqlx::Error> {
        let mut transaction = store.write().await?;
        let counted = sqlx::query("UPDATE click_removals SET number = number + 1 WHERE number = ?")
            .bind(self.number)
            .execute(&mut *transaction)
            .await?;
        Ok((counted.rows_affected() == 1).then_some(transaction))
    }

    /// Counts that something is taken out.
    pub(super) async fn count(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE click_removals SET number = number + 1").execute(connection).await?;
        Ok(())
    }
}
