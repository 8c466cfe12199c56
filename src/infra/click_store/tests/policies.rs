//! What pages of links show, what workspaces decide of their clicks, and what is left of one that is gone, in every form.

use super::*;
use crate::domain::click::ClickKind;
use crate::domain::id::LinkId;
use crate::domain::time::Timestamp;

const DAY: i64 = 86_400_000_000;
const HOUR: i64 = DAY / 24;

fn moment(days: i64, hours: i64) -> Timestamp {
    Timestamp::from_micros(days * DAY + hours * HOUR)
}

/// Clicks of links at these moments.
async fn store_at(house: &House, journal: u64, moments: &[(Timestamp, LinkId)]) {
    let mut batch = batch(journal, 0..moments.len() as u64);
    for (record, (at, link_id)) in batch.clicks.iter_mut().zip(moments) {
        (record.click.at, record.click.link_id) = (*at, Some(*link_id));
    }
    house.put(&batch).await;
}

#[tokio::test]
async fn links_have_their_clicks_by_day_in_the_order_that_they_are_asked_for() {
    for house in houses().await {
        let moments =
            [(moment(0, 23), link(1)), (moment(1, 0), link(1)), (moment(1, 5), link(2)), (moment(2, 0), link(2))];
        store_at(&house, 1, &moments).await;
        let mut bots = batch(2, 0..1);
        (bots.clicks[0].click.at, bots.clicks[0].click.agent) = (moment(1, 1), AgentClass::Bot);
        house.put(&bots).await;
        let days = [(0, 1), (1, 2), (2, 3)];
        let periods = days.map(|(from, to)| Period { from: moment(from, 0), to: moment(to, 0) });
        let selection = Selection {
            include: Include::default(),
            filters: Vec::new(),
            ..Selection::everything(workspace(1), Period { from: moment(0, 0), to: moment(3, 0) })
        };
        let links = [link(2), link(3), link(1)];
        let clicks = house.store.links_over_time(&selection, &links, &periods).await.expect("clicks");
        assert_eq!(clicks, [[0, 1, 1], [0, 0, 0], [1, 1, 0]]);
        // By the clock of a zone that is two hours ahead, the late evening is of the next day.
        let zone = days.map(|(from, to)| Period { from: moment(from, -2), to: moment(to, -2) });
        let ahead = Selection { period: Period { from: moment(0, -2), to: moment(3, -2) }, ..selection };
        let clicks = house.store.links_over_time(&ahead, &links, &zone).await.expect("clicks");
        assert_eq!(clicks, [[0, 1, 1], [0, 0, 0], [0, 2, 0]]);
    }
}

#[tokio::test]
async fn a_workspace_keeps_its_clicks_for_its_own_time_and_totals_stay() {
    for house in houses().await {
        let moments =
            [(moment(10, 0), link(1)), (moment(11, 23), link(1)), (moment(12, 0), link(1)), (moment(13, 0), link(1))];
        store_at(&house, 1, &moments).await;
        let mut of_another = batch(2, 0..1);
        of_another.clicks[0].click.at = moment(10, 0);
        of_another.clicks[0].click.workspace_id = Some(workspace(2));
        house.put(&of_another).await;
        let deleted = house.store.delete_of_before(workspace(1), moment(12, 0)).await.expect("deleted");
        assert_eq!(deleted, Deleted { clicks: 2, damaged: 0 });
        let again = house.store.delete_of_before(workspace(1), moment(12, 0)).await.expect("deleted");
        assert_eq!(again.clicks, 0);
        let count = async |number: u128| {
            let period = Period { from: moment(0, 0), to: moment(100, 0) };
            let selection = Selection::everything(workspace(number), period);
            house.store.summary(&selection).await.expect("a summary").clicks
        };
        assert_eq!((count(1).await, count(2).await), (2, 1));
        let totals = house.store.link_totals(workspace(1), &[link(1)]).await.expect("totals");
        assert_eq!(totals[&link(1)].clicks, 4, "what a link was ever clicked");
    }
}

#[tokio::test]
async fn nothing_is_left_of_a_workspace_that_is_erased_and_others_keep_all() {
    for house in houses().await {
        // Packed ones and rows, a visit of a missing slug, and a click of another workspace.
        store_at(&house, 1, &[(moment(10, 0), link(1)), (moment(400, 0), link(2))]).await;
        if house.database.is_none() {
            house.store.compact(true).await.expect("packed");
        }
        store_at(&house, 2, &[(moment(20, 0), link(1))]).await;
        let mut visits = batch(3, 0..2);
        (visits.clicks[0].click.link_id, visits.clicks[0].click.kind) = (None, ClickKind::Missing);
        visits.clicks[1].click.workspace_id = Some(workspace(2));
        house.put(&visits).await;
        let gone = [workspace(1), workspace(3)];
        assert_eq!(house.store.erase_workspaces(&gone).await.expect("erased"), 4);
        assert_eq!(house.store.erase_workspaces(&gone).await.expect("nothing is left"), 0);
        let all = Period { from: Timestamp::EARLIEST, to: Timestamp::LATEST };
        for (number, clicks, links) in [(1, 0, 0), (2, 1, 1)] {
            let selection = Selection::everything(workspace(number), all);
            assert_eq!(house.store.summary(&selection).await.expect("a summary").clicks, clicks);
            let totals = house.store.link_totals(workspace(number), &[link(1), link(2)]).await.expect("totals");
            assert_eq!(totals.len(), links);
        }
        // A click that comes late goes with the next pass.
        store_at(&house, 4, &[(moment(30, 0), link(1))]).await;
        assert_eq!(house.store.erase_workspaces(&gone).await.expect("erased"), 1);
    }
}
