//! Workspaces, members and API keys on the command line.

use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::members::{invitation_token, sign_in, user_id};
use crate::support::platform::{Account, PASSWORD, Platform};

/// Runs `elido` as this account; as nobody, if there is none.
pub async fn elido(platform: &Platform, account: Option<&Account>, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_elido"));
    command.args(arguments).env("ELIDO_API_URL", platform.api("")).stdin(Stdio::null());
    if let Some(account) = account {
        command.env("ELIDO_TOKEN", &account.token).env("ELIDO_WORKSPACE", &account.workspace);
    }
    tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("elido runs")
}

/// What a command printed that has to succeed.
pub async fn prints(platform: &Platform, account: Option<&Account>, arguments: &[&str]) -> String {
    let output = elido(platform, account, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[tokio::test(flavor = "multi_thread")]
async fn workspaces_are_made_changed_deleted_and_undeleted() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let made = prints(&platform, Some(&account), &["workspace", "create", "Sales", "--slug", "sales", "--json"]).await;
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let there = Account { token: account.token.clone(), workspace: made["id"].as_str().expect("an id").to_owned() };
    assert!(prints(&platform, Some(&there), &["workspace", "update", "--name", "Market"]).await.contains("Market"));
    prints(&platform, Some(&there), &["workspace", "delete"]).await;
    let deleted = prints(&platform, Some(&there), &["workspace", "list", "--deleted"]).await;
    assert!(deleted.contains(&there.workspace) && !deleted.contains(&account.workspace), "{deleted}");
    prints(&platform, Some(&there), &["workspace", "undelete"]).await;
    let listed = prints(&platform, Some(&there), &["workspace", "list", "--json"]).await;
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(prints(&platform, Some(&there), &["workspace", "show"]).await.contains("sales"));
    let nothing = elido(&platform, Some(&there), &["workspace", "update"]).await;
    assert_eq!(nothing.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_invited_accept_and_get_roles() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    prints(&platform, Some(&owner), &["member", "invite", "grace@example.com", "--role", "viewer"]).await;
    let code = invitation_token(&platform, "grace@example.com", 1).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    };
    let (code, password) = (file("code", &format!("{code}\n")), file("password", &format!("{PASSWORD}\n")));
    let accept = ["member", "accept", "--code-file", &code, "--name", "Grace", "--password-file", &password];
    assert!(prints(&platform, None, &accept).await.contains("grace@example.com"));
    assert_eq!(elido(&platform, None, &accept).await.status.code(), Some(1), "once");

    let grace = sign_in(&platform, "grace@example.com", &owner.workspace).await;
    let id = user_id(&platform, &grace).await;
    prints(&platform, Some(&owner), &["member", "set-role", &id, "owner"]).await;
    let owner_id = user_id(&platform, &owner).await;
    prints(&platform, Some(&grace), &["workspace", "transfer", &owner_id]).await;
    prints(&platform, Some(&owner), &["member", "remove", &id]).await;
    prints(&platform, Some(&owner), &["member", "invite", "hopper@example.com", "--role", "viewer"]).await;
    let listed = prints(&platform, Some(&owner), &["member", "invitations", "--json"]).await;
    let invitation: Value = serde_json::from_str(&listed).expect("one invitation");
    let invitation = invitation["id"].as_str().expect("an id");
    prints(&platform, Some(&owner), &["member", "resend", invitation]).await;
    let revoked = prints(&platform, Some(&owner), &["member", "revoke", invitation]).await;
    assert_eq!(revoked, format!("revoked {invitation}\n"));
    assert_eq!(prints(&platform, Some(&owner), &["member", "invitations", "--json"]).await, "");
    let members = prints(&platform, Some(&owner), &["member", "list", "--json"]).await;
    assert!(members.lines().count() == 1 && members.contains(&owner_id), "{members}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_changed_rotated_and_revoked() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let secret = prints(&platform, Some(&owner), &["key", "create", "CI", "--scope", "links:read"]).await;
    let program = Account { token: secret.trim().to_owned(), workspace: owner.workspace.clone() };
    // The key alone tells which workspace is meant.
    let mut alone = Command::new(env!("CARGO_BIN_EXE_elido"));
    alone.args(["link", "list"]).env("ELIDO_API_URL", platform.api("")).env("ELIDO_TOKEN", &program.token);
    alone.env_remove("ELIDO_WORKSPACE");
    let alone = tokio::task::spawn_blocking(move || alone.output()).await.expect("a thread").expect("elido runs");
    assert!(alone.status.success(), "{}", String::from_utf8_lossy(&alone.stderr));

    let listed = prints(&platform, Some(&owner), &["key", "list", "--json"]).await;
    let listed: Value = serde_json::from_str(&listed).expect("one key");
    let id = listed["id"].as_str().expect("an id").to_owned();
    let update = ["key", "update", &id, "--name", "Build", "--rate-limit-per-minute", "60"];
    prints(&platform, Some(&owner), &update).await;
    let updated = platform.read(&owner, &format!("/api-keys/{id}")).await;
    assert_eq!((&updated["name"], &updated["rate_limit_per_minute"]), (&json!("Build"), &json!(60)));
    prints(&platform, Some(&owner), &["key", "update", &id, "--rate-limit-per-minute", "0"]).await;
    let updated = platform.read(&owner, &format!("/api-keys/{id}")).await;
    assert_eq!((&updated["name"], &updated["rate_limit_per_minute"]), (&json!("Build"), &Value::Null));
    let nothing = elido(&platform, Some(&owner), &["key", "update", &id]).await;
    assert_eq!(nothing.status.code(), Some(2));
    let by_itself = elido(&platform, Some(&program), &["key", "update", &id, "--name", "Mine"]).await;
    assert_eq!(by_itself.status.code(), Some(77));
    let rotated = prints(&platform, Some(&owner), &["key", "rotate", &id, "--overlap-hours", "1"]).await;
    assert!(rotated.starts_with("elido_") && rotated != secret);
    prints(&platform, Some(&program), &["link", "list"]).await;
    prints(&platform, Some(&owner), &["key", "revoke", &id]).await;
    let refused = elido(&platform, Some(&program), &["link", "list"]).await;
    assert_eq!(refused.status.code(), Some(77));
}

#[tokio::test(flavor = "multi_thread")]
async fn oauth_clients_are_registered_changed_rotated_and_deleted() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let uri = ["--redirect-uri", "https://app.example/callback"];
    let create = ["oauth-client", "create", "App", uri[0], uri[1], "--scope", "links:read", "--confidential"];
    let made = prints(&platform, Some(&owner), &create).await;
    let (id, secret) = made.trim().split_once('\n').expect("two lines");
    assert!(id.starts_with("oac_") && secret.starts_with("elido_cs_"), "{made}");
    let public =
        ["oauth-client", "create", "Own", "--redirect-uri", "com.example.app:/callback", "--scope", "links:read"];
    let public = prints(&platform, Some(&owner), &public).await;
    assert_eq!(public.lines().count(), 1, "{public}");
    prints(&platform, Some(&owner), &["oauth-client", "update", id, "--name", "Other", "--scope", "links:write"]).await;
    let rotated = prints(&platform, Some(&owner), &["oauth-client", "rotate", id, "--overlap-hours", "1"]).await;
    assert!(rotated.starts_with(id) && !rotated.contains(secret), "{rotated}");
    prints(&platform, Some(&owner), &["oauth-client", "delete", public.trim()]).await;
    let listed = prints(&platform, Some(&owner), &["oauth-client", "list", "--json"]).await;
    let listed: Value = serde_json::from_str(&listed).expect("one line of JSON");
    assert_eq!((listed["name"].as_str(), listed["scopes"][0].as_str()), (Some("Other"), Some("links:write")));
    let nothing = elido(&platform, Some(&owner), &["oauth-client", "update", id]).await;
    assert_eq!(nothing.status.code(), Some(2));
}
