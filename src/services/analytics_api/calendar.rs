//! A period cut into the minutes, hours, days, weeks or months of a time zone.
//!
//! Invariant: the buckets of a period cover it without gaps or overlaps, so
//! that what is counted in them adds up to what is counted in the period.

use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::error::{Error, Result};
use crate::domain::time::Timestamp;
use crate::infra::click_store::Period;

/// The most points that a series has.
pub const POINTS_MAX: usize = 2_000;
/// The hours of a leap year, one of which may be cut in two.
const HOURS_MAX: usize = 366 * 24 + 1;
const MICROS_PER_SECOND: i64 = 1_000_000;
/// No time zone ever skipped more than a day.
const GAP_MINUTES_MAX: i64 = 25 * 60;

/// How long the buckets of a series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Interval {
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days, from midnight to midnight: 23 to 25 hours where clocks change.
    #[default]
    Day,
    /// Weeks, from Monday.
    Week,
    /// Months of the calendar.
    Month,
}

/// One bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// When the whole bucket starts, which may be before the period does.
    pub start: Timestamp,
    /// The part of it that lies in the period.
    pub part: Period,
}

/// Cuts `period`, earliest bucket first.
///
/// # Errors
/// There would be more than [`POINTS_MAX`] buckets.
pub fn buckets(period: Period, interval: Interval, zone: Tz) -> Result<Vec<Bucket>> {
    at_most(POINTS_MAX, period, interval, zone).ok_or_else(too_many_points)
}

/// Cuts `period` into hours, earliest first.
///
/// # Errors
/// It is longer than a leap year.
pub fn hours(period: Period, zone: Tz) -> Result<Vec<Bucket>> {
    at_most(HOURS_MAX, period, Interval::Hour, zone).ok_or_else(|| {
        Error::invalid_field("from", "period_too_long", "the hours of the week are counted over 366 days at most")
    })
}

/// Where in the week of a time zone a moment is: the day from 1, which is Monday, to 7, and the hour from 0 to 23.
#[must_use]
pub fn hour_of_week(moment: Timestamp, zone: Tz) -> (u8, u8) {
    let local = moment.to_utc().map(|utc| utc.with_timezone(&zone));
    let place = local.map_or((1, 0), |local| (local.weekday().number_from_monday(), local.hour()));
    (u8::try_from(place.0).unwrap_or(1), u8::try_from(place.1).unwrap_or(0))
}

/// The buckets of a period; nothing where there would be more.
fn at_most(most: usize, period: Period, interval: Interval, zone: Tz) -> Option<Vec<Bucket>> {
    let mut buckets = Vec::new();
    let mut start = floor(period.from, interval, zone);
    while start < period.to {
        let end = next(start, interval, zone)?;
        let part = Period { from: start.max(period.from), to: end.min(period.to) };
        if part.from < part.to {
            buckets.push(Bucket { start, part });
        }
        if buckets.len() > most {
            return None;
        }
        start = end;
    }
    Some(buckets)
}

fn too_many_points() -> Error {
    let message = format!("a series has at most {POINTS_MAX} points; ask for a shorter period or a longer interval");
    Error::invalid_field("interval", "too_many_points", message)
}

/// The start of the bucket that `moment` is in.
fn floor(moment: Timestamp, interval: Interval, zone: Tz) -> Timestamp {
    match interval {
        Interval::Minute => clock_floor(moment, 60, zone),
        Interval::Hour => clock_floor(moment, 3600, zone),
        Interval::Day | Interval::Week | Interval::Month => local_date(moment, zone)
            .and_then(|date| start_of(first_date(date, interval), zone))
            .map_or(moment, |start| start.min(moment)),
    }
}

/// The start of the bucket after the one that starts at `start`.
fn next(start: Timestamp, interval: Interval, zone: Tz) -> Option<Timestamp> {
    match interval {
        Interval::Minute => Some(clock_next(start, 60, zone)),
        Interval::Hour => Some(clock_next(start, 3600, zone)),
        Interval::Day | Interval::Week | Interval::Month => {
            let mut date = first_date(local_date(start, zone)?, interval);
            loop {
                date = next_date(date, interval)?;
                // A day that the zone skipped as a whole starts when the next one does.
                if let Some(next) = start_of(date, zone).filter(|next| *next > start) {
                    return Some(next);
                }
            }
        }
    }
}

