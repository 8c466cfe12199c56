//! Files of clicks: written by a worker, downloaded by a link, made and read by those alone who see all links.

use bytes::Bytes;
use parquet::file::reader::{FileReader, SerializedFileReader};
use reqwest::{Method, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::audit::{elido, text};
use crate::clickhouse;
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

async fn bytes(platform: &Platform, account: &Account, export: &Value) -> Bytes {
    let path = format!("/click-exports/{}/link", export["id"].as_str().expect("an id"));
    let link = platform.read(account, &path).await;
    let url = link["url"].as_str().expect("a URL");
    let response = platform.client.get(url).send().await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK);
    response.bytes().await.expect("the file")
}

async fn file(platform: &Platform, account: &Account, export: &Value) -> String {
    String::from_utf8(bytes(platform, account, export).await.into()).expect("a text")
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
async fn a_parquet_file_is_read_by_others_and_says_what_the_lines_say() {
    let (platform, account) = start().await;
    let mut files = Vec::new();
    for format in ["ndjson", "parquet"] {
        let asked = ask(&platform, &account, &json!({ "format": format }), StatusCode::ACCEPTED).await;
        let export = finished(&platform, &account, &asked).await;
        assert_eq!(export["state"], "ready", "{export}");
        files.push(bytes(&platform, &account, &export).await);
    }
    let [lines, parquet] = &files[..] else { panic!("two files") };
    let reader = SerializedFileReader::new(parquet.clone()).expect("a Parquet file");
    assert_eq!(reader.metadata().file_metadata().num_rows(), 5);

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("clicks.parquet");
    let arguments = ["analytics", "export", "--format", "parquet", path.to_str().expect("a path")];
    let output = elido(&platform, &account, &arguments).await;
    assert!(output.status.success(), "{}", text(&output));
    assert!(std::fs::read(path).expect("the file").ends_with(b"PAR1"));

    let Some(database) = clickhouse::database().await else {
        println!("SKIPPED: ELIDO_TEST_CLICKHOUSE_URL does not name a server");
        return;
    };
    let lines: Vec<Value> = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(parsed).collect();
    assert_eq!(read_by_clickhouse(&database, parquet.clone()).await, lines);
}

fn parsed(line: &[u8]) -> Value {
    serde_json::from_slice(line).expect("JSON")
}

/// The rows of a Parquet file, as another program understands them, newest first.
async fn read_by_clickhouse(database: &SecretString, parquet: Bytes) -> Vec<Value> {
    let table = "CREATE TABLE exported (id String, at DateTime64(6, 'UTC'), kind String, status UInt16, link_id Nullable(String),
        domain_id Nullable(String), host String, slug String, country Nullable(String), region Nullable(String), city Nullable(String),
        asn Nullable(UInt32), device String, os Nullable(String), browser Nullable(String), agent String, prefetch Bool, head Bool,
        opted_out Bool, counted Bool, referrer Nullable(String), language Nullable(String), utm_source Nullable(String),
        utm_medium Nullable(String), utm_campaign Nullable(String), utm_term Nullable(String), utm_content Nullable(String),
        rule Nullable(String), variant Nullable(String), qr Bool, visitor Nullable(String)) ENGINE = Memory";
    clickhouse::ask(database, table, Bytes::new()).await;
    clickhouse::ask(database, "INSERT INTO exported FORMAT Parquet", parquet).await;
    let rows = "SELECT * FROM exported ORDER BY at DESC FORMAT JSONEachRow";
    let rows = clickhouse::ask(database, rows, Bytes::new()).await;
    rows.lines()
        .map(|line| {
            let mut row = parsed(line.as_bytes());
            row["at"] = format!("{}Z", row["at"].as_str().expect("a time").replace(' ', "T")).into();
            row
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_file_that_is_asked_for_is_told() {
    let (platform, account) = start().await;
    for (draft, pointer) in [
        (json!({ "filters": "country=Atlantis" }), "/filters"),
        (json!({ "filters": "colour=red" }), "/filters"),
        (json!({ "filters": "from=2026-05-02T00:00:00Z&to=2026-05-01T00:00:00Z" }), "/filters"),
        (json!({ "filters": "x".repeat(4_001) }), "/filters"),
        (json!({ "format": "arrow" }), "/format"),
    ] {
        let problem = ask(&platform, &account, &draft, StatusCode::BAD_REQUEST).await;
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    assert_eq!(platform.read(&account, "/click-exports").await["data"], json!([]));
}
