//! Links that move to another workspace: who may do that, what comes along, what stays, and what never leaves.

use elido::domain::role::Role;
use elido::infra::grpc::v1::MoveLinkRequest;
use elido::infra::grpc::v1::links_client::LinksClient;
use futures_util::future::join;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tonic::Request;
use tonic::metadata::MetadataValue;

use crate::command_line_people::prints;
use crate::domains::{active, start};
use crate::races::sound;
use crate::support::members::{key, member};
use crate::support::platform::{Account, Platform, body, eventually};

/// What people use, whose clicks count.
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The account in another workspace of the same person.
async fn elsewhere(platform: &Platform, account: &Account) -> Account {
    Account { token: account.token.clone(), workspace: platform.sign_in().await.workspace }
}

async fn make(platform: &Platform, account: &Account, path: &str, draft: &Value) -> String {
    text(&body(platform.of(account, Method::POST, path).json(draft), StatusCode::CREATED).await["id"])
}

async fn link(platform: &Platform, account: &Account, slug: &str) -> String {
    make(platform, account, "/links", &json!({ "destination_url": "https://example.com/", "slug": slug })).await
}

fn moving(platform: &Platform, from: &Account, link: &str, draft: &Value) -> reqwest::RequestBuilder {
    platform.of(from, Method::POST, &format!("/links/{link}/move")).json(draft)
}

/// Refuses a move, with the code of the problem.
async fn refused(platform: &Platform, from: &Account, link: &str, draft: &Value) -> Value {
    body(moving(platform, from, link, draft), StatusCode::CONFLICT).await["code"].clone()
}

