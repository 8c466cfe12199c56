//! From a visit to a chart, over the real listeners.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::platform::{Account, Platform, body, eventually};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
    Version/18.5 Mobile/15E148 Safari/604.1";
const CRAWLER: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
const MESSENGER: &str = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)";
/// Counts whatever was answered.
const EVERYTHING: &str = "include=bots,previews,prefetches,heads&kind=redirect&kind=missing&kind=gone&kind=root";

/// A visit by a program, with headers.
async fn visit(platform: &Platform, path: &str, user_agent: &str, headers: &[(&str, &str)]) {
    let mut request =
        platform.client.get(platform.edge(path)).header("host", "localhost").header("user-agent", user_agent);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.expect("a response");
    assert_eq!(response.status(), StatusCode::FOUND, "{}", response.text().await.unwrap_or_default());
}

async fn clicks(platform: &Platform, account: &Account, query: &str) -> u64 {
    let summary = platform.read(account, &format!("/analytics/summary?{query}")).await;
    summary["clicks"].as_u64().expect("a number")
}

async fn until_clicks(platform: &Platform, account: &Account, expected: u64) {
    eventually("every click is stored", || async { clicks(platform, account, EVERYTHING).await >= expected }).await;
    assert_eq!(clicks(platform, account, EVERYTHING).await, expected);
}

/// The values of a breakdown with their clicks, most first; `-` where clicks lack the property.
async fn breakdown(platform: &Platform, account: &Account, query: &str) -> Vec<(String, u64)> {
    let response = platform.read(account, &format!("/analytics/breakdown?{query}")).await;
    let items = response["data"].as_array().expect("values");
    let line =
        |item: &Value| (item["value"].as_str().unwrap_or("-").to_owned(), item["clicks"].as_u64().expect("a number"));
    items.iter().map(line).collect()
}

