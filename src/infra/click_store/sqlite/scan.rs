//! What a question goes through: the segments that have clicks of its period, and the rows that are not packed yet, days at a time.

use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};

use super::condition::push_where;
use super::connection::ClickStore;
use super::day_ranges::{AtOnce, DayRange, day_of, day_ranges_of, start_of};
use super::reading::Reading;
use super::row::id_bytes;
use super::rows::{read_rows, selecting};
use super::segments::Segment;
use super::thread::on_thread;
use crate::domain::time::Timestamp;
use crate::infra::click_store::columns::{Aggregation, Block, Part, Property};
use crate::infra::click_store::{ClickStoreError, Period, Selection};

/// As many as two full segments, and rows that take about as much memory.
const AT_ONCE: AtOnce = AtOnce { packed: 1_048_576, rows: 262_144 };

/// A consistent look at the clicks that a question is about.
pub(super) struct Scan {
    reading: Reading,
    selection: Selection,
    at_once: AtOnce,
    day_ranges: Vec<DayRange>,
    /// The days of the first and of the last row that is not packed yet.
    days_of_rows: Option<RangeInclusive<i64>>,
    /// The properties of rows that the question is about.
    properties: Vec<Property>,
    /// The rows that were read last, for a second aggregation: mostly there are no others.
    rows: Option<(Range<i64>, Block)>,
    clicks_max: u64,
}

impl Scan {
    /// Finds what this aggregation, and others that ask for no more properties, will go through.
    pub(super) async fn begin(store: &ClickStore, aggregation: &Aggregation) -> Result<Self, ClickStoreError> {
        Self::begin_with(store, aggregation, AT_ONCE).await
    }

    async fn begin_with(
        store: &ClickStore,
        aggregation: &Aggregation,
        at_once: AtOnce,
    ) -> Result<Self, ClickStoreError> {
        let selection = aggregation.selection().clone();
        let mut reading = Reading::begin_question(store, selection.limits).await?;
        let day_ranges = day_ranges_of(reading.connection(), &selection, at_once).await?;
        let clicks_max = store.limits.with(selection.limits).clicks;
        require_few(packed_in(&day_ranges), clicks_max)?;
        let days_of_rows = days_of_rows(&mut reading, &selection).await?;
        let property = |part| match part {
            Part::Column(property) => Some(property),
            _ => None,
        };
        let properties = aggregation.parts(false, false).into_iter().filter_map(property).collect();
        Ok(Self { reading, selection, at_once, day_ranges, days_of_rows, properties, rows: None, clicks_max })
    }

    /// Takes the pass through everything. The next day range is read while one is counted.
    pub(super) async fn run(&mut self, mut aggregation: Aggregation) -> Result<Aggregation, ClickStoreError> {
        let mut blocks = self.load(0, &PartsOf::of(&aggregation)).await?;
        let mut gone_through = 0;
        for number in 1.. {
            let Some(taken) = blocks else { break };
            gone_through += taken.iter().map(|block| block.clicks() as u64).sum::<u64>();
            require_few(gone_through, self.clicks_max)?;
            self.reading.require_time()?;
            let parts = PartsOf::of(&aggregation);
            // Counting takes milliseconds, for which no other task should wait.
            let counting = on_thread(move || {
                aggregation.take(&taken);
                aggregation
            });
            let (done, next) = tokio::join!(counting, self.load(number, &parts));
            (aggregation, blocks) = (done, next?);
        }
        Ok(aggregation)
    }

    async fn load(&mut self, number: usize, parts: &PartsOf) -> Result<Option<Vec<Block>>, ClickStoreError> {
        let Some(day_range) = self.day_ranges.get(number).cloned() else { return Ok(None) };
        let mut blocks = Vec::new();
        blocks.extend(self.rows_of(&day_range.days).await?);
        let is_alone = blocks.len() + day_range.segments.len() == 1;
        for segment in &day_range.segments {
            blocks.push(self.load_segment(segment, &day_range, parts, is_alone).await?);
        }
        Ok(Some(blocks))
    }

    /// The clicks of a segment that are of these days. What is cut has to know the times and the visitors of its clicks.
    async fn load_segment(
        &mut self,
        segment: &Segment,
        day_range: &DayRange,
        parts: &PartsOf,
        is_alone: bool,
    ) -> Result<Block, ClickStoreError> {
        if self.is_uncut(segment, day_range) {
            let parts = parts.choose(segment.is_within(self.selection.period), is_alone);
            return segment.load(self.reading.connection(), parts).await;
        }
        let block = segment.load(self.reading.connection(), parts.choose(false, false)).await?;
        let days = day_range.days.clone();
        Ok(on_thread(move || block.between(start_of(days.start), start_of(days.end))).await)
    }

