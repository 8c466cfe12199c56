//! Deleting clicks: those past the operator's time, and whatever else is selected. Segments are dropped whole where none of their clicks
//! stays, and are written anew without those that go otherwise.

use sqlx::{QueryBuilder, Sqlite};
use uuid::Uuid;

use super::condition::push_where;
use super::connection::ClickStore;
use super::reading::Reading;
use super::row::id_bytes;
use super::segments::{PackedSegment, Removal, Segment, any_workspace_after, delete, insert, next_segment};
use super::thread::on_thread;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::infra::click_store::columns::{Block, BlockBuilder, Damaged, Part, Property, selected, selecting_parts};
use crate::infra::click_store::{ClickStoreError, Deleted, Dimension, Erasure, Filter, Period, Selection};

/// Rows deleted in one transaction, so that new clicks never wait long.
const ROWS_PER_DELETE: i64 = 2_000;
/// Somebody else packs or deletes at the same moment so often at most.
const TRIES_MAX: usize = 100;
const DELETE_STRAY: &str =
    "DELETE FROM clicks WHERE id IN (SELECT id FROM clicks WHERE workspace_id IS NULL AND at < ? LIMIT ?)";
const DELETE_STRAY_ORPHANS: &str = "DELETE FROM clicks WHERE id IN \
    (SELECT id FROM clicks WHERE workspace_id IS NULL AND link_id IS NULL AND at < ? LIMIT ?)";

const KNOWS_WORKSPACE: &str = "SELECT EXISTS (SELECT 1 FROM clicks WHERE workspace_id = ?1) \
    OR EXISTS (SELECT 1 FROM click_segments WHERE workspace_id = ?1) \
    OR EXISTS (SELECT 1 FROM link_totals WHERE workspace_id = ?1)";
const DELETE_TOTALS: &str = "DELETE FROM link_totals WHERE (workspace_id, link_id) IN \
    (SELECT workspace_id, link_id FROM link_totals WHERE workspace_id = ? LIMIT ?)";

impl ClickStore {
    /// Deletes the clicks before `moment`, a bounded chunk at a time. The totals of links stay. It goes on behind segments that are damaged, and may
    /// be dropped at any time.
    ///
    /// # Errors
    /// The store is unavailable; what was deleted until then stays deleted.
    pub async fn delete_before(&self, moment: Timestamp) -> Result<Deleted, ClickStoreError> {
        let mut deleted = Deleted { clicks: self.delete_stray(DELETE_STRAY, moment).await?, damaged: 0 };
        for workspace_id in self.workspaces().await? {
            let Deleted { clicks, damaged } = self.delete_of_before(workspace_id, moment).await?;
            deleted = Deleted { clicks: deleted.clicks + clicks, damaged: deleted.damaged + damaged };
        }
        Ok(deleted)
    }

    /// The same for the clicks of one workspace.
    ///
    /// # Errors
    /// The store is unavailable; what was deleted until then stays deleted.
    pub async fn delete_of_before(
        &self,
        workspace_id: WorkspaceId,
        moment: Timestamp,
    ) -> Result<Deleted, ClickStoreError> {
        let mut deleted = Deleted::default();
        let erasure = Erasure { workspace_id, period: before(moment), link_id: None, visitor: None };
        self.erase_unwanted(&Unwanted::of(&erasure), |_| true, &mut deleted).await?;
        Ok(deleted)
    }

    /// The same for visits that belong to no link: missing slugs and front pages.
    ///
    /// # Errors
    /// The store is unavailable; what was deleted until then stays deleted.
    pub async fn delete_orphans_before(&self, moment: Timestamp) -> Result<Deleted, ClickStoreError> {
        let mut deleted = Deleted { clicks: self.delete_stray(DELETE_STRAY_ORPHANS, moment).await?, damaged: 0 };
        for workspace in self.workspaces().await? {
            let mut selection = Selection::everything(workspace, before(moment));
            selection.filters.push(Filter::any_of(Dimension::Link, vec![None]));
            let unwanted = Unwanted { selection, visitor: None, is_any: false };
            self.erase_unwanted(&unwanted, |segment| segment.orphans > 0, &mut deleted).await?;
        }
        Ok(deleted)
    }

