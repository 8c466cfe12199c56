//! Packing: rows become segments, and segments of the same days are made one.
//!
//! Invariant: what is written is worked out beside the writer, and written down in one short transaction that refuses where somebody else
//! has packed or deleted in between. So it may be dropped or killed anywhere, and goes on where it was.

use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use super::connection::ClickStore;
use super::reading::Reading;
use super::row::{id, id_bytes};
use super::rows::{read_rows, selecting};
use super::scan::{by_days, day_of};
use super::segments::{PackedSegment, Removal, Segment, delete, every_segment_of, insert, workspace_after};
use super::thread::on_thread;
use crate::infra::click_store::columns::{Block, BlockBuilder, Damaged, Property};
use crate::infra::click_store::{ClickStoreError, Compacted};
use crate::runtime::clock;

/// The rows of a workspace are packed when there are so many: few enough to be read with every question.
const ROWS_MIN: usize = 8_192;
/// Rows that one transaction packs; new clicks wait for it.
const ROWS_PER_STEP: u32 = 32_768;
/// A segment that has so many ends with its day.
const CLICKS_ENOUGH: usize = 131_072;
/// A segment has no more, so that one fits into memory a few times.
const CLICKS_MAX: usize = 524_288;
/// So many segments of the same days are made one: a question has to compare their visitors, and making them one takes time as well.
const SEGMENTS_TOGETHER_MAX: usize = 8;
/// Segments are made one so often at most before something else has its turn.
const MERGES_MAX: usize = 10_000;

impl ClickStore {
    /// Packs the rows of workspaces that have many of them; of all workspaces if `everything`. It may be dropped at any time.
    ///
    /// # Errors
    /// The store is unavailable, or a segment is damaged; what was packed until then stays packed.
    pub async fn compact(&self, everything: bool) -> Result<Compacted, ClickStoreError> {
        let mut compacted = Compacted::default();
        for (workspace_id, rows) in self.workspaces_with_rows(if everything { 1 } else { ROWS_MIN }).await? {
            for _ in 0..rows.div_ceil(ROWS_PER_STEP as usize) {
                compacted.packed += self.pack_rows(workspace_id).await?;
            }
            compacted.merged += self.merge(workspace_id, everything).await?;
        }
        if everything {
            compacted.merged += self.merge_everywhere().await?;
        }
        Ok(compacted)
    }

    /// Gives back the disk that is not used any more. Nothing else is written meanwhile.
    ///
    /// # Errors
    /// The disk has no room for a copy of the file, or another process does not let go of it.
    pub async fn shrink(&self) -> Result<(), ClickStoreError> {
        sqlx::query("VACUUM").execute(&self.writer).await?;
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await?;
        Ok(())
    }

    async fn workspaces_with_rows(&self, least: usize) -> Result<Vec<(Uuid, usize)>, ClickStoreError> {
        let mut reading = Reading::begin(self).await?;
        let rows = sqlx::query(
            "SELECT workspace_id, count(*) AS clicks FROM clicks WHERE workspace_id IS NOT NULL GROUP BY workspace_id \
             HAVING count(*) >= ?",
        )
        .bind(i64::try_from(least).unwrap_or(i64::MAX))
        .fetch_all(reading.connection())
        .await?;
        let mut workspaces = Vec::new();
        for row in rows {
            let clicks = usize::try_from(sqlx::Row::try_get::<i64, _>(&row, "clicks")?).unwrap_or_default();
            workspaces.extend(id(&row, "workspace_id")?.map(|workspace_id| (workspace_id, clicks)));
        }
        Ok(workspaces)
    }

    /// Packs the earliest rows of a workspace, and says how many.
    async fn pack_rows(&self, workspace_id: Uuid) -> Result<u64, ClickStoreError> {
        let mut reading = Reading::begin(self).await?;
        let removal = Removal::seen(reading.connection()).await?;
        let mut query = selecting(&Property::ALL);
        query.push(" WHERE workspace_id = ").push_bind(id_bytes(workspace_id));
        query.push(" ORDER BY at LIMIT ").push_bind(ROWS_PER_STEP);
        let (block, ids) = read_rows(query, &Property::ALL, reading.connection()).await?;
        drop(reading);
        let segments = on_thread(move || packed(block)).await?;
        let Some(mut transaction) = removal.begin(self).await? else { return Ok(0) };
        delete_rows(&mut transaction, &ids).await?;
        for segment in &segments {
            insert(&mut transaction, workspace_id, segment).await?;
        }
        transaction.commit().await?;
        Ok(ids.len() as u64)
    }

