//! The store that services know: one of its forms, chosen by the address.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use super::clickhouse::ClickStore as ClickHouse;
use super::limits::QuestionLimits;
use super::metrics::QuestionMetrics;
use super::sqlite::{self, ClickStore as Embedded};
use super::turns::Turns;
use super::{
    Breakdown, ClickAccount, ClickBatch, ClickStoreError, Compacted, Counts, Deleted, Dimension, Erasure, Event,
    EventPosition, HeldPartition, LeftOut, LinkTotal, PartitionBatch, PartitionPosition, Period, Selection, Stored,
    TagMembership, Verified,
};
use crate::config::sections::ClickStoreConfig;
use crate::domain::id::{LinkId, WorkspaceId};
use crate::domain::query_limits::QueryLimits;
use crate::domain::time::Timestamp;
use crate::infra::journal::JournalId;
use crate::infra::store::Store;

/// How often ClickHouse takes an insert without having more parts to merge than it can.
const CLICKHOUSE_INTERVAL: Duration = Duration::from_secs(1);
/// The most questions of one workspace that ClickHouse is asked at once.
const QUERIES_MAX: u32 = 64;

/// The click store. Clones share the same connections.
#[derive(Clone)]
pub struct ClickStore {
    form: Form,
    turns: Turns,
    /// As the settings say.
    limits: QuestionLimits,
    /// How many questions of one workspace there may be at once.
    queries_max: u32,
}

#[derive(Clone)]
enum Form {
    Embedded(Embedded),
    ClickHouse(ClickHouse),
}

/// Has the form do it. What ClickHouse needs of memory for that is not asked of those who keep clicks in a file.
macro_rules! ask {
    ($store:expr, $method:ident($($argument:expr),*)) => {
        match &$store.form {
            Form::Embedded(form) => form.$method($($argument),*).await,
            Form::ClickHouse(form) => Box::pin(form.$method($($argument),*)).await,
        }
    };
}

impl ClickStore {
    /// Opens the configured file, creates it where there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// The address is not `sqlite:FILE`, or the file cannot be opened or migrated.
    pub async fn open(config: &ClickStoreConfig, data_folder: &Path) -> Result<Self, ClickStoreError> {
        Ok(Self::of(config, Form::Embedded(Embedded::open(config, data_folder).await?)))
    }

    /// Opens the configured file to read what is in it, and changes nothing.
    ///
    /// # Errors
    /// The address is not `sqlite:FILE`, the file cannot be opened, or it is not as this version needs it.
    pub async fn open_to_read(config: &ClickStoreConfig, data_folder: &Path) -> Result<Self, ClickStoreError> {
        Ok(Self::of(config, Form::Embedded(Embedded::open_to_read(config, data_folder).await?)))
    }

    /// The configured ClickHouse, with what has to be exact of it in `database`. Nothing is asked of the server before it is needed.
    ///
    /// # Errors
    /// The address is none of ClickHouse, or the authority's certificate cannot be read.
    pub fn connect(config: &ClickStoreConfig, database: Store) -> Result<Self, ClickStoreError> {
        Ok(Self::of(config, Form::ClickHouse(ClickHouse::connect(config, database)?)))
    }

    fn of(config: &ClickStoreConfig, form: Form) -> Self {
        let queries_max = match form {
            Form::Embedded(_) => sqlite::questions_max(config),
            Form::ClickHouse(_) => QUERIES_MAX,
        };
        Self { form, turns: Turns::default(), limits: QuestionLimits::of(config), queries_max }
    }

    /// What questions of a workspace may take that has these limits of its own.
    #[must_use]
    pub fn limits(&self, own: QueryLimits) -> QuestionLimits {
        let limits = self.limits.with(own);
        QuestionLimits { at_once: limits.at_once.min(self.queries_max), ..limits }
    }

    /// How many questions of one workspace may be asked at once, so that there is room for those of others.
    #[must_use]
    pub const fn queries_max(&self) -> u32 {
        self.queries_max
    }

    /// Asks a question when it is its turn.
    async fn in_turn<T>(
        &self,
        selection: &Selection,
        question: impl Future<Output = Result<T, ClickStoreError>>,
    ) -> Result<T, ClickStoreError> {
        let answer = async {
            let _turn = self.turns.wait(selection.workspace_id, self.limits(selection.limits)).await?;
            question.await
        };
        answer.await.inspect_err(|error| QuestionMetrics::global().count(error))
    }

    /// How long clicks are collected at least before they are stored.
    #[must_use]
    pub const fn interval_min(&self) -> Duration {
        match self.form {
            Form::Embedded(_) => Duration::ZERO,
            Form::ClickHouse(_) => CLICKHOUSE_INTERVAL,
        }
    }