/// The last moment, not after `moment`, at which local clocks showed a multiple of `unit` seconds.
fn clock_floor(moment: Timestamp, unit: i64, zone: Tz) -> Timestamp {
    let micros = moment.as_micros();
    Timestamp::from_micros(micros - past_unit(moment, unit, zone))
}

/// The next moment at which local clocks show a multiple of `unit` seconds, or would if they were not put forward or back then.
fn clock_next(moment: Timestamp, unit: i64, zone: Tz) -> Timestamp {
    Timestamp::from_micros(moment.as_micros() + unit * MICROS_PER_SECOND - past_unit(moment, unit, zone))
}

/// How far local clocks are past a multiple of `unit` seconds, in microseconds.
fn past_unit(moment: Timestamp, unit: i64, zone: Tz) -> i64 {
    let offset_seconds = moment
        .to_utc()
        .map_or(0, |utc| i64::from(zone.offset_from_utc_datetime(&utc.naive_utc()).fix().local_minus_utc()));
    (moment.as_micros() + offset_seconds * MICROS_PER_SECOND).rem_euclid(unit * MICROS_PER_SECOND)
}

fn local_date(moment: Timestamp, zone: Tz) -> Option<NaiveDate> {
    moment.to_utc().map(|utc| utc.with_timezone(&zone).date_naive())
}

/// The first date of the week or month that `date` is in.
fn first_date(date: NaiveDate, interval: Interval) -> NaiveDate {
    match interval {
        Interval::Week => {
            date.checked_sub_days(Days::new(u64::from(date.weekday().num_days_from_monday()))).unwrap_or(date)
        }
        Interval::Month => date.with_day(1).unwrap_or(date),
        Interval::Minute | Interval::Hour | Interval::Day => date,
    }
}

fn next_date(date: NaiveDate, interval: Interval) -> Option<NaiveDate> {
    match interval {
        Interval::Week => date.checked_add_days(Days::new(7)),
        Interval::Month => date.checked_add_months(Months::new(1)),
        Interval::Minute | Interval::Hour | Interval::Day => date.checked_add_days(Days::new(1)),
    }
}

