//! What questions about the clicks of one workspace may take: given by those who run the instance, held at once, counted where refused.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::audit::{elido, text};
use crate::support::members::member;
use crate::support::platform::{Account, Platform, body, eventually};
use elido::domain::role::Role;

async fn change(platform: &Platform, who: &Account, workspace: &str, patch: &Value, status: StatusCode) -> Value {
    let url = platform.api(&format!("/v1/admin/workspaces/{workspace}/query-limits"));
    body(platform.client.request(Method::PATCH, url).bearer_auth(&who.token).json(patch), status).await
}

/// How often questions were refused for this reason. Other tests share the count.
async fn refusals(platform: &Platform, reason: &str) -> f64 {
    let series = format!("elido_click_query_refusals_total{{reason=\"{reason}\"}} ");
    let response = platform.client.get(platform.internal("/metrics")).send().await.expect("a response");
    let metrics = response.text().await.expect("a text");
    metrics.lines().find_map(|line| line.strip_prefix(&series)?.parse().ok()).unwrap_or(0.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_has_limits_of_its_own_and_others_have_those_of_the_settings() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "seen" })).await;
    for _ in 0..3 {
        platform.visit("/seen").await;
    }
    let summary = "/analytics/summary?include=bots";
    eventually("three clicks", || async { platform.read(&account, summary).await["clicks"] == 3 }).await;

    let limits = change(&platform, &account, &account.workspace, &json!({ "clicks_max": 2 }), StatusCode::OK).await;
    assert_eq!((&limits["clicks_max"], &limits["seconds_max"]), (&json!(2), &Value::Null), "{limits}");
    assert_eq!(limits["effective"], json!({ "seconds_max": 10, "clicks_max": 2, "queries_max": 4 }));
    let before = refusals(&platform, "clicks").await;
    let refused = body(platform.of(&account, Method::GET, summary), StatusCode::BAD_REQUEST).await;
    assert_eq!(refused["code"], "query_click_limit");
    assert!(refused["detail"].as_str().expect("a text").contains("more than 2 clicks"), "{refused}");
    assert!(refusals(&platform, "clicks").await > before, "it was counted");
    // The list of clicks looks at no more than it shows.
    assert_eq!(
        platform.read(&account, "/analytics/events?include=bots").await["data"].as_array().map(Vec::len),
        Some(3)
    );

    let trail = platform.read(&account, "/audit-events?limit=1").await;
    let row = &trail["data"][0];
    assert_eq!(row["action"], "query_limits.updated");
    assert_eq!((&row["before"]["clicks_max"], &row["after"]["clicks_max"]), (&Value::Null, &json!(2)), "{row}");

    let arguments = ["workspace", "query-limits", "--seconds-max", "30", "--reset", "--json"];
    let output = elido(&platform, &account, &arguments).await;
    assert!(output.status.success(), "{}", text(&output));
    let limits: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(limits["effective"], json!({ "seconds_max": 30, "clicks_max": 20_000_000_000_u64, "queries_max": 4 }));
    assert_eq!(platform.read(&account, summary).await["clicks"], 3, "it holds at once");
    let output = elido(&platform, &account, &["workspace", "query-limits", "--json"]).await;
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).expect("JSON"), limits, "{}", text(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_given_by_administrators_of_the_instance_alone_and_leave_room_for_others() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let owner = member(&platform, &account, "ada@example.com", Role::Owner).await;
    let raised = json!({ "seconds_max": 600 });
    let refused = change(&platform, &owner, &account.workspace, &raised, StatusCode::FORBIDDEN).await;
    assert_eq!(refused["code"], "instance_admin_required");
    for (patch, pointer) in [
        (json!({ "seconds_max": 0 }), "/seconds_max"),
        (json!({ "seconds_max": 601 }), "/seconds_max"),
        (json!({ "clicks_max": 0 }), "/clicks_max"),
        (json!({ "queries_max": 0 }), "/queries_max"),
        (json!({ "queries_max": 65 }), "/queries_max"),
        (json!({ "rows": 1 }), ""),
    ] {
        let problem = change(&platform, &account, &account.workspace, &patch, StatusCode::BAD_REQUEST).await;
        assert!(problem["errors"][0]["pointer"].as_str().expect("a pointer").starts_with(pointer), "{problem}");
    }
    let nobody = "ws_00000000000000000000000000000000";
    change(&platform, &account, nobody, &raised, StatusCode::NOT_FOUND).await;
}
