//! API keys that several people change at once: no secret comes back, nothing is written down twice, and no limit is passed.

use elido::domain::role::Role;
use futures_util::future::{join, join_all};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::races::{sound, start};
use crate::support::database::is_embedded;
use crate::support::members::{key, member, user_id};
use crate::support::platform::{Account, Platform, body};
use crate::support::statements::execute;

/// How often a race is run: the order in which transactions come is left to chance.
const ROUNDS: usize = 12;
/// Each takes two hashes of a password.
const MEMBERS: usize = 4;

fn draft() -> Value {
    json!({ "name": "CI", "scopes": ["links:read"] })
}

fn path(key: &Value) -> String {
    format!("/api-keys/{}", key["id"].as_str().expect("an id"))
}

fn rotate(platform: &Platform, by: &Account, key: &Value, overlap_seconds: u32) -> RequestBuilder {
    let request = platform.of(by, Method::POST, &format!("{}/rotate", path(key)));
    request.json(&json!({ "overlap_seconds": overlap_seconds }))
}

/// Whether this secret of a key still opens anything.
async fn works(platform: &Platform, owner: &Account, token: &Value) -> bool {
    let holder = Account { token: token.as_str().expect("a token").to_owned(), workspace: owner.workspace.clone() };
    let status = platform.of(&holder, Method::GET, "/links").send().await.expect("a response").status();
    assert!(matches!(status, StatusCode::OK | StatusCode::UNAUTHORIZED), "{status}");
    status == StatusCode::OK
}

/// What the trail says of a key, newest first: the action, and the key's version before and after it.
async fn trail(platform: &Platform, owner: &Account, key: &Value) -> Vec<(String, Value, Value)> {
    let id = key["id"].as_str().expect("an id");
    let page = platform.read(owner, &format!("/audit-events?target={id}")).await;
    let rows = page["data"].as_array().expect("rows").iter();
    let versions = |row: &Value| (row["before"]["version"].clone(), row["after"]["version"].clone());
    rows.map(|row| (row["action"].as_str().expect("an action").to_owned(), versions(row).0, versions(row).1)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_rotations_at_once_each_makes_a_version_and_the_last_two_secrets_work() {
    let platform = start().await;
    let owner = platform.account().await;
    let (_, made) = key(&platform, &owner, &draft()).await;
    let rotations = join_all((0..8).map(|_| sound(rotate(&platform, &owner, &made, 3_600)))).await;
    let mut rotated: Vec<Value> = rotations
        .into_iter()
        .map(|(status, body)| {
            assert_eq!(status, StatusCode::OK, "{body}");
            body
        })
        .collect();
    rotated.push(made.clone());
    rotated.sort_by_key(|key| key["version"].as_i64());
    let versions: Vec<i64> = rotated.iter().map(|key| key["version"].as_i64().expect("a version")).collect();
    assert_eq!(versions, (1..=9).collect::<Vec<_>>());
    for key in &rotated {
        let is_of_the_last_two = key["version"].as_i64() >= Some(8);
        assert_eq!(works(&platform, &owner, &key["token"]).await, is_of_the_last_two, "version {}", key["version"]);
    }
    let trail = trail(&platform, &owner, &made).await;
    assert_eq!(trail.iter().filter(|(action, ..)| action == "api_key.rotated").count(), 8, "{trail:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_revoked_while_it_is_rotated_is_gone_with_every_secret() {
    let platform = start().await;
    let owner = platform.account().await;
    for _ in 0..ROUNDS {
        let (_, made) = key(&platform, &owner, &draft()).await;
        let rotations = join_all((0..3).map(|_| sound(rotate(&platform, &owner, &made, 3_600))));
        let revocations = join_all((0..2).map(|_| sound(platform.of(&owner, Method::DELETE, &path(&made)))));
        let leak = platform.client.post(platform.api("/v1/api-keys/revoke"));
        let leaked = sound(leak.json(&json!({ "token": made["token"] })));
        let ((rotated, revoked), (leaked, _)) = join(join(rotations, revocations), leaked).await;
        assert_eq!(leaked, StatusCode::NO_CONTENT);
        assert!(revoked.iter().all(|(status, _)| matches!(status.as_u16(), 204 | 404)), "{revoked:?}");
        body(platform.of(&owner, Method::GET, &path(&made)), StatusCode::NOT_FOUND).await;
        let secrets = rotated.iter().filter(|(status, _)| *status == StatusCode::OK).map(|(_, key)| &key["token"]);
        for secret in secrets.chain([&made["token"]]) {
            assert!(!works(&platform, &owner, secret).await, "a secret of a key that is gone");
        }
        // What was revoked is what there was at that moment, and once.
        let trail = trail(&platform, &owner, &made).await;
        let revocations = trail.iter().filter(|(action, ..)| action == "api_key.revoked").count();
        assert_eq!(revocations, 1, "{trail:?}");
        let (last, before, _) = &trail[0];
        assert_eq!((last.as_str(), before), ("api_key.revoked", &trail[1].2), "{trail:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_made_at_once_stop_at_the_most_that_there_may_be() {
    let platform = start().await;
    let owner = platform.account().await;
    key(&platform, &owner, &draft()).await;
    let (id, hash) = if is_embedded() {
        ("randomblob(16)", "randomblob(32)")
    } else {
        ("gen_random_uuid()", "uuid_send(gen_random_uuid())")
    };
    let columns = "name, token_start, scopes, created_by, created_at, version";
    let fill = format!(
        "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 994) \
         INSERT INTO api_keys (id, workspace_id, token_hash, {columns}) SELECT {id}, workspace_id, {hash}, {columns} FROM api_keys, numbers"
    );
    assert_eq!(execute(&platform.config, &fill).await, 994);
    let requests = (0..12).map(|_| sound(platform.of(&owner, Method::POST, "/api-keys").json(&draft())));
    let answers = join_all(requests).await;
    let made = answers.iter().filter(|(status, _)| *status == StatusCode::CREATED).count();
    let refused = answers.iter().filter(|(_, body)| body["code"] == "too_many_keys").count();
    assert_eq!((made, refused), (5, 7), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_is_removed_while_making_keys_leaves_none() {
    let platform = start().await;
    let owner = platform.account().await;
    for round in 0..MEMBERS {
        let leaver = member(&platform, &owner, &format!("leaver{round}@example.com"), Role::Admin).await;
        let id = user_id(&platform, &leaver).await;
        let creations = join_all((0..6).map(|_| sound(platform.of(&leaver, Method::POST, "/api-keys").json(&draft()))));
        let removal = sound(platform.of(&owner, Method::DELETE, &format!("/members/{id}")));
        let (_, (removed, answer)) = join(creations, removal).await;
        assert_eq!(removed, StatusCode::NO_CONTENT, "{answer}");
        let left = platform.read(&owner, "/api-keys?limit=100").await;
        let left = left["data"].as_array().expect("keys").iter().filter(|key| key["created_by"] == id.as_str()).count();
        assert_eq!(left, 0, "keys of somebody who is no member");
    }
}