/// The first moment of a local date: midnight, or when clocks were put forward past it.
fn start_of(date: NaiveDate, zone: Tz) -> Option<Timestamp> {
    let midnight = date.and_time(NaiveTime::MIN);
    (0..=GAP_MINUTES_MAX)
        .find_map(|minutes| zone.from_local_datetime(&(midnight + TimeDelta::minutes(minutes))).earliest())
        .map(|start| start.with_timezone(&Utc).into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn cut(from: &str, to: &str, interval: Interval, zone: Tz) -> Vec<(String, u64)> {
        let buckets = buckets(Period { from: at(from), to: at(to) }, interval, zone).expect("few buckets");
        let minutes = |bucket: &Bucket| bucket.part.to.since(bucket.part.from).as_secs() / 60;
        buckets.iter().map(|bucket| (bucket.start.to_string().replace(":00.000000Z", "Z"), minutes(bucket))).collect()
    }

    fn pairs(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
        expected.iter().map(|(start, minutes)| ((*start).into(), *minutes)).collect()
    }

    #[test]
    fn a_day_is_longer_or_shorter_where_clocks_change() {
        let spring = cut("2026-03-28T23:00:00Z", "2026-03-30T22:00:00Z", Interval::Day, Tz::Europe__Berlin);
        assert_eq!(spring, pairs(&[("2026-03-28T23:00Z", 23 * 60), ("2026-03-29T22:00Z", 24 * 60)]));
        let autumn = cut("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", Interval::Day, Tz::Europe__Berlin);
        assert_eq!(autumn, pairs(&[("2026-10-24T22:00Z", 25 * 60)]));
    }

    #[test]
    fn every_hour_is_one_bucket_also_the_one_that_clocks_show_twice() {
        let autumn = cut("2026-10-24T23:30:00Z", "2026-10-25T02:00:00Z", Interval::Hour, Tz::Europe__Berlin);
        assert_eq!(autumn, pairs(&[("2026-10-24T23:00Z", 30), ("2026-10-25T00:00Z", 60), ("2026-10-25T01:00Z", 60)]));
        let india = cut("2026-05-01T00:00:00Z", "2026-05-01T01:00:00Z", Interval::Hour, Tz::Asia__Kolkata);
        assert_eq!(india, pairs(&[("2026-04-30T23:30Z", 30), ("2026-05-01T00:30Z", 30)]));
    }

    #[test]
    fn a_change_by_half_an_hour_keeps_later_hours_on_the_clock() {
        // Clocks on Lord Howe Island go back from 02:00 (+11:00) to 01:30 (+10:30).
        let hours = cut("2026-04-04T14:00:00Z", "2026-04-04T17:30:00Z", Interval::Hour, Tz::Australia__Lord_Howe);
        let expected = [
            ("2026-04-04T14:00Z", 60),
            ("2026-04-04T15:00Z", 30),
            ("2026-04-04T15:30Z", 60),
            ("2026-04-04T16:30Z", 60),
        ];
        assert_eq!(hours, pairs(&expected));
    }

    #[test]
    fn a_day_starts_when_its_midnight_was_skipped_and_may_be_missing_altogether() {
        // Clocks in Cairo go from 00:00 to 01:00.
        let cairo = cut("2026-04-23T00:00:00Z", "2026-04-24T21:00:00Z", Interval::Day, Tz::Africa__Cairo);
        assert_eq!(cairo, pairs(&[("2026-04-22T22:00Z", 22 * 60), ("2026-04-23T22:00Z", 23 * 60)]));
        // Samoa had no 30 December 2011.
        let samoa = cut("2011-12-29T10:00:00Z", "2011-12-31T10:00:00Z", Interval::Day, Tz::Pacific__Apia);
        assert_eq!(samoa, pairs(&[("2011-12-29T10:00Z", 24 * 60), ("2011-12-30T10:00Z", 24 * 60)]));
    }

    #[test]
    fn weeks_start_on_monday_and_months_on_their_first() {
        let weeks = cut("2026-05-06T12:00:00Z", "2026-05-12T00:00:00Z", Interval::Week, Tz::UTC);
        assert_eq!(weeks, pairs(&[("2026-05-04T00:00Z", 4 * 1440 + 720), ("2026-05-11T00:00Z", 1440)]));
        let months = cut("2026-01-31T00:00:00Z", "2026-03-02T00:00:00Z", Interval::Month, Tz::UTC);
        assert_eq!(
            months,
            pairs(&[("2026-01-01T00:00Z", 1440), ("2026-02-01T00:00Z", 28 * 1440), ("2026-03-01T00:00Z", 1440)])
        );
    }

    #[test]
    fn too_many_points_are_refused_with_the_limit() {
        let period = Period { from: at("2020-01-01T00:00:00Z"), to: at("2026-01-01T00:00:00Z") };
        let error = buckets(period, Interval::Minute, Tz::UTC).expect_err("too many");
        assert!(error.message.contains("2000 points"), "{}", error.message);
    }

    proptest! {
        #[test]
        fn buckets_cover_their_period_without_gaps_or_overlaps(
            from in 1_000_000_000_i64..2_000_000_000,
            length in 1_i64..40_000_000,
            micros in 0_i64..1_000_000,
            zone in proptest::sample::select(&chrono_tz::TZ_VARIANTS[..]),
            interval in proptest::sample::select(&[Interval::Minute, Interval::Hour, Interval::Day, Interval::Week, Interval::Month][..]),
        ) {
            let length = if interval == Interval::Minute { length / 1_000 + 1 } else { length.min(7_000_000) + 1 };
            let from = Timestamp::from_micros(from * MICROS_PER_SECOND + micros);
            let period = Period { from, to: Timestamp::from_micros(from.as_micros() + length * MICROS_PER_SECOND) };
            let buckets = buckets(period, interval, zone).expect("few buckets");
            prop_assert_eq!(buckets.first().map(|bucket| bucket.part.from), Some(period.from));
            prop_assert_eq!(buckets.last().map(|bucket| bucket.part.to), Some(period.to));
            for pair in buckets.windows(2) {
                prop_assert_eq!(pair[0].part.to, pair[1].part.from);
                prop_assert_eq!(pair[1].start, pair[1].part.from);
                prop_assert!(pair[1].start > pair[0].start);
            }
        }
    }
}
