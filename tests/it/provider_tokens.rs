//! Access tokens of identity providers as credentials: whom they speak for, how far they reach, and what is tried with them.

use elido::config::sections::{AccessTokenCheck, OidcConfig};
use elido::infra::grpc::v1::CreateLinkRequest;
use elido::infra::grpc::v1::links_client::LinksClient;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tonic::metadata::MetadataValue;
use tonic::transport::Endpoint;
use tonic::{Code, Request};

use crate::support::identity_provider::{
    AUDIENCE, IdentityProvider, Key, NAME, access_token_claims, begin, describe_in, kept, seconds,
};
use crate::support::people::{of, problem, text};
use crate::support::platform::{Account, Platform, body};

/// Makes another answer of one.
type Change<'a> = &'a dyn Fn(&mut Value);

/// A platform with a workspace, on which tokens of the provider count in this way.
async fn start(provider: &IdentityProvider, access_tokens: AccessTokenCheck) -> (Platform, Account) {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    platform.stop().await;
    let workspace = &account.workspace;
    let settings = OidcConfig {
        access_tokens,
        audience: AUDIENCE.to_owned(),
        clients: format!("reporting: {workspace} links:read analytics:read"),
        role_claim: "groups".to_owned(),
        roles: format!("writers: {workspace} editor, readers: {workspace} viewer"),
        ..provider.config()
    };
    describe_in(&mut platform.config, settings);
    platform.start_again().await;
    (platform, account)
}

/// Somebody who came through the provider, with this role.
async fn came_as(provider: &IdentityProvider, platform: &Platform, subject: &str, group: &str) -> Value {
    let email = format!("{subject}@example.com");
    let response = provider.sign_in_with(platform, subject, &email, |claims| claims["groups"] = json!([group])).await;
    let cookie = kept(&response, "elido_session").expect("a session");
    body(platform.client.get(platform.api("/v1/me")).header("cookie", cookie), StatusCode::OK).await["user"].clone()
}

fn read_links(platform: &Platform, account: &Account, token: &str) -> RequestBuilder {
    of(platform, token, Method::GET, &format!("/v1/workspaces/{}/links", account.workspace))
}