    /// Deletes these clicks, and says how many there were. The totals of links stay. It may be dropped at any time.
    ///
    /// # Errors
    /// The store is unavailable, or some segments are damaged; what could be deleted stays deleted.
    pub async fn erase(&self, erasure: &Erasure) -> Result<u64, ClickStoreError> {
        let mut deleted = Deleted::default();
        self.erase_unwanted(&Unwanted::of(erasure), |_| true, &mut deleted).await?;
        if deleted.damaged == 0 { Ok(deleted.clicks) } else { Err(ClickStoreError::NotErased(deleted)) }
    }

    /// Deletes all that is kept of these workspaces, the totals of links as well, and says how many clicks there were. It may be dropped at any time.
    ///
    /// # Errors
    /// The store is unavailable; what was deleted until then stays deleted.
    pub async fn erase_workspaces(&self, workspaces: &[WorkspaceId]) -> Result<u64, ClickStoreError> {
        let mut deleted = Deleted::default();
        for workspace in workspaces {
            if self.knows(*workspace).await? {
                let selection = Selection::everything(*workspace, before(Timestamp::from_micros(i64::MAX)));
                let unwanted = Unwanted { selection, visitor: None, is_any: true };
                self.erase_unwanted(&unwanted, |_| true, &mut deleted).await?;
                self.erase_totals(*workspace).await?;
            }
        }
        Ok(deleted.clicks)
    }

    /// Whether anything is kept of a workspace. Nobody who writes waits for that.
    async fn knows(&self, workspace: WorkspaceId) -> Result<bool, ClickStoreError> {
        let mut reading = Reading::begin(self).await?;
        let known = sqlx::query_scalar(KNOWS_WORKSPACE).bind(id_bytes(workspace.as_uuid()));
        Ok(known.fetch_one(reading.connection()).await?)
    }

    async fn erase_totals(&self, workspace: WorkspaceId) -> Result<(), ClickStoreError> {
        loop {
            let mut transaction = self.write().await?;
            let chunk = sqlx::query(DELETE_TOTALS).bind(id_bytes(workspace.as_uuid())).bind(ROWS_PER_DELETE);
            if chunk.execute(&mut *transaction).await?.rows_affected() == 0 {
                return Ok(());
            }
            transaction.commit().await?;
        }
    }

