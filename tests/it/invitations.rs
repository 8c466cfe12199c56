//! Invitations: sent by mail, accepted once, by whom they were for.

use elido::domain::role::Role;
use elido::roles::{self, Roles};
use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::support::members::{accept_as_new, invitation_token, invitation_tokens, invite, member, sign_in, user_id};
use crate::support::platform::{Account, EMAIL, PASSWORD, Platform, body, eventually};
use crate::support::statements::execute;

async fn code(request: RequestBuilder, status: StatusCode) -> String {
    body(request, status).await["code"].as_str().unwrap_or_default().to_owned()
}

fn accept(platform: &Platform, acceptance: &Value) -> RequestBuilder {
    platform.client.post(platform.api("/v1/invitations/accept")).json(acceptance)
}

fn as_new(token: &str) -> Value {
    json!({ "token": token, "name": "Grace", "password": PASSWORD })
}

async fn show(platform: &Platform, token: &str, status: StatusCode) -> Value {
    body(platform.client.post(platform.api("/v1/invitations/show")).json(&json!({ "token": token })), status).await
}

async fn only_invitation(platform: &Platform, account: &Account) -> String {
    let list = platform.read(account, "/invitations").await;
    let [only] = list["data"].as_array().expect("invitations").as_slice() else { panic!("{list}") };
    format!("/invitations/{}", only["id"].as_str().expect("an id"))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_account_gets_one_with_the_secret_of_the_mail() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let token = invite(&platform, &owner, "Grace@example.com", Role::Editor).await;
    let listed = platform.read(&owner, "/invitations").await;
    assert!(!listed.to_string().contains(&token), "the secret is in the mail alone");
    assert_eq!(
        (&listed["data"][0]["role"], &listed["data"][0]["email"]),
        (&json!("editor"), &json!("Grace@example.com"))
    );

    let shown = show(&platform, &token, StatusCode::OK).await;
    assert_eq!((&shown["has_account"], &shown["workspace_name"]), (&json!(false), &json!("Test")));
    let problem = body(accept(&platform, &json!({ "token": token })), StatusCode::BAD_REQUEST).await;
    let pointers: Vec<&Value> =
        problem["errors"].as_array().expect("errors").iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/name", "/password"]);

    let joined = body(accept(&platform, &as_new(&token)), StatusCode::OK).await;
    assert_eq!((&joined["is_new_account"], &joined["workspace"]["id"]), (&json!(true), &json!(owner.workspace)));
    let rows = platform.client.get(platform.api("/v1/admin/audit-events?action=account.registered"));
    let rows = body(rows.bearer_auth(&owner.token), StatusCode::OK).await;
    assert_eq!(rows["data"][0]["target"], joined["user_id"], "{rows}");
    let grace = sign_in(&platform, "grace@example.com", &owner.workspace).await;
    assert_eq!(joined["user_id"], user_id(&platform, &grace).await);
    platform.create_link(&grace, &json!({ "destination_url": "https://example.com/" })).await;
    body(accept(&platform, &as_new(&token)), StatusCode::NOT_FOUND).await;
    assert_eq!(platform.read(&owner, "/invitations").await["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_an_account_signs_in_and_nobody_else_can_accept() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let ada = member(&platform, &owner, "ada@example.com", Role::Viewer).await;
    let other = platform.sign_in().await;
    let token = invite(&platform, &other, "ada@example.com", Role::Admin).await;
    assert_eq!(show(&platform, &token, StatusCode::OK).await["has_account"], true);
    assert_eq!(code(accept(&platform, &as_new(&token)), StatusCode::UNAUTHORIZED).await, "sign_in_required");
    let alone = json!({ "token": token });
    let by = |account: &Account, acceptance: &Value| accept(&platform, acceptance).bearer_auth(&account.token);
    assert_eq!(code(by(&owner, &alone), StatusCode::FORBIDDEN).await, "other_address");
    let problem = body(by(&ada, &as_new(&token)), StatusCode::BAD_REQUEST).await;
    assert_eq!(problem["errors"][0]["pointer"], "/name");
    let joined = body(by(&ada, &alone), StatusCode::OK).await;
    assert_eq!((&joined["is_new_account"], &joined["role"]), (&json!(false), &json!("admin")));
    let there = Account { token: ada.token.clone(), workspace: other.workspace.clone() };
    body(platform.of(&there, Method::GET, ""), StatusCode::OK).await;
    let again = platform.of(&other, Method::POST, "/invitations");
    let again = again.json(&json!({ "email": "ADA@example.com", "role": "viewer" }));
    assert_eq!(code(again, StatusCode::CONFLICT).await, "already_member");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_accepted_once_however_many_try_at_once() {
    let platform = Platform::start_with(|config| config.database.connect_timeout_ms = 30_000).await;
    let owner = platform.account().await;
    let token = invite(&platform, &owner, "grace@example.com", Role::Viewer).await;
    let answers = join_all((0..8).map(|_| accept(&platform, &as_new(&token)).send())).await;
    let statuses: Vec<u16> = answers.into_iter().map(|answer| answer.expect("a response").status().as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 401, 404].contains(status)), "{statuses:?}");
    assert_eq!(platform.read(&owner, "/members").await["data"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_sent_again_with_another_secret_and_not_too_often() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let first = invite(&platform, &owner, "grace@example.com", Role::Viewer).await;
    let draft = json!({ "email": "grace@example.com", "role": "admin" });
    let again = platform.of(&owner, Method::POST, "/invitations").json(&draft);
    assert_eq!(code(again, StatusCode::CONFLICT).await, "already_invited");
    let path = only_invitation(&platform, &owner).await;
    let resend = || platform.of(&owner, Method::POST, &format!("{path}/resend"));
    body(resend(), StatusCode::OK).await;
    let second = invitation_token(&platform, "grace@example.com", 2).await;
    show(&platform, &first, StatusCode::NOT_FOUND).await;
    show(&platform, &second, StatusCode::OK).await;
    let mut last = StatusCode::OK;
    for _ in 0..6 {
        let response = resend().send().await.expect("a response");
        last = response.status();
        if last == StatusCode::TOO_MANY_REQUESTS {
            assert!(response.headers().contains_key("retry-after"));
            break;
        }
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert!(invitation_tokens(&platform, "grace@example.com").len() <= 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_sent_again_while_its_mail_is_on_its_way_has_a_code_that_works() {
    let mut platform = Platform::start().await;
    let owner = platform.account().await;
    platform.stop().await;
    platform.start_again_as(Roles::only(roles::Role::Api)).await;
    let draft = json!({ "email": "grace@example.com", "role": "viewer" });
    body(platform.of(&owner, Method::POST, "/invitations").json(&draft), StatusCode::CREATED).await;
    let is_running = "UPDATE jobs SET state = 'running', attempts = 1, lease_owner = id, lease_until = 9000000000000000 \
                      WHERE kind = 'send_invitation'";
    assert_eq!(execute(&platform.config, is_running).await, 1, "as while a worker hands the mail to a slow relay");
    let path = only_invitation(&platform, &owner).await;
    body(platform.of(&owner, Method::POST, &format!("{path}/resend")), StatusCode::OK).await;
    platform.stop().await;
    platform.start_again().await;
    let token = invitation_token(&platform, "grace@example.com", 1).await;
    show(&platform, &token, StatusCode::OK).await;

    // The relay was away for the first mail; its job is tried again, and spoils nothing.
    let again = "UPDATE jobs SET state = 'ready', run_at = 1, lease_owner = NULL, lease_until = NULL \
                 WHERE kind = 'send_invitation' AND lease_owner = id";
    assert_eq!(execute(&platform.config, again).await, 1);
    let waiting =
        "UPDATE jobs SET attempts = attempts WHERE kind = 'send_invitation' AND state IN ('ready', 'running')";
    eventually("it is done", || async { execute(&platform.config, waiting).await == 0 }).await;
    assert_eq!(invitation_tokens(&platform, "grace@example.com"), std::slice::from_ref(&token));
    accept_as_new(&platform, &token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_invited_by_mail_to_a_workspace_that_is_being_deleted() {
    let mut platform = Platform::start().await;
    let owner = platform.account().await;
    platform.stop().await;
    platform.start_again_as(Roles::only(roles::Role::Api)).await;
    let draft = json!({ "email": "grace@example.com", "role": "viewer" });
    body(platform.of(&owner, Method::POST, "/invitations").json(&draft), StatusCode::CREATED).await;
    body(platform.of(&owner, Method::DELETE, ""), StatusCode::NO_CONTENT).await;
    platform.stop().await;
    platform.start_again().await;
    all_are_sent(&platform).await;
    assert_eq!(invitation_tokens(&platform, "grace@example.com"), Vec::<String>::new());
}

/// Waits until no mail of an invitation waits to be sent.
async fn all_are_sent(platform: &Platform) {
    let waiting =
        "UPDATE jobs SET attempts = attempts WHERE kind = 'send_invitation' AND state IN ('ready', 'running')";
    eventually("all are sent", || async { execute(&platform.config, waiting).await == 0 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_revoked_or_has_expired_is_accepted_by_nobody() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let revoked = invite(&platform, &owner, "grace@example.com", Role::Viewer).await;
    let path = only_invitation(&platform, &owner).await;
    body(platform.of(&owner, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    body(platform.of(&owner, Method::DELETE, &path), StatusCode::NOT_FOUND).await;
    body(accept(&platform, &as_new(&revoked)), StatusCode::NOT_FOUND).await;

    let expired = invite(&platform, &owner, "grace@example.com", Role::Viewer).await;
    execute(&platform.config, "UPDATE invitations SET expires_at = expires_at - 8 * 86400 * CAST(1000000 AS BIGINT)")
        .await;
    body(accept(&platform, &as_new(&expired)), StatusCode::NOT_FOUND).await;
    show(&platform, &expired, StatusCode::NOT_FOUND).await;
    // It is in the way of no new one.
    let fresh = invite(&platform, &owner, "grace@example.com", Role::Viewer).await;
    accept_as_new(&platform, &fresh).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_worth_what_its_sender_is_at_that_moment() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let admin = member(&platform, &owner, "admin@example.com", Role::Admin).await;
    let token = invite(&platform, &admin, "grace@example.com", Role::Admin).await;
    let member_path = format!("/members/{}", user_id(&platform, &admin).await);
    let demote = platform.of(&owner, Method::PATCH, &member_path).json(&json!({ "role": "viewer" }));
    body(demote, StatusCode::OK).await;
    body(accept(&platform, &as_new(&token)), StatusCode::NOT_FOUND).await;
    body(platform.of(&owner, Method::DELETE, &member_path), StatusCode::NO_CONTENT).await;
    assert_eq!(platform.read(&owner, "/invitations").await["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_of_somebody_whose_account_is_disabled_is_worth_nothing() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let stolen = member(&platform, &owner, "stolen@example.com", Role::Owner).await;
    let token = invite(&platform, &stolen, "eve@example.com", Role::Owner).await;
    let id = user_id(&platform, &stolen).await;
    let account = |what: &str| {
        platform.client.post(platform.api(&format!("/v1/admin/accounts/{id}/{what}"))).bearer_auth(&owner.token)
    };
    body(account("disable"), StatusCode::OK).await;
    body(accept(&platform, &as_new(&token)), StatusCode::NOT_FOUND).await;
    body(account("enable"), StatusCode::OK).await;
    body(accept(&platform, &as_new(&token)), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_keeps_an_address_from_being_invited_elsewhere() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let eve = member(&platform, &owner, "eve@example.com", Role::Viewer).await;
    let hers = platform.client.post(platform.api("/v1/workspaces")).bearer_auth(&eve.token);
    let hers = body(hers.json(&json!({ "name": "Hers", "slug": "hers" })), StatusCode::CREATED).await;
    let other = Account { token: eve.token, workspace: hers["id"].as_str().expect("an id").to_owned() };
    let draft = json!({ "email": "grace@example.com", "role": "viewer" });
    let ask = |account: &Account| platform.of(account, Method::POST, "/invitations").json(&draft);
    // What is refused sends nothing, and counts for nobody.
    body(ask(&other), StatusCode::CREATED).await;
    for _ in 0..10 {
        assert_eq!(code(ask(&other), StatusCode::CONFLICT).await, "already_invited");
    }
    let path = only_invitation(&platform, &other).await;
    let mut sent = 1;
    while platform.of(&other, Method::POST, &format!("{path}/resend")).send().await.expect("a response").status()
        == StatusCode::OK
    {
        sent += 1;
        assert!(sent < 20);
    }
    body(ask(&owner), StatusCode::CREATED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_an_invitation_is_no_credential_and_no_other_secret_is_an_invitation() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let token = invite(&platform, &owner, "grace@example.com", Role::Viewer).await;
    let me = platform.client.get(platform.api("/v1/me")).bearer_auth(&token);
    body(me, StatusCode::UNAUTHORIZED).await;
    for other in [owner.token.as_str(), "", "invitation_", "invitation_AAAA", &"x".repeat(5_000)] {
        body(accept(&platform, &as_new(other)), StatusCode::NOT_FOUND).await;
    }
    let draft = |email: &str| {
        platform.of(&owner, Method::POST, "/invitations").json(&json!({ "email": email, "role": "viewer" }))
    };
    for email in ["nobody", "a@b.example\r\nBcc: eve@example.com", "<a@example.com>", "a@example.com, b@example.com"] {
        let problem = body(draft(email), StatusCode::BAD_REQUEST).await;
        assert_eq!(problem["errors"][0]["pointer"], "/email", "{email}");
    }
    assert_eq!(code(draft(EMAIL), StatusCode::CONFLICT).await, "already_member");
}