    async fn merge_everywhere(&self) -> Result<u64, ClickStoreError> {
        let (mut merged, mut workspace) = (0, Uuid::nil());
        while let Some(next) = workspace_after(Reading::begin(self).await?.connection(), workspace).await? {
            merged += self.merge(next, true).await?;
            workspace = next;
        }
        Ok(merged)
    }

    /// Makes segments of the same days one, and says how many became part of another.
    async fn merge(&self, workspace_id: Uuid, everything: bool) -> Result<u64, ClickStoreError> {
        let mut merged = 0;
        for _ in 0..MERGES_MAX {
            match self.merge_once(workspace_id, everything).await? {
                0 => break,
                some => merged += some,
            }
        }
        Ok(merged)
    }

    async fn merge_once(&self, workspace_id: Uuid, everything: bool) -> Result<u64, ClickStoreError> {
        let mut reading = Reading::begin(self).await?;
        let removal = Removal::seen(reading.connection()).await?;
        let segments = every_segment_of(reading.connection(), workspace_id).await?;
        let over_before = if everything { day_of(clock::now().as_micros()) } else { i64::MIN };
        let Some(chosen) = to_merge(segments, over_before) else { return Ok(0) };
        let mut blocks = Vec::new();
        for segment in &chosen {
            blocks.push(segment.load_all(reading.connection()).await?);
        }
        drop(reading);
        let segments = on_thread(move || packed(united(&blocks))).await?;
        let Some(mut transaction) = removal.begin(self).await? else { return Ok(0) };
        for segment in &chosen {
            delete(&mut transaction, segment.id).await?;
        }
        for segment in &segments {
            insert(&mut transaction, workspace_id, segment).await?;
        }
        transaction.commit().await?;
        Ok(chosen.len() as u64)
    }
}

async fn delete_rows(connection: &mut SqliteConnection, ids: &[i64]) -> Result<(), ClickStoreError> {
    let list = ids.iter().copied().collect::<serde_json::Value>().to_string();
    let deleted = sqlx::query("DELETE FROM clicks WHERE id IN (SELECT value FROM json_each(?))")
        .bind(list)
        .execute(connection)
        .await?;
    // Nobody else has taken anything out, so all of them are there.
    if deleted.rows_affected() == ids.len() as u64 { Ok(()) } else { Err(Damaged.into()) }
}

/// The first segments of the same days that are to become one: many, or any whose days are all before `over_before`. Of full ones there is
/// nothing to gain.
fn to_merge(mut segments: Vec<Segment>, over_before: i64) -> Option<Vec<Segment>> {
    segments.retain(|segment| segment.clicks < CLICKS_MAX);
    let is_due = |group: &Vec<Segment>| {
        let is_over = group.iter().all(|segment| day_of(segment.last_at) < over_before);
        group.len() >= if is_over { 2 } else { SEGMENTS_TOGETHER_MAX }
    };
    let mut group = by_days(segments).into_iter().find(is_due)?;
    let mut clicks = 0;
    group.retain(|segment| {
        clicks += segment.clicks;
        clicks <= 2 * CLICKS_MAX
    });
    Some(group)
}

fn united(blocks: &[Block]) -> Block {
    let mut builder = BlockBuilder::of(Property::ALL);
    for block in blocks {
        builder.extend(block, &vec![true; block.clicks()]);
    }
    builder.finish()
}

/// Clicks as segments, which end with a day where they can.
pub(super) fn packed(block: Block) -> Result<Vec<PackedSegment>, Damaged> {
    let at = block.at();
    let mut cuts = vec![0];
    let mut start = 0;
    for (index, (before, after)) in (1..).zip(at.iter().zip(at.iter().skip(1))) {
        let clicks = index - start;
        if clicks >= CLICKS_MAX || (clicks >= CLICKS_ENOUGH && day_of(*before) != day_of(*after)) {
            cuts.push(index);
            start = index;
        }
    }
    if cuts.len() == 1 {
        return Ok(vec![PackedSegment::of(&block)?]);
    }
    let ends = cuts.iter().copied().skip(1).chain([block.clicks()]);
    cuts.iter().copied().zip(ends).map(|(start, end)| PackedSegment::of(&block.slice(start..end))).collect()
}
