//! The forms answer alike: many questions over the same clicks, and days of zones that change their clocks.

use chrono::{Days, NaiveDate, TimeZone};
use chrono_tz::Tz;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::agreement::{random_click, random_selection, store_all, tag};
use super::*;
use crate::domain::time::Timestamp;

const QUESTIONS: usize = 500;

/// Clicks and questions that are the same in every run.
fn generated<T>(strategy: impl Strategy<Value = T>, runner: &mut TestRunner) -> T {
    strategy.new_tree(runner).expect("a value").current()
}

#[tokio::test]
async fn five_hundred_questions_are_answered_alike() {
    let houses = houses().await;
    let [embedded, server] = &houses[..] else { return };
    let runner = &mut TestRunner::deterministic();
    let clicks = generated(proptest::collection::vec(random_click(), 2_000), runner);
    store_all(embedded, &clicks).await;
    store_all(server, &clicks).await;
    let mut counted = 0;
    for number in 0..QUESTIONS {
        let selection = generated(random_selection(), runner);
        let (left, right) = (&embedded.store, &server.store);
        let limit = generated(1..8_u32, runner);
        let expect = "an answer";
        match number % 5 {
            0 => {
                let summary = left.summary(&selection).await.expect(expect);
                counted += summary.clicks;
                assert_eq!(summary, right.summary(&selection).await.expect(expect), "{selection:?}");
                let left_out = left.left_out(&selection).await.expect(expect);
                assert_eq!(left_out, right.left_out(&selection).await.expect(expect), "{selection:?}");
            }
            1 | 2 => {
                let dimension = generated(proptest::sample::select(&Dimension::ALL[..]), runner);
                let breakdown = left.breakdown(&selection, dimension, limit).await.expect(expect);
                let other = right.breakdown(&selection, dimension, limit).await.expect(expect);
                assert_eq!(breakdown, other, "{dimension:?} {selection:?}");
            }
            3 => {
                let carried = generated(proptest::collection::btree_set((1..4_u128, 1..5_u128), 0..8), runner);
                let membership = |(tag_number, link_number): (u128, u128)| TagMembership {
                    tag_id: tag(tag_number),
                    link_id: link(link_number),
                };
                let memberships: Vec<_> = carried.into_iter().map(membership).collect();
                let breakdown = left.breakdown_by_tag(&selection, &memberships, limit).await.expect(expect);
                let other = right.breakdown_by_tag(&selection, &memberships, limit).await.expect(expect);
                assert_eq!(breakdown, other, "{memberships:?} {selection:?}");
            }
            _ => {
                let page = left.events(&selection, None, limit).await.expect(expect);
                assert_eq!(page, right.events(&selection, None, limit).await.expect(expect), "{selection:?}");
                let after = page.last().map(|event| event.position);
                let page = left.events(&selection, after, limit).await.expect(expect);
                assert_eq!(
                    page,
                    right.events(&selection, after, limit).await.expect(expect),
                    "{after:?} {selection:?}"
                );
            }
        }
    }
    assert!(counted > 1_000, "the questions are about something: {counted}");
}

/// The days around the days on which clocks change, of which one has 23 hours, one 25, and on Lord Howe Island 23.5 and 24.5.
#[tokio::test]
async fn days_are_alike_also_where_clocks_change() {
    let houses = houses().await;
    let start = |zone: Tz, day: NaiveDate| {
        let midnight = zone.from_local_datetime(&day.and_hms_opt(0, 0, 0).expect("midnight")).earliest();
        Timestamp::from_micros(midnight.expect("midnight is there").timestamp_micros())
    };
    let first = NaiveDate::from_ymd_opt(2026, 3, 1).expect("a day");
    let half_hours = 255 * 48;
    for house in &houses {
        let mut batch = batch(1, 0..half_hours);
        for (number, record) in (0..).zip(&mut batch.clicks) {
            record.click.at = Timestamp::from_micros(start(Tz::UTC, first).as_micros() + number * 1_800_000_000);
        }
        house.put(&batch).await;
    }
    for zone in [Tz::America__New_York, Tz::Europe__Berlin, Tz::Australia__Lord_Howe] {
        let day = |number: u64| first.checked_add_days(Days::new(number)).expect("a day");
        let periods: Vec<_> = (5..250)
            .map(|number| Period { from: start(zone, day(number)), to: start(zone, day(number + 1)) })
            .collect();
        let period = Period { from: periods[0].from, to: periods[periods.len() - 1].to };
        let selection = Selection { period, ..everything(workspace(1)) };
        let expected: Vec<u64> = periods
            .iter()
            .map(|period| {
                u64::try_from((period.to.as_micros() - period.from.as_micros()) / 1_800_000_000).expect("positive")
            })
            .collect();
        assert!(
            expected.iter().any(|half_hours| *half_hours < 48) && expected.iter().any(|half_hours| *half_hours > 48)
        );
        for house in &houses {
            let series = house.store.timeseries(&selection, &periods).await.expect("a series");
            assert_eq!(series.iter().map(|counts| counts.clicks).collect::<Vec<_>>(), expected, "{zone}");
        }
    }
}