async fn has(platform: &Platform, account: &Account, link: &str) -> bool {
    let request = platform.of(account, Method::GET, &format!("/links/{link}"));
    request.send().await.expect("a response").status() == StatusCode::OK
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_moves_with_its_history_comments_and_tags_and_leaves_its_clicks() {
    let platform = Platform::start().await;
    let here = platform.account().await;
    let there = elsewhere(&platform, &here).await;
    let folder = make(&platform, &here, "/folders", &json!({ "name": "Spring" })).await;
    let draft = json!({
        "destination_url": "https://example.com/", "slug": "moving", "tags": ["blue", "red"], "folder_id": folder,
        "external_id": "one", "max_clicks": 30,
    });
    let link = make(&platform, &here, "/links", &draft).await;
    let path = format!("/links/{link}");
    body(platform.of(&here, Method::PATCH, &path).json(&json!({ "title": "T" })), StatusCode::OK).await;
    make(&platform, &here, &format!("{path}/comments"), &json!({ "text": "Whose is it?" })).await;
    make(&platform, &there, "/tags", &json!({ "name": "Blue" })).await;
    let visit = async || {
        let visit = platform.client.get(platform.edge("/moving")).header("host", "localhost");
        visit.header("user-agent", BROWSER).send().await.expect("a response").status()
    };
    assert_eq!(visit().await, StatusCode::FOUND);
    eventually("the click is counted", || async { platform.read(&here, &path).await["clicks"] == 1 }).await;

    let target = make(&platform, &there, "/folders", &json!({ "name": "Summer" })).await;
    let draft = json!({ "workspace_id": there.workspace, "folder_id": target });
    let moved = body(moving(&platform, &here, &link, &draft), StatusCode::OK).await;
    assert_eq!(
        (&moved["id"], &moved["slug"], &moved["tags"], &moved["folder_id"], &moved["external_id"], &moved["version"]),
        (&json!(link), &json!("moving"), &json!(["Blue", "red"]), &json!(target), &json!("one"), &json!(3))
    );
    assert!(!has(&platform, &here, &link).await && has(&platform, &there, &link).await);
    let history = platform.read(&there, &format!("{path}/history")).await;
    let told: Vec<&Value> = history["data"].as_array().expect("versions").iter().map(|v| &v["action"]).collect();
    assert_eq!(told, ["moved", "updated", "created"]);
    assert_eq!(history["data"][0]["change_id"], Value::Null);
    let comments = platform.read(&there, &format!("{path}/comments")).await;
    assert_eq!(comments["data"][0]["text"], "Whose is it?");

    // Visitors are counted there from now on, and the clicks until then stay here.
    eventually("clicks are counted there", || async {
        visit().await;
        platform.read(&there, &path).await["clicks"].as_i64().is_some_and(|clicks| clicks > 0)
    })
    .await;
    let clicks = platform.read(&here, "/analytics/summary").await["clicks"].as_i64();
    assert!(clicks.is_some_and(|clicks| clicks >= 1), "{clicks:?}");
    eventually("its clicks go on being limited", || async { visit().await == StatusCode::GONE }).await;

    for (account, action) in [(&here, "link.moved_out"), (&there, "link.moved_in")] {
        let trail = platform.read(account, &format!("/audit-events?target={link}")).await;
        assert!(trail.to_string().contains(action), "{trail}");
        let events = platform.read(account, "/events?limit=100").await.to_string();
        assert!(events.contains(action), "{events}");
    }
    // Neither the move nor what was done before it is undone.
    let undone = body(platform.of(&there, Method::POST, "/links/undo").json(&json!({})), StatusCode::OK).await;
    assert_eq!(undone["results"][0]["problem"]["code"], "changed_since");
    let revert = platform.of(&there, Method::POST, &format!("{path}/revert")).json(&json!({ "version": 1 }));
    assert_eq!(body(revert, StatusCode::OK).await["title"], Value::Null);
    // It comes back the same way.
    let back = body(moving(&platform, &there, &link, &json!({ "workspace_id": here.workspace })), StatusCode::OK).await;
    assert_eq!((&back["folder_id"], &back["tags"]), (&Value::Null, &json!(["blue", "red"])));
    body(platform.of(&here, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_moves_a_link_may_change_it_here_and_make_links_there() {
    let platform = Platform::start().await;
    let here = platform.account().await;
    let there = elsewhere(&platform, &here).await;
    let link = link(&platform, &here, "mine").await;
    let draft = json!({ "workspace_id": there.workspace });
    let editor = member(&platform, &here, "editor@example.com", Role::Editor).await;
    let unknown = body(moving(&platform, &editor, &link, &draft), StatusCode::BAD_REQUEST).await;
    assert_eq!(
        (&unknown["errors"][0]["pointer"], &unknown["errors"][0]["code"]),
        (&json!("/workspace_id"), &json!("unknown_workspace"))
    );
    let token = crate::support::members::invite(&platform, &there, "editor@example.com", Role::Viewer).await;
    let accept = platform.client.post(platform.api("/v1/invitations/accept")).bearer_auth(&editor.token);
    body(accept.json(&json!({ "token": token })), StatusCode::OK).await;
    body(moving(&platform, &editor, &link, &draft), StatusCode::FORBIDDEN).await;
    let viewer = member(&platform, &here, "viewer@example.com", Role::Viewer).await;
    body(moving(&platform, &viewer, &link, &draft), StatusCode::FORBIDDEN).await;
    let (program, _) = key(&platform, &here, &json!({ "name": "Key", "scopes": ["links:write"] })).await;
    let refused = body(moving(&platform, &program, &link, &draft), StatusCode::FORBIDDEN).await;
    assert_eq!(refused["code"], "session_required");
    let same =
        body(moving(&platform, &here, &link, &json!({ "workspace_id": here.workspace })), StatusCode::BAD_REQUEST);
    assert_eq!(same.await["errors"][0]["code"], "same_workspace");
    let outdated = moving(&platform, &here, &link, &draft).header("if-match", "\"7\"");
    body(outdated, StatusCode::PRECONDITION_FAILED).await;
    assert!(has(&platform, &here, &link).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_on_a_domain_of_its_workspace_needs_one_of_the_other_and_its_address_is_nobodys_twice() {
    let (platform, dns, here) = start().await;
    let there = elsewhere(&platform, &here).await;
    active(&platform, &dns, &here, "go.example.com").await;
    active(&platform, &dns, &there, "to.example.com").await;
    let draft = json!({ "destination_url": "https://example.com/", "slug": "sale", "domain": "go.example.com" });
    let link = make(&platform, &here, "/links", &draft).await;
    let wrong = async |draft: Value| {
        let refused = body(moving(&platform, &here, &link, &draft), StatusCode::BAD_REQUEST).await;
        (refused["errors"][0]["pointer"].clone(), refused["errors"][0]["code"].clone())
    };
    let to = &there.workspace;
    assert_eq!(wrong(json!({ "workspace_id": to })).await, (json!("/domain"), json!("required")));
    let foreign = json!({ "workspace_id": to, "domain": "go.example.com" });
    assert_eq!(wrong(foreign).await, (json!("/domain"), json!("unknown_domain")));
    let letters = json!({ "workspace_id": to, "domain": "to.example.com", "slug": "größe" });
    assert_eq!(wrong(letters).await, (json!("/slug"), json!("unicode_slug")));

    let taken = json!({ "destination_url": "https://example.org/", "slug": "sale", "domain": "to.example.com" });
    make(&platform, &there, "/links", &taken).await;
    let draft = json!({ "workspace_id": to, "domain": "to.example.com" });
    assert_eq!(refused(&platform, &here, &link, &draft).await, "slug_taken");
    body(platform.of(&here, Method::PUT, &format!("/links/{link}/printed")), StatusCode::OK).await;
    let mut draft = json!({ "workspace_id": to, "domain": "to.example.com", "slug": "other" });
    assert_eq!(refused(&platform, &here, &link, &draft).await, "printed");
    draft["confirm_printed"] = json!(true);
    let moved = body(moving(&platform, &here, &link, &draft), StatusCode::OK).await;
    assert_eq!((&moved["domain"], &moved["slug"]), (&json!("to.example.com"), &json!("other")));
    let visit = async |host: &str, path: &str| {
        let request = platform.client.get(platform.edge(path)).header("host", host);
        request.send().await.expect("a response").status()
    };
    eventually("visitors follow", || async {
        visit("to.example.com", "/other").await == StatusCode::FOUND
            && visit("go.example.com", "/sale").await == StatusCode::NOT_FOUND
    })
    .await;
    let revert = platform.of(&there, Method::POST, &format!("/links/{link}/revert"));
    let revert = revert.json(&json!({ "version": 1, "confirm_printed": true }));
    assert_eq!(body(revert, StatusCode::CONFLICT).await["code"], "domain_gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_frozen_guarded_closed_or_there_already_does_not_leave() {
    let platform = Platform::start().await;
    let here = platform.account().await;
    let there = elsewhere(&platform, &here).await;
    let draft = json!({ "workspace_id": there.workspace });
    let guarded = json!({ "destination_url": "https://example.com/", "needs_approval": true });
    let guarded = make(&platform, &here, "/links", &guarded).await;
    assert_eq!(refused(&platform, &here, &guarded, &draft).await, "approval_required");

    let folder = make(&platform, &here, "/folders", &json!({ "name": "Closed" })).await;
    let access = platform.of(&here, Method::PATCH, &format!("/folders/{folder}/access"));
    body(access.json(&json!({ "access": "none" })), StatusCode::OK).await;
    let closed = json!({ "destination_url": "https://example.com/", "folder_id": folder });
    let closed = make(&platform, &here, "/links", &closed).await;
    assert_eq!(refused(&platform, &here, &closed, &draft).await, "closed_folder");
    let foreign = json!({ "workspace_id": there.workspace, "folder_id": folder });
    let open = link(&platform, &here, "open").await;
    let unknown = body(moving(&platform, &here, &open, &foreign), StatusCode::BAD_REQUEST).await;
    assert_eq!(unknown["errors"][0]["code"], "unknown_folder");

    let twin = json!({ "destination_url": "https://example.com/", "external_id": "twin" });
    let twin_here = make(&platform, &here, "/links", &twin).await;
    make(&platform, &there, "/links", &twin).await;
    assert_eq!(refused(&platform, &here, &twin_here, &draft).await, "external_id_taken");

    let window = json!({ "reason": "Audit", "ends_at": "2999-01-01T00:00:00Z" });
    for frozen in [&here, &there] {
        let window = make(&platform, frozen, "/freeze-windows", &window).await;
        assert_eq!(refused(&platform, &here, &open, &draft).await, "frozen");
        let window = platform.of(frozen, Method::DELETE, &format!("/freeze-windows/{window}"));
        body(window, StatusCode::NO_CONTENT).await;
    }
    body(moving(&platform, &here, &open, &draft), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_move_and_an_edit_or_another_move_in_the_same_moment_one_comes_first() {
    let platform = crate::races::start().await;
    let here = platform.account().await;
    let (there, third) = (elsewhere(&platform, &here).await, elsewhere(&platform, &here).await);
    for round in 0..10 {
        let link = link(&platform, &here, &format!("race{round}")).await;
        let to = |account: &Account| json!({ "workspace_id": account.workspace });
        let (one, other) = join(
            sound(moving(&platform, &here, &link, &to(&there))),
            sound(moving(&platform, &here, &link, &to(&third))),
        )
        .await;
        let done = [one.0, other.0].iter().filter(|status| **status == StatusCode::OK).count();
        assert_eq!(done, 1, "{one:?} {other:?}");
        let owners = [
            has(&platform, &here, &link).await,
            has(&platform, &there, &link).await,
            has(&platform, &third, &link).await,
        ];
        assert_eq!(owners.iter().filter(|owns| **owns).count(), 1, "{owners:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_move_over_grpc_and_on_the_command_line() {
    let platform = Platform::start().await;
    let here = platform.account().await;
    let there = elsewhere(&platform, &here).await;
    let link = link(&platform, &here, "moving").await;
    let mut client = LinksClient::connect(platform.grpc()).await.expect("a connection");
    let message = MoveLinkRequest {
        workspace_id: here.workspace.clone(),
        link_id: link.clone(),
        to_workspace_id: there.workspace.clone(),
        slug: Some("moved".to_owned()),
        ..MoveLinkRequest::default()
    };
    let mut request = Request::new(message);
    let credential = MetadataValue::try_from(format!("Bearer {}", here.token)).expect("a header");
    request.metadata_mut().insert("authorization", credential);
    let moved = client.move_link(request).await.expect("the link").into_inner().link.expect("the link");
    assert_eq!((moved.id, moved.slug), (link.clone(), "moved".to_owned()));
    assert!(has(&platform, &there, &link).await);
    let back = ["link", "move", "localhost/moved", "--to", &here.workspace, "--slug", "back"];
    let printed = prints(&platform, Some(&there), &back).await;
    assert!(printed.trim().ends_with("/back"), "{printed}");
    assert!(has(&platform, &here, &link).await);
}
