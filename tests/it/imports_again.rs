//! Files that are mended and imported once more, and files that an export has written.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::command_line::{CommandLine, lines};
use crate::support::platform::{Account, Platform, body};
use crate::support::statements::execute;

async fn links(elido: &CommandLine<'_>) -> Vec<Value> {
    lines(&elido.prints(&["link", "list", "--json"]).await)
}

async fn import(elido: &CommandLine<'_>) -> Option<i32> {
    elido.run(&["import", "links.csv", "--report", "refused.ndjson"]).await.status.code()
}

fn report(elido: &CommandLine<'_>) -> Vec<Value> {
    lines(&std::fs::read_to_string(elido.path("refused.ndjson")).expect("a report"))
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_rows_are_mended_in_the_file_and_no_other_row_becomes_a_second_link() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let elido = CommandLine::new(&platform, &account);
    let file = "destination_url,slug,password,max_clicks\n\
         https://example.com/1,,,\n\
         https://example.com/2,,a first secret,\n\
         https://example.com/3,three,a second secret,\n\
         https://example.com/4,four,,\n\
         javascript:alert(1),,a third secret,\n\
         https://example.com/6,,,many\n";
    elido.write("links.csv", file);
    assert_eq!(import(&elido).await, Some(65));
    assert_eq!(links(&elido).await.len(), 4);
    // Whoever finds the fault, the row is there to be read.
    let refused = report(&elido);
    assert_eq!(refused.len(), 2);
    assert_eq!(refused[1]["fields"]["destination_url"], "https://example.com/6");

    let halfway = file.replace("javascript:alert(1)", "https://example.com/5");
    elido.write("links.csv", &halfway);
    assert_eq!(import(&elido).await, Some(65), "one row is still wrong");
    assert_eq!((links(&elido).await.len(), report(&elido).len()), (5, 1));
    elido.write("links.csv", &halfway.replace(",many", ",7"));
    assert_eq!(import(&elido).await, Some(0));
    let all = links(&elido).await;
    assert_eq!((all.len(), report(&elido).len()), (6, 0));
    assert_eq!(all.iter().filter(|link| link["password_protected"] == true).count(), 3);
    assert_eq!(import(&elido).await, Some(0), "nothing is left to do");
    assert_eq!(links(&elido).await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_broke_off_is_mended_and_goes_on() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let elido = CommandLine::new(&platform, &account);
    let file = |long: usize| {
        let title = "x".repeat(long);
        format!(
            "destination_url,title\nhttps://example.com/1,\nhttps://example.com/2,{title}\nhttps://example.com/3,\n"
        )
    };
    elido.write("links.csv", &file(1_100_000));
    assert_eq!(import(&elido).await, Some(65));
    assert_eq!(links(&elido).await.len(), 1);
    elido.write("links.csv", &file(10));
    assert_eq!(import(&elido).await, Some(0));
    assert_eq!(links(&elido).await.len(), 3);
}

/// A link with something in every field that a file can hold.
fn full(folder: &Value) -> Value {
    json!({
        "destination_url": "https://example.com/a,\"b\"?c=d#e", "slug": "Full/one", "title": "A \"title\", with; marks",
        "description": "Two\nlines", "image_url": "https://example.com/image.png", "comment": "ätsch\tand more",
        "tags": ["x", "y z", "with, comma"], "external_id": "crm-17", "redirect_status": 307,
        "starts_at": "2020-01-01T00:00:00Z", "expires_at": "2090-12-31T23:59:59Z",
        "expired_url": "https://example.com/over", "expired_text": "It is over.", "not_found_text": "Not yet.",
        "preview": { "title": "Card", "description": "Of a link", "image_url": "https://example.com/card.png" },
        "robots": "noindex, nofollow", "ios_url": "https://apps.apple.com/app/id1",
        "android_url": "https://play.google.com/store/apps/details?id=x", "max_clicks": 100,
        "click_budget": { "clicks": 5, "period": "day", "time_zone": "Europe/Berlin" }, "forward_query": "link_wins", "forward_path": true,
        "utm": { "source": "mail", "medium": "e-mail" }, "folder_id": folder, "archived": true, "needs_approval": true,
        "rules": [{ "name": "de", "conditions": [{ "type": "countries", "any_of": ["DE"] }],
            "outcome": { "type": "destination", "destination_url": "https://example.com/de" } }],
    })
}

/// What the server alone says of a link.
const OWN: [&str; 13] = [
    "id",
    "budget_use",
    "short_url",
    "version",
    "created_by",
    "created_at",
    "updated_at",
    "clicks",
    "last_click_at",
    "used_clicks",
    "printed_at",
    "disabled_reason",
    "password_protected",
];

async fn only_link(platform: &Platform, account: &Account) -> Value {
    let list = platform.read(account, "/links?archived=true").await;
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1), "{list}");
    list["data"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_a_link_comes_back_from_a_file() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let elido = CommandLine::new(&platform, &account);
    let folder = platform.of(&account, Method::POST, "/folders").json(&json!({ "name": "Spring" }));
    let folder = body(folder, StatusCode::CREATED).await["id"].clone();
    platform.create_link(&account, &full(&folder)).await;
    let before = only_link(&platform, &account).await;
    for (name, value) in before.as_object().expect("a link") {
        let is_empty = value.is_null() || *value == json!([]) || *value == json!({}) || *value == json!(false);
        assert!(!is_empty || OWN.contains(&&**name), "the link of this test has nothing in {name}");
    }
    for name in ["links.csv", "links.ndjson"] {
        elido.prints(&["export", name]).await;
        let link = only_link(&platform, &account).await;
        let path = format!("/links/{}", link["id"].as_str().expect("an id"));
        // Nobody is asked for the deletion.
        execute(&platform.config, "UPDATE links SET needs_approval = FALSE").await;
        for path in [path.clone(), path.replace("/links/", "/deleted-links/")] {
            let deleted = platform.of(&account, Method::DELETE, &path).send().await.expect("a response");
            assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
        }
        elido.prints(&["import", name]).await;
        let after = only_link(&platform, &account).await;
        assert_ne!(after["id"], link["id"]);
        for (field, value) in before.as_object().expect("a link") {
            assert!(
                OWN.contains(&&**field) || after[field] == *value,
                "{name}, {field}: {value} became {}",
                after[field]
            );
        }
    }
}
