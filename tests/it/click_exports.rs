//! Files of clicks: written by a worker, downloaded by a link, made and read by those alone who see all links.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::audit::{elido, text};
use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::ports::free_address;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// Somebody with clicks: three of one link, two of another.
async fn start() -> (Platform, Account) {
    let port = free_address();
    let platform = Platform::start_with(|config| {
        // Links lead to where people reach the API.
        config.api.listen = port;
        config.api.public_url = format!("http://{port}/").parse().expect("a URL");
    })
    .await;
    let account = platform.account().await;
    for (slug, visits) in [("one", 3), ("two", 2)] {
        platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": slug })).await;
        for _ in 0..visits {
            let visit = platform.client.get(platform.edge(&format!("/{slug}"))).header("host", "localhost");
            let visit = visit.header("user-agent", FIREFOX).send().await.expect("a response");
            assert_eq!(visit.status(), StatusCode::FOUND);
        }
    }
    eventually("five clicks", || async { platform.read(&account, "/analytics/summary").await["clicks"] == 5 }).await;
    (platform, account)
}

async fn ask(platform: &Platform, account: &Account, draft: &Value, status: StatusCode) -> Value {
    body(platform.of(account, Method::POST, "/click-exports").json(draft), status).await
}

/// The export once it is no longer pending.
async fn finished(platform: &Platform, account: &Account, asked: &Value) -> Value {
    let path = format!("/click-exports/{}", asked["id"].as_str().expect("an id"));
    eventually("it is finished", || async { platform.read(account, &path).await["state"] != "pending" }).await;
    platform.read(account, &path).await
}

async fn file(platform: &Platform, account: &Account, export: &Value) -> String {
    let path = format!("/click-exports/{}/link", export["id"].as_str().expect("an id"));
    let link = platform.read(account, &path).await;
    let url = link["url"].as_str().expect("a URL");
    let response = platform.client.get(url).send().await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK);
    response.text().await.expect("a text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_clicks_has_what_a_stream_of_them_has() {
    let (platform, account) = start().await;
    for (format, filters, lines) in [("csv", "", 6), ("ndjson", "slug=one", 3)] {
        let draft = json!({ "format": format, "filters": filters });
        let asked = ask(&platform, &account, &draft, StatusCode::ACCEPTED).await;
        let export = finished(&platform, &account, &asked).await;
        assert_eq!((&export["state"], &export["format"]), (&json!("ready"), &json!(format)), "{export}");
        let written = file(&platform, &account, &export).await;
        assert_eq!(written.lines().count(), lines, "{written}");
        assert_eq!(export["bytes"], written.len());
        let path = format!("/analytics/export?format={format}&{filters}");
        let streamed = platform.of(&account, Method::GET, &path).send().await.expect("a response");
        assert_eq!(streamed.text().await.expect("a text"), written);
    }
    let listed = platform.read(&account, "/click-exports").await;
    assert_eq!(listed["data"].as_array().expect("exports").len(), 2);
    let trail = platform.read(&account, "/audit-events").await.to_string();
    assert!(trail.contains("click_export.created") && trail.contains("click_export.finished"), "{trail}");

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("clicks.csv");
    let arguments = ["analytics", "export", "--filter", "slug=two", path.to_str().expect("a path")];
    let output = elido(&platform, &account, &arguments).await;
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(std::fs::read_to_string(path).expect("the file").lines().count(), 3, "a header and two clicks");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_file_that_is_asked_for_is_told() {
    let (platform, account) = start().await;
    for (draft, pointer) in [
        (json!({ "filters": "country=Atlantis" }), "/filters"),
        (json!({ "filters": "colour=red" }), "/filters"),
        (json!({ "filters": "from=2026-05-02T00:00:00Z&to=2026-05-01T00:00:00Z" }), "/filters"),
        (json!({ "filters": "x".repeat(4_001) }), "/filters"),
        (json!({ "format": "parquet" }), "/format"),
    ] {
        let problem = ask(&platform, &account, &draft, StatusCode::BAD_REQUEST).await;
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    assert_eq!(platform.read(&account, "/click-exports").await["data"], json!([]));
}
