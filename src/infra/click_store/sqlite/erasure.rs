//! Deleting clicks: those past the operator's time, and whatever else is selected. Segments are dropped whole where none of their clicks
//! stays, and are written anew without those that go otherwise.

use sqlx::{QueryBuilder, Sqlite};
use uuid::Uuid;

use super::condition::push_where;
use super::connection::ClickStore;
use super::reading::Reading;
use super::segments::{PackedSegment, Removal, Segment, any_workspace_after, delete, insert, next_segment};
use super::thread::on_thread;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::infra::click_store::columns::{Block, BlockBuilder, Damaged, Part, Property, selected, selecting_parts};
use crate::infra::click_store::{ClickStoreError, Dimension, Erasure, Filter, Period, Selection};

/// Rows deleted in one transaction, so that new clicks never wait long.
const ROWS_PER_DELETE: i64 = 2_000;
/// Somebody else packs or deletes at the same moment so often at most.
const TRIES_MAX: usize = 100;
const DELETE_STRAY: &str =
    "DELETE FROM clicks WHERE id IN (SELECT id FROM clicks WHERE workspace_id IS NULL AND at < ? LIMIT ?)";
const DELETE_STRAY_ORPHANS: &str = "DELETE FROM clicks WHERE id IN \
    (SELECT id FROM clicks WHERE workspace_id IS NULL AND link_id IS NULL AND at < ? LIMIT ?)";

impl ClickStore {
    /// Deletes the clicks before `moment`, a bounded chunk at a time, and says how many there were. The totals of links stay.
    /// It may be dropped at any time.
    ///
    /// # Errors
    /// The store is unavailable; what was deleted until then stays deleted.
    pub async fn delete_before(&self, moment: Timestamp) -> Result<u64, ClickStoreError> {
        let mut deleted = self.delete_stray(DELETE_STRAY, moment).await?;
        for workspace in self.workspaces().await? {
            let period = before(moment);
            deleted += self.erase(&Erasure { workspace_id: workspace, period, link_id: None, visitor: None }).await?;
        }
        Ok(deleted)
    }

    /// The same for visits that belong to no link: missing slugs and front pages.
    ///
    /// # Errors
    /// The store is unavailable; what was deleted until then stays deleted.
    pub async fn delete_orphans_before(&self, moment: Timestamp) -> Result<u64, ClickStoreError> {
        let mut deleted = self.delete_stray(DELETE_STRAY_ORPHANS, moment).await?;
        for workspace in self.workspaces().await? {
            let mut selection = Selection::everything(workspace, before(moment));
            selection.filters.push(Filter::any_of(Dimension::Link, vec![None]));
            let unwanted = Unwanted { selection, visitor: None };
            deleted += self.erase_rows(&unwanted).await?;
            deleted += self.erase_packed(&unwanted, |segment| segment.orphans > 0).await?;
        }
        Ok(deleted)
    }

    /// Deletes these clicks, and says how many there were. The totals of links stay. It may be dropped at any time.
    ///
    /// # Errors
    /// The store is unavailable; what was deleted until then stays deleted.
    pub async fn erase(&self, erasure: &Erasure) -> Result<u64, ClickStoreError> {
        let unwanted = Unwanted { selection: erasure.selection(), visitor: erasure.visitor };
        Ok(self.erase_rows(&unwanted).await? + self.erase_packed(&unwanted, |_| true).await?)
    }

    async fn erase_rows(&self, unwanted: &Unwanted) -> Result<u64, ClickStoreError> {
        let mut deleted = 0;
        loop {
            let mut query = QueryBuilder::<Sqlite>::new("DELETE FROM clicks WHERE id IN (SELECT id FROM clicks");
            push_where(&mut query, &unwanted.selection);
            if let Some(visitor) = unwanted.visitor {
                query.push(" AND visitor = ").push_bind(visitor.cast_signed());
            }
            query.push(" LIMIT ").push_bind(ROWS_PER_DELETE).push(")");
            match self.delete_rows_by(query).await? {
                0 => return Ok(deleted),
                some => deleted += some,
            }
        }
    }

    async fn delete_stray(&self, statement: &'static str, moment: Timestamp) -> Result<u64, ClickStoreError> {
        let mut deleted = 0;
        loop {
            let chunk = sqlx::query(statement).bind(moment.as_micros()).bind(ROWS_PER_DELETE);
            match chunk.execute(&self.writer).await?.rows_affected() {
                0 => return Ok(deleted),
                some => deleted += some,
            }
        }
    }

