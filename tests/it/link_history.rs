//! What links were: read, gone back to, undone and restored.

use elido::domain::role::Role;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::support::members::{member, other_workspace, user_id};
use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::statements::execute;

/// How many edits and reverts the law is tried with.
const STEPS: usize = 200;
/// The fields that people choose.
const CHOSEN: [&str; 12] = [
    "slug",
    "destination_url",
    "redirect_status",
    "title",
    "tags",
    "external_id",
    "expires_at",
    "max_clicks",
    "utm",
    "archived",
    "folder_id",
    "password_protected",
];

fn id(link: &Value) -> String {
    link["id"].as_str().expect("an id").to_owned()
}

async fn make(platform: &Platform, account: &Account, slug: &str) -> String {
    id(&platform.create_link(account, &json!({ "destination_url": "https://example.com/", "slug": slug })).await)
}

async fn edit(platform: &Platform, account: &Account, link: &str, change: &Value) -> Value {
    body(platform.of(account, Method::PATCH, &format!("/links/{link}")).json(change), StatusCode::OK).await
}

async fn revert(platform: &Platform, account: &Account, link: &str, version: usize) -> Value {
    let request = platform.of(account, Method::POST, &format!("/links/{link}/revert"));
    body(request.json(&json!({ "version": version })), StatusCode::OK).await
}

async fn undo(platform: &Platform, account: &Account, draft: &Value) -> Value {
    body(platform.of(account, Method::POST, "/links/undo").json(draft), StatusCode::OK).await
}

/// What people chose, as a link tells it.
fn chosen(link: &Value) -> Map<String, Value> {
    CHOSEN.iter().map(|field| ((*field).to_owned(), link[*field].clone())).collect()
}

