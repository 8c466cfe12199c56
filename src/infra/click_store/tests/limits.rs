//! What one question may take, and how many are asked at once.

use futures_util::future::join_all;

use super::*;
use crate::domain::time::Timestamp;

const DAY: i64 = 86_400_000_000;

/// Twenty clicks of each of three days that are in different months.
async fn store_months(house: &House) {
    for (journal, day) in [(1, 0), (2, 40), (3, 80)] {
        let mut batch = batch(journal, 0..20);
        batch.clicks.iter_mut().for_each(|record| record.click.at = Timestamp::from_micros(day * DAY + 1));
        house.put(&batch).await;
    }
}

fn days(from: i64, to: i64) -> Selection {
    let moment = |day: i64| Timestamp::from_micros(day * DAY);
    Selection::everything(workspace(1), Period { from: moment(from), to: moment(to) })
}

#[tokio::test]
async fn a_question_that_goes_through_too_many_clicks_is_refused_and_a_shorter_period_answered() {
    for mut house in houses().await {
        store_months(&house).await;
        house.config.query_clicks_max = 50;
        house.open_again().await;
        let counted = house.store.summary(&days(0, 60)).await.expect("forty clicks");
        assert_eq!(counted.clicks, 40);
        // A packed segment is gone through as a whole.
        for _ in ["as rows", "packed"] {
            let refused = house.store.summary(&days(0, 100)).await.expect_err("sixty clicks");
            assert!(matches!(refused, ClickStoreError::ClickLimit(50)), "{refused}");
            let error = crate::domain::error::Error::from(refused);
            assert_eq!(error.code, "query_click_limit");
            assert!(error.message.contains("more than 50 clicks"), "{}", error.message);
            let by_country = house.store.breakdown(&days(0, 100), Dimension::Country, 5).await;
            assert!(matches!(by_country, Err(ClickStoreError::ClickLimit(50))), "{by_country:?}");
            if house.database.is_none() {
                house.store.compact(true).await.expect("packed");
            }
        }
    }
}

#[tokio::test]
async fn more_questions_than_are_asked_at_once_are_answered_one_after_the_other() {
    for mut house in houses().await {
        store_months(&house).await;
        house.config.queries_per_workspace_max = 1;
        house.open_again().await;
        let selection = days(0, 100);
        let answers = join_all((0..20).map(|_| house.store.summary(&selection))).await;
        for answer in answers {
            assert_eq!(answer.expect("an answer").clicks, 60);
        }
    }
}

/// More links than one value of a request to ClickHouse may hold, and those that were clicked among them.
#[tokio::test]
async fn lists_of_very_many_links_are_asked_like_short_ones() {
    for house in houses().await {
        let mut clicks = batch(1, 0..30);
        for (number, record) in (0..).zip(&mut clicks.clicks) {
            record.click.link_id = Some(link([1, 9_000, 20_000][number % 3]));
        }
        house.put(&clicks).await;
        let store = &house.store;
        let many: Vec<_> = (1..=10_000).map(link).collect();
        let totals = store.link_totals(workspace(1), &many).await.expect("totals");
        assert_eq!(totals.len(), 2);

        let of_many = many.iter().map(|link| Some(Value::Id(link.as_uuid()))).collect();
        let filter = Filter::any_of(Dimension::Link, of_many);
        let everything = everything(workspace(1));
        let of_these = Selection { filters: vec![filter.clone()], ..everything.clone() };
        assert_eq!(store.summary(&of_these).await.expect("a summary").clicks, 20);
        let of_others = Selection { filters: vec![Filter { negated: true, ..filter }], ..everything.clone() };
        assert_eq!(store.summary(&of_others).await.expect("a summary").clicks, 10);
        let of_visible = Selection { hidden_links: many.clone(), ..everything.clone() };
        assert_eq!(store.summary(&of_visible).await.expect("a summary").clicks, 10);

        let tag = |number: u128| crate::domain::id::TagId::from_uuid(uuid::Uuid::from_u128(number));
        let tags = |(number, link): (usize, &crate::domain::id::LinkId)| TagMembership {
            tag_id: tag(u128::from(number < 5_000)),
            link_id: *link,
        };
        let memberships: Vec<_> = many.iter().enumerate().map(tags).collect();
        let by_tag = store.breakdown_by_tag(&everything, &memberships, 1).await.expect("a breakdown");
        assert_eq!((by_tag.items.len(), by_tag.items[0].counts.clicks), (1, 10));
        assert_eq!((by_tag.other_values, by_tag.other.clicks), (2, 20));
    }
}
