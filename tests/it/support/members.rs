//! People besides the first account, and the mail that they get.

use elido::domain::role::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::platform::{Account, PASSWORD, Platform, body, eventually};

/// The secrets of the invitations that were sent to an address, oldest first.
pub fn invitation_tokens(platform: &Platform, email: &str) -> Vec<String> {
    let Ok(folder) = std::fs::read_dir(platform.config.data_folder.join("mail")) else { return Vec::new() };
    let paths = folder.map(|entry| entry.expect("a file").path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "eml")).collect();
    paths.sort();
    let letters = paths.iter().map(|path| std::fs::read_to_string(path).expect("a letter"));
    let for_them = letters.filter(|letter| letter.contains(&format!("To: {email}\r\n")));
    for_them
        .filter_map(|letter| letter.split_whitespace().find(|word| word.starts_with("invitation_")).map(str::to_owned))
        .collect()
}

/// Waits for the mail of the latest of `count` invitations to an address.
pub async fn invitation_token(platform: &Platform, email: &str, count: usize) -> String {
    eventually("the mail is there", || async { invitation_tokens(platform, email).len() == count }).await;
    invitation_tokens(platform, email).pop().expect("a mail")
}

/// Invites somebody, and returns the secret of the mail.
pub async fn invite(platform: &Platform, by: &Account, email: &str, role: Role) -> String {
    let before = invitation_tokens(platform, email).len();
    let request = platform.of(by, Method::POST, "/invitations").json(&json!({ "email": email, "role": role }));
    body(request, StatusCode::CREATED).await;
    invitation_token(platform, email, before + 1).await
}

/// Accepts an invitation as somebody who has no account.
pub async fn accept_as_new(platform: &Platform, token: &str) -> Value {
    let acceptance = json!({ "token": token, "name": "Somebody", "password": PASSWORD });
    body(platform.client.post(platform.api("/v1/invitations/accept")).json(&acceptance), StatusCode::OK).await
}

/// Signs in, and goes to a workspace.
pub async fn sign_in(platform: &Platform, email: &str, workspace: &str) -> Account {
    let person = json!({ "email": email, "password": PASSWORD });
    let session = platform.client.post(platform.api("/v1/auth/sign-in")).json(&person);
    let session = body(session, StatusCode::OK).await;
    Account { token: session["token"].as_str().expect("a token").to_owned(), workspace: workspace.to_owned() }
}

/// A new person with this role in the account's workspace, signed in.
pub async fn member(platform: &Platform, by: &Account, email: &str, role: Role) -> Account {
    let token = invite(platform, by, email, role).await;
    accept_as_new(platform, &token).await;
    sign_in(platform, email, &by.workspace).await
}

/// Who an account is.
pub async fn user_id(platform: &Platform, account: &Account) -> String {
    let me = platform.client.get(platform.api("/v1/me")).bearer_auth(&account.token);
    body(me, StatusCode::OK).await["user"]["id"].as_str().expect("an id").to_owned()
}

/// A key of the workspace.
pub async fn key(platform: &Platform, account: &Account, draft: &Value) -> (Account, Value) {
    let made = body(platform.of(account, Method::POST, "/api-keys").json(draft), StatusCode::CREATED).await;
    let token = made["token"].as_str().expect("a token").to_owned();
    (Account { token, workspace: account.workspace.clone() }, made)
}

/// Another workspace of the same person.
pub async fn other_workspace(platform: &Platform, account: &Account) -> Account {
    let draft = json!({ "name": "Another", "slug": "another" });
    let request = platform.client.post(platform.api("/v1/workspaces")).bearer_auth(&account.token).json(&draft);
    let workspace = body(request, StatusCode::CREATED).await["id"].as_str().expect("an id").to_owned();
    Account { token: account.token.clone(), workspace }
}