    async fn erase_unwanted(
        &self,
        unwanted: &Unwanted,
        may_have_some: impl Fn(&Segment) -> bool,
        deleted: &mut Deleted,
    ) -> Result<(), ClickStoreError> {
        deleted.clicks += self.erase_rows(unwanted).await?;
        self.erase_packed(unwanted, may_have_some, deleted).await
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
        let mut transaction = self.write().await?;
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
        deleted: &mut Deleted,
    ) -> Result<(), ClickStoreError> {
        let (mut after, mut tries) = (0, 0);
        loop {
            let mut reading = Reading::begin(self).await?;
            let removal = Removal::seen(reading.connection()).await?;
            let next = next_segment(reading.connection(), &unwanted.selection, after).await?;
            let Some(segment) = next else { return Ok(()) };
            let erased = match may_have_some(&segment) {
                true => self.erase_of(&segment, unwanted, reading, removal).await,
                false => Ok(Some(0)),
            };
            match erased {
                Ok(Some(clicks)) => deleted.clicks += clicks,
                Err(ClickStoreError::Damaged(_)) => deleted.damaged += 1,
                Ok(None) if tries < TRIES_MAX => {
                    tries += 1;
                    continue;
                }
                Ok(None) => return Err(ClickStoreError::Contended),
                Err(error) => return Err(error),
            }
            (after, tries) = (segment.id, 0);
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
        // Where all of them go nobody needs to read them, so that damaged ones go as well.
        let kept = match unwanted.is_any && segment.is_within(unwanted.selection.period) {
            true => vec![false; segment.clicks],
            false => unwanted.kept(segment.load(reading.connection(), &unwanted.parts()).await?).await,
        };
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
#[derive(Debug, Clone)]
struct Unwanted {
    selection: Selection,
    visitor: Option<u64>,
    /// Whether any click of the period goes.
    is_any: bool,
}

impl Unwanted {
    fn of(erasure: &Erasure) -> Self {
        let is_any = erasure.link_id.is_none() && erasure.visitor.is_none();
        Self { selection: erasure.selection(), visitor: erasure.visitor, is_any }
    }

    /// The parts of a segment that say which they are.
    fn parts(&self) -> Vec<Part> {
        let mut parts = selecting_parts(&self.selection);
        if self.visitor.is_some() {
            parts.extend([Part::Visitors, Part::Hashes]);
        }
        parts
    }

    /// Whether each click stays.
    async fn kept(&self, block: Block) -> Vec<bool> {
        let unwanted = self.clone();
        on_thread(move || unwanted.kept_of(&block)).await
    }

    fn kept_of(&self, block: &Block) -> Vec<bool> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::sections::ClickStoreConfig;
    use crate::infra::click_store::test_clicks::{link, micros, visit, workspace};
    use crate::infra::click_store::{ClickBatch, EnrichedClick, JournalledClick};
    use crate::infra::journal::JournalId;

    const DAMAGE: &str =
        "UPDATE click_columns SET packed = CAST(X'00' || substr(packed, 2) AS BLOB) WHERE segment_id = ?";

    /// A thousand clicks of a workspace, packed, of which every second belongs to a link.
    async fn pack_clicks(store: &ClickStore, number: u64) {
        let clicks = (0..1_000_u64).map(|position| JournalledClick {
            position,
            click: EnrichedClick {
                workspace_id: Some(workspace(number.into())),
                link_id: (position % 2 == 0).then(|| link(1)),
                ..visit(i64::try_from(position).expect("small"))
            },
        });
        let batch = ClickBatch {
            journal_id: JournalId::from_u64(number),
            through: 999,
            clicks: clicks.collect(),
            undecodable: Vec::new(),
            tally: None,
        };
        store.store(&batch).await.expect("stored");
        store.pack_rows(workspace(number.into()).as_uuid()).await.expect("packed");
    }

    /// Segments of three workspaces, those of the first two damaged.
    async fn damaged_store(folder: &std::path::Path) -> ClickStore {
        let store = ClickStore::open(&ClickStoreConfig::embedded("clicks.db"), folder).await.expect("a store");
        for number in 1..=3 {
            pack_clicks(&store, number).await;
        }
        for segment in [1, 2] {
            sqlx::query(DAMAGE).bind(segment).execute(&store.writer).await.expect("damage");
        }
        store
    }

    #[tokio::test]
    async fn retention_goes_on_behind_damaged_segments_and_says_how_many_there_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = damaged_store(folder.path()).await;
        let half = store.delete_before(micros(500)).await.expect("deleted");
        assert_eq!(half, Deleted { clicks: 500, damaged: 2 }, "those of the third workspace");
        let orphans = store.delete_orphans_before(micros(600)).await.expect("deleted");
        assert_eq!(orphans, Deleted { clicks: 50, damaged: 2 });
        let all = store.delete_before(micros(1_000)).await.expect("deleted");
        assert_eq!(all, Deleted { clicks: 2_450, damaged: 0 }, "nobody has to read what goes as a whole");
    }

    #[tokio::test]
    async fn erasing_tells_that_it_could_not_look_everywhere() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = damaged_store(folder.path()).await;
        let of_link = |number: u128| Erasure {
            workspace_id: workspace(number),
            period: before(micros(1_000)),
            link_id: Some(link(1)),
            visitor: None,
        };
        let refused = store.erase(&of_link(1)).await.expect_err("it is damaged");
        assert!(matches!(refused, ClickStoreError::NotErased(Deleted { clicks: 0, damaged: 1 })), "{refused}");
        assert_eq!(store.erase(&of_link(3)).await.expect("erased"), 500);
    }

    #[tokio::test]
    async fn packing_goes_on_behind_damaged_segments() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = ClickStore::open(&ClickStoreConfig::embedded("clicks.db"), folder.path()).await.expect("a store");
        for journal in [1, 2, 3, 4] {
            let clicks = (0..10_u64).map(|position| JournalledClick {
                position,
                click: EnrichedClick { at: Timestamp::from_micros(1_700_000_000_000_000), ..visit(0) },
            });
            let (journal_id, clicks) = (JournalId::from_u64(journal), clicks.collect());
            let batch = ClickBatch { journal_id, through: 9, clicks, undecodable: Vec::new(), tally: None };
            store.store(&batch).await.expect("stored");
            store.pack_rows(workspace(1).as_uuid()).await.expect("packed");
        }
        sqlx::query(DAMAGE).bind(2).execute(&store.writer).await.expect("damage");
        pack_clicks(&store, 2).await;
        let compacted = store.compact(true).await.expect("packed");
        assert_eq!((compacted.merged, compacted.damaged), (3, 1));
        let left: i64 =
            sqlx::query_scalar("SELECT count(*) FROM click_segments").fetch_one(&store.writer).await.expect("a count");
        assert_eq!(left, 3, "one of three, the damaged one, and that of the other workspace");
    }
}