    /// Whether links were ever clicked, as far as the files of this machine say.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn knows_links(&self) -> Result<bool, ClickStoreError> {
        match &self.form {
            Form::Embedded(form) => form.knows_links().await,
            Form::ClickHouse(_) => Ok(false),
        }
    }

    /// Finishes what is under way and closes files.
    pub async fn close(&self) {
        if let Form::Embedded(form) = &self.form {
            form.close().await;
        }
    }

    /// Whether the store answers, can be written, and keeps what it is given.
    ///
    /// # Errors
    /// It does not.
    pub async fn check(&self) -> Result<(), ClickStoreError> {
        ask!(self, check())
    }

    /// Stores the clicks of a journal that are new and remembers how far it has come. All or nothing; repeat it freely.
    ///
    /// # Errors
    /// The database refused; nothing was stored, or, if only the response was lost, everything. `NeedsBus` in ClickHouse.
    pub async fn store(&self, batch: &ClickBatch) -> Result<Stored, ClickStoreError> {
        match &self.form {
            Form::Embedded(form) => form.store(batch).await,
            Form::ClickHouse(_) => Err(ClickStoreError::NeedsBus),
        }
    }

    /// The highest position of a journal that was stored; none if nothing of it ever was.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn stored_through(&self, journal_id: JournalId) -> Result<Option<u64>, ClickStoreError> {
        ask!(self, stored_through(journal_id))
    }

    /// Refuses from now on whoever held the partition before. Returns how far it is stored; none if nothing ever was.
    ///
    /// # Errors
    /// `Fenced` if somebody holds it by a higher fence; the store refused.
    pub async fn take_over(&self, partition: &HeldPartition) -> Result<Option<PartitionPosition>, ClickStoreError> {
        ask!(self, take_over(partition))
    }

    /// Stores what is new of a batch and passes its offsets. Repeat it freely.
    ///
    /// # Errors
    /// `Fenced` if somebody holds the partition by a higher fence, and nothing was stored; the store refused, and nothing was stored, or
    /// everything, which the next attempt or the next holder finds out.
    pub async fn store_partition_batch(&self, partition_batch: &PartitionBatch) -> Result<Stored, ClickStoreError> {
        ask!(self, store_partition_batch(partition_batch))
    }

    /// The accounts of all journals that ever were, together.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn account(&self) -> Result<ClickAccount, ClickStoreError> {
        ask!(self, account())
    }

    /// Deletes the clicks before `moment`. The totals of links stay. ClickHouse does so by itself, by what
    /// its table says. It may be dropped at any time.
    ///
    /// # Errors
    /// The store is unavailable; what was deleted until then stays deleted.
    pub async fn delete_before(&self, moment: Timestamp) -> Result<Deleted, ClickStoreError> {
        match &self.form {
            Form::Embedded(form) => form.delete_before(moment).await,
            Form::ClickHouse(_) => Ok(Deleted::default()),
        }
    }

    /// Deletes the clicks of a workspace before `moment`; in ClickHouse those of whole UTC days, because it writes anew whatever has one of them. The
    /// totals of links stay.
    ///
    /// # Errors
    /// The store is unavailable; what was deleted until then stays deleted.
    pub async fn delete_of_before(
        &self,
        workspace_id: WorkspaceId,
        moment: Timestamp,
    ) -> Result<Deleted, ClickStoreError> {
        ask!(self, delete_of_before(workspace_id, moment))
    }

    /// Deletes these clicks, and says how many there were. The totals of links stay. Clicks that are still on their way are not known here.
    ///
    /// # Errors
    /// The store is unavailable, or some packed clicks are damaged; what was deleted until then stays deleted.
    pub async fn erase(&self, erasure: &Erasure) -> Result<u64, ClickStoreError> {
        ask!(self, erase(erasure))
    }

    /// Deletes all that is kept of these workspaces, the totals of links as well, and says how many clicks there were. Little is asked where nothing is
    /// kept of them.
    ///
    /// # Errors
    /// The store is unavailable; what was deleted until then stays deleted.
    pub async fn erase_workspaces(&self, workspaces: &[WorkspaceId]) -> Result<u64, ClickStoreError> {
        ask!(self, erase_workspaces(workspaces))
    }

    /// Packs clicks that came one by one, so that questions about many of them are fast; `everything` if the few of small workspaces too.
    /// It may be dropped at any time.
    ///
    /// # Errors
    /// The store is unavailable; what was packed until then stays packed. `NotEmbedded` in ClickHouse, which does so by itself.
    pub async fn compact(&self, everything: bool) -> Result<Compacted, ClickStoreError> {
        self.embedded()?.compact(everything).await
    }

    /// Gives the disk back that packing and deleting have left unused. Clicks are not stored meanwhile.
    ///
    /// # Errors
    /// The store is unavailable, or the disk has no room for a copy. `NotEmbedded` in ClickHouse.
    pub async fn shrink(&self) -> Result<(), ClickStoreError> {
        self.embedded()?.shrink().await
    }

    /// Reads every click, and says what is wrong.
    ///
    /// # Errors
    /// The store is unavailable. `NotEmbedded` in ClickHouse.
    pub async fn verify(&self) -> Result<Verified, ClickStoreError> {
        self.embedded()?.verify().await
    }

    fn embedded(&self) -> Result<&Embedded, ClickStoreError> {
        match &self.form {
            Form::Embedded(form) => Ok(form),
            Form::ClickHouse(_) => Err(ClickStoreError::NotEmbedded),
        }
    }

    /// The same for visits that belong to no link: missing slugs and front pages.
    ///
    /// # Errors
    /// The store is unavailable; what was deleted until then stays deleted.
    pub async fn delete_orphans_before(&self, moment: Timestamp) -> Result<Deleted, ClickStoreError> {
        match &self.form {
            Form::Embedded(form) => form.delete_orphans_before(moment).await,
            Form::ClickHouse(_) => Ok(Deleted::default()),
        }
    }

    /// The selected clicks in total.
    ///
    /// # Errors
    /// The store is unavailable, or the question is beyond its limits.
    pub async fn summary(&self, selection: &Selection) -> Result<Counts, ClickStoreError> {
        self.in_turn(selection, async { ask!(self, summary(selection)) }).await
    }

    /// What the selection leaves out of the clicks that it would count otherwise.
    ///
    /// # Errors
    /// The store is unavailable, or the question is beyond its limits.
    pub async fn left_out(&self, selection: &Selection) -> Result<LeftOut, ClickStoreError> {
        self.in_turn(selection, async { ask!(self, left_out(selection)) }).await
    }

    /// The selected clicks of each of these periods, which must lie within the selection's own, one behind the other.
    ///
    /// # Errors
    /// The store is unavailable, or the question is beyond its limits.
    pub async fn timeseries(&self, selection: &Selection, periods: &[Period]) -> Result<Vec<Counts>, ClickStoreError> {
        self.in_turn(selection, async { ask!(self, timeseries(selection, periods)) }).await
    }

    /// The selected clicks of each of these links, which are all different, in each of these periods, which must lie within the selection's
    /// own, one behind the other.
    ///
    /// # Errors
    /// The store is unavailable, or the question is beyond its limits.
    pub async fn links_over_time(
        &self,
        selection: &Selection,
        links: &[LinkId],
        periods: &[Period],
    ) -> Result<Vec<Vec<u64>>, ClickStoreError> {
        self.in_turn(selection, async { ask!(self, links_over_time(selection, links, periods)) }).await
    }

    /// The selected clicks by `dimension`, most clicks first, at most `limit` values.
    ///
    /// # Errors
    /// The store is unavailable, or the question is beyond its limits.
    pub async fn breakdown(
        &self,
        selection: &Selection,
        dimension: Dimension,
        limit: u32,
    ) -> Result<Breakdown, ClickStoreError> {
        self.in_turn(selection, async { ask!(self, breakdown(selection, dimension, limit)) }).await
    }

    /// The selected clicks by tag, most clicks first. A click counts for each tag that its link carries now, and for `None` if it
    /// carries none; `other` are the clicks that belong to none of the listed.
    ///
    /// # Errors
    /// The store is unavailable, or the question is beyond its limits.
    pub async fn breakdown_by_tag(
        &self,
        selection: &Selection,
        memberships: &[TagMembership],
        limit: u32,
    ) -> Result<Breakdown, ClickStoreError> {
        self.in_turn(selection, async { ask!(self, breakdown_by_tag(selection, memberships, limit)) }).await
    }

    /// At most `limit` of the selected clicks, newest first, those after `after` in that order.
    ///
    /// # Errors
    /// The store is unavailable, or the question is beyond its limits.
    pub async fn events(
        &self,
        selection: &Selection,
        after: Option<EventPosition>,
        limit: u32,
    ) -> Result<Vec<Event>, ClickStoreError> {
        self.in_turn(selection, async { ask!(self, events(selection, after, limit)) }).await
    }

    /// The totals of those of `links` that were ever clicked.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn link_totals(
        &self,
        workspace_id: WorkspaceId,
        links: &[LinkId],
    ) -> Result<HashMap<LinkId, LinkTotal>, ClickStoreError> {
        ask!(self, link_totals(workspace_id, links))
    }
}
