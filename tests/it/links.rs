//! Links over the API: what may be written, and how they are found.

use std::collections::HashSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::platform::{Account, Platform, body};

async fn refused(platform: &Platform, account: &Account, link: &Value, status: StatusCode) -> Value {
    body(platform.of(account, Method::POST, "/links").json(link), status).await
}

fn pointers(problem: &Value) -> HashSet<&str> {
    problem["errors"].as_array().expect("errors").iter().filter_map(|error| error["pointer"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_keeps_everything_that_was_said_about_it() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let draft = json!({
        "destination_url": "https://EXAMPLE.com/ü", "slug": "Sommer/2026", "redirect_status": 301,
        "title": " Sommer ", "description": "Zeile\nzwei", "image_url": "https://example.com/x.png", "comment": "intern",
        "tags": ["b", "a"], "external_id": "crm-7", "starts_at": "2026-05-01T02:00:00+02:00",
        "expires_at": "2026-06-01T00:00:00Z", "expired_url": "https://example.com/late", "max_clicks": 5, "password": "x",
        "forward_query": "link_wins", "forward_path": true, "utm": { "source": "news" }, "archived": true,
        "rules": [{ "name": "de", "conditions": [{ "type": "countries", "any_of": ["DE"] }],
                    "outcome": { "type": "destination", "destination_url": "https://example.de/" } }],
    });
    let link = platform.create_link(&account, &draft).await;
    let path = format!("/links/{}", link["id"].as_str().expect("an id"));
    assert_eq!(platform.read(&account, &path).await, link);
    assert_eq!(link["destination_url"], "https://example.com/%C3%BC");
    assert_eq!(
        (&link["short_url"], &link["domain"]),
        (&json!("http://localhost:8080/Sommer/2026"), &json!("localhost"))
    );
    assert_eq!((&link["title"], &link["tags"]), (&json!("Sommer"), &json!(["a", "b"])));
    assert_eq!(link["starts_at"], "2026-05-01T00:00:00.000000Z");
    assert_eq!((&link["password_protected"], &link["password"]), (&json!(true), &Value::Null));
    for field in [
        "redirect_status",
        "description",
        "comment",
        "external_id",
        "max_clicks",
        "forward_query",
        "forward_path",
        "utm",
        "archived",
        "rules",
    ] {
        assert_eq!(link[field], draft[field], "{field}");
    }
    let cleared = json!({
        "title": null, "description": null, "image_url": null, "comment": null, "tags": [], "external_id": null,
        "starts_at": null, "expires_at": null, "expired_url": null, "max_clicks": null, "password": null, "utm": {},
        "rules": [], "archived": false,
    });
    let cleared = body(platform.of(&account, Method::PATCH, &path).json(&cleared), StatusCode::OK).await;
    for field in [
        "title",
        "description",
        "image_url",
        "comment",
        "external_id",
        "starts_at",
        "expires_at",
        "expired_url",
        "max_clicks",
    ] {
        assert_eq!(cleared[field], Value::Null, "{field}");
    }
    assert_eq!(
        (&cleared["password_protected"], &cleared["tags"], &cleared["rules"]),
        (&json!(false), &json!([]), &json!([]))
    );
    assert_eq!((&cleared["redirect_status"], &cleared["version"]), (&json!(301), &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_in_a_link_is_told_at_once_with_its_place() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let draft = json!({
        "destination_url": "javascript:alert(1)", "slug": "a b", "title": "", "image_url": "mailto:a@example.com",
        "tags": ["ok", ""], "starts_at": "soon", "max_clicks": 0, "utm": { "source": "" }, "external_id": "a\u{0}b",
        "rules": [{ "name": "", "conditions": [{ "type": "countries", "any_of": ["Germany"] }],
                    "outcome": { "type": "split", "variants": [] } }],
    });
    let problem = refused(&platform, &account, &draft, StatusCode::BAD_REQUEST).await;
    let found = pointers(&problem);
    for pointer in [
        "/destination_url",
        "/slug",
        "/title",
        "/image_url",
        "/tags/1",
        "/starts_at",
        "/max_clicks",
        "/utm/source",
        "/external_id",
        "/rules/0/name",
        "/rules/0/conditions/0/any_of/0",
        "/rules/0/outcome/variants",
    ] {
        assert!(found.contains(pointer), "{pointer} in {found:?}");
    }
    let ends_first = json!({ "destination_url": "https://example.com/", "starts_at": "2026-05-02T00:00:00Z", "expires_at": "2026-05-01T00:00:00Z" });
    let problem = refused(&platform, &account, &ends_first, StatusCode::BAD_REQUEST).await;
    assert_eq!(pointers(&problem), HashSet::from(["/expires_at"]));
    let unknown = json!({ "destination_url": "https://example.com/", "destinaton": 1 });
    let problem = refused(&platform, &account, &unknown, StatusCode::BAD_REQUEST).await;
    assert_eq!(pointers(&problem), HashSet::from(["/destinaton"]));
    let elsewhere = json!({ "destination_url": "https://example.com/", "domain": "other.example.com" });
    let problem = refused(&platform, &account, &elsewhere, StatusCode::BAD_REQUEST).await;
    assert_eq!(pointers(&problem), HashSet::from(["/domain"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slug_and_an_external_id_belong_to_one_link() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let other = platform.sign_in().await;
    let link = json!({ "destination_url": "https://example.com/", "slug": "one", "external_id": "7" });
    platform.create_link(&account, &link).await;
    let clash = refused(
        &platform,
        &other,
        &json!({ "destination_url": "https://example.com/", "slug": "one" }),
        StatusCode::CONFLICT,
    )
    .await;
    assert_eq!(clash["code"], "slug_taken");
    let clash = json!({ "destination_url": "https://example.com/", "external_id": "7" });
    assert_eq!(refused(&platform, &account, &clash, StatusCode::CONFLICT).await["code"], "external_id_taken");
    // External ids are a workspace's own.
    platform.create_link(&other, &clash).await;
    let two =
        platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "two" })).await;
    let path = format!("/links/{}", two["id"].as_str().expect("an id"));
    for (change, code) in
        [(json!({ "slug": "one" }), "slug_taken"), (json!({ "external_id": "7" }), "external_id_taken")]
    {
        let edit = platform.of(&account, Method::PATCH, &path).json(&change);
        assert_eq!(body(edit, StatusCode::CONFLICT).await["code"], code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identical_link_is_found_however_many_look_for_it_at_once() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let draft =
        json!({ "destination_url": "https://example.com/", "title": "A", "tags": ["x"], "if_exists": "return" });
    let create = || platform.of(&account, Method::POST, "/links").json(&draft).send();
    let responses = futures_util::future::join_all((0..8).map(|_| create())).await;
    let mut ids = HashSet::new();
    let mut made = 0;
    for response in responses {
        let response = response.expect("a response");
        made += usize::from(response.status() == StatusCode::CREATED);
        let link: Value = response.json().await.expect("a link");
        ids.insert(link["id"].as_str().expect("an id").to_owned());
    }
    assert_eq!((ids.len(), made), (1, 1));
    let mut fail = draft.clone();
    fail["if_exists"] = json!("fail");
    assert_eq!(refused(&platform, &account, &fail, StatusCode::CONFLICT).await["code"], "link_exists");
    fail["title"] = json!("B");
    platform.create_link(&account, &fail).await;
    let mut tagged_otherwise = draft.clone();
    tagged_otherwise["tags"] = json!([]);
    platform.create_link(&account, &tagged_otherwise).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_tells_how_often_it_was_clicked() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let link = platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
    assert_eq!((&link["clicks"], &link["last_click_at"]), (&json!(0), &Value::Null));
    let browser = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";
    let visit = platform.client.get(platform.edge(&format!("/{}", link["slug"].as_str().expect("a slug"))));
    visit.header("user-agent", browser).send().await.expect("a response");
    let path = format!("/links/{}", link["id"].as_str().expect("an id"));
    crate::support::platform::eventually("the click is counted", || async {
        platform.read(&account, &path).await["clicks"] == 1
    })
    .await;
    assert_ne!(platform.read(&account, "/links").await["data"][0]["last_click_at"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_over_the_pages_sees_every_link_once() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let drafts: Vec<Value> =
        (0..57).map(|number| json!({ "destination_url": format!("https://example.com/{number}") })).collect();
    let bulk = platform.of(&account, Method::POST, "/links/bulk").json(&json!({ "links": drafts }));
    body(bulk, StatusCode::OK).await;
    for sort in ["created_at", "-created_at", "updated_at", "-updated_at"] {
        let mut seen = Vec::new();
        let mut path = format!("/links?limit=10&sort={sort}");
        loop {
            let page = platform.read(&account, &path).await;
            seen.extend(
                page["data"]
                    .as_array()
                    .expect("links")
                    .iter()
                    .map(|link| link["id"].as_str().expect("an id").to_owned()),
            );
            // A link that is made while the walk is under way disturbs nothing that was there before.
            if seen.len() == 20 && sort == "-created_at" {
                platform.create_link(&account, &json!({ "destination_url": "https://example.com/new" })).await;
            }
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/links?limit=10&sort={sort}&cursor={cursor}");
        }
        let distinct: HashSet<&String> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len());
        assert!(seen.len() >= 57, "{sort}: {}", seen.len());
    }
    let page = platform.read(&account, "/links?limit=10").await;
    let cursor = page["next_cursor"].as_str().expect("a next page");
    for path in [
        format!("/links?limit=10&archived=true&cursor={cursor}"),
        "/links?cursor=x".to_owned(),
        "/links?limit=0".to_owned(),
        "/links?order=up".to_owned(),
    ] {
        body(platform.of(&account, Method::GET, &path), StatusCode::BAD_REQUEST).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_search_find_what_they_say() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    for draft in [
        json!({ "destination_url": "https://example.com/100%25_off", "slug": "Rabatt", "tags": ["sale"] }),
        json!({ "destination_url": "https://example.com/b", "title": "Große Übersicht", "archived": true }),
        json!({ "destination_url": "https://example.org/c" }),
    ] {
        platform.create_link(&account, &draft).await;
    }
    let me = body(platform.client.get(platform.api("/v1/me")).bearer_auth(&account.token), StatusCode::OK).await;
    let me = me["user"]["id"].as_str().expect("an id");
    for (query, count) in [
        ("", 3),
        ("search=EXAMPLE.com", 2),
        ("search=große%20übersicht", 1),
        ("search=rabatt", 1),
        ("search=%25", 1),
        ("search=_off", 1),
        ("search=%5C", 0),
        ("archived=true", 1),
        ("archived=false", 2),
        ("tag=SALE", 1),
        ("tag=unknown", 0),
        ("domain=LOCALHOST", 3),
        ("domain=unknown.example.com", 0),
        ("created_from=2020-01-01T00:00:00Z&created_until=2020-01-02T00:00:00Z", 0),
        ("created_from=2020-01-01T00:00:00Z", 3),
        (format!("created_by={me}").as_str(), 3),
        ("created_by=usr_00000000000000000000000000000000", 0),
        ("archived=false&search=example&tag=sale", 1),
    ] {
        let found = platform.read(&account, &format!("/links?{query}")).await;
        assert_eq!(found["data"].as_array().map(Vec::len), Some(count), "{query}");
    }
    body(platform.of(&account, Method::GET, "/links?search=a%00b"), StatusCode::BAD_REQUEST).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_links_are_made_changed_and_deleted_in_one_request_each() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let mut drafts: Vec<Value> = (0..1_000)
        .map(|number| json!({ "destination_url": format!("https://example.com/{number}"), "tags": [format!("t{}", number % 7)] }))
        .collect();
    drafts[3] = json!({ "destination_url": "nowhere", "slug": "also wrong" });
    drafts[4]["slug"] = json!("same");
    drafts[5]["slug"] = json!("same");
    let bulk = |method: Method, path: &str, content: Value| {
        body(platform.of(&account, method, path).json(&content), StatusCode::OK)
    };
    let made = bulk(Method::POST, "/links/bulk", json!({ "links": drafts })).await;
    let made = made["results"].as_array().expect("results").clone();
    assert_eq!(made.len(), 1_000);
    assert_eq!(made.iter().filter(|result| result["status"] == "created").count(), 998);
    assert_eq!(pointers(&made[3]["problem"]), HashSet::from(["/links/3/destination_url", "/links/3/slug"]));
    assert_eq!(made[5]["problem"]["code"], "slug_taken");
    assert_eq!(made[7]["link"]["destination_url"], "https://example.com/7");
    let slugs: HashSet<&str> = made.iter().filter_map(|result| result["link"]["slug"].as_str()).collect();
    assert_eq!(slugs.len(), 998);

    let links: Vec<&Value> =
        made.iter().filter(|result| result["status"] == "created").map(|result| &result["link"]).collect();
    let mut edits: Vec<Value> =
        links.iter().map(|link| json!({ "id": link["id"], "changes": { "title": "T", "tags": ["all"] } })).collect();
    edits[0]["changes"] = json!({ "destination_url": "not an address" });
    edits[1]["version"] = json!(9);
    edits[2]["id"] = edits[5]["id"].clone();
    edits[4]["changes"]["slug"] = json!("same");
    let changed = bulk(Method::PATCH, "/links/bulk", json!({ "links": edits })).await;
    let changed = changed["results"].as_array().expect("results").clone();
    let codes: Vec<&str> = changed.iter().filter_map(|result| result["problem"]["code"].as_str()).collect();
    assert_eq!(codes, ["invalid_request", "version_mismatch", "slug_taken", "invalid_request"]);
    assert_eq!(changed[7]["link"]["tags"], json!(["all"]));
    assert_eq!(pointers(&changed[0]["problem"]), HashSet::from(["/links/0/changes/destination_url"]));

    let ids: Vec<&Value> = links.iter().map(|link| &link["id"]).collect();
    let deleted = bulk(Method::POST, "/links/bulk/delete", json!({ "ids": ids })).await;
    assert!(deleted["results"].as_array().expect("results").iter().all(|result| result["status"] == "deleted"));
    assert_eq!(platform.read(&account, "/links").await["data"], json!([]));

    let too_many: Vec<Value> = (0..1_001).map(|_| json!({ "destination_url": "https://example.com/" })).collect();
    let refused = platform.of(&account, Method::POST, "/links/bulk").json(&json!({ "links": too_many }));
    assert_eq!(body(refused, StatusCode::PAYLOAD_TOO_LARGE).await["code"], "bulk_too_large");
    let none = platform.of(&account, Method::POST, "/links/bulk").json(&json!({ "links": [] }));
    body(none, StatusCode::BAD_REQUEST).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resolving_explains_which_rule_decides_and_why() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let draft = json!({
        "destination_url": "https://example.com/", "utm": { "source": "qr" },
        "rules": [
            { "name": "bavarian phones",
              "conditions": [{ "type": "regions", "any_of": ["DE-BY"] }, { "type": "devices", "any_of": ["mobile"] }],
              "outcome": { "type": "destination", "destination_url": "https://example.com/by" } },
            { "name": "half", "outcome": { "type": "split", "variants": [
                { "name": "a", "weight": 0, "destination_url": "https://example.com/a" },
                { "name": "b", "weight": 1, "destination_url": "https://example.com/b" }] } },
        ],
    });
    let link = platform.create_link(&account, &draft).await;
    let path = format!("/links/{}/resolve", link["id"].as_str().expect("an id"));
    let resolve = |visitor: Value| body(platform.of(&account, Method::POST, &path).json(&visitor), StatusCode::OK);
    let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
    let found = resolve(json!({ "region": "DE-BY", "user_agent": phone })).await;
    assert_eq!(
        (&found["state"], &found["destination_url"]),
        (&json!("redirects"), &json!("https://example.com/by?utm_source=qr"))
    );
    assert_eq!(
        (&found["explanation"]["winner"]["rule"], &found["agent"]["os"]),
        (&json!("bavarian phones"), &json!("iOS"))
    );
    let found = resolve(json!({ "region": "DE-BE", "user_agent": phone })).await;
    assert_eq!(found["destination_url"], "https://example.com/b?utm_source=qr");
    assert_eq!(found["explanation"]["winner"]["variant"], "b");
    assert_eq!(found["explanation"]["rules"][0]["conditions"][0]["holds"], false);
    let errors = json!({ "address": "here", "region": "Bavaria", "at": "now" });
    let problem = body(platform.of(&account, Method::POST, &path).json(&errors), StatusCode::BAD_REQUEST).await;
    assert_eq!(pointers(&problem), HashSet::from(["/address", "/region", "/at"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_not_saved_decides_as_it_will_once_it_is() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let half =
        |name: &str| json!({ "name": name, "weight": 1, "destination_url": format!("https://example.com/{name}") });
    let split = json!({ "type": "split", "variants": [half("a"), half("b")] });
    let draft = json!({ "destination_url": "https://example.com/", "rules": [{ "name": "half", "outcome": split }] });
    let ask = |draft: Value, status| body(platform.of(&account, Method::POST, "/resolve").json(&draft), status);
    let found = ask(json!({ "link": draft }), StatusCode::OK).await;
    assert_eq!(found["explanation"]["winner"]["rule"], "half");
    assert_eq!(platform.read(&account, "/links/count").await["links"], 0, "nothing is written");

    let link = platform.create_link(&account, &draft).await;
    let path = format!("/links/{}/resolve", link["id"].as_str().expect("an id"));
    for number in 1..=8 {
        let visitor = json!({ "address": format!("203.0.113.{number}") });
        let saved = body(platform.of(&account, Method::POST, &path).json(&visitor), StatusCode::OK).await;
        let asked = json!({ "link": draft, "link_id": link["id"], "visitor": visitor });
        assert_eq!(ask(asked, StatusCode::OK).await["destination_url"], saved["destination_url"]);
    }
    let wrong = json!({ "link": { "destination_url": "not an address" } });
    let problem = ask(wrong, StatusCode::BAD_REQUEST).await;
    assert_eq!(pointers(&problem), HashSet::from(["/link/destination_url"]));
    let wrong = json!({ "link": draft, "visitor": { "region": "Bavaria" } });
    let problem = ask(wrong, StatusCode::BAD_REQUEST).await;
    assert_eq!(pointers(&problem), HashSet::from(["/visitor/region"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_counted_by_the_filters_of_their_list() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    for (slug, tags) in [("one", json!(["spring"])), ("two", json!(["spring"])), ("three", json!([]))] {
        let link = json!({ "destination_url": "https://example.com/", "slug": slug, "tags": tags });
        platform.create_link(&account, &link).await;
    }
    for (query, links) in [("", 3), ("?tag=Spring", 2), ("?tag=Spring&search=two", 1), ("?tag=autumn", 0)] {
        assert_eq!(platform.read(&account, &format!("/links/count{query}")).await["links"], links, "{query}");
    }
    let paged = platform.of(&account, Method::GET, "/links/count?limit=1");
    body(paged, StatusCode::BAD_REQUEST).await;
}
