//! Where links may lead.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::domains::{claim, path, start};
use crate::support::platform::{Account, Platform, body};

/// The first error of a link that is refused.
async fn error_of(platform: &Platform, account: &Account, link: Value) -> Value {
    let request = platform.of(account, Method::POST, "/links").json(&link);
    body(request, StatusCode::BAD_REQUEST).await["errors"][0].clone()
}

fn rule(destination: &str) -> Value {
    json!([{ "name": "all", "outcome": { "type": "destination", "destination_url": destination } }])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_leads_to_itself_is_refused_however_it_is_written() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    for destination in [
        "http://localhost:8080/loop",
        "https://LOCALHOST.:8080/loop",
        "http://localhost:8080/loop/",
        "http://localhost:8080/%6Coop?x=1#top",
        // Nobody has a link with what programs take for part of one.
        "http://localhost:8080/loop.",
        "http://localhost:8080/loop)%20",
        "http://localhost:8080/loop\u{201d},",
    ] {
        let error = error_of(&platform, &account, json!({ "destination_url": destination, "slug": "loop" })).await;
        assert_eq!((&error["pointer"], &error["code"]), (&json!("/destination_url"), &json!("links_to_itself")));
    }
    let elsewhere = "https://example.com/";
    let own = "http://localhost:8080/loop";
    let expired = json!({ "destination_url": elsewhere, "slug": "loop", "expired_url": own });
    assert_eq!(error_of(&platform, &account, expired).await["pointer"], "/expired_url");
    let ruled = json!({ "destination_url": elsewhere, "slug": "loop", "rules": rule(own) });
    assert_eq!(error_of(&platform, &account, ruled).await["pointer"], "/rules/0/outcome/destination_url");
    let deeper = json!({ "destination_url": format!("{own}/more"), "slug": "loop", "forward_path": true });
    assert_eq!(error_of(&platform, &account, deeper).await["code"], "links_to_itself");
    for other in
        ["http://localhost:3000/loop", "http://localhost:8080/loop2", "http://localhost:8080/", "https://loop/"]
    {
        platform.create_link(&account, &json!({ "destination_url": other })).await;
    }
    platform.create_link(&account, &json!({ "destination_url": elsewhere, "slug": "loop." })).await;
    platform.create_link(&account, &json!({ "destination_url": "http://localhost:8080/loop.", "slug": "dot" })).await;
    platform.create_link(&account, &json!({ "destination_url": other_place(), "slug": "loop" })).await;
}

