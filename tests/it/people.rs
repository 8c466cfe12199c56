//! Members, their roles, and the last owner.

use elido::domain::role::Role;
use elido::infra::store::Store;
use elido::infra::store::events::{self, EventFilter};
use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::support::members::{key, member, sign_in, user_id};
use crate::support::platform::{Account, Platform, body};

async fn code(request: RequestBuilder, status: StatusCode) -> String {
    body(request, status).await["code"].as_str().unwrap_or_default().to_owned()
}

fn set_role(platform: &Platform, by: &Account, id: &str, role: &str) -> RequestBuilder {
    platform.of(by, Method::PATCH, &format!("/members/{id}")).json(&json!({ "role": role }))
}

fn remove(platform: &Platform, by: &Account, id: &str) -> RequestBuilder {
    platform.of(by, Method::DELETE, &format!("/members/{id}"))
}

fn leave(platform: &Platform, account: &Account) -> RequestBuilder {
    platform.of(account, Method::POST, "/leave")
}

/// The roles of the members, newest member first.
async fn roles(platform: &Platform, account: &Account) -> Vec<String> {
    let members = platform.read(account, "/members").await;
    let role = |member: &Value| member["role"].as_str().expect("a role").to_owned();
    members["data"].as_array().expect("members").iter().map(role).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_gets_another_role_and_leaves() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let ada = member(&platform, &owner, "ada@example.com", Role::Viewer).await;
    let id = user_id(&platform, &ada).await;
    let link = json!({ "destination_url": "https://example.com/" });
    assert_eq!(
        code(platform.of(&ada, Method::POST, "/links").json(&link), StatusCode::FORBIDDEN).await,
        "missing_scope"
    );
    let changed = body(set_role(&platform, &owner, &id, "editor"), StatusCode::OK).await;
    assert_eq!((&changed["role"], &changed["email"]), (&json!("editor"), &json!("ada@example.com")));
    platform.create_link(&ada, &link).await;
    assert_eq!(platform.read(&owner, &format!("/members/{id}")).await, changed);

    body(leave(&platform, &ada), StatusCode::NO_CONTENT).await;
    body(platform.of(&ada, Method::GET, ""), StatusCode::NOT_FOUND).await;
    body(set_role(&platform, &owner, &id, "editor"), StatusCode::NOT_FOUND).await;
    assert_eq!(roles(&platform, &owner).await, ["owner"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_neither_make_owners_nor_touch_them() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let owner_id = user_id(&platform, &owner).await;
    let admin = member(&platform, &owner, "admin@example.com", Role::Admin).await;
    let admin_id = user_id(&platform, &admin).await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let editor_id = user_id(&platform, &editor).await;
    let invite = |role: &str| {
        platform.of(&admin, Method::POST, "/invitations").json(&json!({ "email": "eve@example.com", "role": role }))
    };
    for request in [
        set_role(&platform, &admin, &admin_id, "owner"),
        set_role(&platform, &admin, &editor_id, "owner"),
        set_role(&platform, &admin, &owner_id, "viewer"),
        remove(&platform, &admin, &owner_id),
        invite("owner"),
    ] {
        assert_eq!(code(request, StatusCode::FORBIDDEN).await, "owner_required");
    }
    let transfer = platform.of(&admin, Method::POST, "/transfer").json(&json!({ "user_id": admin_id }));
    assert_eq!(code(transfer, StatusCode::FORBIDDEN).await, "missing_role");
    body(set_role(&platform, &admin, &editor_id, "admin"), StatusCode::OK).await;
    body(set_role(&platform, &admin, &admin_id, "viewer"), StatusCode::OK).await;
    body(remove(&platform, &editor, &admin_id), StatusCode::NO_CONTENT).await;
    assert_eq!(roles(&platform, &owner).await, ["admin", "owner"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_owner_stays() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let id = user_id(&platform, &owner).await;
    for request in [leave(&platform, &owner), remove(&platform, &owner, &id), set_role(&platform, &owner, &id, "admin")]
    {
        assert_eq!(code(request, StatusCode::CONFLICT).await, "last_owner");
    }
    let second = member(&platform, &owner, "second@example.com", Role::Owner).await;
    let second_id = user_id(&platform, &second).await;
    let account = |what: &str| {
        platform.client.post(platform.api(&format!("/v1/admin/accounts/{second_id}/{what}"))).bearer_auth(&owner.token)
    };
    body(account("disable"), StatusCode::OK).await;
    assert_eq!(code(leave(&platform, &owner), StatusCode::CONFLICT).await, "last_owner", "the other cannot sign in");
    body(account("enable"), StatusCode::OK).await;
    let second = sign_in(&platform, "second@example.com", &owner.workspace).await;
    body(leave(&platform, &owner), StatusCode::NO_CONTENT).await;
    assert_eq!(code(leave(&platform, &second), StatusCode::CONFLICT).await, "last_owner");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_cannot_sign_in_counts_for_nothing_and_is_removed() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let mut disabled = Vec::new();
    for (email, role) in [("demoted@example.com", Role::Owner), ("gone@example.com", Role::Owner)] {
        let account = member(&platform, &owner, email, role).await;
        disabled.push(user_id(&platform, &account).await);
    }
    let admin = member(&platform, &owner, "admin@example.com", Role::Admin).await;
    disabled.push(user_id(&platform, &admin).await);
    for id in &disabled {
        let disable = platform.client.post(platform.api(&format!("/v1/admin/accounts/{id}/disable")));
        body(disable.bearer_auth(&owner.token), StatusCode::OK).await;
    }
    let [demoted, gone, admin] = disabled.as_slice() else { panic!("three") };
    // Whoever cannot sign in does not get the workspace, an owner already or not.
    let transfer = |id: &str| platform.of(&owner, Method::POST, "/transfer").json(&json!({ "user_id": id }));
    for request in [transfer(demoted), transfer(admin), set_role(&platform, &owner, admin, "owner")] {
        assert_eq!(code(request, StatusCode::CONFLICT).await, "account_disabled");
    }
    // The owner who can sign in stays, and removes those who cannot.
    assert_eq!(code(leave(&platform, &owner), StatusCode::CONFLICT).await, "last_owner");
    body(set_role(&platform, &owner, demoted, "viewer"), StatusCode::OK).await;
    body(remove(&platform, &owner, gone), StatusCode::NO_CONTENT).await;
    assert_eq!(roles(&platform, &owner).await, ["admin", "viewer", "owner"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_who_all_go_at_once_leave_one_behind() {
    let platform = Platform::start_with(|config| config.database.connect_timeout_ms = 30_000).await;
    let first = platform.account().await;
    let mut owners = vec![Account { token: first.token.clone(), workspace: first.workspace.clone() }];
    for number in 0..4 {
        owners.push(member(&platform, &first, &format!("owner{number}@example.com"), Role::Owner).await);
    }
    let mut ids = Vec::new();
    for owner in &owners {
        ids.push(user_id(&platform, owner).await);
    }
    // Each leaves, takes the next one's role away and removes the one after that, all at once.
    let count = owners.len();
    let requests = owners.iter().enumerate().flat_map(|(number, owner)| {
        [
            leave(&platform, owner),
            set_role(&platform, owner, &ids[(number + 1) % count], "viewer"),
            remove(&platform, owner, &ids[(number + 2) % count]),
        ]
    });
    let answers = join_all(requests.map(RequestBuilder::send)).await;
    for answer in answers {
        let status = answer.expect("a response").status();
        assert!(!status.is_server_error(), "{status}");
    }
    let mut seen = Vec::new();
    for owner in &owners {
        let response = platform.of(owner, Method::GET, "/members").send().await.expect("a response");
        if response.status() == StatusCode::OK {
            let members: Value = response.json().await.expect("members");
            let members = members["data"].as_array().expect("members").clone();
            seen.push(members.iter().filter(|member| member["role"] == "owner").count());
        }
    }
    assert!(!seen.is_empty() && seen.iter().all(|owners| *owners >= 1), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_is_transferred_and_its_owner_becomes_an_admin() {
    let platform = Platform::start_with(|config| config.api.workspaces_per_owner_max = 1).await;
    let owner = platform.account().await;
    let next = member(&platform, &owner, "next@example.com", Role::Editor).await;
    let id = user_id(&platform, &next).await;
    let own_id = user_id(&platform, &owner).await;
    let transfer = |by: &Account, id: &str| platform.of(by, Method::POST, "/transfer").json(&json!({ "user_id": id }));
    let to_oneself = body(transfer(&owner, &own_id), StatusCode::BAD_REQUEST).await;
    assert_eq!(to_oneself["errors"][0]["pointer"], "/user_id");

    // Whoever owns as many workspaces as allowed gets no other one.
    let own = platform.client.post(platform.api("/v1/workspaces")).bearer_auth(&next.token);
    let own = body(own.json(&json!({ "name": "Own", "slug": "own" })), StatusCode::CREATED).await;
    assert_eq!(code(transfer(&owner, &id), StatusCode::CONFLICT).await, "too_many_workspaces");
    let own = Account { token: next.token.clone(), workspace: own["id"].as_str().expect("an id").to_owned() };
    body(platform.of(&own, Method::DELETE, ""), StatusCode::NO_CONTENT).await;

    assert_eq!(body(transfer(&owner, &id), StatusCode::OK).await["role"], "owner");
    assert_eq!(roles(&platform, &owner).await, ["owner", "admin"]);
    assert_eq!(code(transfer(&owner, &id), StatusCode::FORBIDDEN).await, "missing_role");
    // Undeleted, the other one would be one too many.
    assert_eq!(code(platform.of(&own, Method::POST, "/undelete"), StatusCode::CONFLICT).await, "too_many_workspaces");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_reaches_as_far_as_its_maker_and_ends_with_their_membership() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let admin = member(&platform, &owner, "admin@example.com", Role::Admin).await;
    let id = user_id(&platform, &admin).await;
    let draft = json!({ "name": "CI", "scopes": ["links:read", "links:write", "members:write"] });
    let (program, made) = key(&platform, &admin, &draft).await;
    let link = json!({ "destination_url": "https://example.com/" });
    platform.create_link(&program, &link).await;

    body(set_role(&platform, &owner, &id, "viewer"), StatusCode::OK).await;
    body(platform.of(&program, Method::GET, "/links"), StatusCode::OK).await;
    let refused = platform.of(&program, Method::POST, "/links").json(&link);
    assert_eq!(code(refused, StatusCode::FORBIDDEN).await, "missing_scope");
    body(set_role(&platform, &owner, &id, "admin"), StatusCode::OK).await;
    platform.create_link(&program, &link).await;

    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    body(remove(&platform, &program, &user_id(&platform, &editor).await), StatusCode::NO_CONTENT).await;
    let owner_id = user_id(&platform, &owner).await;
    assert_eq!(code(remove(&platform, &program, &owner_id), StatusCode::FORBIDDEN).await, "owner_required");

    body(remove(&platform, &owner, &id), StatusCode::NO_CONTENT).await;
    body(platform.of(&program, Method::GET, "/links"), StatusCode::UNAUTHORIZED).await;
    let gone = format!("/api-keys/{}", made["id"].as_str().expect("an id"));
    body(platform.of(&owner, Method::GET, &gone), StatusCode::NOT_FOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_to_people_keys_and_workspaces_is_recorded() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let store = Store::connect(&platform.config.database, &platform.config.data_folder).await.expect("a store");
    let all = async || {
        events::list(store.reader(), &EventFilter::default(), 1..=i64::MAX, 10_000).await.expect("events").events
    };
    let before = all().await.len();
    let admin = member(&platform, &owner, "admin@example.com", Role::Admin).await;
    let id = user_id(&platform, &admin).await;
    let (program, made) = key(&platform, &admin, &json!({ "name": "CI", "scopes": ["links:read"] })).await;
    let path = format!("/api-keys/{}", made["id"].as_str().expect("an id"));
    body(platform.of(&admin, Method::PATCH, &path).json(&json!({ "name": "Other" })), StatusCode::OK).await;
    body(
        platform.of(&admin, Method::POST, &format!("{path}/rotate")).json(&json!({ "overlap_seconds": 60 })),
        StatusCode::OK,
    )
    .await;
    body(set_role(&platform, &owner, &id, "viewer"), StatusCode::OK).await;
    body(remove(&platform, &owner, &id), StatusCode::NO_CONTENT).await;
    let (leaked, _) = key(&platform, &owner, &json!({ "name": "CI", "scopes": ["links:read"] })).await;
    let revoke = platform.client.post(platform.api("/v1/api-keys/revoke")).json(&json!({ "token": leaked.token }));
    body(revoke, StatusCode::NO_CONTENT).await;
    body(platform.of(&owner, Method::DELETE, ""), StatusCode::NO_CONTENT).await;
    body(platform.of(&owner, Method::POST, "/undelete"), StatusCode::OK).await;

    let happened = all().await.split_off(before);
    let types: Vec<&str> =
        happened.iter().map(|event| event.r#type.as_str()).filter(|name| !name.starts_with("session.")).collect();
    assert_eq!(
        types,
        [
            "member.invited",
            "account.registered",
            "member.joined",
            "api_key.created",
            "api_key.updated",
            "api_key.rotated",
            "member.role_changed",
            "member.removed",
            "api_key.revoked",
            "api_key.created",
            "api_key.revoked",
            "workspace.deleted",
            "workspace.undeleted",
        ]
    );
    let text = serde_json::to_string(&happened.iter().map(|event| &event.data).collect::<Vec<_>>()).expect("JSON");
    assert!(!text.contains(&program.token) && !text.contains("invitation_"), "no secret is recorded");
    let by_the_key = happened.iter().filter(|event| event.actor.to_string().starts_with("key_")).count();
    assert_eq!(by_the_key, 1, "the leaked key ended itself");
}
