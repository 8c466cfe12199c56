//! Accounts, as those who run the instance handle them; and limits that processes share.

use std::time::Duration;

use elido::domain::recorded::Chain;
use elido::infra::store::{Store, audit};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::authenticator::{code, early_in_a_step};
use crate::support::database::is_embedded;
use crate::support::people::{administrator, is_signed_in, newcomer, of, post, problem, sign_in, text, token};
use crate::support::platform::{EMAIL, PASSWORD, Platform, body};
use crate::support::{mailbox, statements};

const OTHER: &str = "ada@example.com";

async fn open() -> Platform {
    Platform::start_with(|config| config.identity.open_registration = true).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_account_is_out_at_once_and_comes_back() {
    let platform = open().await;
    let (admin, other) = (administrator(&platform).await, newcomer(&platform, OTHER).await);
    body(post(&platform, "/v1/auth/password-reset", &json!({ "email": OTHER })), StatusCode::ACCEPTED).await;
    let reset = mailbox::code(&platform, OTHER, 2, "reset_").await;
    let accounts = body(of(&platform, &admin, Method::GET, "/v1/admin/accounts"), StatusCode::OK).await;
    assert_eq!(accounts["data"].as_array().map(Vec::len), Some(2));
    for nobody in ["ada_example", "%25", "ada%00"] {
        let path = format!("/v1/admin/accounts?email={nobody}");
        let none = body(of(&platform, &admin, Method::GET, &path), StatusCode::OK).await;
        assert_eq!(none["data"], json!([]), "{nobody}");
    }
    let found = body(of(&platform, &admin, Method::GET, "/v1/admin/accounts?email=ADA@"), StatusCode::OK).await;
    assert_eq!(found["data"].as_array().map(Vec::len), Some(1), "{found}");
    let id = text(&found["data"][0]["id"]);
    let path = |what: &str| format!("/v1/admin/accounts/{id}{what}");

    let disabled = body(of(&platform, &admin, Method::POST, &path("/disable")), StatusCode::OK).await;
    assert!(disabled["disabled_at"].is_string());
    assert!(!is_signed_in(&platform, &other).await);
    assert_eq!(problem(sign_in(&platform, OTHER, PASSWORD), StatusCode::FORBIDDEN).await, "account_disabled");
    // Only the owner learns of it.
    assert_eq!(
        problem(sign_in(&platform, OTHER, "wrong password"), StatusCode::UNAUTHORIZED).await,
        "wrong_credentials"
    );
    let new = json!({ "code": reset, "new_password": "staple battery horse correct" });
    body(post(&platform, "/v1/auth/password-reset/confirm", &new), StatusCode::FORBIDDEN).await;
    let again = body(of(&platform, &admin, Method::POST, &path("/disable")), StatusCode::OK).await;
    assert_eq!(again["disabled_at"], disabled["disabled_at"]);

    let enabled = body(of(&platform, &admin, Method::POST, &path("/enable")), StatusCode::OK).await;
    assert!(enabled["disabled_at"].is_null());
    assert!(!is_signed_in(&platform, &other).await, "sessions do not come back");
    token(&platform, OTHER, PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_handle_accounts_and_never_their_own() {
    let platform = open().await;
    let account = platform.account().await;
    let other = newcomer(&platform, OTHER).await;
    let key = json!({ "name": "Test", "scopes": ["workspace:read", "workspace:write"] });
    let key = body(platform.of(&account, Method::POST, "/api-keys").json(&key), StatusCode::CREATED).await;
    let me = body(of(&platform, &account.token, Method::GET, "/v1/me"), StatusCode::OK).await;
    let path = format!("/v1/admin/accounts/{}", text(&me["user"]["id"]));
    for (credential, code) in [(&other, "instance_admin_required"), (&text(&key["token"]), "session_required")] {
        for (method, path) in [
            (Method::GET, "/v1/admin/accounts".to_owned()),
            (Method::GET, path.clone()),
            (Method::POST, format!("{path}/disable")),
            (Method::POST, format!("{path}/enable")),
            (Method::POST, format!("{path}/reset-second-factor")),
        ] {
            let refused = problem(of(&platform, credential, method, &path), StatusCode::FORBIDDEN).await;
            assert_eq!(refused, code, "{path}");
        }
    }
    let own = of(&platform, &account.token, Method::POST, &format!("{path}/disable"));
    assert_eq!(problem(own, StatusCode::CONFLICT).await, "own_account");
    let missing = "/v1/admin/accounts/usr_01976a3e5d7c7f3a9b1c2d4e6f8a0b1c/disable";
    body(of(&platform, &account.token, Method::POST, missing), StatusCode::NOT_FOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_lost_the_second_factor_is_let_in_again_and_told() {
    let platform = open().await;
    let admin = administrator(&platform).await;
    let other = newcomer(&platform, OTHER).await;
    let proof = json!({ "password": PASSWORD });
    let begun = of(&platform, &other, Method::POST, "/v1/me/second-factor").json(&proof);
    let secret = text(&body(begun, StatusCode::CREATED).await["secret"]);
    early_in_a_step().await;
    let confirm = of(&platform, &other, Method::POST, "/v1/me/second-factor/confirm");
    let enabled = body(confirm.json(&json!({ "code": code(&secret, 0) })), StatusCode::OK).await;
    let session = text(&enabled["session"]["token"]);
    let challenged = body(sign_in(&platform, OTHER, PASSWORD), StatusCode::ACCEPTED).await;

    let me = body(of(&platform, &session, Method::GET, "/v1/me"), StatusCode::OK).await;
    let path = format!("/v1/admin/accounts/{}/reset-second-factor", text(&me["user"]["id"]));
    let account = body(of(&platform, &admin, Method::POST, &path), StatusCode::OK).await;
    assert_eq!(account["second_factor_enabled"], false);
    assert!(!is_signed_in(&platform, &session).await, "whoever had the session is out");
    let recovery = json!({ "challenge": challenged["challenge"], "recovery_code": enabled["recovery_codes"][0] });
    let over = post(&platform, "/v1/auth/sign-in/second-factor", &recovery);
    assert_eq!(problem(over, StatusCode::UNAUTHORIZED).await, "challenge_over");
    token(&platform, OTHER, PASSWORD).await;
    let told = mailbox::letter(&platform, OTHER, 3).await;
    assert!(told.contains("no longer asks for a code"), "{told}");
    body(of(&platform, &admin, Method::POST, &path), StatusCode::NOT_FOUND).await;
    let me = body(of(&platform, &admin, Method::GET, "/v1/me"), StatusCode::OK).await;
    let own = format!("/v1/admin/accounts/{}/reset-second-factor", text(&me["user"]["id"]));
    assert_eq!(problem(of(&platform, &admin, Method::POST, &own), StatusCode::CONFLICT).await, "own_account");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_slipped_in_is_worth_nothing_to_a_disabled_account() {
    let platform = open().await;
    administrator(&platform).await;
    let other = newcomer(&platform, OTHER).await;
    statements::execute(&platform.config, "UPDATE users SET disabled_at = 1 WHERE email_key = 'ada@example.com'").await;
    assert!(!is_signed_in(&platform, &other).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_go_on_and_say_that_their_maker_is_disabled() {
    let platform = open().await;
    let admin = administrator(&platform).await;
    let other = newcomer(&platform, OTHER).await;
    let workspace = json!({ "name": "Test", "slug": "of-ada" });
    let workspace =
        body(of(&platform, &other, Method::POST, "/v1/workspaces").json(&workspace), StatusCode::CREATED).await;
    let keys = format!("/v1/workspaces/{}/api-keys", text(&workspace["id"]));
    let draft = json!({ "name": "Test", "scopes": ["workspace:read"] });
    let key = body(of(&platform, &other, Method::POST, &keys).json(&draft), StatusCode::CREATED).await;
    assert_eq!(key["creator_is_disabled"], false);
    let disable = format!("/v1/admin/accounts/{}/disable", text(&key["created_by"]));
    body(of(&platform, &admin, Method::POST, &disable), StatusCode::OK).await;
    let seen = body(of(&platform, &text(&key["token"]), Method::GET, &keys), StatusCode::OK).await;
    assert_eq!(seen["data"][0]["creator_is_disabled"], true, "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_an_account_is_in_the_audit_trail_without_secrets() {
    let platform = open().await;
    let (admin, other) = (administrator(&platform).await, newcomer(&platform, OTHER).await);
    let change = json!({ "password": PASSWORD, "new_password": "staple battery horse correct" });
    body(of(&platform, &other, Method::PUT, "/v1/me/password").json(&change), StatusCode::OK).await;
    // Word of the new password; letters that are asked for at once are in no order.
    mailbox::letter(&platform, OTHER, 2).await;
    body(post(&platform, "/v1/auth/password-reset", &json!({ "email": OTHER })), StatusCode::ACCEPTED).await;
    let reset = mailbox::code(&platform, OTHER, 3, "reset_").await;
    let new = json!({ "code": reset, "new_password": PASSWORD });
    body(post(&platform, "/v1/auth/password-reset/confirm", &new), StatusCode::NO_CONTENT).await;
    let found = body(of(&platform, &admin, Method::GET, "/v1/admin/accounts?email=ada"), StatusCode::OK).await;
    let id = text(&found["data"][0]["id"]);
    body(of(&platform, &admin, Method::POST, &format!("/v1/admin/accounts/{id}/disable")), StatusCode::OK).await;

    let store = Store::connect(&platform.config.database, &platform.config.data_folder).await.expect("a store");
    let head = audit::head(store.reader(), Chain::Instance).await.expect("a head");
    let rows = audit::range(store.reader(), Chain::Instance, 0, head.sequence, 1_000).await.expect("rows");
    let of_account: Vec<&str> = rows.iter().filter(|row| row.target == id).map(|row| row.action.as_str()).collect();
    let expected = ["account.registered", "account.password_changed", "account.password_reset", "account.disabled"];
    assert_eq!(of_account, expected);
    let actions: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    assert!(actions.contains(&"session.ended"), "a reset ends sessions: {actions:?}");
    for row in &rows {
        let written = format!("{:?} {:?}", row.before, row.after);
        for secret in ["argon2", PASSWORD, "session_", "reset_", &reset] {
            assert!(!written.contains(secret), "{}: {written}", row.action);
        }
    }
}

/// A second process on the source of truth and the Redis of the first.
async fn beside(first: &Platform) -> Platform {
    let (database, cache) = (first.config.database.clone(), first.config.cache.clone());
    Platform::start_with(|config| {
        config.database = database;
        config.cache = cache;
        // A process that has just been started elsewhere hashes as slowly as this one.
        config.cache.timeout_ms = 5_000;
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_count_attempts_together_over_redis() {
    if is_embedded() {
        return;
    }
    let first = Platform::start().await;
    let second = beside(&first).await;
    administrator(&first).await;
    let mut statuses = Vec::new();
    for number in 0..16 {
        let platform = if number % 2 == 0 { &first } else { &second };
        let response = sign_in(platform, EMAIL, "wrong password").send().await.expect("a response");
        statuses.push(response.status().as_u16());
    }
    // One was used up by the right password.
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 9, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 7, "{statuses:?}");
    for (platform, accepted) in [(&first, 3), (&second, 2)] {
        for _ in 0..accepted {
            body(post(platform, "/v1/auth/password-reset", &json!({ "email": EMAIL })), StatusCode::ACCEPTED).await;
        }
    }
    for platform in [&first, &second] {
        let ask = post(platform, "/v1/auth/password-reset", &json!({ "email": EMAIL }));
        let response =
            tokio::time::timeout(Duration::from_secs(30), ask.send()).await.expect("in time").expect("a response");
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    }
}
