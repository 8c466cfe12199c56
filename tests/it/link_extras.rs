//! What few links have: a card for programs that preview links, words for search engines and for visitors of a link that does not lead on,
//! targets for phones, and so many clicks a period.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::statements::execute;

const CRAWLER: &str = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1";
const ANDROID: &str = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36";
const DESKTOP: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

async fn visit_as(platform: &Platform, path: &str, agent: &str) -> Response {
    platform.client.get(platform.edge(path)).header("user-agent", agent).send().await.expect("a response")
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().expect("a text"))
}

fn location(response: &Response) -> Option<&str> {
    header(response, "location")
}

async fn edit(platform: &Platform, account: &Account, link: &Value, changes: &Value) -> Value {
    let path = format!("/links/{}", link["id"].as_str().expect("an id"));
    body(platform.of(account, Method::PATCH, &path).json(changes), StatusCode::OK).await
}

async fn edit_default_domain(platform: &Platform, account: &Account, changes: &Value, status: StatusCode) -> Value {
    let domains = platform.read(account, "/domains").await;
    let path = format!("/domains/{}", domains["data"][0]["id"].as_str().expect("an id"));
    body(platform.of(account, Method::PATCH, &path).json(changes), status).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_for_programs_that_preview_links_and_people_are_led_on() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let card = json!({ "title": "\"><script>x</script>", "description": "Twice\nas fast", "image_url": "https://example.com/a.png?b&c" });
    let draft = json!({ "destination_url": "https://example.com/secret", "slug": "card", "preview": card, "robots": "NoIndex" });
    let link = platform.create_link(&account, &draft).await;
    assert_eq!((&link["preview"], &link["robots"]), (&card, &json!("noindex")));
    for _ in 0..2 {
        let page = visit_as(&platform, "/card", CRAWLER).await;
        assert_eq!((page.status(), location(&page)), (StatusCode::OK, None));
        assert!(header(&page, "content-security-policy").expect("a policy").starts_with("default-src 'none'"));
        assert_eq!(header(&page, "x-robots-tag"), Some("noindex"));
        let page = page.text().await.expect("a page");
        assert!(
            page.contains("<meta property=\"og:title\" content=\"&quot;&gt;&lt;script&gt;x&lt;/script&gt;\">"),
            "{page}"
        );
        assert!(page.contains("content=\"https://example.com/a.png?b&amp;c\""), "{page}");
        assert!(!page.contains("<script") && !page.contains("secret"), "{page}");
        let led_on = visit_as(&platform, "/card", DESKTOP).await;
        assert_eq!(location(&led_on), Some("https://example.com/secret"));
        assert_eq!(header(&led_on, "x-robots-tag"), Some("noindex"));
    }
    let cleared = edit(&platform, &account, &link, &json!({ "preview": null, "max_clicks": 1 })).await;
    eventually("no card is left", || async {
        let page = visit_as(&platform, "/card", CRAWLER).await;
        page.text().await.expect("a page").contains("limited number of uses")
    })
    .await;
    let back = json!({ "version": 1 });
    let path = format!("/links/{}/revert", link["id"].as_str().expect("an id"));
    let reverted = body(platform.of(&account, Method::POST, &path).json(&back), StatusCode::OK).await;
    assert_eq!(
        (&cleared["preview"], &reverted["preview"], &reverted["max_clicks"]),
        (&Value::Null, &card, &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn search_engines_hear_of_a_link_what_it_or_its_domain_says() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "plain" })).await;
    let own = json!({ "destination_url": "https://example.com/", "slug": "own", "robots": "all,max-snippet:20" });
    platform.create_link(&account, &own).await;
    for _ in 0..2 {
        assert_eq!(header(&visit_as(&platform, "/plain", DESKTOP).await, "x-robots-tag"), None);
        assert_eq!(header(&visit_as(&platform, "/own", DESKTOP).await, "x-robots-tag"), Some("all, max-snippet:20"));
    }
    let domain =
        edit_default_domain(&platform, &account, &json!({ "robots": "noindex,nofollow" }), StatusCode::OK).await;
    assert_eq!(domain["robots"], "noindex, nofollow");
    eventually("the domain's word counts", || async {
        header(&visit_as(&platform, "/plain", DESKTOP).await, "x-robots-tag") == Some("noindex, nofollow")
    })
    .await;
    assert_eq!(header(&visit_as(&platform, "/own", DESKTOP).await, "x-robots-tag"), Some("all, max-snippet:20"));
    let wrong = json!({ "robots": "noindex\r\nset-cookie: a=b" });
    let problem = edit_default_domain(&platform, &account, &wrong, StatusCode::BAD_REQUEST).await;
    assert_eq!(problem["errors"][0]["pointer"], "/robots");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_does_not_lead_on_says_so_in_its_own_words() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let words = "Sold out <b>today</b>\nCome back & see";
    let escaped = "Sold out &lt;b&gt;today&lt;/b&gt;\nCome back &amp; see";
    let destination = "https://example.com/";
    for (slug, rest, status) in [
        ("late", json!({ "expires_at": "2020-01-01T00:00:00Z", "expired_text": words }), 410),
        ("away", json!({ "archived": true, "expired_text": words }), 410),
        ("early", json!({ "starts_at": "2100-01-01T00:00:00Z", "not_found_text": words }), 404),
    ] {
        let mut draft = json!({ "destination_url": destination, "slug": slug });
        draft.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
        platform.create_link(&account, &draft).await;
        let page = visit_as(&platform, &format!("/{slug}"), DESKTOP).await;
        assert_eq!(page.status(), status, "{slug}");
        assert!(page.text().await.expect("a page").contains(escaped), "{slug}");
        let json = platform.client.get(platform.edge(&format!("/{slug}"))).header("accept", "application/json");
        assert_eq!(body(json, StatusCode::from_u16(status).expect("a status")).await["detail"], words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_go_to_their_targets_unless_a_rule_says_otherwise() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let draft = json!({
        "destination_url": "https://example.com/web", "slug": "app", "ios_url": "https://apps.example.com/ios",
        "android_url": "https://apps.example.com/android", "utm": { "source": "print" },
        "rules": [{ "name": "staff", "conditions": [{ "type": "query", "any_of": ["staff"] }],
                    "outcome": { "type": "destination", "destination_url": "https://example.com/staff" } }],
    });
    let link = platform.create_link(&account, &draft).await;
    for (path, agent, destination) in [
        ("/app", IPHONE, "https://apps.example.com/ios"),
        ("/app", ANDROID, "https://apps.example.com/android"),
        ("/app", DESKTOP, "https://example.com/web"),
        ("/app?staff", IPHONE, "https://example.com/staff"),
    ] {
        let response = visit_as(&platform, path, agent).await;
        assert_eq!(location(&response), Some(&*format!("{destination}?utm_source=print")), "{path} {agent}");
    }
    let path = format!("/links/{}/resolve", link["id"].as_str().expect("an id"));
    let explained =
        body(platform.of(&account, Method::POST, &path).json(&json!({ "user_agent": IPHONE })), StatusCode::OK).await;
    assert_eq!(explained["destination_url"], "https://apps.example.com/ios?utm_source=print");
    let clash = json!({ "destination_url": "https://example.com/", "ios_url": "https://example.com/i", "rules": [
        { "name": "iOS target", "outcome": { "type": "destination", "destination_url": "https://example.com/x" } }] });
    let refused = body(platform.of(&account, Method::POST, "/links").json(&clash), StatusCode::BAD_REQUEST).await;
    assert_eq!(refused["errors"][0]["code"], "clashes_with_targets");
    let own = json!({ "destination_url": "https://example.com/", "slug": "loop", "ios_url": format!("{}/loop", link["short_url"].as_str().expect("a URL").trim_end_matches("/app")) });
    let refused = body(platform.of(&account, Method::POST, "/links").json(&own), StatusCode::BAD_REQUEST).await;
    assert_eq!(refused["errors"][0]["pointer"], "/ios_url");
}

#[tokio::test(flavor = "multi_thread")]
async fn apps_and_a_domain_know_each_other_by_its_files() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let (apple, android) = ("/.well-known/apple-app-site-association", "/.well-known/assetlinks.json");
    assert_eq!(platform.visit(apple).await.status(), StatusCode::NOT_FOUND);
    let association = json!({ "applinks": { "details": [{ "appIDs": ["ABCDE12345.com.example.app"], "components": [{ "/": "/*" }] }] } });
    let statements = json!([{ "relation": ["delegate_permission/common.handle_all_urls"],
        "target": { "namespace": "android_app", "package_name": "com.example.app", "sha256_cert_fingerprints": ["14:6D"] } }]);
    let changes = json!({ "apple_app_site_association": association, "asset_links": statements });
    let domain = edit_default_domain(&platform, &account, &changes, StatusCode::OK).await;
    assert_eq!((&domain["apple_app_site_association"], &domain["asset_links"]), (&association, &statements));
    for (path, document) in [(apple, &association), (android, &statements)] {
        eventually(path, || async { platform.visit(path).await.status() == StatusCode::OK }).await;
        let response = platform.visit(path).await;
        assert_eq!(header(&response, "content-type"), Some("application/json"));
        assert_eq!(&response.json::<Value>().await.expect("JSON"), document);
    }
    let posted = platform.client.post(platform.edge(apple)).send().await.expect("a response");
    assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
    for (changes, pointer) in [
        (json!({ "apple_app_site_association": { "appinks": {} } }), "/apple_app_site_association"),
        (
            json!({ "apple_app_site_association": { "applinks": { "x": "x".repeat(70_000) } } }),
            "/apple_app_site_association",
        ),
        (json!({ "asset_links": [{ "relation": [], "target": {} }] }), "/asset_links"),
    ] {
        let problem = edit_default_domain(&platform, &account, &changes, StatusCode::BAD_REQUEST).await;
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    edit_default_domain(&platform, &account, &json!({ "asset_links": null }), StatusCode::OK).await;
    eventually("it is gone", || async { platform.visit(android).await.status() == StatusCode::NOT_FOUND }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_leads_on_as_often_as_its_period_allows_and_again_in_the_next() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let budget = json!({ "clicks": 5, "period": "month", "time_zone": "Pacific/Kiritimati" });
    let draft = json!({ "destination_url": "https://example.com/", "slug": "few", "click_budget": budget, "redirect_status": 301 });
    let link = platform.create_link(&account, &draft).await;
    assert_eq!(link["click_budget"], budget);
    let id = link["id"].as_str().expect("an id").to_owned();
    let used = || async {
        let budget = platform.read(&account, &format!("/links/{id}")).await["budget_use"].clone();
        // Midnight on the first of a month there, 14 hours before that of UTC.
        assert!(budget["period_end"].as_str().is_some_and(|end| end.contains("T10:00:00")), "{budget}");
        (budget["used"].clone(), budget["left"].clone())
    };
    assert_eq!(used().await, (json!(0), json!(5)));
    let visits = || async {
        let all = futures_util::future::join_all((0..20).map(|_| visit_as(&platform, "/few", DESKTOP))).await;
        all.iter().filter(|response| response.status() == StatusCode::MOVED_PERMANENTLY).count()
    };
    assert_eq!(visits().await, 5, "exact, however many come at once");
    assert_eq!(used().await, (json!(5), json!(0)));
    let over = visit_as(&platform, "/few", DESKTOP).await;
    assert_eq!((over.status(), header(&over, "cache-control")), (StatusCode::GONE, Some("private, no-store")));
    let path = format!("/links/{}/resolve", link["id"].as_str().expect("an id"));
    let state = |draft: Value| {
        let request = platform.of(&account, Method::POST, &path).json(&draft);
        async { body(request, StatusCode::OK).await["state"].clone() }
    };
    assert_eq!(state(json!({})).await, "used_up");
    assert_eq!(
        state(json!({ "at": "2099-01-01T00:00:00Z" })).await,
        "redirects",
        "the next period has clicks of its own"
    );

    // As if they had been used a period ago. The edit makes edges ask again.
    execute(&platform.config, "UPDATE links SET period_start = period_start - 1 WHERE slug = 'few'").await;
    assert_eq!(used().await, (json!(0), json!(5)));
    edit(&platform, &account, &link, &json!({ "title": "The next period" })).await;
    eventually("it leads on again", || async {
        visit_as(&platform, "/few", DESKTOP).await.status() == StatusCode::MOVED_PERMANENTLY
    })
    .await;
    assert_eq!(visits().await, 4);
    let wrong = json!({ "click_budget": { "clicks": 0, "period": "day", "time_zone": "Mars" } });
    let link = format!("/links/{}", link["id"].as_str().expect("an id"));
    let problem = body(platform.of(&account, Method::PATCH, &link).json(&wrong), StatusCode::BAD_REQUEST).await;
    let pointers: Vec<&str> =
        problem["errors"].as_array().expect("errors").iter().filter_map(|error| error["pointer"].as_str()).collect();
    assert_eq!(pointers, ["/click_budget/clicks", "/click_budget/time_zone"]);
}