fn create_link(platform: &Platform, account: &Account, token: &str) -> RequestBuilder {
    let link = json!({ "destination_url": "https://example.com/" });
    of(platform, token, Method::POST, &format!("/v1/workspaces/{}/links", account.workspace)).json(&link)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_token_reaches_as_far_as_its_scopes_and_the_person_both_do() {
    let provider = IdentityProvider::start().await;
    let (platform, account) = start(&provider, AccessTokenCheck::Jwt).await;
    let ada = came_as(&provider, &platform, "ada", "writers").await;
    came_as(&provider, &platform, "vera", "readers").await;
    let token = |subject: &str, scope: &str| provider.key().sign(&access_token_claims(&provider, subject, scope));
    let (writes, reads) = (token("ada", "openid links:read links:write"), token("ada", "links:read"));
    let viewer = token("vera", "links:read links:write");

    let me = body(of(&platform, &writes, Method::GET, "/v1/me"), StatusCode::OK).await;
    assert_eq!((&me["type"], &me["user"]["id"]), (&json!("persons_token"), &ada["id"]));
    assert_eq!(me["scopes"], json!(["links:read", "links:write"]));
    body(create_link(&platform, &account, &writes), StatusCode::CREATED).await;
    body(read_links(&platform, &account, &reads), StatusCode::OK).await;
    assert_eq!(problem(create_link(&platform, &account, &reads), StatusCode::FORBIDDEN).await, "missing_scope");
    body(read_links(&platform, &account, &viewer), StatusCode::OK).await;
    assert_eq!(problem(create_link(&platform, &account, &viewer), StatusCode::FORBIDDEN).await, "missing_scope");
    let listed = body(of(&platform, &writes, Method::GET, "/v1/workspaces"), StatusCode::OK).await;
    assert_eq!(listed["data"][0]["id"], account.workspace);
    // What is a session's own is out of reach, and so is what would outlive the token.
    for path in ["/v1/auth/sessions", "/v1/me/identities", "/v1/me/second-factor", "/v1/admin/accounts"] {
        assert_eq!(
            problem(of(&platform, &writes, Method::GET, path), StatusCode::FORBIDDEN).await,
            "session_required",
            "{path}"
        );
    }
    let all = token("ada", "workspace:write keys:write members:write");
    let key = of(&platform, &all, Method::POST, &format!("/v1/workspaces/{}/api-keys", account.workspace));
    let key = key.json(&json!({ "name": "x", "scopes": ["links:read"] }));
    assert_eq!(problem(key, StatusCode::FORBIDDEN).await, "missing_scope", "an editor");

    // Who did it is the person.
    let trail = platform.read(&account, "/audit-events?action=link.created").await;
    assert_eq!(trail["data"][0]["actor"], ada["id"]);
    // The account is disabled: its tokens end with it.
    let path = format!("/v1/admin/accounts/{}/disable", text(&ada["id"]));
    body(of(&platform, &account.token, Method::POST, &path), StatusCode::OK).await;
    assert_eq!(problem(read_links(&platform, &account, &reads), StatusCode::UNAUTHORIZED).await, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_does_what_the_operator_gave_it_in_one_workspace() {
    let provider = IdentityProvider::start().await;
    let (platform, account) = start(&provider, AccessTokenCheck::Jwt).await;
    let other = platform.sign_in().await;
    let token = |client: &str, scope: &str| {
        let mut claims = access_token_claims(&provider, client, scope);
        claims["client_id"] = json!(client);
        provider.key().sign(&claims)
    };
    let reporting = token("reporting", "links:read links:write");
    let me = body(of(&platform, &reporting, Method::GET, "/v1/me"), StatusCode::OK).await;
    assert_eq!((&me["type"], &me["scopes"]), (&json!("programs_token"), &json!(["links:read"])), "what both give");
    assert_eq!(me["workspace_id"], account.workspace);
    body(read_links(&platform, &account, &reporting), StatusCode::OK).await;
    assert_eq!(problem(create_link(&platform, &account, &reporting), StatusCode::FORBIDDEN).await, "missing_scope");
    assert_eq!(problem(read_links(&platform, &other, &reporting), StatusCode::NOT_FOUND).await, "not_found");
    let listed = body(of(&platform, &reporting, Method::GET, "/v1/workspaces"), StatusCode::OK).await;
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
    let unknown = read_links(&platform, &account, &token("another", "links:read"));
    assert_eq!(problem(unknown, StatusCode::UNAUTHORIZED).await, "unauthenticated");
    // A person who is called like the program is no program.
    let mut person = access_token_claims(&provider, "reporting", "links:read");
    person["client_id"] = json!("an-app");
    let person = read_links(&platform, &account, &provider.key().sign(&person));
    assert_eq!(problem(person, StatusCode::UNAUTHORIZED).await, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_were_not_given_for_this_installation_count_for_nothing() {
    let provider = IdentityProvider::start().await;
    let (platform, account) = start(&provider, AccessTokenCheck::Jwt).await;
    came_as(&provider, &platform, "ada", "writers").await;
    let right = access_token_claims(&provider, "ada", "links:read");
    body(read_links(&platform, &account, &provider.key().sign(&right)), StatusCode::OK).await;
    let changes = [
        ("aud", json!("https://other.example.com")),
        ("aud", Value::Null),
        ("iss", json!("https://login.example.com")),
        ("exp", json!(seconds() - 120)),
        ("nbf", json!(seconds() + 600)),
        ("sub", json!("nobody")),
        // An ID token of somebody who signed in.
        ("nonce", json!("x")),
    ];
    for (claim, value) in changes {
        let mut claims = right.clone();
        claims[claim] = value.clone();
        let request = read_links(&platform, &account, &provider.key().sign(&claims));
        assert_eq!(problem(request, StatusCode::UNAUTHORIZED).await, "unauthenticated", "{claim}: {value}");
    }
    let begun = begin(&platform, NAME).await;
    let id_token = provider.key().sign(&provider.claims(&begun, "ada", "ada@example.com"));
    let forged = Key::new("first").sign(&right);
    for token in [id_token, forged, "a.b.c".to_owned(), "x".repeat(20_000)] {
        let request = read_links(&platform, &account, &token);
        let response = request.send().await.expect("a response");
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_is_asked_about_its_tokens_and_not_for_every_request() {
    let provider = IdentityProvider::start().await;
    let (platform, account) = start(&provider, AccessTokenCheck::Introspection).await;
    came_as(&provider, &platform, "ada", "writers").await;
    let active = |change: Change<'_>| {
        let mut answer = json!({
            "active": true, "scope": "links:read", "client_id": "an-app", "sub": "ada", "exp": seconds() + 300, "aud": [AUDIENCE],
            "iss": provider.issuer, "token_use": "access_token",
        });
        change(&mut answer);
        answer
    };
    provider.answer_about("good", active(&|_| {}));
    for _ in 0..5 {
        body(read_links(&platform, &account, "good"), StatusCode::OK).await;
    }
    assert_eq!(provider.questions(), 1);
    let wrong: [(&str, Change<'_>); 6] = [
        ("inactive", &|answer| answer["active"] = json!(false)),
        ("refresh", &|answer| answer["token_use"] = json!("refresh_token")),
        ("audience", &|answer| answer["aud"] = json!(["https://other.example.com"])),
        ("issuer", &|answer| answer["iss"] = json!("https://login.example.com")),
        ("expired", &|answer| answer["exp"] = json!(seconds() - 1)),
        ("stranger", &|answer| answer["sub"] = json!("nobody")),
    ];
    for (token, change) in wrong {
        provider.answer_about(token, active(change));
        assert_eq!(
            problem(read_links(&platform, &account, token), StatusCode::UNAUTHORIZED).await,
            "unauthenticated",
            "{token}"
        );
    }
    provider.answer_about(
        "program",
        json!({ "active": true, "scope": "links:read", "client_id": "reporting", "aud": AUDIENCE }),
    );
    body(read_links(&platform, &account, "program"), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn made_up_tokens_are_no_flood_of_questions() {
    let provider = IdentityProvider::start().await;
    let (platform, account) = start(&provider, AccessTokenCheck::Introspection).await;
    let mut statuses = Vec::new();
    for number in 0..2_000 {
        let response = read_links(&platform, &account, &format!("made-up-{number}")).send().await.expect("a response");
        statuses.push(response.status());
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
    }
    assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS));
    assert!(statuses.len() > 200 && provider.questions() as usize == statuses.len() - 1, "{}", statuses.len());
    body(read_links(&platform, &account, &account.token), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn made_up_tokens_of_one_caller_are_no_fault_of_another_who_calls_under_a_key() {
    let provider = IdentityProvider::start().await;
    let (platform, account) = start(&provider, AccessTokenCheck::Introspection).await;
    let from = async |address: &str| {
        let endpoint = Endpoint::from_shared(platform.grpc()).expect("an endpoint");
        let address = address.parse().expect("an address");
        LinksClient::new(endpoint.local_address(Some(address)).connect().await.expect("a connection"))
    };
    let call = |token: String| {
        let mut request = Request::new(CreateLinkRequest::default());
        let header = |text: &str| MetadataValue::try_from(text).expect("a header");
        request.metadata_mut().insert("authorization", header(&format!("Bearer {token}")));
        request.metadata_mut().insert("idempotency-key", header("a"));
        request
    };
    let mut noisy = from("127.0.0.2").await;
    let mut tried = 0;
    let refused = loop {
        let status = noisy.create_link(call(format!("made-up-{tried}"))).await.expect_err("nobody's");
        if status.code() != Code::Unauthenticated {
            break status;
        }
        tried += 1;
        assert!(tried < 2_000, "nothing limits them");
    };
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let other = from("127.0.0.1").await.create_link(call("made-up".to_owned())).await.expect_err("nobody's");
    assert_eq!(other.code(), Code::Unauthenticated, "{other}");
    body(read_links(&platform, &account, &account.token), StatusCode::OK).await;
}
