//! Names and texts as people write them: host names, searches, tags.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::statements;

async fn found(platform: &Platform, account: &Account, search: &str) -> Vec<String> {
    let request = platform.of(account, Method::GET, "/links").query(&[("search", search)]);
    let page = body(request, StatusCode::OK).await;
    let slugs =
        page["data"].as_array().expect("data").iter().map(|link| link["slug"].as_str().expect("a slug").to_owned());
    slugs.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_known_however_its_name_is_written() {
    let address = "https://bücher.example".parse().expect("a URL");
    let platform = Platform::start_with(|config| config.links.default_domain_url = address).await;
    let account = platform.account().await;
    for (number, name) in ["bücher.example", "BÜCHER.example.", "xn--bcher-kva.example", " XN--BCHER-KVA.EXAMPLE "]
        .into_iter()
        .enumerate()
    {
        let slug = format!("s{number}");
        let link = json!({ "destination_url": "https://example.com/", "domain": name, "slug": slug });
        assert_eq!(platform.create_link(&account, &link).await["domain"], "xn--bcher-kva.example");
        let place = [("domain", name), ("slug", &slug)];
        let look_up = platform.of(&account, Method::GET, "/links/lookup").query(&place);
        assert_eq!(body(look_up, StatusCode::OK).await["slug"], slug.as_str());
        let list = platform.of(&account, Method::GET, "/links").query(&[("domain", name)]);
        assert_eq!(body(list, StatusCode::OK).await["data"].as_array().expect("data").len(), number + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_place_of_a_host_name_is_told_what_to_write() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let advice = "write the host name alone, localhost, without a scheme, a port or a path";
    for name in ["localhost:8080", "https://localhost", "http://localhost:8080/x"] {
        let link = json!({ "destination_url": "https://example.com/", "domain": name });
        let made = platform.of(&account, Method::POST, "/links").json(&link);
        let looked_up = platform.of(&account, Method::GET, "/links/lookup").query(&[("domain", name), ("slug", "x")]);
        let listed = platform.of(&account, Method::GET, "/links").query(&[("domain", name)]);
        for (request, pointer) in [(made, "/domain"), (looked_up, "domain"), (listed, "domain")] {
            let error = body(request, StatusCode::BAD_REQUEST).await["errors"][0].clone();
            assert_eq!((&error["pointer"], &error["detail"]), (&json!(pointer), &json!(advice)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn search_finds_what_people_read_and_what_is_written() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let make = |slug: &'static str, url: &'static str, title: &'static str| json!({ "slug": slug, "destination_url": url, "title": title });
    platform.create_link(&account, &make("path", "https://example.com/Größe", "A")).await;
    platform.create_link(&account, &make("host", "https://www.tübingen.example/", "B")).await;
    platform.create_link(&account, &make("title", "https://example.com/x", "Cafe\u{301} ЖУК")).await;
    for (text, slug) in [
        ("größe", "path"),
        ("GRÖSSE", "path"),
        ("gro\u{308}ße", "path"),
        ("gr%C3%B6%C3%9Fe", "path"),
        ("Tübingen", "host"),
        ("xn--tbingen-n2a", "host"),
        ("CAFÉ", "title"),
        ("жук", "title"),
    ] {
        assert_eq!(found(&platform, &account, text).await, [slug], "{text}");
    }
    assert!(found(&platform, &account, "grosse").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_is_one_however_its_accents_were_typed() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let link = |tags: Value| json!({ "destination_url": "https://example.com/", "tags": tags });
    let first = platform.create_link(&account, &link(json!(["e\u{301}te\u{301}"]))).await;
    let second = platform.create_link(&account, &link(json!(["ÉTÉ", "été"]))).await;
    assert_eq!(first["tags"], json!(["été"]));
    assert_eq!(second["tags"], json!(["été"]));
    assert_eq!(platform.read(&account, "/tags").await["data"].as_array().expect("data").len(), 1);
    let listed = platform.of(&account, Method::GET, "/links").query(&[("tag", "E\u{301}te\u{301}")]);
    assert_eq!(body(listed, StatusCode::OK).await["data"].as_array().expect("data").len(), 2);
}

/// What an older program has left behind.
async fn file_as_before(platform: &Platform) {
    statements::execute(&platform.config, "UPDATE links SET search_key = 'old', search_form = 0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_an_older_release_are_found_after_the_start() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    let many: Vec<Value> =
        (0..450).map(|number| json!({ "destination_url": format!("https://example.com/Größe/{number}") })).collect();
    let made = platform.of(&account, Method::POST, "/links/bulk").json(&json!({ "links": many }));
    body(made, StatusCode::OK).await;
    platform.stop().await;
    file_as_before(&platform).await;
    platform.start_again().await;
    eventually("every link is filed anew", || async {
        let last = found(&platform, &account, "größe/449").await;
        last.len() == 1 && found(&platform, &account, "größe/0").await.len() == 1
    })
    .await;
    assert!(found(&platform, &account, "old").await.is_empty());
}
