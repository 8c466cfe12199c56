//! What a workspace asks of its clicks: what of a visitor's address is used, and whether those count who ask not to be tracked. And the record of it.

use std::process::Command;

use elido::infra::grpc::v1;
use elido::infra::grpc::v1::workspaces_client::WorkspacesClient;
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::platform::{Account, Platform, body, eventually};

async fn visit(platform: &Platform, headers: &[(&str, &str)]) {
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let request = platform.client.get(platform.edge("/sale")).header("host", "localhost").header("user-agent", firefox);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    assert_eq!(request.send().await.expect("a response").status(), StatusCode::FOUND);
}

async fn set(platform: &Platform, account: &Account, patch: Value) -> Value {
    body(platform.of(account, Method::PATCH, "").json(&patch), StatusCode::OK).await
}

async fn summary(platform: &Platform, account: &Account) -> Value {
    platform.read(account, "/analytics/summary").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_decides_what_is_used_of_its_visitors() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "sale" })).await;
    let workspace = platform.read(&account, "").await;
    assert_eq!(
        (&workspace["click_retention_days"], &workspace["visitor_addresses"], &workspace["count_opted_out"]),
        (&json!(0), &json!("whole"), &json!(true))
    );
    for opt_out in ["dnt", "sec-gpc"] {
        visit(&platform, &[(opt_out, "1")]).await;
    }
    eventually("they count", || async { summary(&platform, &account).await["clicks"] == 2 }).await;

    let changed = set(&platform, &account, json!({ "count_opted_out": false, "visitor_addresses": "unused" })).await;
    assert_eq!((&changed["count_opted_out"], &changed["visitor_addresses"]), (&json!(false), &json!("unused")));
    // It holds for clicks that are looked at some seconds later.
    eventually("some are left out", || async {
        visit(&platform, &[("dnt", "1")]).await;
        summary(&platform, &account).await["left_out"]["opted_out"].as_u64() > Some(0)
    })
    .await;
    let before = summary(&platform, &account).await;
    visit(&platform, &[]).await;
    eventually("one more", || async {
        summary(&platform, &account).await["clicks"].as_u64() > before["clicks"].as_u64()
    })
    .await;
    let after = summary(&platform, &account).await;
    assert_eq!(after["visitors"], 0, "nobody is told apart: {after}");
    let all = platform.read(&account, "/analytics/summary?include=opted_out").await;
    let sum = after["clicks"].as_u64().zip(after["left_out"]["opted_out"].as_u64()).map(|(clicks, out)| clicks + out);
    assert_eq!(all["clicks"].as_u64(), sum);
    let listed = platform.read(&account, "/analytics/events?include=opted_out&limit=100").await;
    let clicks = listed["data"].as_array().expect("clicks");
    assert!(clicks.iter().any(|click| click["opted_out"] == true && click["counted"] == false), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clicks_are_to_be_like_is_said_over_every_way_and_checked() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let changed = set(&platform, &account, json!({ "click_retention_days": 400 })).await;
    assert_eq!(changed["click_retention_days"], 400);
    for (patch, pointer) in [
        (json!({ "click_retention_days": -1 }), "/click_retention_days"),
        (json!({ "click_retention_days": 36_501 }), "/click_retention_days"),
    ] {
        let refused = platform.of(&account, Method::PATCH, "").json(&patch);
        let problem = body(refused, StatusCode::BAD_REQUEST).await;
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let mut workspaces = WorkspacesClient::connect(platform.grpc()).await.expect("a connection");
    let mut request = tonic::Request::new(v1::UpdateWorkspaceRequest {
        workspace_id: account.workspace.clone(),
        visitor_addresses: Some(v1::VisitorAddresses::Truncated.into()),
        ..v1::UpdateWorkspaceRequest::default()
    });
    let token = format!("Bearer {}", account.token).parse().expect("a header");
    request.metadata_mut().insert("authorization", token);
    let answer = workspaces.update_workspace(request).await.expect("changed").into_inner();
    let workspace = answer.workspace.expect("a workspace");
    assert_eq!(workspace.visitor_addresses(), v1::VisitorAddresses::Truncated);
    assert_eq!((workspace.click_retention_days, workspace.count_opted_out), (400, true));
    let trail = platform.read(&account, "/audit-events").await;
    assert_eq!(trail["data"][0]["after"]["visitor_addresses"], "truncated", "{trail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clicks_of_a_link_and_of_a_visitor_are_erased_and_the_trail_says_so() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let mut links = Vec::new();
    for slug in ["sale", "other"] {
        let draft = json!({ "destination_url": "https://example.com/", "slug": slug });
        links.push(platform.create_link(&account, &draft).await["id"].clone());
    }
    for path in ["/sale", "/other", "/other"] {
        let request = platform.client.get(platform.edge(path)).header("host", "localhost");
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let response = request.header("user-agent", firefox).send().await.expect("a response");
        assert_eq!(response.status(), StatusCode::FOUND);
    }
    eventually("they are there", || async { summary(&platform, &account).await["clicks"] == 3 }).await;
    let erase = async |draft: Value, status| {
        body(platform.of(&account, Method::POST, "/analytics/erasures").json(&draft), status).await
    };
    for (draft, pointer) in [
        (json!({}), "/link_id"),
        (json!({ "visitor": "12" }), "/visitor"),
        (json!({ "from": "2026-05-02T00:00:00Z", "to": "2026-05-01T00:00:00Z" }), "/from"),
    ] {
        let problem = erase(draft, StatusCode::BAD_REQUEST).await;
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    assert_eq!(erase(json!({ "link_id": links[0] }), StatusCode::OK).await["erased"], 1);
    assert_eq!(summary(&platform, &account).await["clicks"], 2);
    let trail = platform.read(&account, "/audit-events").await;
    assert_eq!((&trail["data"][0]["action"], &trail["data"][0]["target"]), (&json!("clicks.erased"), &links[0]));
    let events = platform.read(&account, "/analytics/events").await;
    let visitor = events["data"][0]["visitor"].clone();
    assert_eq!(erase(json!({ "visitor": visitor }), StatusCode::OK).await["erased"], 2);
    assert_eq!(summary(&platform, &account).await["clicks"], 0);
    let trail = platform.read(&account, "/audit-events").await.to_string();
    assert!(!trail.contains(visitor.as_str().expect("a number")), "the visitor is not kept in the trail");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_of_processing_says_what_holds() {
    let platform = Platform::start_with(|config| config.click_store.retention_days = 90).await;
    let account = platform.account().await;
    set(&platform, &account, json!({ "click_retention_days": 30, "visitor_addresses": "truncated" })).await;
    let response = platform.of(&account, Method::GET, "/processing-record").send().await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/markdown; charset=utf-8");
    let record = response.text().await.expect("a text");
    let row = "| Test | 30 days | 24 bits of IPv4, 48 of IPv6";
    assert!(record.contains("- **Kept:** 90 days.") && record.contains(row), "{record}");

    let written = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_elido"));
        command.args(["privacy", "record"]).args(arguments);
        command.env("ELIDO_DATA_FOLDER", &platform.config.data_folder);
        command.env("ELIDO_DATABASE__URL", platform.config.database.url.expose_secret());
        let output = command.output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a text")
    };
    let all = written(&[]);
    assert!(all.contains("- **Kept:** for ever") && all.contains(row), "of its own settings: {all}");
    assert_eq!(written(&["--workspace", &account.workspace]), all, "there is one workspace");
}
