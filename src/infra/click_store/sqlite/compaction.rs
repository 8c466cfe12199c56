//! Packing: rows become segments, and segments of the same days are made one.
//!
//! Invariant: what is written is worked out beside the writer, and written down in one short transaction that refuses where somebody else
//! has packed or deleted in between. So it may be dropped or killed anywhere, and goes on where it was.

use std::collections::BTreeSet;

use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use super::connection::ClickStore;
use super::day_ranges::{by_days, day_of};
use super::reading::Reading;
use super::row::id_bytes;
use super::rows::{read_rows, selecting};
use super::segments::{
    PackedSegment, Removal, Segment, delete, every_segment_of, insert, unpacked_workspace_after, workspace_after,
};
use super::thread::on_thread;
use crate::infra::click_store::columns::{Block, BlockBuilder, Damaged, Property};
use crate::infra::click_store::{ClickStoreError, Compacted};
use crate::runtime::clock;

/// The rows of a workspace are packed when there are so many: few enough to be read with every question.
const ROWS_MIN: u32 = 8_192;
/// Rows that one transaction packs; new clicks wait for it.
const ROWS_PER_STEP: u32 = 32_768;
/// How many transactions are for one workspace before others have their turn.
const STEPS_AT_ONCE: u32 = 64;
/// No store has as many rows as so many transactions pack.
const STEPS_MAX: u32 = 10_000_000;
/// A segment that has so many ends with its day.
const CLICKS_ENOUGH: usize = 131_072;
/// A segment has no more, so that one fits into memory a few times.
const CLICKS_MAX: usize = 524_288;
/// How many segments of the same days are made one: a question has to compare their visitors, and making them one takes time as well.
const SEGMENTS_TOGETHER_MAX: usize = 8;
/// Segments are made one so often at most before something else has its turn.
const MERGES_MAX: usize = 10_000;

/// What trying to make segments one came to.
enum Merge {
    /// There were none to make one, or somebody else was faster.
    Nothing,
    /// How many became part of another.
    Done(u64),
    /// This one cannot be read.
    Damaged(i64),
}

impl ClickStore {
    /// Packs the rows of workspaces that have many of them; of all workspaces if `everything`. It goes on behind segments that are damaged, and
    /// may be dropped at any time.
    ///
    /// # Errors
    /// The store is unavailable; what was packed until then stays packed.
    pub async fn compact(&self, everything: bool) -> Result<Compacted, ClickStoreError> {
        let (rows_min, steps_max) = if everything { (1, STEPS_MAX) } else { (ROWS_MIN, STEPS_AT_ONCE) };
        let (mut compacted, mut workspace) = (Compacted::default(), Uuid::nil());
        // Looks are short, one a workspace: to count all rows of a large store from before takes longer than a look may.
        while let Some(next) = self.workspace_with_rows_after(workspace).await? {
            let packed = self.pack(next, rows_min, steps_max).await?;
            compacted.packed += packed;
            if packed > 0 {
                self.merge(next, everything, &mut compacted).await?;
            }
            workspace = next;
        }
        if everything {
            self.merge_everywhere(&mut compacted).await?;
        }
        Ok(compacted)
    }

    /// Gives back the disk that is not used any more. Nothing else is written meanwhile. The copy that is made for it is beside the file, where
    /// there is room for it more likely than in a folder for temporary files, and can be written.
    ///
    /// # Errors
    /// The disk has no room for a copy of the file, or another process does not let go of it.
    pub async fn shrink(&self) -> Result<(), ClickStoreError> {
        let mut writer = self.writer.acquire().await?;
        let folder = self.folder.display().to_string().replace('\'', "''");
        sqlx::query(AssertSqlSafe(format!("PRAGMA temp_store_directory = '{folder}'"))).execute(&mut *writer).await?;
        sqlx::query("VACUUM").execute(&mut *writer).await?;
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *writer).await?;
        Ok(())
    }

    async fn workspace_with_rows_after(&self, workspace_id: Uuid) -> Result<Option<Uuid>, ClickStoreError> {
        let mut reading = Reading::begin(self).await?;
        Ok(unpacked_workspace_after(reading.connection(), workspace_id).await?)
    }

    /// Packs rows of a workspace while there are so many, in so many steps at most, and says how many.
    async fn pack(&self, workspace_id: Uuid, rows_min: u32, steps_max: u32) -> Result<u64, ClickStoreError> {
        let mut packed = 0;
        for _ in 0..steps_max {
            if !self.has_rows(workspace_id, rows_min).await? {
                break;
            }
            packed += self.pack_rows(workspace_id).await?;
        }
        Ok(packed)
    }

    async fn has_rows(&self, workspace_id: Uuid, rows_min: u32) -> Result<bool, ClickStoreError> {
        let mut reading = Reading::begin(self).await?;
        let sql = "SELECT count(*) FROM (SELECT 1 FROM clicks WHERE workspace_id = ? LIMIT ?)";
        let rows: u32 =
            sqlx::query_scalar(sql).bind(id_bytes(workspace_id)).bind(rows_min).fetch_one(reading.connection()).await?;
        Ok(rows >= rows_min)
    }

    /// Packs the earliest rows of a workspace, and says how many.
    pub(super) async fn pack_rows(&self, workspace_id: Uuid) -> Result<u64, ClickStoreError> {
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

    async fn merge_everywhere(&self, compacted: &mut Compacted) -> Result<(), ClickStoreError> {
        let mut workspace = Uuid::nil();
        while let Some(next) = workspace_after(Reading::begin(self).await?.connection(), workspace).await? {
            self.merge(next, true, compacted).await?;
            workspace = next;
        }
        Ok(())
    }

    /// Makes segments of the same days one.
    async fn merge(
        &self,
        workspace_id: Uuid,
        everything: bool,
        compacted: &mut Compacted,
    ) -> Result<(), ClickStoreError> {
        let mut damaged = BTreeSet::new();
        for _ in 0..MERGES_MAX {
            match self.merge_once(workspace_id, everything, &damaged).await? {
                Merge::Nothing => break,
                Merge::Done(segments) => compacted.merged += segments,
                Merge::Damaged(segment) => _ = damaged.insert(segment),
            }
        }
        compacted.damaged += damaged.len() as u64;
        Ok(())
    }

    async fn merge_once(
        &self,
        workspace_id: Uuid,
        everything: bool,
        damaged: &BTreeSet<i64>,
    ) -> Result<Merge, ClickStoreError> {
        let mut reading = Reading::begin(self).await?;
        let removal = Removal::seen(reading.connection()).await?;
        let mut segments = every_segment_of(reading.connection(), workspace_id).await?;
        segments.retain(|segment| !damaged.contains(&segment.id));
        let over_before = if everything { day_of(clock::now().as_micros()) } else { i64::MIN };
        let Some(chosen) = to_merge(segments, over_before) else { return Ok(Merge::Nothing) };
        let mut blocks = Vec::new();
        for segment in &chosen {
            match segment.load_all(reading.connection()).await {
                Ok(block) => blocks.push(block),
                Err(ClickStoreError::Damaged(_)) => return Ok(Merge::Damaged(segment.id)),
                Err(error) => return Err(error),
            }
        }
        drop(reading);
        let segments = on_thread(move || packed(united(&blocks))).await?;
        let Some(mut transaction) = removal.begin(self).await? else { return Ok(Merge::Nothing) };
        for segment in &chosen {
            delete(&mut transaction, segment.id).await?;
        }
        for segment in &segments {
            insert(&mut transaction, workspace_id, segment).await?;
        }
        transaction.commit().await?;
        Ok(Merge::Done(chosen.len() as u64))
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
