//! The reports about a checked selection of clicks.

use chrono_tz::Tz;

use super::calendar::{Bucket, Interval, POINTS_MAX, buckets, hour_of_week, hours};
use super::dimension::ReportDimension;
use super::request::previous;
use super::responses::{
    BreakdownResponse, HourCounts, HoursOfWeek, LeftOutCounts, PeriodCounts, PlainCounts, Point, Remainder, Series,
    Sparkline, Sparklines, Summary, Timeseries, ValueCounts,
};
use super::tags::LinkTags;
use crate::domain::error::Result;
use crate::domain::id::LinkId;
use crate::infra::click_store::{Breakdown, BreakdownItem, ClickStore, Counts, Filter, Period, Selection, Value};

/// How many days a sparkline has.
const SPARKLINE_DAYS: usize = 30;

/// Clicks and visitors in total.
///
/// # Errors
/// The store is unavailable or too slow.
pub async fn summary(store: &ClickStore, selection: &Selection, compare: bool) -> Result<Summary> {
    summary_beside(store, selection, compare.then(|| previous(selection.period))).await
}

/// The same, beside those of this period before.
///
/// # Errors
/// The store is unavailable or too slow.
pub async fn summary_beside(store: &ClickStore, selection: &Selection, before: Option<Period>) -> Result<Summary> {
    let current = counts_of(store, selection).await?;
    let previous = match before {
        Some(period) => Some(counts_of(store, &Selection { period, ..selection.clone() }).await?),
        None => None,
    };
    let left_out = left_out(store, selection).await?;
    Ok(Summary { current, left_out, previous })
}

/// What reports on this selection do not count.
///
/// # Errors
/// The store is unavailable or too slow.
pub async fn left_out(store: &ClickStore, selection: &Selection) -> Result<LeftOutCounts> {
    Ok(store.left_out(selection).await?.into())
}

async fn counts_of(store: &ClickStore, selection: &Selection) -> Result<PeriodCounts> {
    Ok(PeriodCounts::new(selection.period, store.summary(selection).await?))
}

/// Clicks and visitors in the buckets of a time zone.
///
/// # Errors
/// There would be too many points, or the store is unavailable or too slow.
pub async fn timeseries(
    store: &ClickStore,
    selection: &Selection,
    interval: Interval,
    zone: Tz,
    compare: bool,
) -> Result<Timeseries> {
    let current = series_of(store, selection, interval, zone).await?;
    let previous = if compare { Some(series_of(store, &before(selection), interval, zone).await?) } else { None };
    let left_out = left_out(store, selection).await?;
    Ok(Timeseries { interval, time_zone: zone.name().to_owned(), current, left_out, previous })
}

async fn series_of(store: &ClickStore, selection: &Selection, interval: Interval, zone: Tz) -> Result<Series> {
    let buckets = buckets(selection.period, interval, zone)?;
    let parts: Vec<Period> = buckets.iter().map(|bucket| bucket.part).collect();
    let counts = store.timeseries(selection, &parts).await?;
    let point = |(bucket, counts): (&Bucket, Counts)| Point {
        start: bucket.start,
        clicks: counts.clicks,
        visitors: counts.visitors,
    };
    let data = buckets.iter().zip(counts).map(point).collect();
    Ok(Series { from: selection.period.from, to: selection.period.to, data })
}

/// The clicks of these links on each of the last days of a time zone.
///
/// # Errors
/// The store is unavailable or too slow.
pub async fn sparklines(store: &ClickStore, selection: &Selection, links: Vec<LinkId>, zone: Tz) -> Result<Sparklines> {
    let mut days = buckets(selection.period, Interval::Day, zone)?;
    days.drain(..days.len().saturating_sub(SPARKLINE_DAYS));
    let periods: Vec<Period> = days.iter().map(|day| day.part).collect();
    let clicks = store.links_over_time(selection, &links, &periods).await?;
    let sparkline = |(link_id, clicks)| Sparkline { link_id, clicks };
    Ok(Sparklines {
        from: periods.first().map_or(selection.period.from, |day| day.from),
        to: selection.period.to,
        time_zone: zone.name().to_owned(),
        data: links.into_iter().zip(clicks).map(sparkline).collect(),
    })
}

