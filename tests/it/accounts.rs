//! The first account, sessions, and what a credential reaches.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::platform::{Account, EMAIL, PASSWORD, Platform, body};

async fn code(request: reqwest::RequestBuilder, status: StatusCode) -> String {
    let problem = body(request, status).await;
    problem["code"].as_str().unwrap_or_default().to_owned()
}

fn sign_in(platform: &Platform, email: &str, password: &str) -> reqwest::RequestBuilder {
    platform.client.post(platform.api("/v1/auth/sign-in")).json(&json!({ "email": email, "password": password }))
}

/// A key of the workspace with these scopes.
async fn key(platform: &Platform, account: &Account, scopes: &[&str]) -> Value {
    let draft = json!({ "name": "Test", "scopes": scopes });
    body(platform.of(account, Method::POST, "/api-keys").json(&draft), StatusCode::CREATED).await
}

/// The same account, by a key instead of a session.
fn by_key(account: &Account, key: &Value) -> Account {
    Account { token: key["token"].as_str().expect("a token").to_owned(), workspace: account.workspace.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_is_made_once_however_many_ask() {
    let platform = Platform::start().await;
    let ask = |number: usize| {
        let draft = json!({ "email": format!("admin{number}@example.com"), "password": PASSWORD });
        platform.bootstrap().json(&draft).send()
    };
    let answers = futures_util::future::join_all((0..8).map(ask)).await;
    let statuses: Vec<u16> = answers.into_iter().map(|answer| answer.expect("a response").status().as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 7, "{statuses:?}");
    assert_eq!(ask(9).await.expect("a response").status(), StatusCode::CONFLICT);
    let elsewhere = platform.client.post(platform.api("/internal/admin/bootstrap")).json(&json!({}));
    assert_eq!(elsewhere.send().await.expect("a response").status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_in_the_first_account_is_told_at_once() {
    let platform = Platform::start().await;
    let draft = json!({ "email": "nobody", "password": "short" });
    let ask = platform.bootstrap().json(&draft);
    let problem = body(ask, StatusCode::BAD_REQUEST).await;
    let pointers: Vec<&str> =
        problem["errors"].as_array().expect("errors").iter().filter_map(|error| error["pointer"].as_str()).collect();
    assert_eq!(pointers, ["/email", "/password"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_and_unknown_addresses_look_alike() {
    let platform = Platform::start().await;
    platform.account().await;
    let wrong = body(sign_in(&platform, EMAIL, "wrong password"), StatusCode::UNAUTHORIZED).await;
    let unknown = body(sign_in(&platform, "nobody@example.com", "wrong password"), StatusCode::UNAUTHORIZED).await;
    let without_id = |mut problem: Value| {
        problem.as_object_mut().expect("an object").remove("request_id");
        problem
    };
    assert_eq!(without_id(wrong), without_id(unknown));
    body(sign_in(&platform, &EMAIL.to_uppercase(), PASSWORD), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_passwords_is_slowed_down_and_says_when_to_come_back() {
    let platform = Platform::start().await;
    platform.account().await;
    let mut last = sign_in(&platform, EMAIL, "wrong password").send().await.expect("a response");
    for _ in 0..20 {
        if last.status() == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
        last = sign_in(&platform, EMAIL, "wrong password").send().await.expect("a response");
    }
    assert_eq!(last.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(last.headers().contains_key("retry-after"));
    assert_eq!(
        sign_in(&platform, EMAIL, PASSWORD).send().await.expect("a response").status(),
        StatusCode::TOO_MANY_REQUESTS
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_and_end_when_told_to() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let other = body(sign_in(&platform, EMAIL, PASSWORD), StatusCode::OK).await;
    let other_token = other["token"].as_str().expect("a token");
    let ask = |method: Method, path: &str, token: &str| {
        platform.client.request(method, platform.api(path)).bearer_auth(token)
    };
    let sessions = body(ask(Method::GET, "/v1/auth/sessions", &account.token), StatusCode::OK).await;
    let sessions = sessions["data"].as_array().expect("sessions").clone();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions.iter().filter(|session| session["is_current"] == true).count(), 1);

    let ended = sessions.iter().find(|session| session["is_current"] == false).expect("the other session");
    let path = format!("/v1/auth/sessions/{}", ended["id"].as_str().expect("an id"));
    body(ask(Method::DELETE, &path, &account.token), StatusCode::NO_CONTENT).await;
    body(ask(Method::GET, "/v1/me", other_token), StatusCode::UNAUTHORIZED).await;
    body(ask(Method::DELETE, &path, &account.token), StatusCode::NOT_FOUND).await;

    let me = body(ask(Method::GET, "/v1/me", &account.token), StatusCode::OK).await;
    assert_eq!((&me["type"], &me["user"]["email"]), (&json!("person"), &json!(EMAIL)));
    body(ask(Method::POST, "/v1/auth/sign-out", &account.token), StatusCode::NO_CONTENT).await;
    body(ask(Method::GET, "/v1/me", &account.token), StatusCode::UNAUTHORIZED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_credential_is_refused_everywhere() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let path = format!("/v1/workspaces/{}/links", account.workspace);
    for path in [&path, "/v1/workspaces", "/v1/me", "/v1/auth/sessions"] {
        let anonymous = platform.client.get(platform.api(path));
        assert_eq!(code(anonymous, StatusCode::UNAUTHORIZED).await, "unauthenticated");
        for value in ["Bearer", "Bearer x", "Basic eDp5", "Bearer elido_AAAA", &format!("Bearer {}x", account.token)] {
            let request = platform.client.get(platform.api(path)).header("authorization", value);
            assert_eq!(code(request, StatusCode::UNAUTHORIZED).await, "unauthenticated", "{value}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_what_its_scopes_say_and_nothing_else() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let read = by_key(&account, &key(&platform, &account, &["links:read"]).await);
    body(platform.of(&read, Method::GET, "/links"), StatusCode::OK).await;
    let link = json!({ "destination_url": "https://example.com/" });
    for request in [
        platform.of(&read, Method::POST, "/links").json(&link),
        platform.of(&read, Method::GET, "/members"),
        platform.of(&read, Method::GET, "/analytics/summary"),
        platform.of(&read, Method::POST, "/api-keys").json(&json!({ "name": "More", "scopes": ["links:read"] })),
    ] {
        assert_eq!(code(request, StatusCode::FORBIDDEN).await, "missing_scope");
    }
    let session_only = platform.client.get(platform.api("/v1/auth/sessions")).bearer_auth(&read.token);
    assert_eq!(code(session_only, StatusCode::FORBIDDEN).await, "session_required");

    let manager = by_key(&account, &key(&platform, &account, &["workspace:read", "workspace:write"]).await);
    for scopes in [["workspace:read", "links:write"], ["workspace:read", "workspace:write"]] {
        let more = json!({ "name": "More", "scopes": scopes });
        let request = platform.of(&manager, Method::POST, "/api-keys").json(&more);
        assert_eq!(code(request, StatusCode::FORBIDDEN).await, "session_required", "a key outlives none that it made");
    }
    assert_eq!(code(platform.of(&manager, Method::DELETE, ""), StatusCode::FORBIDDEN).await, "session_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_and_ends_with_its_time_or_when_revoked() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let made = key(&platform, &account, &["links:read"]).await;
    let token = made["token"].as_str().expect("a token");
    assert!(token.starts_with("elido_"));
    let listed = platform.read(&account, "/api-keys").await;
    assert!(!listed.to_string().contains(token));
    assert_eq!(listed["data"][0]["token_start"].as_str(), token.get(..11));

    let key_path = format!("/api-keys/{}", made["id"].as_str().expect("an id"));
    let user = by_key(&account, &made);
    body(platform.of(&user, Method::GET, "/links"), StatusCode::OK).await;
    crate::support::platform::eventually("the last use is noted", || async {
        !platform.read(&account, &key_path).await["last_used_at"].is_null()
    })
    .await;
    body(platform.of(&account, Method::DELETE, &key_path), StatusCode::NO_CONTENT).await;
    body(platform.of(&user, Method::GET, "/links"), StatusCode::UNAUTHORIZED).await;

    let past = json!({ "name": "", "scopes": [], "expires_at": "2020-01-01T00:00:00Z" });
    let problem = body(platform.of(&account, Method::POST, "/api-keys").json(&past), StatusCode::BAD_REQUEST).await;
    assert_eq!(problem["errors"].as_array().map(Vec::len), Some(3), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_another_workspace_does_not_exist() {
    let platform = Platform::start().await;
    let mine = platform.account().await;
    let theirs = platform.sign_in().await;
    let link =
        platform.create_link(&theirs, &json!({ "destination_url": "https://example.com/", "tags": ["a"] })).await;
    let tag = platform.read(&theirs, "/tags").await["data"][0]["id"].as_str().expect("a tag").to_owned();
    let all = ["links:read", "links:write", "analytics:read", "workspace:read", "workspace:write"];
    let stranger = by_key(&theirs, &key(&platform, &mine, &all).await);
    let link_path = format!("/links/{}", link["id"].as_str().expect("an id"));
    let tag_path = format!("/tags/{tag}");
    for path in
        ["", "/links", "/members", "/api-keys", "/domains", "/tags", &link_path, &tag_path, "/analytics/summary"]
    {
        let request = platform.of(&stranger, Method::GET, path);
        assert_eq!(code(request, StatusCode::NOT_FOUND).await, "not_found", "{path}");
    }
    // The key's own workspace has neither the link nor the tag.
    let own = by_key(&mine, &json!({ "token": stranger.token }));
    for (method, path) in [(Method::GET, &link_path), (Method::DELETE, &link_path), (Method::DELETE, &tag_path)] {
        assert_eq!(code(platform.of(&own, method, path), StatusCode::NOT_FOUND).await, "not_found", "{path}");
    }
    let edit = platform.of(&own, Method::PATCH, &link_path).json(&json!({ "title": "Mine now" }));
    assert_eq!(code(edit, StatusCode::NOT_FOUND).await, "not_found");
    let bulk = platform.of(&own, Method::POST, "/links/bulk/delete").json(&json!({ "ids": [link["id"]] }));
    assert_eq!(body(bulk, StatusCode::OK).await["results"][0]["status"], "failed");
    let lookup = format!("/links/lookup?domain=localhost&slug={}", link["slug"].as_str().expect("a slug"));
    assert_eq!(code(platform.of(&own, Method::GET, &lookup), StatusCode::NOT_FOUND).await, "not_found");
    assert_eq!(platform.read(&theirs, &link_path).await["id"], link["id"]);
}

/// Reads the workspace, and says with what status.
async fn read_workspace(platform: &Platform, account: &Account) -> reqwest::Response {
    platform.of(account, Method::GET, "").send().await.expect("a response")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_has_one_rate_limit_over_all_of_its_keys_and_others_have_theirs() {
    let platform = Platform::start_with(|config| {
        config.api.workspace_rate_limit_per_minute = 1;
        config.api.workspace_rate_limit_burst = 12;
    })
    .await;
    let account = platform.account().await;
    let other = platform.sign_in().await;
    let mut keys = Vec::new();
    for _ in 0..4 {
        keys.push(by_key(&account, &key(&platform, &account, &["workspace:read"]).await));
    }
    // Who is not let in uses nothing up.
    let stranger = by_key(&other, &key(&platform, &other, &["workspace:read"]).await);
    let stranger = Account { token: stranger.token, workspace: account.workspace.clone() };
    for _ in 0..20 {
        assert_eq!(read_workspace(&platform, &stranger).await.status(), StatusCode::NOT_FOUND);
    }
    let mut allowed = 0;
    let refused = loop {
        let response = read_workspace(&platform, &keys[allowed % 4]).await;
        if response.status() != StatusCode::OK {
            break response;
        }
        allowed += 1;
    };
    assert_eq!(allowed, 8, "four were taken by making the keys");
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(
        code(platform.of(&account, Method::GET, ""), StatusCode::TOO_MANY_REQUESTS).await,
        "workspace_rate_limited"
    );
    assert_eq!(read_workspace(&platform, &other).await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_owns_only_so_many_workspaces_and_makes_them_only_so_fast() {
    let platform = Platform::start_with(|config| config.api.workspaces_per_owner_max = 3).await;
    let account = platform.account().await;
    let create = |slug: String| {
        let request = platform.client.post(platform.api("/v1/workspaces")).bearer_auth(&account.token);
        request.json(&json!({ "name": "Test", "slug": slug })).send()
    };
    // The account has one. Of many that ask at once, two are let in.
    let answers = futures_util::future::join_all((0..8).map(|number| create(format!("at-once-{number}")))).await;
    let statuses: Vec<u16> = answers.into_iter().map(|answer| answer.expect("a response").status().as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 2, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 6, "{statuses:?}");
    body(platform.of(&account, Method::DELETE, ""), StatusCode::NO_CONTENT).await;
    assert_eq!(create("in-its-place".to_owned()).await.expect("a response").status(), StatusCode::CREATED);
    let mut last = StatusCode::CONFLICT;
    for number in 0..20 {
        last = create(format!("in-a-row-{number}")).await.expect("a response").status();
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}