/// A random edit of some fields.
fn random_edit(random: &mut impl Rng, folders: &[String]) -> Value {
    let number: u32 = random.random_range(0..1_000);
    let edits = [
        json!({ "slug": format!("s{number}") }),
        json!({ "destination_url": format!("https://example.com/{number}") }),
        json!({ "redirect_status": if number.is_multiple_of(2) { 301 } else { 307 } }),
        json!({ "title": format!("Title {number}"), "archived": number.is_multiple_of(2) }),
        json!({ "title": null, "external_id": format!("crm-{number}") }),
        json!({ "tags": [format!("t{}", number % 7), format!("t{}", number % 3)] }),
        json!({ "tags": [], "max_clicks": 1 + number }),
        json!({ "expires_at": format!("2030-01-01T00:00:{:02}Z", number % 60), "utm": { "source": format!("n{number}") } }),
        json!({ "expires_at": null, "utm": {} }),
        json!({ "folder_id": folders[number as usize % folders.len()] }),
        json!({ "folder_id": null }),
    ];
    edits[random.random_range(0..edits.len())].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_nobody_has_edited_goes_back_to_its_only_version() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let link = make(&platform, &account, "unedited").await;
    let path = format!("/links/{link}");
    let before = chosen(&platform.read(&account, &path).await);
    assert_eq!(chosen(&revert(&platform, &account, &link, 1).await), before);
    let request = platform.of(&account, Method::POST, &format!("{path}/revert")).json(&json!({ "version": 9 }));
    assert_eq!(body(request, StatusCode::CONFLICT).await["code"], "version_not_kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_edits_and_reverts_end_in_the_state_that_the_model_says() {
    let platform = Platform::start_with(|config| config.links.history_versions_max = 1_000).await;
    let account = platform.account().await;
    let seed = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a time").as_secs();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut folders = Vec::new();
    for name in ["One", "Two"] {
        let folder = platform.of(&account, Method::POST, "/folders").json(&json!({ "name": name }));
        folders.push(id(&body(folder, StatusCode::CREATED).await));
    }
    let link = make(&platform, &account, "first").await;
    // The model: what the link was in each version.
    let mut model = vec![chosen(&platform.read(&account, &format!("/links/{link}")).await)];
    for _ in 0..STEPS {
        let answer = if random.random_bool(0.3) {
            let version = random.random_range(1..=model.len());
            let answer = revert(&platform, &account, &link, version).await;
            if model.last() != Some(&model[version - 1]) {
                model.push(model[version - 1].clone());
            }
            answer
        } else {
            let answer = edit(&platform, &account, &link, &random_edit(&mut random, &folders)).await;
            if model.last() != Some(&chosen(&answer)) {
                model.push(chosen(&answer));
            }
            answer
        };
        assert_eq!(Some(&chosen(&answer)), model.last(), "seed {seed}, version {}", model.len());
        assert_eq!(answer["version"], json!(model.len()));
    }
    let now = platform.read(&account, &format!("/links/{link}")).await;
    assert_eq!(Some(&chosen(&now)), model.last(), "seed {seed}");

    // A revert of a revert is the original.
    let original = model.len();
    let back = random.random_range(1..original);
    assert_eq!(chosen(&revert(&platform, &account, &link, back).await), model[back - 1], "seed {seed}");
    assert_eq!(chosen(&revert(&platform, &account, &link, original).await), model[original - 1], "seed {seed}");

    // Every step of the history tells what the model says, and what changed nothing is no step.
    let versions = platform.read(&account, &format!("/links/{link}")).await["version"].as_u64();
    let mut path = format!("/links/{link}/history?limit=100");
    let mut seen = 0_u64;
    loop {
        let page = platform.read(&account, &path).await;
        for version in page["data"].as_array().expect("versions") {
            let number = usize::try_from(version["version"].as_u64().expect("a number")).expect("small");
            seen += 1;
            if number < 2 || number > model.len() {
                continue;
            }
            let changes = version["changes"].as_array().expect("changes");
            for field in CHOSEN.iter().filter(|field| **field != "password_protected") {
                let (before, after) = (&model[number - 2][*field], &model[number - 1][*field]);
                let told = changes.iter().find(|change| change["field"] == **field);
                assert_eq!(told.is_some(), before != after, "seed {seed}, version {number}, {field}");
                if let Some(told) = told.filter(|_| *field != "utm") {
                    assert_eq!((&told["before"], &told["after"]), (before, after), "seed {seed}, version {number}");
                }
            }
        }
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/links/{link}/history?limit=100&cursor={cursor}");
    }
    assert_eq!(Some(seen), versions);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_tells_who_changed_what_and_no_secret() {
    let platform = Platform::start_with(|config| config.links.history_versions_max = 3).await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let link = make(&platform, &owner, "told").await;
    let path = format!("/links/{link}/history");
    let history = platform.read(&owner, &path).await;
    assert_eq!((&history["data"][0]["action"], &history["data"][0]["changes"]), (&json!("created"), &json!([])));
    assert_eq!(history["data"][0]["author"], user_id(&platform, &owner).await);

    edit(&platform, &editor, &link, &json!({ "password": "open sesame" })).await;
    let before = edit(&platform, &editor, &link, &json!({ "title": "T", "password": "another" })).await;
    let history = platform.read(&owner, &path).await;
    let newest = &history["data"][0];
    assert_eq!(newest["author"], user_id(&platform, &editor).await);
    let told = json!([{ "field": "password", "before": null, "after": null }, { "field": "title", "before": null, "after": "T" }]);
    assert_eq!((&newest["changes"], &newest["version"]), (&told, &json!(3)));
    assert!(!history.to_string().contains("argon2"), "{history}");

    // The password of then holds again, although nobody can read it.
    revert(&platform, &owner, &link, 2).await;
    let visit =
        platform.client.post(platform.edge("/told")).header("host", "localhost").form(&[("password", "open sesame")]);
    let status = visit.send().await.expect("a response").status();
    assert!(status.is_redirection(), "{status}");
    let again = revert(&platform, &owner, &link, 3).await;
    assert_eq!(chosen(&again), chosen(&before));

    // Three versions are kept, and the oldest of them has nothing to be compared with.
    let history = platform.read(&owner, &path).await;
    let kept: Vec<&Value> = history["data"].as_array().expect("versions").iter().map(|row| &row["version"]).collect();
    assert_eq!(kept, [5, 4, 3]);
    assert_eq!(history["data"][2]["changes"], Value::Null);
    let old = platform.of(&owner, Method::POST, &format!("/links/{link}/revert")).json(&json!({ "version": 1 }));
    assert_eq!(body(old, StatusCode::CONFLICT).await["code"], "version_not_kept");
    let lost = platform.of(&owner, Method::POST, &format!("/links/{link}/revert")).header("if-match", "\"1\"");
    body(lost.json(&json!({ "version": 4 })), StatusCode::PRECONDITION_FAILED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revert_whose_slug_is_taken_by_now_is_refused_and_changes_nothing() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let link = make(&platform, &account, "wanted").await;
    let draft = json!({ "slug": "elsewhere", "external_id": "crm-1" });
    edit(&platform, &account, &link, &draft).await;
    edit(&platform, &account, &link, &json!({ "external_id": null })).await;
    let thief = json!({ "destination_url": "https://example.com/", "slug": "wanted", "external_id": "crm-1" });
    platform.create_link(&account, &thief).await;
    let before = platform.read(&account, &format!("/links/{link}")).await;
    for (version, code) in [(1, "slug_taken"), (2, "external_id_taken")] {
        let request = platform.of(&account, Method::POST, &format!("/links/{link}/revert"));
        let refused = body(request.json(&json!({ "version": version })), StatusCode::CONFLICT).await;
        assert_eq!(refused["code"], code);
    }
    assert_eq!(platform.read(&account, &format!("/links/{link}")).await, before);
    assert_eq!(
        platform.read(&account, &format!("/links/{link}/history")).await["data"].as_array().map(Vec::len),
        Some(3)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn people_undo_their_own_last_change_of_one_link_or_of_many() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let one = make(&platform, &owner, "one").await;
    let two = make(&platform, &owner, "two").await;
    let nothing = platform.of(&editor, Method::POST, "/links/undo").json(&json!({}));
    assert_eq!(body(nothing, StatusCode::NOT_FOUND).await["code"], "nothing_to_undo");

    edit(&platform, &editor, &one, &json!({ "title": "T" })).await;
    let undone = undo(&platform, &editor, &json!({})).await;
    assert_eq!(
        (&undone["results"][0]["status"], &undone["results"][0]["link"]["title"]),
        (&json!("updated"), &Value::Null)
    );
    let redone = undo(&platform, &editor, &json!({})).await;
    assert_eq!(redone["results"][0]["link"]["title"], "T");

    let edits: Vec<Value> =
        [&one, &two].iter().map(|link| json!({ "id": link, "changes": { "archived": true } })).collect();
    let bulk = platform.of(&editor, Method::PATCH, "/links/bulk").json(&json!({ "links": edits }));
    let change = body(bulk, StatusCode::OK).await["change_id"].clone();
    edit(&platform, &owner, &two, &json!({ "title": "Since" })).await;
    let theirs = platform.of(&owner, Method::POST, "/links/undo").json(&json!({ "change_id": change }));
    body(theirs, StatusCode::NOT_FOUND).await;
    let undone = undo(&platform, &editor, &json!({ "change_id": change })).await;
    let mut results: Vec<String> = undone["results"]
        .as_array()
        .expect("results")
        .iter()
        .map(|result| result["problem"]["code"].as_str().or(result["status"].as_str()).expect("a word").to_owned())
        .collect();
    results.sort();
    assert_eq!(results, ["changed_since", "updated"]);
    assert_eq!(platform.read(&owner, &format!("/links/{one}")).await["archived"], false);
    assert_eq!(platform.read(&owner, &format!("/links/{two}")).await["archived"], true);

    let deleted = platform.of(&editor, Method::POST, "/links/bulk/delete").json(&json!({ "ids": [one, two] }));
    body(deleted, StatusCode::OK).await;
    eventually("it is gone", || async { platform.visit("/one").await.status() == StatusCode::GONE }).await;
    let undone = undo(&platform, &editor, &json!({})).await;
    assert_eq!(undone["results"].as_array().map(Vec::len), Some(2));
    eventually("it is back", || async { platform.visit("/one").await.status() == StatusCode::FOUND }).await;
    // After some time, nobody undoes anything without looking.
    execute(&platform.config, "UPDATE link_versions SET created_at = created_at - 3601000000").await;
    execute(&platform.config, "UPDATE deleted_links SET created_at = created_at - 3601000000").await;
    body(platform.of(&editor, Method::POST, "/links/undo").json(&json!({})), StatusCode::NOT_FOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_link_keeps_its_slug_and_comes_back_as_it_was() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    let draft = json!({
        "destination_url": "https://example.com/", "slug": "back", "tags": ["a", "b"], "external_id": "crm-1", "max_clicks": 3,
        "rules": [{ "name": "de", "conditions": [{ "type": "countries", "any_of": ["DE"] }],
                    "outcome": { "type": "destination", "destination_url": "https://example.de/" } }],
    });
    let made = platform.create_link(&account, &draft).await;
    let link = id(&made);
    assert_eq!(platform.visit("/back").await.status(), StatusCode::FOUND);
    let path = format!("/links/{link}");
    let version = edit(&platform, &account, &link, &json!({ "title": "T" })).await;
    body(platform.of(&account, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    body(platform.of(&account, Method::GET, &path), StatusCode::NOT_FOUND).await;
    let bin = platform.read(&account, "/deleted-links").await;
    assert_eq!(
        (&bin["data"][0]["id"], &bin["data"][0]["slug"], &bin["data"][0]["domain"]),
        (&json!(link), &json!("back"), &json!("localhost"))
    );
    eventually("it is gone", || async { platform.visit("/back").await.status() == StatusCode::GONE }).await;
    let draft = json!({ "destination_url": "https://example.com/", "slug": "back" });
    let refused = body(platform.of(&account, Method::POST, "/links").json(&draft), StatusCode::CONFLICT).await;
    assert_eq!(refused["code"], "slug_of_deleted_link");
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains(&link)), "{refused}");
    let other = make(&platform, &account, "other").await;
    let rename = platform.of(&account, Method::PATCH, &format!("/links/{other}")).json(&json!({ "slug": "back" }));
    assert_eq!(body(rename, StatusCode::CONFLICT).await["code"], "slug_of_deleted_link");

    let restore =
        |body: Value| platform.of(&account, Method::POST, &format!("/deleted-links/{link}/restore")).json(&body);
    body(restore(json!({ "slug": "a b" })), StatusCode::BAD_REQUEST).await;
    let restored = body(restore(json!({ "slug": "back-again" })), StatusCode::OK).await;
    eventually("the old slug is free", || async { platform.visit("/back").await.status() == StatusCode::NOT_FOUND })
        .await;
    let mut expected = chosen(&version);
    expected.insert("slug".to_owned(), json!("back-again"));
    assert_eq!(chosen(&restored), expected);
    assert_eq!(
        (&restored["version"], &restored["created_at"], &restored["rules"]),
        (&json!(3), &made["created_at"], &made["rules"])
    );
    assert_eq!(platform.read(&account, "/deleted-links").await["data"], json!([]));
    // One of three clicks was used before.
    for status in [StatusCode::FOUND, StatusCode::FOUND, StatusCode::GONE] {
        eventually("its clicks go on being counted", || async {
            platform.visit("/back-again").await.status() == status
        })
        .await;
    }
    let history = platform.read(&account, &format!("{path}/history")).await;
    assert_eq!(
        (&history["data"][0]["action"], &history["data"][0]["changes"][0]["field"]),
        (&json!("restored"), &json!("slug"))
    );
    let actions = platform.read(&account, &format!("/audit-events?target={link}")).await.to_string();
    assert!(actions.contains("link.restored"), "{actions}");

    for link in [&link, &other] {
        body(platform.of(&account, Method::DELETE, &format!("/links/{link}")), StatusCode::NO_CONTENT).await;
    }
    eventually("it is gone", || async { platform.visit("/other").await.status() == StatusCode::GONE }).await;
    body(platform.of(&account, Method::DELETE, &format!("/deleted-links/{other}")), StatusCode::NO_CONTENT).await;
    eventually("its slug is free", || async { platform.visit("/other").await.status() == StatusCode::NOT_FOUND }).await;
    make(&platform, &account, "other").await;
    let bin = platform.read(&account, "/deleted-links").await;
    assert_eq!(bin["data"].as_array().map(Vec::len), Some(1));
    platform.stop().await;
    execute(&platform.config, "UPDATE deleted_links SET created_at = created_at - 2678400000000").await;
    execute(&platform.config, "DELETE FROM job_schedules WHERE kind = 'forget_link_history'").await;
    platform.start_again().await;
    eventually("nobody restored it in time", || async {
        platform.read(&account, "/deleted-links").await["data"] == json!([])
            && platform.visit("/back-again").await.status() == StatusCode::NOT_FOUND
    })
    .await;
    make(&platform, &account, "back-again").await;
    let late = platform.of(&account, Method::POST, &format!("/deleted-links/{link}/restore")).json(&json!({}));
    assert_eq!(body(late, StatusCode::NOT_FOUND).await["code"], "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slug_that_a_deleted_link_keeps_is_gone_also_for_an_edge_that_starts_afterwards() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    let link = make(&platform, &account, "kept").await;
    body(platform.of(&account, Method::DELETE, &format!("/links/{link}")), StatusCode::NO_CONTENT).await;
    platform.stop().await;
    platform.start_again().await;
    // First the edge asks for every slug, and then it learns of those that there are.
    eventually("it is gone", || async { platform.visit("/kept").await.status() == StatusCode::GONE }).await;
    eventually("others are not there", || async { platform.visit("/never").await.status() == StatusCode::NOT_FOUND })
        .await;
    assert_eq!(platform.visit("/kept").await.status(), StatusCode::GONE);
    assert_eq!(platform.visit("/kept/").await.status(), StatusCode::GONE);
    assert_eq!(platform.visit("/Kept").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_link_of_somebody_else_keeps_its_slug_and_is_not_told_of() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let stranger = other_workspace(&platform, &account).await;
    let link = make(&platform, &account, "shared").await;
    body(platform.of(&account, Method::DELETE, &format!("/links/{link}")), StatusCode::NO_CONTENT).await;
    let draft = json!({ "destination_url": "https://example.com/", "slug": "shared" });
    let single = body(platform.of(&stranger, Method::POST, "/links").json(&draft), StatusCode::CONFLICT).await;
    assert_eq!(single["code"], "slug_taken");
    let bulk = json!({ "links": [draft, { "destination_url": "https://example.com/" }] });
    let bulk = body(platform.of(&stranger, Method::POST, "/links/bulk").json(&bulk), StatusCode::OK).await;
    assert_eq!(bulk["results"][0]["problem"]["code"], "slug_taken");
    assert_eq!(bulk["results"][1]["status"], "created");
    for answer in [single, bulk] {
        assert!(!answer.to_string().contains(&link), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_deletion_and_the_making_of_its_slug_in_the_same_moment_one_wins() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    for round in 0..20 {
        let slug = format!("race-{round}");
        let link = make(&platform, &account, &slug).await;
        let draft = json!({ "destination_url": "https://example.com/", "slug": slug });
        let delete = platform.of(&account, Method::DELETE, &format!("/links/{link}")).send();
        let make = || platform.of(&account, Method::POST, "/links").json(&draft).send();
        let (deleted, one, other) = tokio::join!(delete, make(), make());
        assert_eq!(deleted.expect("a response").status(), StatusCode::NO_CONTENT);
        for made in [one, other] {
            assert_eq!(made.expect("a response").status(), StatusCode::CONFLICT);
        }
        let restore = platform.of(&account, Method::POST, &format!("/deleted-links/{link}/restore"));
        assert_eq!(body(restore.json(&json!({})), StatusCode::OK).await["slug"], *slug);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_changes_nothing_makes_no_version_and_is_told_to_nobody() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let draft = json!({ "destination_url": "https://example.com/", "slug": "same", "tags": ["A", "b"] });
    let link = id(&platform.create_link(&account, &draft).await);
    let before = edit(&platform, &account, &link, &json!({ "title": "T" })).await;
    let trail = platform.read(&account, &format!("/audit-events?target={link}")).await;
    for same in [json!({}), json!({ "title": "T" }), json!({ "tags": ["B", "a"], "slug": "same", "utm": {} })] {
        assert_eq!(edit(&platform, &account, &link, &same).await, before);
    }
    assert_eq!(revert(&platform, &account, &link, 2).await, before);
    let edits = json!({ "links": [{ "id": link, "changes": { "title": "T" } }] });
    let bulk = body(platform.of(&account, Method::PATCH, "/links/bulk").json(&edits), StatusCode::OK).await;
    assert_eq!((&bulk["results"][0]["status"], &bulk["results"][0]["link"]), (&json!("updated"), &before));
    let history = platform.read(&account, &format!("/links/{link}/history")).await;
    assert_eq!(history["data"].as_array().map(Vec::len), Some(2));
    assert_eq!(platform.read(&account, &format!("/audit-events?target={link}")).await, trail);
    let events = platform.read(&account, "/events?types=link.updated&limit=100").await;
    assert_eq!(events["data"].as_array().map(Vec::len), Some(1), "{events}");
    // The change before it can still be undone.
    assert_eq!(undo(&platform, &account, &json!({})).await["results"][0]["link"]["title"], Value::Null);
}
