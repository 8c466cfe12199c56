//! Clients of the OAuth2 provider, as workspaces register them.

use elido::domain::role::Role;
use elido::infra::grpc::v1;
use elido::infra::grpc::v1::oauth_clients_client::OauthClientsClient;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};

use crate::support::members::{key, member};
use crate::support::oauth::{
    Browser, Client, REDIRECT_URI, acting, as_client, call, confidential_client, draft, exchange, program,
    public_client, refresh, request, tokens, with,
};
use crate::support::people::text;
use crate::support::platform::{Account, Platform, body};

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_registered_changed_and_deleted_by_owners_and_admins() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let admin = member(&platform, &owner, "admin@example.com", Role::Admin).await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let made = platform.of(&admin, Method::POST, "/oauth-clients").json(&draft(true));
    let made = body(made, StatusCode::CREATED).await;
    assert!(text(&made["client_secret"]).starts_with(&text(&made["secret_start"])));
    assert!(text(&made["secret_start"]).starts_with("elido_cs_") && made["confidential"] == true);
    let path = format!("/oauth-clients/{}", text(&made["id"]));
    let read = platform.read(&owner, &path).await;
    assert!(read.get("client_secret").is_none() && read["redirect_uris"] == json!([REDIRECT_URI]));
    let edit = json!({ "name": "Other", "redirect_uris": ["https://other.example/"], "scopes": ["links:read"] });
    let edited = platform.of(&owner, Method::PATCH, &path).header("if-match", "\"1\"").json(&edit);
    let edited = body(edited, StatusCode::OK).await;
    assert_eq!((&edited["name"], &edited["version"]), (&json!("Other"), &json!(2)));
    let stale = platform.of(&owner, Method::PATCH, &path).header("if-match", "\"1\"").json(&edit);
    body(stale, StatusCode::PRECONDITION_FAILED).await;
    let refused = platform.of(&editor, Method::POST, "/oauth-clients").json(&draft(false));
    assert_eq!(body(refused, StatusCode::FORBIDDEN).await["code"], "missing_scope");
    // What a key registered would outlive it.
    let (program, _) = key(&platform, &owner, &json!({ "name": "K", "scopes": ["keys:write", "keys:read"] })).await;
    let refused = platform.of(&program, Method::POST, "/oauth-clients").json(&draft(false));
    assert_eq!(body(refused, StatusCode::FORBIDDEN).await["code"], "session_required");
    body(platform.of(&program, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    assert_eq!(platform.read(&owner, "/oauth-clients").await["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_client_is_told_by_its_field() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    for (field, value, pointer) in [
        ("name", json!(""), "/name"),
        ("redirect_uris", json!([]), "/redirect_uris"),
        ("redirect_uris", json!(vec![REDIRECT_URI; 11]), "/redirect_uris"),
        ("redirect_uris", json!([REDIRECT_URI, "http://localhost/callback"]), "/redirect_uris/1"),
        ("redirect_uris", json!(["https://*.example.com/"]), "/redirect_uris/0"),
        ("redirect_uris", json!(["javascript:alert(1)"]), "/redirect_uris/0"),
        ("scopes", json!([]), "/scopes"),
        ("scopes", json!(["everything"]), "/scopes/0"),
        ("workspace_id", json!("ws_1"), "/workspace_id"),
    ] {
        let mut body_of = draft(false);
        body_of[field] = value;
        let refused = platform.of(&owner, Method::POST, "/oauth-clients").json(&body_of);
        assert_eq!(body(refused, StatusCode::BAD_REQUEST).await["errors"][0]["pointer"], pointer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_exchanged_for_another_and_the_old_one_holds_for_a_while() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let client = confidential_client(&platform, &owner).await;
    let path = format!("/oauth-clients/{}/rotate-secret", client.id);
    let rotate = async |seconds: u32| {
        let rotation = platform.of(&owner, Method::POST, &path).json(&json!({ "overlap_seconds": seconds }));
        let secret = text(&body(rotation, StatusCode::OK).await["client_secret"]);
        Client { id: client.id.clone(), secret: Some(secret) }
    };
    let is_known = async |client: &Client| {
        let question = as_client(client, vec![("token", "nothing".to_owned())]);
        call(&platform, "/oauth/introspect", &question).await.0 == StatusCode::OK
    };
    let second = rotate(60).await;
    assert!(is_known(&client).await && is_known(&second).await);
    let third = rotate(0).await;
    assert!(is_known(&third).await && !is_known(&client).await && !is_known(&second).await);
    let too_long = platform.of(&owner, Method::POST, &path).json(&json!({ "overlap_seconds": 604_801 }));
    assert_eq!(body(too_long, StatusCode::BAD_REQUEST).await["errors"][0]["pointer"], "/overlap_seconds");
    let public = public_client(&platform, &owner).await;
    let path = format!("/oauth-clients/{}/rotate-secret", public.id);
    let none = body(platform.of(&owner, Method::POST, &path).json(&json!({})), StatusCode::CONFLICT).await;
    assert_eq!(none["code"], "public_client");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_may_ask_for_less_gets_less_at_its_next_refresh() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let client = public_client(&platform, &owner).await;
    let browser = Browser::of_the_owner(&platform).await;
    let held = acting(&browser, &client, "links:read links:write", &owner.workspace).await;
    let edit = platform.of(&owner, Method::PATCH, &format!("/oauth-clients/{}", client.id));
    body(edit.json(&json!({ "scopes": ["links:read"] })), StatusCode::OK).await;
    let next = tokens(&platform, &refresh(&client, &text(&held["refresh_token"]))).await;
    assert_eq!(next["scope"], "links:read");
    let link = json!({ "destination_url": "https://example.com/" });
    let refused = platform.of(&program(&next, &owner.workspace), Method::POST, "/links").json(&link);
    body(refused, StatusCode::FORBIDDEN).await;
    // An address that is no longer registered gets no code.
    let edit = platform.of(&owner, Method::PATCH, &format!("/oauth-clients/{}", client.id));
    body(edit.json(&json!({ "redirect_uris": ["https://other.example/"] })), StatusCode::OK).await;
    assert_eq!(browser.ask(&request(&client, "links:read")).await.status(), StatusCode::BAD_REQUEST);
    let other = with(&request(&client, "links:read"), "redirect_uri", Some("https://other.example/"));
    let code = browser.code(&other, &owner.workspace).await;
    let exchanged = with(&exchange(&client, &code), "redirect_uri", Some("https://other.example/"));
    tokens(&platform, &exchanged).await;
}

/// A call with the credential of an account.
fn by<T>(account: &Account, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let credential = MetadataValue::try_from(format!("Bearer {}", account.token)).expect("a header");
    request.metadata_mut().insert("authorization", credential);
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_looked_after_over_grpc_too() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let mut clients = OauthClientsClient::connect(platform.grpc()).await.expect("a connection");
    let workspace_id = owner.workspace.clone();
    let draft = v1::CreateOauthClientRequest {
        workspace_id: workspace_id.clone(),
        name: "App".to_owned(),
        redirect_uris: vec![REDIRECT_URI.to_owned()],
        scopes: vec!["links:read".to_owned()],
        confidential: true,
    };
    let refused = clients.create_oauth_client(by(&editor, draft.clone())).await.expect_err("an editor");
    assert_eq!(refused.code(), Code::PermissionDenied);
    let wrong = v1::CreateOauthClientRequest { scopes: vec!["everything".to_owned()], ..draft.clone() };
    let refused = clients.create_oauth_client(by(&owner, wrong)).await.expect_err("no such scope");
    assert_eq!(refused.code(), Code::InvalidArgument);
    let made = clients.create_oauth_client(by(&owner, draft)).await.expect("a client").into_inner();
    let client = made.oauth_client.expect("the client");
    let secret = made.client_secret.expect("a secret");
    assert!(client.confidential && secret.starts_with(client.secret_start.as_deref().expect("its start")));
    let id = client.id;

    let update = v1::UpdateOauthClientRequest {
        workspace_id: workspace_id.clone(),
        oauth_client_id: id.clone(),
        version: Some(1),
        name: Some("Other".to_owned()),
        ..Default::default()
    };
    let updated = clients.update_oauth_client(by(&owner, update.clone())).await.expect("an edit").into_inner();
    let updated = updated.oauth_client.expect("the client");
    assert_eq!(
        (updated.name.as_str(), updated.redirect_uris, updated.version),
        ("Other", vec![REDIRECT_URI.to_owned()], 2)
    );
    let stale = clients.update_oauth_client(by(&owner, update)).await.expect_err("an older version");
    assert_eq!(stale.code(), Code::FailedPrecondition);
    let rotate = v1::RotateOauthClientSecretRequest {
        workspace_id: workspace_id.clone(),
        oauth_client_id: id.clone(),
        overlap_seconds: 0,
    };
    let rotated = clients.rotate_oauth_client_secret(by(&owner, rotate)).await.expect("a secret").into_inner();
    assert!(rotated.client_secret.starts_with("elido_cs_") && rotated.client_secret != secret);

    let list = v1::ListOauthClientsRequest { workspace_id: workspace_id.clone(), ..Default::default() };
    let listed = clients.list_oauth_clients(by(&owner, list)).await.expect("a list").into_inner().oauth_clients;
    assert!(matches!(listed.as_slice(), [only] if only.id == id));
    let get = v1::GetOauthClientRequest { workspace_id: workspace_id.clone(), oauth_client_id: id.clone() };
    clients.get_oauth_client(by(&owner, get.clone())).await.expect("the client");
    let delete = v1::DeleteOauthClientRequest { workspace_id, oauth_client_id: id };
    clients.delete_oauth_client(by(&owner, delete)).await.expect("it is gone");
    let gone = clients.get_oauth_client(by(&owner, get)).await.expect_err("it is gone");
    assert_eq!(gone.code(), Code::NotFound);
}
