//! What a question goes through: the segments that have clicks of its period, and the rows that are not packed yet, days at a time.

use std::ops::Range;

use super::condition::push_where;
use super::connection::ClickStore;
use super::reading::Reading;
use super::rows::{read_rows, selecting};
use super::segments::{Segment, segments_of};
use super::thread::on_thread;
use crate::infra::click_store::columns::{Block, Part, Pass};
use crate::infra::click_store::{ClickStoreError, Period};

const MICROS_PER_DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// A consistent look at the clicks that a question is about.
pub(super) struct Scan {
    reading: Reading,
    period: Period,
    stretches: Vec<Stretch>,
    /// What is not packed yet, with the properties that the question is about.
    rows: Block,
}

/// Segments and rows of some UTC days, of which no others have clicks.
struct Stretch {
    segments: Vec<Segment>,
    rows: Range<usize>,
}

impl Scan {
    /// Finds what this pass, and others that ask for no more properties, will go through.
    pub(super) async fn begin(store: &ClickStore, pass: &Pass) -> Result<Self, ClickStoreError> {
        let selection = pass.selection();
        let mut reading = Reading::begin(store).await?;
        let property = |part| match part {
            Part::Column(property) => Some(property),
            _ => None,
        };
        let properties: Vec<_> = pass.parts(false, false).into_iter().filter_map(property).collect();
        let mut query = selecting(&properties);
        push_where(&mut query, selection);
        let (rows, _) = read_rows(query, &properties, reading.connection()).await?;
        let workspace_id = selection.workspace_id.as_uuid();
        let segments = segments_of(reading.connection(), workspace_id, selection.period).await?;
        let stretches = with_rows(by_days(segments), &rows);
        Ok(Self { reading, period: selection.period, stretches, rows })
    }

    /// Takes the pass through everything. The next stretch is read while one is counted.
    pub(super) async fn run(&mut self, mut pass: Pass) -> Result<Pass, ClickStoreError> {
        let mut blocks = self.load(0, &pass).await?;
        for number in 1.. {
            let Some(taken) = blocks else { break };
            let parts = PartsOf::of(&pass);
            // Counting takes milliseconds, for which no other task should wait.
            let counting = on_thread(move || {
                pass.take(&taken);
                pass
            });
            let (done, next) = tokio::join!(counting, self.load_parts(number, &parts));
            (pass, blocks) = (done, next?);
        }
        Ok(pass)
    }

    async fn load(&mut self, number: usize, pass: &Pass) -> Result<Option<Vec<Block>>, ClickStoreError> {
        self.load_parts(number, &PartsOf::of(pass)).await
    }

    async fn load_parts(&mut self, number: usize, parts: &PartsOf) -> Result<Option<Vec<Block>>, ClickStoreError> {
        let Some(stretch) = self.stretches.get(number) else { return Ok(None) };
        let mut blocks = Vec::new();
        if !stretch.rows.is_empty() {
            blocks.push(self.rows.slice(stretch.rows.clone()));
        }
        let is_alone = blocks.len() + stretch.segments.len() == 1;
        for segment in &stretch.segments {
            let parts = parts.choose(segment.is_within(self.period), is_alone);
            blocks.push(segment.load(self.reading.connection(), parts).await?);
        }
        Ok(Some(blocks))
    }
}

/// What a pass wants to see of a segment, by whether all of it is in the period and whether it is alone on its days.
struct PartsOf([[Vec<Part>; 2]; 2]);

impl PartsOf {
    fn of(pass: &Pass) -> Self {
        Self([false, true].map(|is_whole| [false, true].map(|is_alone| pass.parts(is_whole, is_alone))))
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

/// The UTC day of a moment.
pub(super) const fn day_of(micros: i64) -> i64 {
    micros.div_euclid(MICROS_PER_DAY)
}

/// Segments together with those that share a day with them. They come in the order of their first clicks, and so they stay.
pub(super) fn by_days(segments: Vec<Segment>) -> Vec<Vec<Segment>> {
    let mut groups: Vec<Vec<Segment>> = Vec::new();
    let mut last_day = None;
    for segment in segments {
        let reaches = day_of(segment.last_at);
        match groups.last_mut().filter(|_| last_day >= Some(day_of(segment.first_at))) {
            Some(group) => group.push(segment),
            None => groups.push(vec![segment]),
        }
        last_day = last_day.max(Some(reaches));
    }
    groups
}

/// Adds to each group the rows from its first day on until the next group begins; those before the first group are by themselves.
fn with_rows(groups: Vec<Vec<Segment>>, rows: &Block) -> Vec<Stretch> {
    let place = |group: &[Segment]| {
        let start = group.first().map_or(i64::MIN, |segment| day_of(segment.first_at).saturating_mul(MICROS_PER_DAY));
        rows.at().partition_point(|at| *at < start)
    };
    let starts: Vec<usize> = groups.iter().map(|group| place(group)).collect();
    let first = starts.first().copied().unwrap_or(rows.clicks());
    let mut stretches = Vec::new();
    if first > 0 {
        stretches.push(Stretch { segments: Vec::new(), rows: 0..first });
    }
    let ends = starts.iter().copied().skip(1).chain([rows.clicks()]);
    for ((segments, start), end) in groups.into_iter().zip(starts.iter().copied()).zip(ends) {
        stretches.push(Stretch { segments, rows: start..end });
    }
    stretches
}
