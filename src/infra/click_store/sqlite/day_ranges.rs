//! The UTC days that a question goes through at a time, and the segments that have clicks of them.
//!
//! Invariant: ranges share no day, so that what is counted in them adds up. A day range has a bounded number of clicks, or is a single day,
//! whose visitors have to be compared with each other. One click that came late makes no day range longer.

use std::collections::BTreeMap;
use std::ops::Range;

use sqlx::sqlite::SqliteConnection;

use super::row::id_bytes;
use super::segments::{Segment, segments_of};
use crate::infra::click_store::columns::Part;
use crate::infra::click_store::{ClickStoreError, Period, Selection};

const MICROS_PER_DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// Clicks that are held in memory at once, where they are of several days.
#[derive(Debug, Clone, Copy)]
pub(super) struct AtOnce {
    /// Of segments.
    pub(super) packed: usize,
    /// Of those that are not packed yet.
    pub(super) rows: u32,
}

/// Some days, and the segments that have clicks of them.
#[derive(Debug, Clone)]
pub(super) struct DayRange {
    pub(super) days: Range<i64>,
    pub(super) segments: Vec<Segment>,
}

impl DayRange {
    /// The clicks that its segments have, those of other days as well.
    pub(super) fn packed(&self) -> usize {
        self.segments.iter().map(|segment| segment.clicks).sum()
    }
}

/// The days of a question's period, a day range behind the other.
pub(super) async fn day_ranges_of(
    connection: &mut SqliteConnection,
    selection: &Selection,
    at_once: AtOnce,
) -> Result<Vec<DayRange>, ClickStoreError> {
    let Period { from, to } = selection.period;
    let days = day_of(from.as_micros())..day_of(to.as_micros().saturating_sub(1)) + 1;
    let segments = segments_of(connection, selection.workspace_id.as_uuid(), selection.period).await?;
    let mut day_ranges = Vec::new();
    for day_range in grouped(segments, days) {
        day_ranges.extend(divided(connection, day_range, at_once.packed).await?);
    }
    let cuts = cuts_of_rows(connection, selection, at_once.rows).await?;
    Ok(day_ranges.into_iter().flat_map(|day_range| cut(&day_range, &cuts)).collect())
}

/// The UTC day of a moment.
pub(super) const fn day_of(micros: i64) -> i64 {
    micros.div_euclid(MICROS_PER_DAY)
}

/// The first moment of a UTC day.
pub(super) const fn start_of(day: i64) -> i64 {
    day.saturating_mul(MICROS_PER_DAY)
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

/// A day range for each group of segments, up to where the next begins; what is before the first is by itself.
fn grouped(segments: Vec<Segment>, days: Range<i64>) -> Vec<DayRange> {
    let mut day_ranges = vec![DayRange { days: days.clone(), segments: Vec::new() }];
    for segments in by_days(segments) {
        let first = segments.first().map_or(days.start, |segment| segment.days().start.max(days.start));
        if let Some(before) = day_ranges.last_mut() {
            before.days.end = first;
        }
        day_ranges.push(DayRange { days: first..days.end, segments });
    }
    day_ranges.retain(|day_range| !day_range.days.is_empty());
    day_ranges
}

/// The same day range, or several where it has too many clicks. Which days those are of is only known from their times.
async fn divided(
    connection: &mut SqliteConnection,
    day_range: DayRange,
    clicks_max: usize,
) -> Result<Vec<DayRange>, ClickStoreError> {
    if day_range.packed() <= clicks_max {
        return Ok(vec![day_range]);
    }
    let (mut all, mut of_segments) = (BTreeMap::new(), Vec::new());
    for segment in &day_range.segments {
        let block = segment.load(connection, &[Part::At]).await?;
        let days = clicks_by_day(block.at());
        days.iter().for_each(|(day, clicks)| *all.entry(*day).or_default() += clicks);
        of_segments.push(days);
    }
    let has_some = |days: &Range<i64>, number: usize| {
        of_segments.get(number).is_some_and(|of_segment| of_segment.range(days.clone()).next().is_some())
    };
    let part = |days: Range<i64>| {
        let numbered = day_range.segments.iter().enumerate();
        let segments = numbered.filter(|(number, _)| has_some(&days, *number)).map(|(_, segment)| segment.clone());
        DayRange { segments: segments.collect(), days }
    };
    Ok(pieces(&day_range.days, &cuts_between(&all, clicks_max)).map(part).collect())
}

fn clicks_by_day(at: &[i64]) -> BTreeMap<i64, usize> {
    let days = at.chunk_by(|left, right| day_of(*left) == day_of(*right));
    days.filter_map(|clicks| Some((day_of(*clicks.first()?), clicks.len()))).collect()
}

/// The days before which to cut, so that no more clicks are together.
fn cuts_between(clicks: &BTreeMap<i64, usize>, clicks_max: usize) -> Vec<i64> {
    let (mut cuts, mut together) = (Vec::new(), 0);
    for (day, clicks) in clicks {
        if together > 0 && together + clicks > clicks_max {
            cuts.push(*day);
            together = 0;
        }
        together += clicks;
    }
    cuts
}

/// The days before which to cut, so that no more rows are together. It goes through the index alone.
async fn cuts_of_rows(
    connection: &mut SqliteConnection,
    selection: &Selection,
    rows_max: u32,
) -> Result<Vec<i64>, ClickStoreError> {
    let (mut cuts, mut from) = (Vec::new(), selection.period.from.as_micros());
    loop {
        let sql = "SELECT at FROM clicks WHERE workspace_id = ? AND at >= ? AND at < ? ORDER BY at LIMIT 1 OFFSET ?";
        let beyond: Option<i64> = sqlx::query_scalar(sql)
            .bind(id_bytes(selection.workspace_id.as_uuid()))
            .bind(from)
            .bind(selection.period.to.as_micros())
            .bind(rows_max)
            .fetch_optional(&mut *connection)
            .await?;
        let Some(day) = beyond.map(day_of) else { return Ok(cuts) };
        // Where that many are of one day they stay together.
        let cut = if start_of(day) > from { day } else { day + 1 };
        cuts.push(cut);
        from = start_of(cut);
    }
}

/// The day range, cut before these days.
fn cut(day_range: &DayRange, cuts: &[i64]) -> Vec<DayRange> {
    let part = |days: Range<i64>| {
        let has_some = |segment: &&Segment| segment.days().start < days.end && segment.days().end > days.start;
        DayRange { segments: day_range.segments.iter().filter(has_some).cloned().collect(), days }
    };
    if cuts.iter().any(|cut| day_range.days.contains(cut)) {
        pieces(&day_range.days, cuts).map(part).collect()
    } else {
        vec![day_range.clone()]
    }
}

/// What is between the cuts that are within the days.
fn pieces(days: &Range<i64>, cuts: &[i64]) -> impl Iterator<Item = Range<i64>> {
    let within = cuts.iter().copied().filter(|cut| *cut > days.start && *cut < days.end);
    let starts: Vec<i64> = std::iter::once(days.start).chain(within).collect();
    let ends: Vec<i64> = starts.iter().copied().skip(1).chain([days.end]).collect();
    starts.into_iter().zip(ends).map(|(start, end)| start..end)
}
