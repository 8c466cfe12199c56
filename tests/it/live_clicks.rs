//! The clicks of the last half hour: read, and followed as they come.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::platform::{Account, Platform, body, eventually};

const PATIENCE: Duration = Duration::from_secs(30);

async fn visit(platform: &Platform, slug: &str) {
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let request = platform.client.get(platform.edge(slug)).header("host", "localhost").header("user-agent", firefox);
    assert_eq!(request.send().await.expect("a response").status(), StatusCode::FOUND);
}

/// What a stream has brought and nobody has read yet.
struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(platform: &Platform, account: &Account, query: &str) -> Self {
        let request = platform.of(account, Method::GET, &format!("/analytics/live?{query}"));
        let response = request.header("accept", "text/event-stream").send().await.expect("a response");
        assert_eq!(
            (response.status(), &response.headers()["content-type"]),
            (StatusCode::OK, &"text/event-stream".parse().expect("a header"))
        );
        Self { response, text: String::new() }
    }

    /// The name and the content of the next message.
    async fn next(&mut self) -> (String, Value) {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| message.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let found = field("event:").map(str::to_owned).zip(field("data:").map(str::to_owned));
                self.text = rest.to_owned();
                match found {
                    Some((event, data)) => return (event, serde_json::from_str(&data).expect("JSON")),
                    None => continue,
                }
            }
            let piece = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("in time").expect("a piece");
            self.text.push_str(std::str::from_utf8(&piece.expect("the stream goes on")).expect("text"));
        }
    }
}

fn sum(live: &Value) -> u64 {
    live["minutes"].as_array().expect("minutes").iter().filter_map(|minute| minute["clicks"].as_u64()).sum()
}

fn slugs(live: &Value) -> Vec<&str> {
    live["clicks"].as_array().expect("clicks").iter().filter_map(|click| click["slug"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn clicks_are_told_once_as_they_come_and_counted_by_the_minute() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    for slug in ["a", "b"] {
        platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": slug })).await;
    }
    visit(&platform, "/a").await;
    eventually("it is there", || async { sum(&platform.read(&account, "/analytics/live").await) == 1 }).await;
    let now = platform.read(&account, "/analytics/live").await;
    assert_eq!((now["minutes"].as_array().map(Vec::len), slugs(&now)), (Some(31), vec!["a"]));

    let mut stream = Stream::open(&platform, &account, "").await;
    let (event, first) = stream.next().await;
    assert_eq!((event.as_str(), sum(&first), slugs(&first)), ("live", 1, vec!["a"]));
    visit(&platform, "/b").await;
    let told = loop {
        // A minute that is over is told without a click.
        let (_, live) = stream.next().await;
        if !slugs(&live).is_empty() {
            break live;
        }
    };
    assert_eq!((slugs(&told), sum(&told)), (vec!["b"], 2));
    let (_, of_a) = Stream::open(&platform, &account, "slug=a").await.next().await;
    assert_eq!((slugs(&of_a), sum(&of_a)), (vec!["a"], 1));

    let refused = platform.of(&account, Method::GET, "/analytics/live?country=Germany&from=2026-01-01T00:00:00Z");
    body(refused, StatusCode::BAD_REQUEST).await;
}
