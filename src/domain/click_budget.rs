//! So many clicks a day, week or month, by the clocks of a time zone.
//!
//! Law: every moment is in exactly one period, and periods follow each other without a gap.

use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time::Timestamp;

/// The most clicks of a period.
pub const CLICKS_MAX: i64 = 1_000_000_000_000;
/// How many half hours a time zone skips at most: a whole day, as some islands did when they went over the date line.
const SKIPPED_MAX: i32 = 48;

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BudgetPeriod {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A month of the calendar.
    Month,
}

/// How many redirects a link may answer in every period; exact. What is left of a period is lost with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClickBudget {
    /// How many.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_i64)]
    pub clicks: i64,
    /// How long a period is.
    pub period: BudgetPeriod,
    /// Whose midnight it is: an IANA name.
    #[schema(max_length = 64, example = "Europe/Berlin")]
    pub time_zone: String,
}

/// How much of a budget is used in the period that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct BudgetUse {
    /// How many redirects there were.
    pub used: i64,
    /// How many there may still be.
    pub left: i64,
    /// When the next period begins.
    pub period_end: Timestamp,
}

/// A period: from its start on, until before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment of the next.
    pub end: Timestamp,
}

impl ClickBudget {
    /// Whether there is such a time zone.
    #[must_use]
    pub fn has_time_zone(&self) -> bool {
        self.time_zone.parse::<Tz>().is_ok()
    }

    /// The period of a moment. A time zone that is no longer known counts as UTC; beyond the calendar all time is one period.
    #[must_use]
    pub fn period_at(&self, now: Timestamp) -> Period {
        let zone = self.time_zone.parse().unwrap_or(Tz::UTC);
        let always = Period { start: Timestamp::from_micros(i64::MIN), end: Timestamp::from_micros(i64::MAX) };
        let Some(now) = now.to_utc() else { return always };
        let date = now.with_timezone(&zone).date_naive();
        let bounds =
            self.dates_around(date).and_then(|(first, next)| Some((midnight(zone, first)?, midnight(zone, next)?)));
        bounds.map_or(always, |(start, end)| Period { start, end })
    }

    /// How much is used at a moment, where `clicks` were counted in the period that began at `start`.
    #[must_use]
    pub fn used_at(&self, now: Timestamp, start: Option<Timestamp>, clicks: i64) -> BudgetUse {
        let period = self.period_at(now);
        let is_running = start.is_some_and(|start| start >= period.start);
        let used = if is_running { clicks } else { 0 };
        BudgetUse { used, left: self.clicks.saturating_sub(used).max(0), period_end: period.end }
    }

    /// The first date of the period of a date, and that of the next.
    fn dates_around(&self, date: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
        let first = match self.period {
            BudgetPeriod::Day => date,
            BudgetPeriod::Week => date.checked_sub_days(Days::new(date.weekday().num_days_from_monday().into()))?,
            BudgetPeriod::Month => date.with_day(1)?,
        };
        let next = match self.period {
            BudgetPeriod::Day => first.checked_add_days(Days::new(1)),
            BudgetPeriod::Week => first.checked_add_days(Days::new(7)),
            BudgetPeriod::Month => first.checked_add_months(Months::new(1)),
        };
        Some((first, next?))
    }
}

/// When a date begins: at its first moment, where clocks skip midnight.
fn midnight(zone: Tz, date: NaiveDate) -> Option<Timestamp> {
    let begin = |half_hours: i32| {
        let local = date.and_time(NaiveTime::MIN).checked_add_signed(TimeDelta::minutes(i64::from(half_hours) * 30))?;
        zone.from_local_datetime(&local).earliest()
    };
    (0..=SKIPPED_MAX).find_map(begin).map(|start| start.to_utc().into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn budget(period: BudgetPeriod, time_zone: &str) -> ClickBudget {
        ClickBudget { clicks: 1, period, time_zone: time_zone.to_owned() }
    }

    fn period(budget: &ClickBudget, at: &str) -> (String, String) {
        let period = budget.period_at(at.parse().expect("a time"));
        (period.start.to_string(), period.end.to_string())
    }

    #[test]
    fn periods_follow_the_calendar_of_their_time_zone() {
        let berlin = |length| budget(length, "Europe/Berlin");
        let expected = |start: &str, end: &str| (format!("{start}:00:00.000000Z"), format!("{end}:00:00.000000Z"));
        let at = "2026-03-29T12:00:00Z";
        assert_eq!(period(&berlin(BudgetPeriod::Day), at), expected("2026-03-28T23", "2026-03-29T22"));
        assert_eq!(period(&berlin(BudgetPeriod::Week), at), expected("2026-03-22T23", "2026-03-29T22"));
        assert_eq!(period(&berlin(BudgetPeriod::Month), at), expected("2026-02-28T23", "2026-03-31T22"));
        // Clocks there go from 23:59 to 01:00.
        let cairo = budget(BudgetPeriod::Day, "Africa/Cairo");
        assert_eq!(period(&cairo, "2026-04-24T12:00:00Z"), expected("2026-04-23T22", "2026-04-24T21"));
    }

    #[test]
    fn clicks_of_an_earlier_period_use_nothing_of_this_one() {
        let budget = ClickBudget { clicks: 3, ..budget(BudgetPeriod::Day, "UTC") };
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let now = at("2026-05-02T12:00:00Z");
        let of = |start: Option<&str>, clicks| {
            let BudgetUse { used, left, .. } = budget.used_at(now, start.map(at), clicks);
            (used, left)
        };
        assert_eq!(of(None, 0), (0, 3));
        assert_eq!(of(Some("2026-05-01T00:00:00Z"), 3), (0, 3));
        assert_eq!(of(Some("2026-05-02T00:00:00Z"), 2), (2, 1));
        // The budget was lowered since.
        assert_eq!(of(Some("2026-05-02T00:00:00Z"), 5), (5, 0));
        assert_eq!(budget.used_at(now, None, 0).period_end, at("2026-05-03T00:00:00Z"));
    }

    proptest! {
        #[test]
        fn every_moment_is_in_one_period(
            micros in 0_i64..4_000_000_000_000_000,
            length in prop::sample::select(vec![BudgetPeriod::Day, BudgetPeriod::Week, BudgetPeriod::Month]),
            zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/Havana", "Pacific/Apia", "Asia/Kathmandu", "Africa/Cairo"]),
        ) {
            let (budget, now) = (budget(length, zone), Timestamp::from_micros(micros));
            let period = budget.period_at(now);
            prop_assert!(period.start <= now && now < period.end);
            prop_assert_eq!(budget.period_at(period.start), period);
            prop_assert_eq!(budget.period_at(Timestamp::from_micros(period.end.as_micros() - 1)), period);
            prop_assert_eq!(budget.period_at(period.end).start, period.end);
        }
    }
}