fn lines(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(value, clicks)| ((*value).to_owned(), *clicks)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fact_of_a_visit_can_be_counted_by() {
    // The first link with a rule about devices loads the table of user agents, which takes seconds without optimisation.
    let mut platform = Platform::start_with(|config| config.edge.cache.origin_timeout_ms = 60_000).await;
    let account = platform.account().await;
    let link = json!({
        "destination_url": "https://example.com/",
        "slug": "sale",
        "tags": ["Summer"],
        "rules": [{
            "name": "phones",
            "conditions": [{ "type": "devices", "any_of": ["mobile"] }],
            "outcome": { "type": "split", "variants": [
                { "name": "only", "weight": 1, "destination_url": "https://example.com/mobile" },
            ] },
        }],
    });
    let link = platform.create_link(&account, &link).await;
    let from_news = [("referer", "https://News.example/today"), ("accept-language", "de-AT,en;q=0.5")];
    visit(&platform, "/sale?utm_source=letter&utm_medium=email", FIREFOX, &from_news).await;
    visit(&platform, "/sale?qr=1", IPHONE, &[("accept-language", "fr")]).await;
    visit(&platform, "/sale", IPHONE, &[("dnt", "1")]).await;
    visit(&platform, "/sale", CRAWLER, &[]).await;
    visit(&platform, "/sale", MESSENGER, &[]).await;
    visit(&platform, "/sale", FIREFOX, &[("sec-purpose", "prefetch")]).await;
    platform
        .client
        .head(platform.edge("/sale"))
        .header("host", "localhost")
        .header("user-agent", FIREFOX)
        .send()
        .await
        .expect("a response");
    until_clicks(&platform, &account, 7).await;

    let people = platform.read(&account, "/analytics/summary?compare=previous").await;
    assert_eq!(
        (people["clicks"].as_u64(), people["visitors"].as_u64()),
        (Some(3), Some(2)),
        "one asked not to be tracked"
    );
    assert_eq!(people["previous"]["clicks"], 0);
    for (dimension, expected) in [
        ("link", vec![(link["id"].as_str().expect("an id"), 3)]),
        ("tag", vec![("Summer", 3)]),
        ("slug", vec![("sale", 3)]),
        ("device", vec![("mobile", 2), ("desktop", 1)]),
        ("os", vec![("iOS", 2), ("Linux", 1)]),
        ("browser", vec![("Safari", 2), ("Firefox", 1)]),
        ("referrer", vec![("-", 2), ("news.example", 1)]),
        ("language", vec![("-", 1), ("de", 1), ("fr", 1)]),
        ("utm_source", vec![("-", 2), ("letter", 1)]),
        ("utm_medium", vec![("-", 2), ("email", 1)]),
        ("rule", vec![("phones", 2), ("-", 1)]),
        ("variant", vec![("only", 2), ("-", 1)]),
        ("qr", vec![("false", 2), ("true", 1)]),
        ("status", vec![("302", 3)]),
        ("country", vec![("-", 3)]),
    ] {
        assert_eq!(
            breakdown(&platform, &account, &format!("dimension={dimension}")).await,
            lines(&expected),
            "{dimension}"
        );
    }
    let classes = breakdown(&platform, &account, "dimension=agent&include=bots,previews").await;
    assert_eq!(classes, lines(&[("human", 3), ("bot", 1), ("preview", 1)]));
    assert_eq!(clicks(&platform, &account, "device=mobile&qr=true&language=fr&tag=summer").await, 1);
    for (filter, expected) in [
        ("device=!mobile", 1),
        ("referrer=~NEWS", 1),
        ("referrer=!~news", 2),
        ("referrer=!", 1),
        ("language=!de&language=!fr", 1),
        ("tag=!Summer", 0),
        ("tag=!winter&slug=~al", 3),
        ("agent=!bot", 3),
    ] {
        assert_eq!(clicks(&platform, &account, filter).await, expected, "{filter}");
    }
    assert_eq!(clicks(&platform, &account, "include=prefetches").await, 4);
    assert_eq!(clicks(&platform, &account, "include=heads").await, 4);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reports_count_is_what_raw_clicks_and_exports_hold() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    for slug in ["one", "two", "three"] {
        platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": slug })).await;
    }
    for (slug, visits) in [("one", 9), ("two", 6), ("three", 3)] {
        for _ in 0..visits {
            visit(&platform, &format!("/{slug}"), FIREFOX, &[]).await;
        }
    }
    until_clicks(&platform, &account, 18).await;
    assert_eq!(breakdown(&platform, &account, "dimension=slug").await, lines(&[("one", 9), ("two", 6), ("three", 3)]));
    let top = platform.read(&account, "/analytics/breakdown?dimension=slug&limit=1").await;
    assert_eq!(top["other"]["clicks"], 9);
    assert_eq!(top["other"]["values"], 2);
    let series = platform.read(&account, "/analytics/timeseries?interval=hour&time_zone=America/St_Johns").await;
    let points = series["data"].as_array().expect("points").iter();
    assert_eq!(points.filter_map(|point| point["clicks"].as_u64()).sum::<u64>(), 18);

    let mut seen = std::collections::BTreeSet::new();
    let mut path = "/analytics/events?limit=7".to_owned();
    loop {
        let page = platform.read(&account, &path).await;
        seen.extend(page["data"].as_array().expect("clicks").iter().map(|click| click["id"].to_string()));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/analytics/events?limit=7&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 18);
    let export = platform
        .of(&account, Method::GET, "/analytics/export?format=ndjson&slug=two")
        .send()
        .await
        .expect("a response");
    assert_eq!(export.headers()["content-type"], "application/x-ndjson");
    assert_eq!(export.text().await.expect("a file").lines().count(), 6);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_neither_loses_clicks_nor_counts_them_again() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "again" })).await;
    for round in 1..=3 {
        for _ in 0..40 {
            visit(&platform, "/again", FIREFOX, &[]).await;
        }
        platform.stop().await;
        platform.start_again().await;
        assert_eq!(clicks(&platform, &account, EVERYTHING).await, round * 40, "the drain stored what was left");
    }
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_with_the_right_see_a_workspace_s_clicks() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    let nobody = platform.client.get(platform.api(&format!("/v1/workspaces/{}/analytics/summary", account.workspace)));
    assert_eq!(body(nobody, StatusCode::UNAUTHORIZED).await["code"], "unauthenticated");
    let elsewhere =
        Account { token: account.token.clone(), workspace: "ws_0190b8f20000700080000000000000aa".to_owned() };
    body(platform.of(&elsewhere, Method::GET, "/analytics/summary"), StatusCode::NOT_FOUND).await;
    for (scope, status) in [("links:read", StatusCode::FORBIDDEN), ("analytics:read", StatusCode::OK)] {
        let key = platform.of(&account, Method::POST, "/api-keys").json(&json!({ "name": scope, "scopes": [scope] }));
        let key = body(key, StatusCode::CREATED).await;
        let token = key["token"].as_str().expect("a key").to_owned();
        let with_key = Account { token, workspace: account.workspace.clone() };
        body(platform.of(&with_key, Method::GET, "/analytics/events"), status).await;
    }
    platform.stop().await;
}