    /// Deletes rows and counts that something was taken out.
    async fn delete_rows_by(&self, mut query: QueryBuilder<Sqlite>) -> Result<u64, ClickStoreError> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let deleted = query.build().persistent(false).execute(&mut *transaction).await?.rows_affected();
        if deleted > 0 {
            Removal::count(&mut transaction).await?;
            transaction.commit().await?;
        }
        Ok(deleted)
    }

    async fn erase_packed(
        &self,
        unwanted: &Unwanted,
        may_have_some: impl Fn(&Segment) -> bool,
    ) -> Result<u64, ClickStoreError> {
        let (mut deleted, mut after, mut tries) = (0, 0, 0);
        loop {
            let mut reading = Reading::begin(self).await?;
            let removal = Removal::seen(reading.connection()).await?;
            let next = next_segment(reading.connection(), &unwanted.selection, after).await?;
            let Some(segment) = next else { return Ok(deleted) };
            let erased = match may_have_some(&segment) {
                true => self.erase_of(&segment, unwanted, reading, removal).await?,
                false => Some(0),
            };
            match erased {
                Some(clicks) => {
                    deleted += clicks;
                    after = segment.id;
                    tries = 0;
                }
                None if tries < TRIES_MAX => tries += 1,
                None => return Err(ClickStoreError::Contended),
            }
        }
    }

    /// Erases the unwanted clicks of a segment; `None` if somebody else was faster, so that it may not be there any more.
    async fn erase_of(
        &self,
        segment: &Segment,
        unwanted: &Unwanted,
        mut reading: Reading,
        removal: Removal,
    ) -> Result<Option<u64>, ClickStoreError> {
        let kept = unwanted.kept(&segment.load(reading.connection(), &unwanted.parts()).await?);
        let erased = kept.iter().filter(|kept| !**kept).count() as u64;
        if erased == 0 {
            return Ok(Some(0));
        }
        let rest = if kept.contains(&true) { Some(segment.load_all(reading.connection()).await?) } else { None };
        drop(reading);
        let rest = on_thread(move || rest.map(|block| packed_rest(&block, &kept)).transpose()).await?;
        let Some(mut transaction) = removal.begin(self).await? else { return Ok(None) };
        delete(&mut transaction, segment.id).await?;
        if let Some(rest) = rest {
            insert(&mut transaction, unwanted.selection.workspace_id.as_uuid(), &rest).await?;
        }
        transaction.commit().await?;
        Ok(Some(erased))
    }

    /// Every workspace that has clicks.
    async fn workspaces(&self) -> Result<Vec<WorkspaceId>, ClickStoreError> {
        let mut reading = Reading::begin(self).await?;
        let (mut workspaces, mut last) = (Vec::new(), Uuid::nil());
        while let Some(next) = any_workspace_after(reading.connection(), last).await? {
            workspaces.push(WorkspaceId::from_uuid(next));
            last = next;
        }
        Ok(workspaces)
    }
}

fn before(moment: Timestamp) -> Period {
    Period { from: Timestamp::from_micros(i64::MIN), to: moment }
}

/// Clicks that are to go.
struct Unwanted {
    selection: Selection,
    visitor: Option<u64>,
}

impl Unwanted {
    /// The parts of a segment that say which they are.
    fn parts(&self) -> Vec<Part> {
        let mut parts = selecting_parts(&self.selection);
        if self.visitor.is_some() {
            parts.extend([Part::Visitors, Part::Hashes]);
        }
        parts
    }

    /// Whether each click stays.
    fn kept(&self, block: &Block) -> Vec<bool> {
        let mut kept: Vec<bool> = selected(block, &self.selection).into_iter().map(|selected| !selected).collect();
        if let Some(visitor) = self.visitor {
            let place = block.hashes().binary_search(&visitor.cast_signed()).ok();
            let code = place.and_then(|place| u32::try_from(place + 1).ok());
            kept.iter_mut().zip(block.visitors()).for_each(|(kept, visitor)| *kept |= Some(*visitor) != code);
        }
        kept
    }
}

fn packed_rest(block: &Block, kept: &[bool]) -> Result<PackedSegment, Damaged> {
    let mut builder = BlockBuilder::of(Property::ALL);
    builder.extend(block, kept);
    PackedSegment::of(&builder.finish())
}
