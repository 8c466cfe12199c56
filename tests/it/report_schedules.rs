//! Reports by mail: once for each period, to members alone, and to oneself when one wants to see what they look like.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::audit::{elido, text};
use crate::support::mailbox::{letter, letters};
use crate::support::members::user_id;
use crate::support::platform::{Account, EMAIL, Platform, body, eventually};
use crate::support::statements::execute;

async fn make(platform: &Platform, account: &Account, draft: &Value, status: StatusCode) -> Value {
    body(platform.of(account, Method::POST, "/report-schedules").json(draft), status).await
}

/// How many jobs of this kind are done.
async fn done(platform: &Platform, account: &Account, kind: &str) -> usize {
    let url = platform.api(&format!("/v1/admin/jobs?kind={kind}&state=done&limit=100"));
    let jobs = body(platform.client.get(url).bearer_auth(&account.token), StatusCode::OK).await;
    jobs["data"].as_array().expect("jobs").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_comes_once_for_each_period_and_not_while_it_rests() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    let me = user_id(&platform, &account).await;
    let before = letters(&platform, EMAIL).len();
    let weekly = json!({ "name": "Every week", "every": "week", "time_zone": "Europe/Berlin", "recipients": [me] });
    let weekly = make(&platform, &account, &weekly, StatusCode::CREATED).await;
    let monthly = json!({ "name": "At rest", "every": "month", "recipients": [me], "filters": "kind=redirect" });
    let monthly = make(&platform, &account, &monthly, StatusCode::CREATED).await;
    let path = |schedule: &Value| format!("/report-schedules/{}", schedule["id"].as_str().expect("an id"));
    body(platform.of(&account, Method::PATCH, &path(&monthly)).json(&json!({ "paused": true })), StatusCode::OK).await;
    platform.stop().await;
    // Both are due, and the schedule is looked at again and again.
    execute(&platform.config, "UPDATE report_schedules SET next_at = 1").await;
    for _ in 0..2 {
        execute(&platform.config, "DELETE FROM job_schedules WHERE kind = 'plan_reports'").await;
        execute(&platform.config, "DELETE FROM jobs WHERE kind = 'plan_reports'").await;
        platform.start_again().await;
        eventually("it was looked at again", || async { done(&platform, &account, "plan_reports").await > 0 }).await;
        eventually("it was sent", || async { done(&platform, &account, "send_report").await > 0 }).await;
        platform.stop().await;
    }
    let sent = letters(&platform, EMAIL).split_off(before);
    assert_eq!(sent.len(), 1, "{sent:?}");
    for part in ["Subject: Every week: 0 clicks", "(Europe/Berlin)", "Clicks    0", "day,clicks,visitors", "filename="]
    {
        assert!(sent[0].contains(part), "{part}: {}", sent[0]);
    }
    platform.start_again().await;
    assert_eq!(done(&platform, &account, "send_report").await, 1);
    let later = platform.read(&account, &path(&weekly)).await;
    assert!(later["next_at"].as_str() > Some("2026-01-01"), "{later}");
    let resting = platform.read(&account, &path(&monthly)).await;
    assert!(resting["next_at"].as_str() < Some("1971"), "{resting}");
    let goes_on = platform.of(&account, Method::PATCH, &path(&monthly)).json(&json!({ "paused": false }));
    let goes_on = body(goes_on, StatusCode::OK).await;
    assert!(goes_on["next_at"].as_str() > Some("2026"), "what was left out is not made up for: {goes_on}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_a_clock_planned_that_was_ahead_is_planned_anew() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    let me = user_id(&platform, &account).await;
    let (mut planned, mut paths) = (Vec::new(), Vec::new());
    for every in ["week", "month"] {
        let schedule = make(
            &platform,
            &account,
            &json!({ "name": every, "every": every, "recipients": [me] }),
            StatusCode::CREATED,
        )
        .await;
        paths.push(format!("/report-schedules/{}", schedule["id"].as_str().expect("an id")));
        planned.push(schedule["next_at"].clone());
    }
    platform.stop().await;
    execute(&platform.config, "UPDATE report_schedules SET next_at = next_at + 315360000000000").await;
    execute(&platform.config, "DELETE FROM job_schedules WHERE kind = 'plan_reports'").await;
    platform.start_again().await;
    for (path, planned) in paths.iter().zip(&planned) {
        eventually("it comes when it should", || async { platform.read(&account, path).await["next_at"] == *planned })
            .await;
    }
    assert_eq!(done(&platform, &account, "send_report").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_goes_to_whoever_asks_and_wrong_drafts_are_told_field_by_field() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let me = user_id(&platform, &account).await;
    let stranger = "usr_00000000000000000000000000000000";
    for (draft, pointer) in [
        (json!({ "name": "T", "every": "week", "recipients": [] }), "/recipients"),
        (json!({ "name": "T", "every": "week", "recipients": [stranger] }), "/recipients/0"),
        (json!({ "name": "T", "every": "week", "recipients": [me, me] }), "/recipients"),
        (json!({ "name": "", "every": "week", "recipients": [me] }), "/name"),
        (json!({ "name": "T", "every": "day", "recipients": [me] }), "/every"),
        (json!({ "name": "T", "every": "week", "recipients": [me], "time_zone": "Mars" }), "/time_zone"),
        (json!({ "name": "T", "every": "week", "recipients": [me], "filters": "country=Atlantis" }), "/filters"),
        (
            json!({ "name": "T", "every": "week", "recipients": [me], "filters": "from=2026-05-01T00:00:00Z" }),
            "/filters",
        ),
    ] {
        let problem = make(&platform, &account, &draft, StatusCode::BAD_REQUEST).await;
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let before = letters(&platform, EMAIL).len();
    let arguments = ["report", "create", "Spring", "--every", "month", "--recipient", &me, "--json"];
    let output = elido(&platform, &account, &arguments).await;
    assert!(output.status.success(), "{}", text(&output));
    let schedule: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let id = schedule["id"].as_str().expect("an id");
    for command in [&["report", "pause", id][..], &["report", "test", id], &["report", "list"]] {
        let output = elido(&platform, &account, command).await;
        assert!(output.status.success(), "{}", text(&output));
    }
    let letter = letter(&platform, EMAIL, before + 1).await;
    assert!(letter.contains("Subject: Spring: 0 clicks"), "{letter}");
    let output = elido(&platform, &account, &["report", "delete", id]).await;
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(platform.read(&account, "/report-schedules").await["data"], json!([]));
}