/// Visits that found no link, and visits of front pages.
async fn orphans(platform: &Platform, account: &Account) -> (u64, u64) {
    let of = async |kind: &str| {
        clicks(platform, account, &format!("include=bots,previews,prefetches,heads&kind={kind}")).await
    };
    (of("missing").await, of("root").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn visits_to_no_link_of_the_default_domain_are_in_the_reports_of_one_workspace() {
    let mut platform = Platform::start().await;
    assert_eq!(platform.visit("/nobody-is-here-yet").await.status(), StatusCode::NOT_FOUND);
    let first = platform.account().await;
    let second = platform.sign_in().await;
    platform.visit("/typo").await;
    platform.visit("/").await;
    eventually("the oldest workspace sees them", || async { orphans(&platform, &first).await == (1, 1) }).await;
    assert_eq!(orphans(&platform, &second).await, (0, 0));

    platform.stop().await;
    platform.config.links.default_domain_workspace.clone_from(&second.workspace);
    platform.start_again().await;
    // An edge that has just started knows of it within a second.
    eventually("the one that is named sees them", || async {
        platform.visit("/typo").await;
        orphans(&platform, &second).await.0 > 0
    })
    .await;

    body(platform.of(&second, Method::DELETE, ""), StatusCode::NO_CONTENT).await;
    let before = orphans(&platform, &first).await.0;
    eventually("the oldest takes over", || async {
        platform.visit("/typo").await;
        orphans(&platform, &first).await.0 > before
    })
    .await;
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_carries_the_campaign_that_it_came_with_or_else_that_of_its_destination() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    let link = json!({
        "destination_url": "https://example.com/?utm_campaign=spring",
        "slug": "sale",
        "utm": { "source": "poster", "medium": "print" },
        "rules": [{
            "name": "french",
            "conditions": [{ "type": "languages", "any_of": ["fr"] }],
            "outcome": { "type": "split", "variants": [
                { "name": "only", "weight": 1, "destination_url": "https://example.com/?utm_campaign=printemps" },
            ] },
        }],
    });
    platform.create_link(&account, &link).await;
    visit(&platform, "/sale", FIREFOX, &[]).await;
    visit(&platform, "/sale?utm_source=letter", FIREFOX, &[]).await;
    visit(&platform, "/sale", FIREFOX, &[("accept-language", "fr")]).await;
    platform.visit("/typo").await;
    until_clicks(&platform, &account, 4).await;
    for (dimension, expected) in
        [("utm_source", [("poster", 2), ("letter", 1)]), ("utm_campaign", [("spring", 2), ("printemps", 1)])]
    {
        let found = breakdown(&platform, &account, &format!("dimension={dimension}")).await;
        assert_eq!(found, lines(&expected), "{dimension}");
    }
    assert_eq!(clicks(&platform, &account, "utm_medium=print").await, 3);
    platform.stop().await;
}
