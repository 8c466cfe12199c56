//! Views that people save of pages, and pages of statistics that they share with people who have no account.

use elido::domain::role::Role;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::support::members::{key, member};
use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::statements::execute;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

fn of(platform: &Platform, account: &Account, method: Method, path: &str, form: &Value) -> RequestBuilder {
    let request = platform.of(account, method, path);
    if form.is_null() { request } else { request.json(form) }
}

async fn names(platform: &Platform, account: &Account, path: &str) -> Vec<String> {
    let page = platform.read(account, path).await;
    let items = page["data"].as_array().expect("a list").iter();
    items.map(|item| item["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_its_makers_own_until_it_is_shared() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let viewer = member(&platform, &owner, "viewer@example.com", Role::Viewer).await;
    let draft = |name: &str, page: &str, shared: bool| json!({ "name": name, "page": page, "query": "tag=a&country=!DE", "shared": shared });
    let own = draft("Own", "links", false);
    let own = body(of(&platform, &editor, Method::POST, "/views", &own), StatusCode::CREATED).await;
    let shared = draft("Shared", "analytics", true);
    let shared = body(of(&platform, &editor, Method::POST, "/views", &shared), StatusCode::CREATED).await;
    assert_eq!(
        (&own["query"], &own["shared"], &own["version"]),
        (&json!("tag=a&country=!DE"), &json!(false), &json!(1))
    );
    assert_eq!(names(&platform, &editor, "/views").await, ["Shared", "Own"]);
    assert_eq!(names(&platform, &owner, "/views").await, ["Shared"]);
    assert_eq!(names(&platform, &editor, "/views?page=links").await, ["Own"]);

    let at = |view: &Value| format!("/views/{}", view["id"].as_str().expect("an id"));
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let form = if method == Method::PATCH { json!({ "name": "Mine" }) } else { Value::Null };
        body(of(&platform, &owner, method, &at(&own), &form), StatusCode::NOT_FOUND).await;
    }
    // Viewers keep views of their own, and change nothing that others see.
    let theirs =
        body(of(&platform, &viewer, Method::POST, "/views", &draft("Theirs", "links", false)), StatusCode::CREATED)
            .await;
    body(of(&platform, &viewer, Method::POST, "/views", &draft("All", "links", true)), StatusCode::FORBIDDEN).await;
    for (method, view, form) in [
        (Method::PATCH, &shared, json!({ "name": "Mine" })),
        (Method::DELETE, &shared, Value::Null),
        (Method::PATCH, &theirs, json!({ "shared": true })),
    ] {
        body(of(&platform, &viewer, method, &at(view), &form), StatusCode::FORBIDDEN).await;
    }
    let changed = json!({ "query": "tag=b", "shared": true });
    let changed = body(of(&platform, &editor, Method::PATCH, &at(&own), &changed), StatusCode::OK).await;
    assert_eq!((&changed["query"], &changed["name"], &changed["version"]), (&json!("tag=b"), &json!("Own"), &json!(2)));
    assert_eq!(names(&platform, &viewer, "/views").await, ["Theirs", "Shared", "Own"]);
    let stale = platform.of(&owner, Method::DELETE, &at(&own)).header("if-match", "\"1\"");
    body(stale, StatusCode::PRECONDITION_FAILED).await;
    body(platform.of(&owner, Method::DELETE, &at(&own)), StatusCode::NO_CONTENT).await;
    // A key reads what is shared, and keeps none of its own.
    let (program, _) = key(&platform, &owner, &json!({ "name": "Key", "scopes": ["links:read", "links:write"] })).await;
    assert_eq!(names(&platform, &program, "/views").await, ["Shared"]);
    body(of(&platform, &program, Method::POST, "/views", &draft("Key", "links", false)), StatusCode::FORBIDDEN).await;
    let long = json!({ "name": "", "page": "links", "query": "a".repeat(4_001) });
    let refused = body(of(&platform, &owner, Method::POST, "/views", &long), StatusCode::BAD_REQUEST).await;
    let pointers: Vec<&Value> =
        refused["errors"].as_array().expect("errors").iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/name", "/query"]);
}

async fn visit(platform: &Platform, path: &str) {
    let visit = platform.client.get(platform.edge(path)).header("host", "localhost").header("user-agent", FIREFOX);
    assert_eq!(visit.send().await.expect("a response").status(), StatusCode::FOUND);
}

fn open(platform: &Platform, form: &Value) -> RequestBuilder {
    platform.client.post(platform.api("/v1/shared-reports")).json(form)
}

async fn share(platform: &Platform, account: &Account, form: &Value) -> Value {
    body(of(platform, account, Method::POST, "/shares", form), StatusCode::CREATED).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_page_shows_what_it_is_about_to_whoever_has_its_address_and_nothing_else() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let mut ids = Vec::new();
    for slug in ["spring", "autumn"] {
        let link = json!({ "destination_url": "https://example.com/", "slug": slug, "tags": [slug] });
        ids.push(platform.create_link(&account, &link).await["id"].as_str().expect("an id").to_owned());
    }
    for _ in 0..3 {
        visit(&platform, "/spring").await;
    }
    visit(&platform, "/autumn").await;
    eventually("four clicks", || async { platform.read(&account, "/analytics/summary").await["clicks"] == json!(4) })
        .await;

    for (filters, clicks) in [
        ("tag=spring".to_owned(), 3),
        (format!("link={}", ids[1]), 1),
        (String::new(), 4),
        ("browser=!Firefox".to_owned(), 0),
    ] {
        let made = share(&platform, &account, &json!({ "name": "Spring", "filters": filters })).await;
        let url = made["url"].as_str().expect("an address");
        assert!(url.ends_with(&format!("/s/{}", made["token"].as_str().expect("a token"))), "{url}");
        let report =
            body(open(&platform, &json!({ "token": made["token"], "time_zone": "Europe/Kyiv" })), StatusCode::OK).await;
        assert_eq!((&report["name"], &report["summary"]["clicks"]), (&json!("Spring"), &json!(clicks)), "{filters}");
        let points = report["timeseries"]["data"].as_array().expect("points").iter();
        assert_eq!(points.map(|point| point["clicks"].as_u64().expect("a number")).sum::<u64>(), clicks);
        assert_eq!(report["breakdowns"][0]["dimension"], "slug");
        let text = report.to_string();
        for secret in ["owner@example.com", "usr_", "lnk_", "filters", "example.com/"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
    let before = json!({ "token": share(&platform, &account, &json!({ "name": "All" })).await["token"], "from": "2020-01-01T00:00:00Z", "to": "2020-02-01T00:00:00Z" });
    assert_eq!(body(open(&platform, &before), StatusCode::OK).await["summary"]["clicks"], 0);
    let listed = platform.read(&account, "/shares").await;
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(5));
    assert!(!listed.to_string().contains("share_"), "the secret is shown once");

    for (filters, code) in [
        ("from=2026-01-01T00:00:00Z", "names_a_period"),
        ("country=Germany", "invalid_value"),
        ("colour=red", "unknown_field"),
    ] {
        let refused = of(&platform, &account, Method::POST, "/shares", &json!({ "name": "S", "filters": filters }));
        let refused = body(refused, StatusCode::BAD_REQUEST).await;
        assert_eq!(
            (&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]),
            (&json!("/filters"), &json!(code)),
            "{refused}"
        );
    }
    body(open(&platform, &json!({ "token": format!("share_{}", "A".repeat(43)) })), StatusCode::NOT_FOUND).await;
    body(open(&platform, &json!({ "token": account.token })), StatusCode::NOT_FOUND).await;
    // What opens a page opens nothing else.
    let credential = before["token"].as_str().expect("a token");
    let summary = platform.client.get(platform.api(&format!("/v1/workspaces/{}/analytics/summary", account.workspace)));
    body(summary.bearer_auth(credential), StatusCode::UNAUTHORIZED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_page_ends_is_revoked_and_asks_for_its_password() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let past = json!({ "name": "S", "expires_at": "2020-01-01T00:00:00Z", "password": "short" });
    let refused = body(of(&platform, &account, Method::POST, "/shares", &past), StatusCode::BAD_REQUEST).await;
    let pointers: Vec<&Value> =
        refused["errors"].as_array().expect("errors").iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/password", "/expires_at"]);

    let made = share(&platform, &account, &json!({ "name": "S", "password": "open sesame" })).await;
    let path = format!("/shares/{}", made["id"].as_str().expect("an id"));
    assert_eq!(made["password_protected"], json!(true));
    let token = &made["token"];
    let asked = body(open(&platform, &json!({ "token": token })), StatusCode::UNAUTHORIZED).await;
    assert_eq!(asked["code"], "password_required");
    let wrong = json!({ "token": token, "password": "open barley" });
    assert_eq!(body(open(&platform, &wrong), StatusCode::UNAUTHORIZED).await["code"], "wrong_password");
    body(open(&platform, &json!({ "token": token, "password": "open sesame" })), StatusCode::OK).await;
    eventually("passwords are not guessed for long", || async {
        open(&platform, &wrong).send().await.expect("a response").status() == StatusCode::TOO_MANY_REQUESTS
    })
    .await;

    let soon = elido::runtime::clock::now().plus(std::time::Duration::from_secs(3600)).to_string();
    let open_to_all = json!({ "password": null, "expires_at": soon });
    body(of(&platform, &account, Method::PATCH, &path, &open_to_all), StatusCode::OK).await;
    body(open(&platform, &json!({ "token": token })), StatusCode::OK).await;
    assert_eq!(execute(&platform.config, "UPDATE shares SET expires_at = 1").await, 1, "as an hour later");
    body(open(&platform, &json!({ "token": token })), StatusCode::GONE).await;
    body(of(&platform, &account, Method::PATCH, &path, &json!({ "expires_at": null })), StatusCode::OK).await;
    body(open(&platform, &json!({ "token": token })), StatusCode::OK).await;
    body(platform.of(&account, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    let gone = body(open(&platform, &json!({ "token": token })), StatusCode::GONE).await;
    assert_eq!(gone["code"], "no_longer_shared");
    body(platform.of(&account, Method::GET, &path), StatusCode::NOT_FOUND).await;
    assert_eq!(platform.read(&account, "/shares").await["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_a_folder_closed_to_members_is_in_no_shared_page() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let folder = of(&platform, &account, Method::POST, "/folders", &json!({ "name": "Board" }));
    let folder = body(folder, StatusCode::CREATED).await;
    let secret = json!({ "destination_url": "https://example.com/", "slug": "secret", "folder_id": folder["id"] });
    let secret = platform.create_link(&account, &secret).await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "open" })).await;
    let all = share(&platform, &account, &json!({ "name": "All" })).await;
    visit(&platform, "/secret").await;
    visit(&platform, "/open").await;
    let clicks = || async {
        body(open(&platform, &json!({ "token": all["token"] })), StatusCode::OK).await["summary"]["clicks"].clone()
    };
    eventually("two clicks", || async { clicks().await == json!(2) }).await;
    let close = of(
        &platform,
        &account,
        Method::PATCH,
        &format!("/folders/{}/access", folder["id"].as_str().expect("an id")),
        &json!({ "access": "none" }),
    );
    body(close, StatusCode::OK).await;
    assert_eq!(clicks().await, json!(1));
    let named = json!({ "name": "S", "filters": format!("link={}", secret["id"].as_str().expect("an id")) });
    let refused = body(of(&platform, &account, Method::POST, "/shares", &named), StatusCode::BAD_REQUEST).await;
    assert_eq!(refused["errors"][0]["code"], "in_closed_folder");
}