    /// Whether it is taken whole: because it has no clicks of other days, or none of other days that the question is about and there is room.
    fn is_uncut(&self, segment: &Segment, day_range: &DayRange) -> bool {
        let (own, days) = (segment.days(), &day_range.days);
        let ends = self.day_ranges.first().zip(self.day_ranges.last());
        let asked = match ends {
            Some((first, last)) if day_range.packed() <= self.at_once.packed => first.days.start..last.days.end,
            _ => i64::MIN..i64::MAX,
        };
        own.start.max(asked.start) >= days.start && own.end.min(asked.end) <= days.end
    }

    /// The rows of these days; none where there are none.
    async fn rows_of(&mut self, days: &Range<i64>) -> Result<Option<Block>, ClickStoreError> {
        let has_some = |rows: &RangeInclusive<i64>| *rows.start() < days.end && *rows.end() >= days.start;
        if !self.days_of_rows.as_ref().is_some_and(has_some) {
            return Ok(None);
        }
        let rows = match self.rows.take().filter(|(read, _)| read == days) {
            Some((_, rows)) => rows,
            None => self.read_rows_of(days).await?,
        };
        self.rows = Some((days.clone(), rows.clone()));
        Ok(Some(rows).filter(|rows| rows.clicks() > 0))
    }

    async fn read_rows_of(&mut self, days: &Range<i64>) -> Result<Block, ClickStoreError> {
        let mut query = selecting(&self.properties);
        push_where(&mut query, &Selection { period: within(self.selection.period, days), ..self.selection.clone() });
        Ok(read_rows(query, &self.properties, self.reading.connection()).await?.0)
    }
}

/// The clicks of all segments, each of which may be in several day ranges.
fn packed_in(day_ranges: &[DayRange]) -> u64 {
    let segments = day_ranges.iter().flat_map(|day_range| &day_range.segments);
    let clicks: HashMap<i64, usize> = segments.map(|segment| (segment.id, segment.clicks)).collect();
    clicks.values().map(|clicks| *clicks as u64).sum()
}

fn require_few(clicks: u64, clicks_max: u64) -> Result<(), ClickStoreError> {
    if clicks <= clicks_max { Ok(()) } else { Err(ClickStoreError::ClickLimit(clicks_max)) }
}

/// The days of the first and of the last row in the period.
async fn days_of_rows(
    reading: &mut Reading,
    selection: &Selection,
) -> Result<Option<RangeInclusive<i64>>, ClickStoreError> {
    // Each of the two is one look into the index.
    let sql = "SELECT (SELECT min(at) FROM clicks WHERE workspace_id = ?1 AND at >= ?2 AND at < ?3), \
               (SELECT max(at) FROM clicks WHERE workspace_id = ?1 AND at >= ?2 AND at < ?3)";
    let ends: (Option<i64>, Option<i64>) = sqlx::query_as(sql)
        .bind(id_bytes(selection.workspace_id.as_uuid()))
        .bind(selection.period.from.as_micros())
        .bind(selection.period.to.as_micros())
        .fetch_one(reading.connection())
        .await?;
    Ok(ends.0.zip(ends.1).map(|(first, last)| day_of(first)..=day_of(last)))
}

/// The part of a period that is of these days.
fn within(period: Period, days: &Range<i64>) -> Period {
    Period {
        from: period.from.max(Timestamp::from_micros(start_of(days.start))),
        to: period.to.min(Timestamp::from_micros(start_of(days.end))),
    }
}

/// What a pass wants to see of a segment, by whether all of it is in the period and whether it is alone on its days.
struct PartsOf([[Vec<Part>; 2]; 2]);

impl PartsOf {
    fn of(aggregation: &Aggregation) -> Self {
        Self([false, true].map(|is_whole| [false, true].map(|is_alone| aggregation.parts(is_whole, is_alone))))
    }

