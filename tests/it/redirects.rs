//! Redirects, over the real listeners.

use reqwest::header::{ALLOW, CACHE_CONTROL, LOCATION};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cuttable_proxy::CuttableProxy;
use crate::support::database;
use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::statements;

async fn platform_with_account() -> (Platform, Account) {
    let platform = Platform::start().await;
    let account = platform.account().await;
    (platform, account)
}

fn location(response: &reqwest::Response) -> &str {
    response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("")
}

fn path(link: &Value) -> String {
    format!("/{}", link["slug"].as_str().expect("a slug"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_redirects_with_its_status_and_the_right_cache_header() {
    let (mut platform, account) = platform_with_account().await;
    for (status, cache_control) in [
        (301, "private, max-age=90"),
        (302, "private, no-store"),
        (303, "private, no-store"),
        (307, "private, no-store"),
        (308, "private, max-age=90"),
    ] {
        let link = json!({ "destination_url": "https://example.com/a?b=c", "redirect_status": status });
        let link = platform.create_link(&account, &link).await;
        let response = platform.visit(&path(&link)).await;
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(location(&response), "https://example.com/a?b=c");
        assert_eq!(response.headers()[CACHE_CONTROL], cache_control);
    }
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_307_and_308_redirect_other_methods() {
    let (mut platform, account) = platform_with_account().await;
    let found = platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
    let kept = json!({ "destination_url": "https://example.com/", "redirect_status": 307 });
    let kept = platform.create_link(&account, &kept).await;
    let send = |method: Method, path: String| platform.client.request(method, platform.edge(&path)).send();
    let refused = send(Method::POST, path(&found)).await.expect("a response");
    assert_eq!((refused.status().as_u16(), refused.headers()[ALLOW].to_str().ok()), (405, Some("GET, HEAD")));
    assert_eq!(send(Method::HEAD, path(&found)).await.expect("a response").status(), 302);
    assert_eq!(send(Method::POST, path(&kept)).await.expect("a response").status(), 307);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_links_are_404_and_ended_ones_410_for_people_and_programs() {
    let (mut platform, account) = platform_with_account().await;
    let missing = platform.visit("/nothing-here").await;
    assert_eq!(missing.status(), 404);
    assert!(missing.text().await.expect("a page").contains("<h1>Link not found</h1>"));
    let for_programs = platform.client.get(platform.edge("/nothing-here")).header("accept", "application/json");
    assert_eq!(body(for_programs, reqwest::StatusCode::NOT_FOUND).await["code"], "link_not_found");
    let ended = json!({ "destination_url": "https://example.com/", "expires_at": "2020-01-01T00:00:00Z" });
    let ended = platform.create_link(&account, &ended).await;
    assert_eq!(platform.visit(&path(&ended)).await.status(), 410);
    let elsewhere = json!({
        "destination_url": "https://example.com/", "expires_at": "2020-01-01T00:00:00Z", "expired_url": "https://example.com/over",
    });
    let elsewhere = platform.create_link(&account, &elsewhere).await;
    assert_eq!(location(&platform.visit(&path(&elsewhere)).await), "https://example.com/over");
    let later = json!({ "destination_url": "https://example.com/", "starts_at": "2999-01-01T00:00:00Z" });
    let later = platform.create_link(&account, &later).await;
    assert_eq!(platform.visit(&path(&later)).await.status(), 404);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_seen_at_once_and_a_created_link_even_after_a_miss() {
    let (mut platform, account) = platform_with_account().await;
    assert_eq!(platform.visit("/launch").await.status(), 404);
    let link =
        platform.create_link(&account, &json!({ "destination_url": "https://example.com/1", "slug": "launch" })).await;
    eventually("the new link", || async { location(&platform.visit("/launch").await) == "https://example.com/1" })
        .await;
    let id = link["id"].as_str().expect("an id");
    let edit = platform.of(&account, Method::PATCH, &format!("/links/{id}"));
    body(edit.json(&json!({ "destination_url": "https://example.com/2" })), reqwest::StatusCode::OK).await;
    eventually("the edit", || async { location(&platform.visit("/launch").await) == "https://example.com/2" }).await;
    let delete = platform.of(&account, Method::DELETE, &format!("/links/{id}"));
    assert_eq!(delete.send().await.expect("a response").status(), 204);
    eventually("the deletion", || async { platform.visit("/launch").await.status() == 410 }).await;
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_and_paths_are_forwarded_as_the_link_says() {
    let (mut platform, account) = platform_with_account().await;
    let link = json!({ "destination_url": "https://example.com/docs?a=1", "slug": "docs", "forward_path": true, "forward_query": "visitor_wins" });
    platform.create_link(&account, &link).await;
    let forwarded = platform.visit("/docs/guide/start?a=2&b=3&qr=1").await;
    assert_eq!(location(&forwarded), "https://example.com/docs/guide/start?a=2&b=3");
    let closed =
        platform.create_link(&account, &json!({ "destination_url": "https://example.com/x", "slug": "closed" })).await;
    assert_eq!(location(&platform.visit("/closed/?a=2").await), "https://example.com/x");
    assert_eq!(platform.visit("/closed/more").await.status(), 404);
    assert_eq!(closed["forward_query"], "off");
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_send_visitors_to_different_places_and_a_split_is_sticky() {
    let (mut platform, account) = platform_with_account().await;
    let link = json!({
        "destination_url": "https://example.com/default", "slug": "smart",
        "rules": [
            { "name": "apple", "conditions": [{ "type": "os", "any_of": ["iOS"] }],
              "outcome": { "type": "destination", "destination_url": "https://example.com/ios" } },
            { "name": "test", "conditions": [{ "type": "query", "any_of": ["ab"] }],
              "outcome": { "type": "split", "variants": [
                { "name": "a", "weight": 1, "destination_url": "https://example.com/a" },
                { "name": "b", "weight": 1, "destination_url": "https://example.com/b" }] } },
        ],
    });
    platform.create_link(&account, &link).await;
    let visit = |agent: String, path: &'static str| {
        let request = platform.client.get(platform.edge(path)).header("user-agent", agent);
        async move { location(&request.send().await.expect("a response")).to_owned() }
    };
    let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1";
    assert_eq!(visit(iphone.to_owned(), "/smart").await, "https://example.com/ios");
    assert_eq!(visit("Mozilla/5.0 (X11; Linux x86_64)".to_owned(), "/smart").await, "https://example.com/default");
    let mut seen = std::collections::BTreeSet::new();
    for visitor in 0..40 {
        let first = visit(format!("visitor {visitor}"), "/smart?ab").await;
        assert_eq!(visit(format!("visitor {visitor}"), "/smart?ab").await, first);
        seen.insert(first);
    }
    assert_eq!(seen.len(), 2, "both variants have visitors");
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn max_clicks_is_exact_under_concurrency() {
    let (mut platform, account) = platform_with_account().await;
    let link = json!({ "destination_url": "https://example.com/", "slug": "few", "max_clicks": 17 });
    platform.create_link(&account, &link).await;
    let visits = (0..60).map(|_| async { platform.visit("/few").await.status().as_u16() });
    let statuses = futures_util::future::join_all(visits).await;
    let count = |status| statuses.iter().filter(|answered| **answered == status).count();
    assert_eq!((count(302), count(410)), (17, 43));
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_link_asks_first_and_shows_nothing_before() {
    let (mut platform, account) = platform_with_account().await;
    let link =
        json!({ "destination_url": "https://example.com/secret", "slug": "vault", "password": "sesame-open-up" });
    let link = platform.create_link(&account, &link).await;
    assert_eq!(link["password_protected"], true);
    for path in ["/vault", "/vault+"] {
        let page = platform.visit(path).await.text().await.expect("a page");
        assert!(page.contains("type=\"password\"") && !page.contains("example.com/secret"), "{page}");
    }
    let send = |password: &str| {
        let form =
            platform.client.post(platform.edge("/vault")).header("content-type", "application/x-www-form-urlencoded");
        form.body(format!("password={password}")).send()
    };
    assert_eq!(send("guess").await.expect("a response").status(), 403);
    let opened = send("sesame-open-up").await.expect("a response");
    assert_eq!((opened.status().as_u16(), location(&opened)), (303, "https://example.com/secret"));
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plus_shows_where_a_link_goes() {
    let (mut platform, account) = platform_with_account().await;
    let link = json!({ "destination_url": "https://example.com/?a=1&b=2", "slug": "where", "title": "<b>Sale</b>" });
    platform.create_link(&account, &link).await;
    let response = platform.visit("/where+").await;
    assert_eq!(response.status(), 200);
    let page = response.text().await.expect("a page");
    assert!(page.contains("https://example.com/?a=1&amp;b=2") && page.contains("&lt;b&gt;Sale&lt;/b&gt;"), "{page}");
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reserved_paths_are_answered_by_the_host_itself() {
    let mut platform = Platform::start().await;
    assert_eq!(platform.visit("/healthz").await.status(), 200);
    assert!(platform.visit("/robots.txt").await.text().await.expect("a text").starts_with("User-agent: *"));
    assert_eq!(platform.visit("/favicon.ico").await.status(), 204);
    assert_eq!(platform.visit("/.well-known/anything").await.status(), 404);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests_of_one_address_are_told_when_to_return() {
    let mut platform = Platform::start_with(|config| {
        config.edge.rate_limit_per_second = 1;
        config.edge.rate_limit_burst = 3;
        config.edge.trusted_proxy_hops = 1;
    })
    .await;
    let from = |address: &'static str| {
        platform.client.get(platform.edge("/healthz")).header("x-forwarded-for", address).send()
    };
    for _ in 0..3 {
        assert_eq!(from("192.0.2.1").await.expect("a response").status(), 200);
    }
    eventually("it is one too many", || async {
        let response = from("192.0.2.1").await.expect("a response");
        let is_refused = response.status() == 429;
        assert_eq!(response.headers().contains_key("retry-after"), is_refused);
        is_refused
    })
    .await;
    assert_eq!(from("192.0.2.2").await.expect("a response").status(), 200);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answered_redirect_is_stored_once_also_across_a_restart() {
    let (mut platform, account) = platform_with_account().await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "counted" })).await;
    let browser = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";
    for round in 1..=3 {
        for _ in 0..50 {
            let visit = platform.client.get(platform.edge("/counted")).header("user-agent", browser);
            assert_eq!(visit.send().await.expect("a response").status(), 302);
        }
        platform.stop().await;
        platform.start_again().await;
        let summary =
            platform.read(&account, "/analytics/summary?from=2020-01-01T00:00:00Z&to=2999-01-01T00:00:00Z").await;
        assert_eq!(summary["clicks"], round * 50, "{summary}");
    }
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_edge_serves_its_snapshot_of_hot_links() {
    let (mut platform, account) = platform_with_account().await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/hot", "slug": "hot" })).await;
    assert_eq!(platform.visit("/hot").await.status(), 302);
    platform.stop().await;
    let snapshot = platform.config.data_folder.join("edge").join("links.snapshot");
    assert!(snapshot.exists(), "the drain writes a snapshot");
    platform.start_again().await;
    assert_eq!(location(&platform.visit("/hot").await), "https://example.com/hot");
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn known_links_go_on_redirecting_while_the_database_is_unavailable_and_after_it_returns() {
    if database::is_embedded() {
        eprintln!("SKIPPED: an embedded database cannot be unavailable");
        return;
    }
    let proxy = CuttableProxy::start(&database::of_its_own().await).await;
    let mut platform = Platform::start_with(|config| {
        config.database.url = proxy.url().into();
        config.database.connect_timeout_ms = 3_000;
        config.edge.cache.ttl_plain_seconds = 1;
    })
    .await;
    let account = platform.account().await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/known", "slug": "known" })).await;
    assert_eq!(platform.visit("/known").await.status(), 302);
    proxy.cut();
    let origin_is = async |condition: &str| {
        let ready = platform.client.get(platform.internal("/readyz")).send().await.expect("a response");
        ready.text().await.expect("a report").contains(&format!("\"origin\":\"{condition}\""))
    };
    eventually("the edge notices", || async {
        assert_eq!(location(&platform.visit("/known").await), "https://example.com/known");
        origin_is("degraded").await
    })
    .await;
    for _ in 0..50 {
        assert_eq!(platform.visit("/known").await.status(), 302, "past its time, and with the origin away");
    }
    assert_eq!(platform.visit("/never-seen").await.status(), 503);
    proxy.mend();
    eventually("the edge notices, though nobody asks it for a link", || origin_is("up")).await;
    eventually("links are looked up again", || async { platform.visit("/never-seen").await.status() == 404 }).await;
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_is_no_longer_valid_takes_no_other_with_it() {
    // Without a cache that remembers the link as it was made.
    let platform = Platform::start_with(|config| config.cache.url = "".into()).await;
    let account = platform.account().await;
    let rule = |name: &str, pattern: &str| {
        let outcome = json!({ "type": "destination", "destination_url": format!("https://example.com/{name}") });
        json!({ "name": name, "conditions": [{ "type": "user_agent", "pattern": pattern }], "outcome": outcome })
    };
    let rules = [rule("first", "curl"), rule("second", "PATTERN"), rule("third", "wget")];
    let link = json!({ "destination_url": "https://example.com/", "slug": "ruled", "rules": rules });
    let link = platform.create_link(&account, &link).await;
    // As an earlier release may have let it in.
    statements::execute(&platform.config, "UPDATE links SET rules = replace(rules, 'PATTERN', '(')").await;
    let path = format!("/links/{}", link["id"].as_str().expect("an id"));
    for (user_agent, place) in [("curl/8", "first"), ("PATTERN", ""), ("Wget/1", "third")] {
        let visit = platform.client.get(platform.edge("/ruled")).header("host", "localhost");
        let visit = visit.header("user-agent", user_agent).send().await.expect("a response");
        assert_eq!(visit.headers()["location"], format!("https://example.com/{place}"));
        let resolve = platform.of(&account, Method::POST, &format!("{path}/resolve"));
        let resolved = body(resolve.json(&json!({ "user_agent": user_agent })), StatusCode::OK).await;
        assert_eq!(resolved["destination_url"], format!("https://example.com/{place}"));
    }
    let metrics = platform.client.get(platform.internal("/metrics")).send().await.expect("a response");
    let metrics = metrics.text().await.expect("text");
    let counted = metrics.lines().any(|line| {
        line.strip_prefix("elido_link_rules_left_out_total ")
            .is_some_and(|count| count.parse::<u64>().is_ok_and(|count| count > 0))
    });
    assert!(counted, "{metrics}");
}
