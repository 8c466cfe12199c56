//! Links by what they are known by, with what people say about them, and the templates that they are made with.

use elido::domain::role::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::database;
use crate::support::members::{member, user_id};
use crate::support::platform::{Platform, body, eventually};
use crate::support::statements::execute;

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_made_once_by_its_external_id_and_is_then_what_the_last_request_says() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let path = "/links-by-external-id/crm%2F7";
    let put = |link: &Value| platform.of(&account, Method::PUT, path).json(link);
    body(platform.of(&account, Method::GET, path), StatusCode::NOT_FOUND).await;
    let draft = json!({ "destination_url": "https://example.com/", "slug": "seven", "tags": ["a"], "title": "T" });
    let made = body(put(&draft), StatusCode::CREATED).await;
    assert_eq!((&made["external_id"], &made["version"]), (&json!("crm/7"), &json!(1)));
    assert_eq!(body(put(&draft), StatusCode::OK).await, made, "nothing is written twice");
    let changed = body(put(&json!({ "destination_url": "https://example.com/new" })), StatusCode::OK).await;
    assert_eq!((&changed["id"], &changed["slug"], &changed["version"]), (&made["id"], &json!("seven"), &json!(2)));
    assert_eq!((&changed["title"], &changed["tags"]), (&Value::Null, &json!([])));
    assert_eq!(platform.read(&account, path).await, changed);
    let other = json!({ "destination_url": "https://example.com/", "external_id": "crm-8", "if_exists": "return" });
    let refused = body(put(&other), StatusCode::BAD_REQUEST).await;
    let pointers: Vec<&Value> =
        refused["errors"].as_array().expect("errors").iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/external_id", "/if_exists"]);

    // Many at once make one.
    let draft = json!({ "destination_url": "https://example.com/race" });
    let race = "/links-by-external-id/race";
    let answers: Vec<StatusCode> = futures_util::future::join_all((0..8).map(|_| async {
        let put = platform.of(&account, Method::PUT, race).json(&draft);
        put.send().await.expect("a response").status()
    }))
    .await;
    assert_eq!(answers.iter().filter(|status| **status == StatusCode::CREATED).count(), 1, "{answers:?}");
    assert!(answers.iter().all(StatusCode::is_success), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_with_the_same_destination_are_found_refused_and_listed() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let draft = |choice: &str| json!({ "destination_url": "https://EXAMPLE.com:443/a", "title": choice, "on_duplicate": choice });
    let first = body(platform.of(&account, Method::POST, "/links").json(&draft("fail")), StatusCode::CREATED).await;
    let refused = body(platform.of(&account, Method::POST, "/links").json(&draft("fail")), StatusCode::CONFLICT).await;
    assert_eq!(refused["code"], "destination_exists");
    let found = body(platform.of(&account, Method::POST, "/links").json(&draft("return")), StatusCode::OK).await;
    assert_eq!(found["id"], first["id"]);
    assert_eq!(platform.read(&account, "/links/duplicates").await["data"], json!([]));

    let bulk = json!({ "links": [
        { "destination_url": "https://example.com/b", "on_duplicate": "return" },
        { "destination_url": "https://example.com/b", "on_duplicate": "return" },
        { "destination_url": "https://example.com/a" },
    ]});
    let results =
        body(platform.of(&account, Method::POST, "/links/bulk").json(&bulk), StatusCode::OK).await["results"].clone();
    let states: Vec<&Value> = results.as_array().expect("results").iter().map(|result| &result["status"]).collect();
    assert_eq!(states, ["created", "existing", "created"]);
    let listed = platform.read(&account, "/links/duplicates").await;
    let expected =
        json!([{ "destination_url": "https://example.com/a", "link_ids": [first["id"], results[2]["link"]["id"]] }]);
    assert_eq!(listed["data"], expected);
    let same = platform.read(&account, "/links?destination_url=https://example.com/a").await;
    assert_eq!(same["data"].as_array().map(Vec::len), Some(2));
    for page in 0..5 {
        let link = json!({ "destination_url": format!("https://example.com/page/{page}") });
        for _ in 0..2 {
            platform.create_link(&account, &link).await;
        }
    }
    let (mut path, mut seen) = ("/links/duplicates?limit=2".to_owned(), 0);
    loop {
        let page = platform.read(&account, &path).await;
        seen += page["data"].as_array().expect("destinations").len();
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/links/duplicates?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_takes_over_the_parameters_of_a_template_and_keeps_them() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let draft = json!({ "name": "Newsletter", "utm": { "source": "news", "medium": "email" } });
    let template = body(platform.of(&account, Method::POST, "/utm-templates").json(&draft), StatusCode::CREATED).await;
    let path = format!("/utm-templates/{}", template["id"].as_str().expect("an id"));
    let taken = json!({ "name": "NEWSLETTER", "utm": {} });
    body(platform.of(&account, Method::POST, "/utm-templates").json(&taken), StatusCode::CONFLICT).await;
    let empty = json!({ "name": "Empty", "utm": { "source": "" } });
    let refused =
        body(platform.of(&account, Method::POST, "/utm-templates").json(&empty), StatusCode::BAD_REQUEST).await;
    assert_eq!(refused["errors"][0]["pointer"], "/utm/source");

    let link = json!({ "destination_url": "https://example.com/", "slug": "news", "utm_template_id": template["id"], "utm": { "source": "own" } });
    let link = platform.create_link(&account, &link).await;
    assert_eq!(link["utm"], json!({ "source": "own", "medium": "email" }));
    let visit = platform.visit("/news").await;
    assert_eq!(visit.headers()["location"], "https://example.com/?utm_source=own&utm_medium=email");
    let change = json!({ "utm": { "source": "other" } });
    let changed = body(platform.of(&account, Method::PATCH, &path).json(&change), StatusCode::OK).await;
    assert_eq!((&changed["name"], &changed["version"]), (&json!("Newsletter"), &json!(2)));
    body(platform.of(&account, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    let link = platform.read(&account, &format!("/links/{}", link["id"].as_str().expect("an id"))).await;
    assert_eq!(link["utm"], json!({ "source": "own", "medium": "email" }));
    let gone = json!({ "destination_url": "https://example.com/", "utm_template_id": template["id"] });
    let refused = body(platform.of(&account, Method::POST, "/links").json(&gone), StatusCode::BAD_REQUEST).await;
    assert_eq!(refused["errors"][0]["pointer"], "/utm_template_id");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_comment_on_links_and_nobody_changes_the_words_of_another() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let other = member(&platform, &owner, "other@example.com", Role::Editor).await;
    let link = platform.create_link(&owner, &json!({ "destination_url": "https://example.com/" })).await;
    let link = link["id"].as_str().expect("an id");
    let path = format!("/links/{link}/comments");
    let text = json!({ "text": " <b>Printed</b>\nin May " });
    let comment = body(platform.of(&editor, Method::POST, &path).json(&text), StatusCode::CREATED).await;
    assert_eq!(
        (&comment["text"], &comment["author"]),
        (&json!("<b>Printed</b>\nin May"), &json!(user_id(&platform, &editor).await))
    );
    let one = format!("{path}/{}", comment["id"].as_str().expect("an id"));
    for by in [&owner, &other] {
        let refused = body(platform.of(by, Method::PATCH, &one).json(&text), StatusCode::FORBIDDEN).await;
        assert_eq!(refused["code"], "not_your_comment");
    }
    body(platform.of(&other, Method::DELETE, &one), StatusCode::FORBIDDEN).await;
    let changed =
        body(platform.of(&editor, Method::PATCH, &one).json(&json!({ "text": "Printed in June" })), StatusCode::OK)
            .await;
    assert_eq!(changed["version"], 2);
    for long in [String::new(), "x".repeat(2_001), "a\u{0}b".to_owned()] {
        body(platform.of(&editor, Method::POST, &path).json(&json!({ "text": long })), StatusCode::BAD_REQUEST).await;
    }
    // A deleted link comes back with what was said about it.
    body(platform.of(&owner, Method::DELETE, &format!("/links/{link}")), StatusCode::NO_CONTENT).await;
    body(platform.of(&owner, Method::GET, &path), StatusCode::NOT_FOUND).await;
    let restore = platform.of(&owner, Method::POST, &format!("/deleted-links/{link}/restore")).json(&json!({}));
    body(restore, StatusCode::OK).await;
    assert_eq!(platform.read(&owner, &path).await["data"], json!([changed]));
    body(platform.of(&owner, Method::DELETE, &one), StatusCode::NO_CONTENT).await;
    assert_eq!(platform.read(&owner, &path).await["data"], json!([]));
    body(platform.of(&owner, Method::DELETE, &one), StatusCode::NOT_FOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_printed_code_leads_is_only_changed_by_whoever_knows_that_it_is_printed() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let link = json!({ "destination_url": "https://example.com/", "slug": "poster", "tags": ["print"] });
    let link = platform.create_link(&account, &link).await;
    let path = format!("/links/{}", link["id"].as_str().expect("an id"));
    let marked = body(platform.of(&account, Method::PUT, &format!("{path}/printed")), StatusCode::OK).await;
    assert!(marked["printed_at"].is_string() && marked["version"] == 1, "{marked}");
    let change = |change: Value| platform.of(&account, Method::PATCH, &path).json(&change);
    for refused in [json!({ "destination_url": "https://example.com/new" }), json!({ "slug": "other" })] {
        assert_eq!(body(change(refused), StatusCode::CONFLICT).await["code"], "printed");
    }
    body(change(json!({ "title": "T" })), StatusCode::OK).await;
    body(change(json!({ "destination_url": "https://example.com/new", "confirm_printed": true })), StatusCode::OK)
        .await;
    let revert = |confirmed: bool| {
        let draft = json!({ "version": 1, "confirm_printed": confirmed });
        platform.of(&account, Method::POST, &format!("{path}/revert")).json(&draft)
    };
    assert_eq!(body(revert(false), StatusCode::CONFLICT).await["code"], "printed");
    let mut edit = json!({
        "filter": { "tag": "print" }, "dry_run": true,
        "changes": { "replace_in_destination": { "find": "/new", "replace_with": "/newer" } },
    });
    let preview = body(platform.of(&account, Method::POST, "/links/bulk-edit").json(&edit), StatusCode::OK).await;
    edit["token"] = preview["token"].clone();
    edit["dry_run"] = json!(false);
    let edited = body(platform.of(&account, Method::POST, "/links/bulk-edit").json(&edit), StatusCode::OK).await;
    assert_eq!((&edited["changed"], &edited["failures"][0]["code"]), (&json!(0), &json!("printed")));
    assert_eq!(body(revert(true), StatusCode::OK).await["destination_url"], "https://example.com/");
    body(platform.of(&account, Method::DELETE, &format!("{path}/printed")), StatusCode::OK).await;
    body(change(json!({ "slug": "other" })), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slugs_are_no_reserved_and_hold_no_offensive_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let words = folder.path().join("words.txt");
    std::fs::write(&words, "# ours\nrude\n*vile*\n").expect("a file");
    let platform = Platform::start_with(|config| config.links.offensive_words_file = words).await;
    let account = platform.account().await;
    let make = |slug: &str| {
        let link = json!({ "destination_url": "https://example.com/", "slug": slug });
        platform.of(&account, Method::POST, "/links").json(&link)
    };
    for (slug, code) in [("login", "reserved_word"), ("so-rude", "offensive_word"), ("V1LER", "offensive_word")] {
        let refused = body(make(slug), StatusCode::BAD_REQUEST).await;
        assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("/slug"), &json!(code)));
    }
    let link = body(make("crude-oil"), StatusCode::CREATED).await;
    let rename = platform.of(&account, Method::PATCH, &format!("/links/{}", link["id"].as_str().expect("an id")));
    body(rename.json(&json!({ "slug": "rude" })), StatusCode::BAD_REQUEST).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_moves_to_another_domain_and_back_and_leaves_nothing_behind() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    let workspace = account.workspace.trim_start_matches("ws_");
    let (id, workspace) = if database::is_embedded() {
        ("x'01a209e18730708ab3e272629a4968aa'".to_owned(), format!("x'{workspace}'"))
    } else {
        ("'01a209e1-8730-708a-b3e2-72629a4968aa'".to_owned(), format!("'{workspace}'"))
    };
    let insert = format!(
        "INSERT INTO domains (id, workspace_id, hostname, is_default, case_sensitive, enabled, version, created_at, updated_at) \
         SELECT {id}, {workspace}, 'go.example.com', NOT d.is_default, d.case_sensitive, d.enabled, 1, 1, 1 FROM domains d"
    );
    execute(&platform.config, &insert).await;
    // Edges read the list of host names at the start, and hear of what the API changes.
    platform.stop().await;
    platform.start_again().await;
    let link = json!({ "destination_url": "https://example.com/", "slug": "moving" });
    let link = platform.create_link(&account, &link).await;
    assert_eq!(platform.visit("/moving").await.status(), StatusCode::FOUND);
    let path = format!("/links/{}", link["id"].as_str().expect("an id"));
    let to = |domain: &str| platform.of(&account, Method::PATCH, &path).json(&json!({ "domain": domain }));
    let refused = body(to("other.example.com"), StatusCode::BAD_REQUEST).await;
    assert_eq!(refused["errors"][0]["pointer"], "/domain");
    let moved = body(to("GO.example.com"), StatusCode::OK).await;
    assert_eq!(
        (&moved["domain"], &moved["slug"], &moved["id"]),
        (&json!("go.example.com"), &json!("moving"), &link["id"])
    );
    let visit = async |host: &str| {
        let visit = platform.client.get(platform.edge("/moving")).header("host", host);
        visit.send().await.expect("a response").status()
    };
    eventually("the edge knows", || async {
        visit("localhost").await == StatusCode::NOT_FOUND && visit("go.example.com").await == StatusCode::FOUND
    })
    .await;
    let back = platform.of(&account, Method::POST, &format!("{path}/revert")).json(&json!({ "version": 1 }));
    assert_eq!(body(back, StatusCode::OK).await["domain"], "localhost");
}