/// Clicks and visitors by the hour of the week. Those of one visitor in hours of different days are of different visitors.
///
/// # Errors
/// The period is longer than a year, or the store is unavailable or too slow.
pub async fn hours_of_week(store: &ClickStore, selection: &Selection, zone: Tz) -> Result<HoursOfWeek> {
    let mut data: Vec<HourCounts> = (1..=7)
        .flat_map(|weekday| (0..24).map(move |hour| HourCounts { weekday, hour, clicks: 0, visitors: 0 }))
        .collect();
    // No question names more periods than a series has points.
    for hours in hours(selection.period, zone)?.chunks(POINTS_MAX) {
        let parts: Vec<Period> = hours.iter().map(|hour| hour.part).collect();
        let period = Period {
            from: parts.first().map_or(selection.period.from, |part| part.from),
            to: parts.last().map_or(selection.period.to, |part| part.to),
        };
        let counts = store.timeseries(&Selection { period, ..selection.clone() }, &parts).await?;
        for (hour, counts) in hours.iter().zip(counts) {
            let (weekday, of_day) = hour_of_week(hour.start, zone);
            let is_it = |slot: &&mut HourCounts| (slot.weekday, slot.hour) == (weekday, of_day);
            if let Some(slot) = data.iter_mut().find(is_it) {
                slot.clicks += counts.clicks;
                slot.visitors += counts.visitors;
            }
        }
    }
    let left_out = left_out(store, selection).await?;
    let Period { from, to } = selection.period;
    Ok(HoursOfWeek { from, to, time_zone: zone.name().to_owned(), data, left_out })
}

/// Clicks and visitors by value, at most `limit` values. `tags` are only looked at for the dimension of that name.
///
/// # Errors
/// The store is unavailable or too slow.
pub async fn breakdown(
    store: &ClickStore,
    selection: &Selection,
    dimension: ReportDimension,
    tags: &LinkTags,
    limit: u32,
    compare: bool,
) -> Result<BreakdownResponse> {
    let breakdown = match dimension {
        ReportDimension::Click(dimension) => store.breakdown(selection, dimension, limit).await?,
        ReportDimension::Tag => store.breakdown_by_tag(selection, tags.memberships(), limit).await?,
    };
    let before =
        if compare { Some(same_values_before(store, selection, dimension, tags, &breakdown).await?) } else { None };
    let to_answer = |item: BreakdownItem| ValueCounts {
        previous: before.as_ref().map(|before| counts_of_value(before, item.value.as_ref())),
        value: item.value.map(|value| write(dimension, tags, &value)),
        clicks: item.counts.clicks,
        visitors: item.counts.visitors,
    };
    Ok(BreakdownResponse {
        dimension,
        from: selection.period.from,
        to: selection.period.to,
        other: Remainder {
            values: breakdown.other_values,
            clicks: breakdown.other.clicks,
            visitors: breakdown.other.visitors,
        },
        data: breakdown.items.into_iter().map(to_answer).collect(),
        left_out: left_out(store, selection).await?,
    })
}

/// What the listed values had in the period before.
async fn same_values_before(
    store: &ClickStore,
    selection: &Selection,
    dimension: ReportDimension,
    tags: &LinkTags,
    listed: &Breakdown,
) -> Result<Breakdown> {
    let mut selection = before(selection);
    let limit = u32::try_from(listed.items.len()).unwrap_or(u32::MAX);
    let values: Vec<Option<Value>> = listed.items.iter().map(|item| item.value.clone()).collect();
    match dimension {
        ReportDimension::Click(dimension) => {
            selection.filters.push(Filter::any_of(dimension, values));
            Ok(store.breakdown(&selection, dimension, limit).await?)
        }
        ReportDimension::Tag => {
            let all = u32::try_from(tags.memberships().len()).unwrap_or(u32::MAX);
            Ok(store.breakdown_by_tag(&selection, tags.memberships(), all.saturating_add(1)).await?)
        }
    }
}

fn counts_of_value(breakdown: &Breakdown, value: Option<&Value>) -> PlainCounts {
    breakdown.items.iter().find(|item| item.value.as_ref() == value).map(|item| item.counts.into()).unwrap_or_default()
}

fn write(dimension: ReportDimension, tags: &LinkTags, value: &Value) -> String {
    match dimension {
        ReportDimension::Click(dimension) => dimension.format_value(value),
        ReportDimension::Tag => tags.name_of(value),
    }
}

/// The same clicks in the period of the same length before.
fn before(selection: &Selection) -> Selection {
    Selection { period: previous(selection.period), ..selection.clone() }
}