    fn choose(&self, is_whole: bool, is_alone: bool) -> &[Part] {
        let Self([[neither, alone], [whole, both]]) = self;
        match (is_whole, is_alone) {
            (false, false) => neither,
            (false, true) => alone,
            (true, false) => whole,
            (true, true) => both,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::sections::ClickStoreConfig;
    use crate::infra::click_store::columns::Grouping;
    use crate::infra::click_store::test_clicks::{visit, workspace};
    use crate::infra::click_store::{ClickBatch, Counts, Dimension, EnrichedClick, JournalledClick};
    use crate::infra::journal::JournalId;

    const DAY: i64 = 86_400_000_000;
    const FEW: AtOnce = AtOnce { packed: 60, rows: 25 };

    /// Twenty clicks a day, by ten visitors; the last click of each day came late, and is of the first day.
    async fn store_days(store: &ClickStore, days: Range<u64>) {
        for day in days {
            let clicks = (day * 20..day * 20 + 20).map(|position| {
                let of_day = if position % 20 == 19 { 0 } else { day };
                let at = Timestamp::from_micros(i64::try_from(of_day).expect("small") * DAY + 3_600_000_000);
                let visitor = Some(1_000 * of_day + position % 10);
                JournalledClick { position, click: EnrichedClick { at, visitor, ..visit(0) } }
            });
            let batch = ClickBatch {
                journal_id: JournalId::from_u64(1),
                through: day * 20 + 19,
                clicks: clicks.collect(),
                undecodable: Vec::new(),
                tally: None,
            };
            store.store(&batch).await.expect("stored");
        }
    }

    fn days(from: i64, to: i64) -> Selection {
        let moment = |day: i64| Timestamp::from_micros(day * DAY);
        Selection::everything(workspace(1), Period { from: moment(from), to: moment(to) })
    }

    async fn counted(store: &ClickStore, selection: &Selection, at_once: AtOnce) -> Counts {
        let aggregation = Aggregation::new(selection.clone(), Grouping::Whole);
        let mut scan = Scan::begin_with(store, &aggregation, at_once).await.expect("a scan");
        scan.run(aggregation).await.expect("counted").counts(0)
    }

    /// The clicks that are in memory together, and the days that they are of.
    async fn held(store: &ClickStore, selection: &Selection) -> Vec<(usize, usize)> {
        let aggregation = Aggregation::new(selection.clone(), Grouping::dimension(Dimension::Country));
        let mut scan = Scan::begin_with(store, &aggregation, FEW).await.expect("a scan");
        let mut held = Vec::new();
        for number in 0.. {
            let blocks = scan.load(number, &PartsOf::of(&aggregation)).await.expect("loaded");
            let Some(blocks) = blocks else { break };
            let clicks = blocks.iter().map(Block::clicks).sum();
            let days: std::collections::BTreeSet<i64> =
                blocks.iter().flat_map(Block::at).map(|at| day_of(*at)).collect();
            held.push((clicks, days.len()));
        }
        held
    }

    #[tokio::test]
    async fn clicks_that_came_late_make_no_question_hold_more_in_memory() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = ClickStore::open(&ClickStoreConfig::embedded("clicks.db"), folder.path()).await.expect("a store");
        // Fewer segments than are made one; each but the last reaches back to the first day.
        for day in 1..7 {
            store_days(&store, day..day + 1).await;
            store.pack_rows(workspace(1).as_uuid()).await.expect("packed");
        }
        for (from, to) in [(0, 30), (0, 1), (2, 5)] {
            for part in held(&store, &days(from, to)).await {
                assert!(part.0 <= FEW.packed || part.1 == 1, "{from}..{to}: {part:?}");
            }
        }
        for (from, to) in [(0, 30), (0, 1), (2, 5), (3, 4), (-5, 3), (10, 20)] {
            let selection = days(from, to);
            let all_at_once = counted(&store, &selection, AT_ONCE).await;
            assert_eq!(counted(&store, &selection, FEW).await, all_at_once, "{from}..{to}");
        }
        assert_eq!(counted(&store, &days(0, 30), FEW).await, Counts { clicks: 120, visitors: 61 });
    }

    #[tokio::test]
    async fn rows_that_are_not_packed_yet_are_read_days_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = ClickStore::open(&ClickStoreConfig::embedded("clicks.db"), folder.path()).await.expect("a store");
        store_days(&store, 1..4).await;
        store.pack_rows(workspace(1).as_uuid()).await.expect("packed");
        store_days(&store, 4..9).await;
        for part in held(&store, &days(0, 30)).await {
            assert!(part.0 <= FEW.packed + FEW.rows as usize || part.1 == 1, "{part:?}");
        }
        for (from, to) in [(0, 30), (0, 1), (2, 5), (3, 4), (-5, 3), (10, 20)] {
            let selection = days(from, to);
            let all_at_once = counted(&store, &selection, AT_ONCE).await;
            assert_eq!(counted(&store, &selection, FEW).await, all_at_once, "{from}..{to}");
            let breakdown = store.breakdown(&selection, Dimension::Country, 5).await.expect("a breakdown");
            assert_eq!(breakdown.items.first().map(|item| item.counts).unwrap_or_default(), all_at_once);
        }
    }
}
