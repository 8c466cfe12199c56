//! Slugs in any script, and links that visitors may have meant, on domains that allow them.

use std::time::Duration;

use elido::runtime::clock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::statements::execute;

/// Changes the default domain.
async fn change(platform: &Platform, account: &Account, edit: &Value, status: StatusCode) -> Value {
    let domains = platform.read(account, "/domains").await;
    let path = format!("/domains/{}", domains["data"][0]["id"].as_str().expect("an id"));
    body(platform.of(account, Method::PATCH, &path).json(edit), status).await
}

async fn make(platform: &Platform, account: &Account, slug: &str, status: StatusCode) -> Value {
    let link = json!({ "destination_url": "https://example.com/", "slug": slug });
    body(platform.of(account, Method::POST, "/links").json(&link), status).await
}

async fn status(platform: &Platform, path: &str) -> StatusCode {
    platform.visit(path).await.status()
}

#[tokio::test(flavor = "multi_thread")]
async fn slugs_in_any_script_are_one_link_however_they_are_written() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let refused = make(&platform, &account, "größe", StatusCode::BAD_REQUEST).await;
    assert_eq!(
        (&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]),
        (&json!("/slug"), &json!("unicode_slug"))
    );
    change(&platform, &account, &json!({ "unicode_slugs": true }), StatusCode::OK).await;
    let link = make(&platform, &account, "Gro\u{308}ße", StatusCode::CREATED).await;
    assert_eq!(link["slug"], "größe");
    assert!(link["short_url"].as_str().is_some_and(|url| url.ends_with("/gr%C3%B6%C3%9Fe")), "{link}");
    make(&platform, &account, "🍕/夏", StatusCode::CREATED).await;
    make(&platform, &account, "GRÖßE", StatusCode::CONFLICT).await;
    eventually("the edge knows the domain", || async { status(&platform, "/gr%C3%B6%C3%9Fe").await == 302 }).await;
    for path in ["/größe", "/GR%C3%96%C3%9FE", "/gro%CC%88%C3%9Fe", "/größe/", "/%F0%9F%8D%95/%E5%A4%8F"] {
        assert_eq!(status(&platform, path).await, StatusCode::FOUND, "{path}");
    }
    for path in ["/groesse", "/gro%CC%88", "/%F0%9F%8D", "/%FF"] {
        assert_eq!(status(&platform, path).await, StatusCode::NOT_FOUND, "{path}");
    }
    for slug in ["pаypal", "аррӏе", "é b"] {
        let refused = make(&platform, &account, slug, StatusCode::BAD_REQUEST).await;
        assert_eq!(refused["errors"][0]["code"], "invalid_slug", "{slug}");
    }
    let found = platform.of(&account, Method::GET, "/links/lookup");
    let found = found.query(&[("domain", "localhost"), ("slug", "GRÖßE")]);
    assert_eq!(body(found, StatusCode::OK).await["id"], link["id"]);

    let kept = change(&platform, &account, &json!({ "unicode_slugs": false }), StatusCode::CONFLICT).await;
    assert_eq!(kept["code"], "unicode_slugs_in_use");
    assert!(kept["detail"].as_str().is_some_and(|detail| detail.contains("größe")), "{kept}");
    // Those of deleted links may come back, and count.
    let path = format!("/links/{}", link["id"].as_str().expect("an id"));
    body(platform.of(&account, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    eventually("it is gone", || async { status(&platform, "/größe").await == 410 }).await;
    execute(&platform.config, "DELETE FROM links").await;
    change(&platform, &account, &json!({ "unicode_slugs": false }), StatusCode::CONFLICT).await;
    let purge = path.replace("/links/", "/deleted-links/");
    body(platform.of(&account, Method::DELETE, &purge), StatusCode::NO_CONTENT).await;
    change(&platform, &account, &json!({ "unicode_slugs": false, "case_sensitive": false }), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn visitors_of_a_missing_link_are_told_of_one_that_they_may_have_meant() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    make(&platform, &account, "summer-sale", StatusCode::CREATED).await;
    for (slug, secret) in [
        ("secret-pw", json!({ "password": "open sesame" })),
        ("secret-later", json!({ "starts_at": "2999-01-01T00:00:00Z" })),
        ("secret-over", json!({ "expires_at": clock::now().plus(Duration::from_secs(1)) })),
        ("secret-few", json!({ "max_clicks": 3 })),
        ("secret-old", json!({ "archived": true })),
        ("secret-two", json!({ "needs_approval": true })),
    ] {
        let mut link = json!({ "destination_url": "https://example.com/", "slug": slug });
        link.as_object_mut().expect("a link").extend(secret.as_object().expect("fields").clone());
        platform.create_link(&account, &link).await;
    }
    eventually("it is over", || async { status(&platform, "/secret-over").await == StatusCode::GONE }).await;
    let page = async |path: &str| {
        let response = platform.visit(path).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        response.text().await.expect("a page")
    };
    assert!(!page("/sumer-sale").await.contains("summer-sale"), "the domain does not want it");
    change(&platform, &account, &json!({ "suggests_slugs": true }), StatusCode::OK).await;
    eventually("the edge knows of it", || async {
        platform.visit("/sumer-sale").await.text().await.is_ok_and(|page| page.contains("href=\"/summer-sale\""))
    })
    .await;
    for path in
        ["/secret-pv", "/secret-lates", "/secret-ovr", "/secret-fex", "/secret-odl", "/secret-tow", "/nothing-like-it"]
    {
        assert!(!page(path).await.contains("Did you mean"), "{path}");
    }
    let program = platform.client.get(platform.edge("/sumer-sale")).header("host", "localhost");
    let program = program.header("accept", "application/json").send().await.expect("a response");
    assert!(!program.text().await.expect("a problem").contains("summer-sale"));
    // Whoever tries many gets no more of them.
    eventually("no more are told", || async { !page("/sumer-sale").await.contains("Did you mean") }).await;
}
