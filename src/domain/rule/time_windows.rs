//! Windows of time by the clocks of a zone. A moment is turned into what the
//! clocks show, so an hour that they skip never comes and one that they repeat comes twice.

use std::fmt;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike};
use chrono_tz::Tz;

use super::field_errors::{FieldErrors, ValueError};
use super::limits::VALUES_MAX;
use super::{TimeWindow, Weekday};
use crate::domain::time::Timestamp;

const MINUTES_OF_A_DAY: u32 = 24 * 60;

/// All windows of one condition.
#[derive(Debug)]
pub(super) struct TimeWindows {
    zone: Tz,
    windows: Box<[Window]>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    /// One bit a day, Monday the lowest; all bits if every day counts.
    days: u8,
    /// Minute of the day, inclusive.
    from: u32,
    /// Minute of the day, exclusive; before `from` if the window passes midnight.
    until: u32,
    first_date: NaiveDate,
    last_date: NaiveDate,
}

impl TimeWindows {
    /// Reads the windows of a condition at `pointer`.
    pub fn compile(pointer: &str, time_zone: &str, windows: &[TimeWindow], errors: &mut FieldErrors) -> Option<Self> {
        let zone = errors.check(format!("{pointer}/time_zone"), parse_zone(time_zone));
        let pointer = format!("{pointer}/any_of");
        errors.check_count(&pointer, windows.len());
        let considered = windows.iter().take(VALUES_MAX).enumerate();
        let windows = considered
            .filter_map(|(index, window)| Window::compile(&format!("{pointer}/{index}"), window, errors))
            .collect();
        Some(Self { zone: zone?, windows })
    }

    /// Whether the clocks of the zone stand within one of the windows.
    pub fn contain(&self, now: Timestamp) -> bool {
        let Some(local) = self.local(now) else { return false };
        let minute = local.hour() * 60 + local.minute();
        self.windows.iter().any(|window| window.contains(local.date(), minute))
    }

    /// What the clocks of the zone show; none at the ends of the calendar.
    pub fn local(&self, now: Timestamp) -> Option<NaiveDateTime> {
        let utc = now.to_utc()?.naive_utc();
        let offset = self.zone.offset_from_utc_datetime(&utc).fix().local_minus_utc();
        utc.checked_add_signed(TimeDelta::seconds(i64::from(offset)))
    }

    /// The name of the zone.
    pub fn zone(&self) -> impl fmt::Display {
        self.zone
    }

    /// Memory on the heap, in bytes.
    pub fn heap_bytes(&self) -> usize {
        size_of_val::<[Window]>(&self.windows)
    }
}

impl Window {
    fn compile(pointer: &str, window: &TimeWindow, errors: &mut FieldErrors) -> Option<Self> {
        let from = errors.check(format!("{pointer}/from"), parse_minute(window.from.as_deref(), 0));
        let until = errors.check(format!("{pointer}/until"), parse_minute(window.until.as_deref(), MINUTES_OF_A_DAY));
        let first = parse_date(window.first_date.as_deref(), NaiveDate::MIN);
        let first_date = errors.check(format!("{pointer}/first_date"), first);
        let last = parse_date(window.last_date.as_deref(), NaiveDate::MAX);
        let last_date = errors.check(format!("{pointer}/last_date"), last);
        let days = window.days.iter().fold(0, |bits, day| bits | bit(*day));
        let compiled = Self {
            days: if days == 0 { u8::MAX } else { days },
            from: from?,
            until: until?,
            first_date: first_date?,
            last_date: last_date?,
        };
        if compiled.from == compiled.until {
            errors.add(format!("{pointer}/until"), ValueError::new("empty_window", "from and until must differ"));
        }
        if compiled.first_date > compiled.last_date {
            let error = ValueError::new("empty_window", "last_date must not be before first_date");
            errors.add(format!("{pointer}/last_date"), error);
        }
        Some(compiled)
    }

    fn contains(&self, date: NaiveDate, minute: u32) -> bool {
        if self.from < self.until {
            return self.from <= minute && minute < self.until && self.begins_on(date);
        }
        let since_today = self.from <= minute && self.begins_on(date);
        let since_yesterday = minute < self.until && date.pred_opt().is_some_and(|before| self.begins_on(before));
        since_today || since_yesterday
    }

    fn begins_on(&self, date: NaiveDate) -> bool {
        let day = 1 << date.weekday().num_days_from_monday();
        self.days & day != 0 && self.first_date <= date && date <= self.last_date
    }
}

const fn bit(day: Weekday) -> u8 {
    match day {
        Weekday::Monday => 1,
        Weekday::Tuesday => 1 << 1,
        Weekday::Wednesday => 1 << 2,
        Weekday::Thursday => 1 << 3,
        Weekday::Friday => 1 << 4,
        Weekday::Saturday => 1 << 5,
        Weekday::Sunday => 1 << 6,
    }
}

fn parse_zone(text: &str) -> Result<Tz, ValueError> {
    text.parse().map_err(|_| ValueError::new("time_zone", "expected an IANA time zone such as Europe/Berlin"))
}

