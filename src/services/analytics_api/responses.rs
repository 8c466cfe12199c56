//! What reports answer.

use serde::Serialize;
use utoipa::ToSchema;

use super::calendar::Interval;
use super::dimension::ReportDimension;
use crate::domain::id::LinkId;
use crate::domain::time::Timestamp;
use crate::infra::click_store::{Counts, LeftOut, Period};

/// Clicks and visitors of a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PeriodCounts {
    /// The first moment of the period.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// Clicks.
    pub clicks: u64,
    /// Distinct visitors. One person is a new visitor every day (UTC); those who asked not to be tracked are in none.
    pub visitors: u64,
}

/// Clicks that are kept and not counted, each under the first reason that holds. With `clicks` they add up to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AnalyticsLeftOut)]
pub struct LeftOutCounts {
    /// Crawlers, monitors and scripts, such as curl.
    pub bots: u64,
    /// Messengers and social networks that make a preview of a link.
    pub previews: u64,
    /// Browsers that fetched what nobody had asked for yet.
    pub prefetches: u64,
    /// Requests with the method HEAD.
    pub heads: u64,
    /// Visitors who asked not to be tracked, where the workspace leaves them out.
    pub opted_out: u64,
}

impl From<LeftOut> for LeftOutCounts {
    fn from(left_out: LeftOut) -> Self {
        let LeftOut { bots, previews, prefetches, heads, opted_out } = left_out;
        Self { bots, previews, prefetches, heads, opted_out }
    }
}

/// Clicks and visitors in total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AnalyticsSummary)]
pub struct Summary {
    /// The period asked for.
    #[serde(flatten)]
    pub current: PeriodCounts,
    /// What is not counted, and why.
    pub left_out: LeftOutCounts,
    /// The period of the same length before it, with `compare=previous`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub previous: Option<PeriodCounts>,
}

/// Clicks and visitors of one bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AnalyticsPoint)]
pub struct Point {
    /// When the bucket starts. The first one may start before the period; only what lies in the period is counted.
    pub start: Timestamp,
    /// Clicks.
    pub clicks: u64,
    /// Distinct visitors.
    pub visitors: u64,
}

/// The points of a period, earliest first and without gaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AnalyticsSeries)]
pub struct Series {
    /// The first moment of the period.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// The points; at most 2,000.
    pub data: Vec<Point>,
}

/// Clicks and visitors over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AnalyticsTimeseries)]
pub struct Timeseries {
    /// How long the buckets are.
    pub interval: Interval,
    /// Whose minutes, hours, days, weeks and months they are.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// The period asked for.
    #[serde(flatten)]
    pub current: Series,
    /// What is not counted in the period asked for, and why.
    pub left_out: LeftOutCounts,
    /// The period of the same length before it, with `compare=previous`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub previous: Option<Series>,
}

/// Clicks and visitors of an hour of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AnalyticsHour)]
pub struct HourCounts {
    /// The day of the week, from 1, which is Monday, to 7.
    #[schema(minimum = 1, maximum = 7)]
    pub weekday: u8,
    /// The hour of the day.
    #[schema(minimum = 0, maximum = 23)]
    pub hour: u8,
    /// Clicks.
    pub clicks: u64,
    /// Distinct visitors, those of each day.
    pub visitors: u64,
}

/// Clicks and visitors by the hour of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AnalyticsHoursOfWeek)]
pub struct HoursOfWeek {
    /// The first moment of the period.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// Whose hours and days they are.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// Every hour of the week, from Monday at midnight on.
    #[schema(min_items = 168, max_items = 168)]
    pub data: Vec<HourCounts>,
    /// What is not counted in the period asked for, and why.
    pub left_out: LeftOutCounts,
}

/// Clicks and visitors of one value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AnalyticsValue)]
pub struct ValueCounts {
    /// The value; `null` where clicks lack the property.
    pub value: Option<String>,
    /// Clicks.
    pub clicks: u64,
    /// Distinct visitors.
    pub visitors: u64,
    /// The same value in the period of the same length before, with `compare=previous`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub previous: Option<PlainCounts>,
}

/// Clicks and visitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
#[schema(as = AnalyticsCounts)]
pub struct PlainCounts {
    /// Clicks.
    pub clicks: u64,
    /// Distinct visitors.
    pub visitors: u64,
}

/// What is not listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AnalyticsRemainder)]
pub struct Remainder {
    /// How many values are not listed.
    pub values: u64,
    /// Clicks that belong to none of the listed values.
    pub clicks: u64,
    /// Their distinct visitors.
    pub visitors: u64,
}

/// Clicks and visitors by value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AnalyticsBreakdown)]
pub struct BreakdownResponse {
    /// What clicks are told apart by.
    pub dimension: ReportDimension,
    /// The first moment of the period.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// The values with the most clicks, most first. A click counts for every tag of its link, and for one value of anything else.
    pub data: Vec<ValueCounts>,
    /// The rest.
    pub other: Remainder,
    /// What is not counted in the period asked for, and why.
    pub left_out: LeftOutCounts,
}

impl PeriodCounts {
    /// What was counted in `period`.
    #[must_use]
    pub fn new(period: Period, counts: Counts) -> Self {
        Self { from: period.from, to: period.to, clicks: counts.clicks, visitors: counts.visitors }
    }
}

impl From<Counts> for PlainCounts {
    fn from(counts: Counts) -> Self {
        Self { clicks: counts.clicks, visitors: counts.visitors }
    }
}

/// The clicks of several links, day by day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Sparklines {
    /// The first moment of the first day.
    pub from: Timestamp,
    /// Now.
    pub to: Timestamp,
    /// Whose days they are.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// The links, in the order that they were asked for.
    pub data: Vec<Sparkline>,
}

/// The clicks of a link, day by day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Sparkline {
    /// The link.
    pub link_id: LinkId,
    /// Its clicks on each of the thirty days, the last of which is today.
    pub clicks: Vec<u64>,
}
