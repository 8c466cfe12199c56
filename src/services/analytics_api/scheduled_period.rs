//! The weeks and months of a time zone that reports come after.

use std::time::Duration;

use chrono_tz::Tz;

use super::calendar::{Interval, buckets};
use crate::domain::error::{Error, Result};
use crate::domain::report_schedule::ReportInterval;
use crate::domain::time::Timestamp;
use crate::infra::click_store::Period;

/// Two months back there is a whole one, and one month ahead another ends.
const AROUND: Duration = Duration::from_secs(70 * 24 * 60 * 60);
/// How long after a period its report comes, so that the last clicks have been stored.
const DELAY: Duration = Duration::from_secs(60 * 60);

/// A period that is over, and when the report of the next one comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) last: Period,
    pub(super) next_at: Timestamp,
}

/// How it is at this moment.
///
/// # Errors
/// `Internal` at the ends of time.
pub(super) fn turn(every: ReportInterval, zone: Tz, now: Timestamp) -> Result<Turn> {
    let interval = match every {
        ReportInterval::Week => Interval::Week,
        ReportInterval::Month => Interval::Month,
    };
    let buckets = buckets(Period { from: now.minus(AROUND), to: now.plus(AROUND) }, interval, zone)?;
    let starts: Vec<Timestamp> = buckets.iter().map(|bucket| bucket.start).collect();
    let current = starts.partition_point(|start| *start <= now);
    let place = |back: usize| current.checked_sub(back).and_then(|place| starts.get(place)).copied();
    match (place(2), place(1), place(0)) {
        (Some(from), Some(to), Some(next)) => Ok(Turn { last: Period { from, to }, next_at: next.plus(DELAY) }),
        _ => Err(Error::internal(format!("there is no period around {now}"))),
    }
}

/// Behind every turn that there can be at this moment.
pub(super) fn latest_turn(every: ReportInterval, now: Timestamp) -> Timestamp {
    // Clocks of zones change by some hours, at most by a day.
    let days = match every {
        ReportInterval::Week => 7 + 2,
        ReportInterval::Month => 31 + 2,
    };
    now.plus(Duration::from_secs(days * 24 * 60 * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a report is compared with.
    #[test]
    fn the_period_before_one_that_is_over_is_the_one_whose_turn_it_was_when_it_began() {
        let before = |every, from: &str| {
            let Period { from, to } = turn(every, Tz::Europe__Berlin, at(from)).expect("a turn").last;
            (from.to_string(), to.to_string())
        };
        let march = before(ReportInterval::Month, "2026-02-28T23:00:00Z");
        assert_eq!(march, (at("2026-01-31T23:00:00Z").to_string(), at("2026-02-28T23:00:00Z").to_string()));
        let april = before(ReportInterval::Month, "2026-03-31T22:00:00Z");
        assert_eq!(april, (at("2026-02-28T23:00:00Z").to_string(), at("2026-03-31T22:00:00Z").to_string()));
        let week = before(ReportInterval::Week, "2026-03-29T22:00:00Z");
        assert_eq!(week, (at("2026-03-22T23:00:00Z").to_string(), at("2026-03-29T22:00:00Z").to_string()));
    }

    #[test]
    fn no_turn_is_behind_the_latest() {
        for day in 0..400 {
            let now = at("2026-01-01T00:30:00Z").plus(Duration::from_secs(day * 24 * 60 * 60));
            for zone in [Tz::UTC, Tz::Pacific__Apia, Tz::America__St_Johns] {
                for every in [ReportInterval::Week, ReportInterval::Month] {
                    assert!(turn(every, zone, now).expect("a turn").next_at < latest_turn(every, now));
                }
            }
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn weeks_and_months_follow_the_clocks_of_the_zone() {
        // Clocks in Berlin went forward on 29 March 2026: that week has an hour less.
        let week = turn(ReportInterval::Week, Tz::Europe__Berlin, at("2026-04-01T12:00:00Z")).expect("a turn");
        assert_eq!(week.last, Period { from: at("2026-03-22T23:00:00Z"), to: at("2026-03-29T22:00:00Z") });
        assert_eq!(week.next_at, at("2026-04-05T23:00:00Z"));
        let month = turn(ReportInterval::Month, Tz::Europe__Berlin, at("2026-11-02T00:00:00Z")).expect("a turn");
        assert_eq!(month.last, Period { from: at("2026-09-30T22:00:00Z"), to: at("2026-10-31T23:00:00Z") });
        assert_eq!(month.next_at, at("2026-12-01T00:00:00Z"));
    }

    #[test]
    fn a_period_is_over_with_its_last_moment() {
        let before = turn(ReportInterval::Month, Tz::UTC, at("2026-02-28T23:59:59.999999Z")).expect("a turn");
        assert_eq!(before.last.to, at("2026-02-01T00:00:00Z"));
        let after = turn(ReportInterval::Month, Tz::UTC, at("2026-03-01T00:00:00Z")).expect("a turn");
        assert_eq!(after.last, Period { from: at("2026-02-01T00:00:00Z"), to: at("2026-03-01T00:00:00Z") });
        assert_eq!(after.next_at, at("2026-04-01T01:00:00Z"));
    }
}