/// `HH:MM` as the minute of the day.
fn parse_minute(text: Option<&str>, default: u32) -> Result<u32, ValueError> {
    let Some(text) = text else { return Ok(default) };
    let minute = |digits: &[u8]| match *digits {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', b':', c @ b'0'..=b'9', d @ b'0'..=b'9'] => {
            let (hours, minutes) =
                (u32::from(a - b'0') * 10 + u32::from(b - b'0'), u32::from(c - b'0') * 10 + u32::from(d - b'0'));
            (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
        }
        _ => None,
    };
    minute(text.as_bytes()).ok_or_else(|| ValueError::new("time_of_day", "expected HH:MM between 00:00 and 23:59"))
}

fn parse_date(text: Option<&str>, default: NaiveDate) -> Result<NaiveDate, ValueError> {
    let Some(text) = text else { return Ok(default) };
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    // The calendar's own reader takes shorter forms as well; each date has one spelling here.
    date.filter(|date| date.to_string() == text).ok_or_else(|| ValueError::new("date", "expected a date as YYYY-MM-DD"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(zone: &str, windows: &[TimeWindow]) -> TimeWindows {
        let mut errors = FieldErrors::default();
        let compiled = TimeWindows::compile("", zone, windows, &mut errors);
        errors.into_result(compiled).expect("no errors").expect("windows")
    }

    fn hours(from: &str, until: &str) -> TimeWindow {
        TimeWindow { from: Some(from.to_owned()), until: Some(until.to_owned()), ..TimeWindow::default() }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn an_hour_that_the_clocks_skip_never_comes() {
        // On 2026-03-29 clocks in Berlin went from 02:00 to 03:00, at 01:00 UTC.
        let skipped = windows("Europe/Berlin", &[hours("02:00", "03:00")]);
        assert!(!skipped.contain(at("2026-03-29T00:59:59Z")));
        assert!(!skipped.contain(at("2026-03-29T01:00:00Z")));
        assert!(skipped.contain(at("2026-03-28T01:00:00Z")));
        assert!(skipped.contain(at("2026-03-30T00:00:00Z")));
    }

    #[test]
    fn an_hour_that_the_clocks_repeat_comes_twice() {
        // On 2026-10-25 clocks in Berlin went from 03:00 back to 02:00, at 01:00 UTC.
        let repeated = windows("Europe/Berlin", &[hours("02:00", "03:00")]);
        assert!(!repeated.contain(at("2026-10-24T23:59:59Z")));
        assert!(repeated.contain(at("2026-10-25T00:00:00Z")));
        assert!(repeated.contain(at("2026-10-25T01:59:59Z")));
        assert!(!repeated.contain(at("2026-10-25T02:00:00Z")));
    }

    #[test]
    fn a_window_past_midnight_belongs_to_the_day_it_begins_on() {
        let friday_night = TimeWindow { days: vec![Weekday::Friday], ..hours("22:00", "02:00") };
        let friday_night = windows("UTC", &[friday_night]);
        assert!(friday_night.contain(at("2026-05-01T22:00:00Z")));
        assert!(friday_night.contain(at("2026-05-02T01:59:59Z")));
        assert!(!friday_night.contain(at("2026-05-02T02:00:00Z")));
        assert!(!friday_night.contain(at("2026-05-01T01:00:00Z")));
        assert!(!friday_night.contain(at("2026-05-02T22:00:00Z")));
    }

    #[test]
    fn dates_are_those_of_the_zone() {
        let window = TimeWindow {
            first_date: Some("2026-05-01".to_owned()),
            last_date: Some("2026-05-01".to_owned()),
            ..TimeWindow::default()
        };
        let day = windows("Asia/Tokyo", &[window]);
        assert!(!day.contain(at("2026-04-30T14:59:59Z")));
        assert!(day.contain(at("2026-04-30T15:00:00Z")));
        assert!(day.contain(at("2026-05-01T14:59:59Z")));
        assert!(!day.contain(at("2026-05-01T15:00:00Z")));
    }

    #[test]
    fn until_midnight_is_the_end_of_the_day() {
        let evening = windows("UTC", &[hours("18:00", "00:00")]);
        assert!(evening.contain(at("2026-05-01T23:59:59Z")));
        assert!(!evening.contain(at("2026-05-01T00:00:00Z")));
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        let always = windows("Europe/Berlin", &[TimeWindow::default()]);
        for micros in [i64::MIN, i64::MAX, -8_334_601_228_800_000_000, 8_210_266_876_799_999_999] {
            always.contain(Timestamp::from_micros(micros));
        }
    }

    #[test]
    fn all_errors_of_a_window_are_found() {
        let mut errors = FieldErrors::default();
        let window = TimeWindow {
            from: Some("9:00".to_owned()),
            until: Some("24:00".to_owned()),
            first_date: Some("2026-2-3".to_owned()),
            last_date: Some("2026-02-30".to_owned()),
            ..TimeWindow::default()
        };
        let empty = TimeWindow {
            first_date: Some("2026-02-03".to_owned()),
            last_date: Some("2026-02-02".to_owned()),
            ..hours("09:00", "09:00")
        };
        TimeWindows::compile("", "Mars/Olympus", &[window, empty], &mut errors);
        let found = errors.into_result(()).expect_err("errors");
        let places: Vec<_> = found.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(
            places,
            [
                "/time_zone",
                "/any_of/0/from",
                "/any_of/0/until",
                "/any_of/0/first_date",
                "/any_of/0/last_date",
                "/any_of/1/until",
                "/any_of/1/last_date"
            ]
        );
    }
}
