//! API keys: rotation, revocation by whoever holds one, and limits of their own.

use elido::domain::role::{Role, Scope};
use elido::infra::grpc::v1::ListLinksRequest;
use elido::infra::grpc::v1::links_client::LinksClient;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::members::{key, member};
use crate::support::platform::{Account, Platform, body};
use crate::support::statements::execute;

async fn code(request: RequestBuilder, status: StatusCode) -> String {
    body(request, status).await["code"].as_str().unwrap_or_default().to_owned()
}

fn path(key: &Value) -> String {
    format!("/api-keys/{}", key["id"].as_str().expect("an id"))
}

fn rotate(platform: &Platform, by: &Account, key: &Value, overlap_seconds: u32) -> RequestBuilder {
    let request = platform.of(by, Method::POST, &format!("{}/rotate", path(key)));
    request.json(&json!({ "overlap_seconds": overlap_seconds }))
}

/// The account with this secret of a key in place of its own.
fn with(account: &Account, key: &Value) -> Account {
    Account { token: key["token"].as_str().expect("a token").to_owned(), workspace: account.workspace.clone() }
}

async fn status(platform: &Platform, account: &Account) -> StatusCode {
    platform.of(account, Method::GET, "/links").send().await.expect("a response").status()
}

fn reading() -> Value {
    json!({ "name": "CI", "scopes": ["links:read"] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_has_two_secrets_for_a_while_and_then_one() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let (first, made) = key(&platform, &owner, &reading()).await;
    let rotated = body(rotate(&platform, &owner, &made, 3_600), StatusCode::OK).await;
    assert_eq!((&rotated["id"], &rotated["scopes"], &rotated["version"]), (&made["id"], &made["scopes"], &json!(2)));
    assert!(rotated["previous_secret_expires_at"].is_string() && rotated["rotated_at"].is_string(), "{rotated}");
    let second = with(&owner, &rotated);
    assert_eq!((status(&platform, &first).await, status(&platform, &second).await), (StatusCode::OK, StatusCode::OK));

    // The overlap is over.
    execute(&platform.config, "UPDATE api_keys SET previous_expires_at = 1").await;
    assert_eq!(status(&platform, &first).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&platform, &second).await, StatusCode::OK);
    assert_eq!(platform.read(&owner, &path(&made)).await["previous_secret_expires_at"], Value::Null);

    let third = with(&owner, &body(rotate(&platform, &owner, &made, 0), StatusCode::OK).await);
    assert_eq!(status(&platform, &second).await, StatusCode::UNAUTHORIZED, "no overlap");
    assert_eq!(status(&platform, &third).await, StatusCode::OK);
    let problem = body(rotate(&platform, &owner, &made, 604_801), StatusCode::BAD_REQUEST).await;
    assert_eq!(problem["errors"][0]["pointer"], "/overlap_seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_key_that_is_rotated_twice_the_oldest_secret_is_over() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let (first, made) = key(&platform, &owner, &reading()).await;
    let second = with(&owner, &body(rotate(&platform, &owner, &made, 604_800), StatusCode::OK).await);
    let third = with(&owner, &body(rotate(&platform, &owner, &made, 604_800), StatusCode::OK).await);
    let statuses = [status(&platform, &first).await, status(&platform, &second).await, status(&platform, &third).await];
    assert_eq!(statuses, [StatusCode::UNAUTHORIZED, StatusCode::OK, StatusCode::OK]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_holds_a_key_revokes_it_and_may_do_so_again() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let (first, made) = key(&platform, &owner, &reading()).await;
    let second = with(&owner, &body(rotate(&platform, &owner, &made, 3_600), StatusCode::OK).await);
    let revoke =
        |token: &str| platform.client.post(platform.api("/v1/api-keys/revoke")).json(&json!({ "token": token }));
    let unknown = format!("elido_{}", "A".repeat(43));
    body(revoke(&unknown), StatusCode::NO_CONTENT).await;
    assert_eq!(status(&platform, &second).await, StatusCode::OK);
    // The older secret ends the key as the newer one does.
    for _ in 0..3 {
        body(revoke(&first.token), StatusCode::NO_CONTENT).await;
        assert_eq!(status(&platform, &first).await, StatusCode::UNAUTHORIZED);
        assert_eq!(status(&platform, &second).await, StatusCode::UNAUTHORIZED);
    }
    body(platform.of(&owner, Method::GET, &path(&made)), StatusCode::NOT_FOUND).await;
    for other in [owner.token.as_str(), "elido_", "", "x"] {
        assert_eq!(body(revoke(other), StatusCode::BAD_REQUEST).await["errors"][0]["pointer"], "/token");
    }
    body(platform.of(&owner, Method::GET, ""), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_renamed_and_an_edit_of_an_older_version_is_refused() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let (program, made) = key(&platform, &owner, &reading()).await;
    let edit =
        |change: Value| platform.of(&owner, Method::PATCH, &path(&made)).header("if-match", "\"1\"").json(&change);
    let renamed = body(edit(json!({ "name": "Deployment" })), StatusCode::OK).await;
    assert_eq!((&renamed["name"], &renamed["version"]), (&json!("Deployment"), &json!(2)));
    assert_eq!(code(edit(json!({ "name": "Other" })), StatusCode::PRECONDITION_FAILED).await, "version_mismatch");
    assert_eq!(status(&platform, &program).await, StatusCode::OK);
    let scopes = platform.of(&owner, Method::PATCH, &path(&made)).json(&json!({ "scopes": ["links:write"] }));
    assert_eq!(body(scopes, StatusCode::BAD_REQUEST).await["errors"][0]["pointer"], "/scopes");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_the_secret_of_a_key_that_can_do_more_than_they_can() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let (_, made) = key(&platform, &owner, &json!({ "name": "All", "scopes": Scope::ALL })).await;
    assert_eq!(code(rotate(&platform, &editor, &made, 0), StatusCode::FORBIDDEN).await, "missing_scope");
    let admin = member(&platform, &owner, "admin@example.com", Role::Admin).await;
    body(rotate(&platform, &admin, &made, 0), StatusCode::OK).await;
    let (manager, _) = key(&platform, &owner, &json!({ "name": "Keys", "scopes": ["keys:write"] })).await;
    assert_eq!(code(rotate(&platform, &manager, &made, 0), StatusCode::FORBIDDEN).await, "session_required");
    body(platform.of(&manager, Method::DELETE, &path(&made)), StatusCode::NO_CONTENT).await;
}

/// The parts of a `RateLimit` or `RateLimit-Policy` header: the name and its numbers.
fn header(response: &Response, name: &str) -> String {
    response.headers()[name].to_str().expect("text").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_its_own_limit_and_every_answer_says_what_is_left_of_the_tighter_one() {
    let platform = Platform::start_with(|config| {
        config.api.rate_limit_per_minute = 60;
        config.api.rate_limit_burst = 30;
        config.api.workspace_rate_limit_per_minute = 60;
        config.api.workspace_rate_limit_burst = 25;
        config.api.key_rate_limit_per_minute_max = 600;
    })
    .await;
    let owner = platform.account().await;
    let draft = |limit: u32| json!({ "name": "CI", "scopes": ["links:read"], "rate_limit_per_minute": limit });
    for limit in [0, 601] {
        let request = platform.of(&owner, Method::POST, "/api-keys").json(&draft(limit));
        assert_eq!(body(request, StatusCode::BAD_REQUEST).await["errors"][0]["pointer"], "/rate_limit_per_minute");
    }
    let (slow, _) = key(&platform, &owner, &draft(6)).await;
    let (fast, _) = key(&platform, &owner, &draft(600)).await;
    let ask = async |account: &Account| platform.of(account, Method::GET, "/links").send().await.expect("a response");

    let response = ask(&slow).await;
    assert_eq!(header(&response, "ratelimit-policy"), "\"default\";q=3;w=30, \"workspace\";q=25;w=25");
    assert!(header(&response, "ratelimit").starts_with("\"default\";r=2;"), "{response:?}");
    assert_eq!(ask(&slow).await.status(), StatusCode::OK);
    assert_eq!(ask(&slow).await.status(), StatusCode::OK);
    let refused = ask(&slow).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(header(&refused, "ratelimit").starts_with("\"default\";r=0;"));
    // It is the same limit over gRPC.
    let mut links = LinksClient::connect(platform.grpc()).await.expect("a connection");
    let mut call = async |account: &Account| {
        let list = ListLinksRequest { workspace_id: account.workspace.clone(), ..Default::default() };
        let mut request = tonic::Request::new(list);
        let credential = format!("Bearer {}", account.token).parse().expect("a header");
        request.metadata_mut().insert("authorization", credential);
        links.list_links(request).await.map_or_else(|status| status.code(), |_| tonic::Code::Ok)
    };
    assert_eq!(call(&slow).await, tonic::Code::ResourceExhausted);
    assert_eq!(call(&fast).await, tonic::Code::Ok);

    let mut response = ask(&fast).await;
    assert_eq!(header(&response, "ratelimit-policy"), "\"default\";q=300;w=30, \"workspace\";q=25;w=25");
    // Each second brings the workspace another.
    for _ in 0..250 {
        if response.status() != StatusCode::OK {
            break;
        }
        assert!(header(&response, "ratelimit").starts_with("\"workspace\";r="), "{response:?}");
        response = ask(&fast).await;
    }
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(header(&response, "ratelimit").starts_with("\"workspace\";r=0;"));
}