/// Another port of the same host.
fn other_place() -> &'static str {
    "http://localhost:8081/loop"
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_lead_to_each_other_are_refused_when_the_ring_closes() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let to = |slug: &str| format!("http://localhost:8080/{slug}");
    platform.create_link(&account, &json!({ "destination_url": to("b"), "slug": "a" })).await;
    platform
        .create_link(
            &account,
            &json!({ "destination_url": "https://example.com/", "slug": "b", "rules": rule(&to("c")) }),
        )
        .await;
    let closing = json!({ "destination_url": to("a"), "slug": "c" });
    assert_eq!(error_of(&platform, &account, closing).await["code"], "links_in_a_loop");

    let open = platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "c" })).await;
    let path = format!("/links/{}", open["id"].as_str().expect("an id"));
    let edit = |patch: Value| platform.of(&account, Method::PATCH, &path).json(&patch);
    let refused = body(edit(json!({ "destination_url": to("a") })), StatusCode::BAD_REQUEST).await;
    assert_eq!(refused["errors"][0]["code"], "links_in_a_loop");
    let renamed = body(edit(json!({ "slug": "d", "destination_url": to("c") })), StatusCode::OK).await;
    assert_eq!(renamed["slug"], "d");

    let ring = json!({ "links": [
        { "destination_url": to("y"), "slug": "x" }, { "destination_url": to("x"), "slug": "y" },
    ]});
    let results = body(platform.of(&account, Method::POST, "/links/bulk").json(&ring), StatusCode::OK).await;
    assert_eq!(results["results"][0]["status"], "created");
    let problem = &results["results"][1]["problem"];
    assert_eq!(problem["errors"][0]["pointer"], "/links/1/destination_url", "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_front_page_of_a_domain_is_no_way_back_to_a_link() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let domain = platform.read(&account, "/domains").await["data"][0].clone();
    let path = format!("/domains/{}", domain["id"].as_str().expect("an id"));
    let edit = |patch: Value| platform.of(&account, Method::PATCH, &path).json(&patch);
    let to = |slug: &str| format!("http://localhost:8080/{slug}");
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "shop" })).await;
    body(edit(json!({ "root_url": to("home") })), StatusCode::OK).await;
    let error = error_of(&platform, &account, json!({ "destination_url": to(""), "slug": "home" })).await;
    assert_eq!((&error["pointer"], &error["code"]), (&json!("/destination_url"), &json!("links_in_a_loop")));

    body(edit(json!({ "root_url": null })), StatusCode::OK).await;
    platform.create_link(&account, &json!({ "destination_url": to(""), "slug": "home" })).await;
    let refused = body(edit(json!({ "root_url": to("home") })), StatusCode::BAD_REQUEST).await;
    let error = &refused["errors"][0];
    assert_eq!((&error["pointer"], &error["code"]), (&json!("/root_url"), &json!("links_in_a_loop")));
    body(edit(json!({ "root_url": to("shop") })), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fallbacks_of_a_domain_do_not_lead_back_to_it() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let domain = platform.read(&account, "/domains").await["data"][0].clone();
    let path = format!("/domains/{}", domain["id"].as_str().expect("an id"));
    let edit = |patch: Value| platform.of(&account, Method::PATCH, &path).json(&patch);
    for (field, url) in [
        ("root_url", "http://localhost:8080/?x"),
        ("not_found_url", "http://localhost:8080/missing"),
        ("expired_url", "http://localhost:8080/sorry"),
        ("expired_url", "http://localhost:8080/"),
    ] {
        let refused = body(edit(json!({ field: url })), StatusCode::BAD_REQUEST).await;
        assert_eq!(refused["errors"][0]["code"], "links_to_itself", "{refused}");
    }
    let home = "http://localhost:8080/";
    let front = json!({ "root_url": "https://example.com/", "not_found_url": home, "expired_url": home });
    body(edit(front), StatusCode::OK).await;
    let refused = body(edit(json!({ "root_url": null })), StatusCode::BAD_REQUEST).await;
    assert_eq!(refused["errors"].as_array().map(Vec::len), Some(2), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fallbacks_are_followed_over_domains_and_links_however_they_are_written() {
    let (platform, _dns, account) = start().await;
    let (one, two) = (claim(&platform, &account, "one.example").await, claim(&platform, &account, "two.example").await);
    let edit = |domain: &Value, patch: Value| platform.of(&account, Method::PATCH, &path(domain)).json(&patch);
    let refused = async |domain: &Value, patch: Value, code: &str| {
        let refused = body(edit(domain, patch.clone()), StatusCode::BAD_REQUEST).await;
        assert_eq!(refused["errors"][0]["code"], code, "{patch} {refused}");
    };
    let made = async |domain: &str, slug: &str, to: &str| {
        platform.create_link(&account, &json!({ "destination_url": to, "domain": domain, "slug": slug })).await
    };
    let own = body(platform.of(&account, Method::GET, &path(&one)), StatusCode::OK).await["url"].clone();
    let own = own.as_str().expect("an address").trim_end_matches('/').to_owned();
    let other = own.replace("one.example", "two.example");
    for field in ["not_found_url", "expired_url"] {
        for address in [format!("{own}/x"), own.replace("one.example", "ONE.example.") + "/x"] {
            for address in [address.clone(), address.replace("https://", "http://")] {
                refused(&one, json!({ field: address }), "links_to_itself").await;
            }
        }
        // Each by itself is right; both together send visitors round without end.
        body(edit(&one, json!({ field: format!("{other}/y") })), StatusCode::OK).await;
        refused(&two, json!({ field: format!("{own}/z") }), "links_in_a_loop").await;
        body(edit(&one, json!({ field: null })), StatusCode::OK).await;
    }
    // By way of a link on the other domain, which may be missing or over some day.
    made("two.example", "help", "https://example.com/").await;
    made("two.example", "back", &format!("{own}/gone")).await;
    body(edit(&one, json!({ "not_found_url": format!("{other}/help") })), StatusCode::OK).await;
    refused(&two, json!({ "not_found_url": format!("{own}/z") }), "links_in_a_loop").await;
    refused(&one, json!({ "not_found_url": format!("{other}/back") }), "links_in_a_loop").await;
    // A front page that leads on is a way out, and a claim is looked at as an edit is.
    let out = json!({ "root_url": "https://example.com/", "not_found_url": format!("{own}/") });
    body(edit(&one, out), StatusCode::OK).await;
    body(edit(&two, json!({ "root_url": format!("{own}/"), "not_found_url": format!("{own}/") })), StatusCode::OK)
        .await;
    refused(&one, json!({ "root_url": format!("{other}/") }), "links_in_a_loop").await;
    let third =
        json!({ "hostname": "three.example", "not_found_url": own.replace("one.example", "three.example") + "/x" });
    let claim = body(platform.of(&account, Method::POST, "/domains").json(&third), StatusCode::BAD_REQUEST).await;
    assert_eq!(claim["errors"][0]["pointer"], "/not_found_url", "{claim}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_cannot_be_and_port_0_are_refused_everywhere() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    for url in ["https://*/", "https://a..b/", "https://example.com:0/"] {
        for field in ["destination_url", "expired_url", "image_url"] {
            let mut link = json!({ "destination_url": "https://example.com/" });
            link[field] = url.into();
            let error = error_of(&platform, &account, link).await;
            assert_eq!((&error["pointer"], &error["code"]), (&json!(format!("/{field}")), &json!("invalid_url")));
        }
        let ruled = json!({ "destination_url": "https://example.com/", "rules": rule(url) });
        assert_eq!(error_of(&platform, &account, ruled).await["pointer"], "/rules/0/outcome/destination_url");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schemes_of_apps_are_allowed_by_the_setting_and_scripts_never() {
    let platform = Platform::start_with(|config| config.links.allowed_schemes = "myapp, slack".to_owned()).await;
    let account = platform.account().await;
    platform.create_link(&account, &json!({ "destination_url": "myapp://open/1", "slug": "app" })).await;
    let visit = platform.visit("/app").await;
    assert_eq!(visit.headers()["location"], "myapp://open/1");
    for (url, detail) in [
        (
            "other://open",
            "the scheme must be http, https or one of facetime, geo, intent, itms-apps, mailto, maps, market, myapp,",
        ),
        ("javascript:alert(1)", "the scheme javascript: is never allowed"),
        ("tel:+49 30 1234", "spaces are not allowed here; write tel:+49301234"),
    ] {
        let error = error_of(&platform, &account, json!({ "destination_url": url })).await;
        let text = error["detail"].as_str().expect("a text");
        assert!(text.starts_with(detail), "{text}");
    }
}
