//! How the operations of members, invitations, keys and deleted workspaces are done, for the test that looks for their audit rows.

use elido::domain::role::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::members::{accept_as_new, invite, key, member};
use crate::support::people::{newcomer, text};
use crate::support::platform::{Account, Platform, body};

/// A request: its method, its path, its body, and the token of whoever sends it.
type Request = (Method, String, Value, Option<String>);

/// The request that does an operation in the workspace of this owner, where it concerns somebody, to somebody new with this
/// address; `None` if it is another operation.
pub async fn request(platform: &Platform, owner: &Account, operation: &str, email: &str) -> Option<Request> {
    let at = |path: String| format!("/v1/workspaces/{}{path}", owner.workspace);
    let request = match operation {
        "undelete_workspace" => {
            let other = platform.sign_in().await;
            body(platform.of(&other, Method::DELETE, ""), StatusCode::NO_CONTENT).await;
            (Method::POST, format!("/v1/workspaces/{}/undelete", other.workspace), Value::Null, None)
        }
        "transfer_workspace" => {
            // To an owner, so that the role of one person alone changes; and elsewhere, because the caller is no owner then.
            let other = platform.sign_in().await;
            let next = joined(platform, &other, email, Role::Owner).await;
            let path = format!("/v1/workspaces/{}/transfer", other.workspace);
            (Method::POST, path, json!({ "user_id": next }), None)
        }
        "leave_workspace" => {
            let person = member(platform, owner, email, Role::Viewer).await;
            (Method::POST, at("/leave".to_owned()), Value::Null, Some(person.token))
        }
        "update_member" => {
            let person = joined(platform, owner, email, Role::Viewer).await;
            (Method::PATCH, at(format!("/members/{person}")), json!({ "role": "editor" }), None)
        }
        "remove_member" => {
            let person = joined(platform, owner, email, Role::Viewer).await;
            (Method::DELETE, at(format!("/members/{person}")), Value::Null, None)
        }
        "create_invitation" => {
            (Method::POST, at("/invitations".to_owned()), json!({ "email": email, "role": "viewer" }), None)
        }
        "resend_invitation" => {
            let id = invitation(platform, owner, email).await;
            (Method::POST, at(format!("/invitations/{id}/resend")), Value::Null, None)
        }
        "revoke_invitation" => {
            let id = invitation(platform, owner, email).await;
            (Method::DELETE, at(format!("/invitations/{id}")), Value::Null, None)
        }
        "accept_invitation" => {
            let person = newcomer(platform, email).await;
            let token = invite(platform, owner, email, Role::Viewer).await;
            (Method::POST, "/v1/invitations/accept".to_owned(), json!({ "token": token }), Some(person))
        }
        "update_api_key" => {
            let (_, made) = any_key(platform, owner).await;
            (Method::PATCH, at(format!("/api-keys/{made}")), json!({ "name": "Other" }), None)
        }
        "rotate_api_key" => {
            let (_, made) = any_key(platform, owner).await;
            (Method::POST, at(format!("/api-keys/{made}/rotate")), json!({ "overlap_seconds": 60 }), None)
        }
        "revoke_leaked_api_key" => {
            let (token, _) = any_key(platform, owner).await;
            (Method::POST, "/v1/api-keys/revoke".to_owned(), json!({ "token": token }), None)
        }
        _ => return None,
    };
    Some(request)
}

/// The id of somebody who has joined the workspace.
async fn joined(platform: &Platform, by: &Account, email: &str, role: Role) -> String {
    let token = invite(platform, by, email, role).await;
    text(&accept_as_new(platform, &token).await["user_id"])
}

/// The id of an invitation that nobody has accepted.
async fn invitation(platform: &Platform, by: &Account, email: &str) -> String {
    let draft = json!({ "email": email, "role": "viewer" });
    text(&body(platform.of(by, Method::POST, "/invitations").json(&draft), StatusCode::CREATED).await["id"])
}

/// The secret and the id of a new key.
async fn any_key(platform: &Platform, by: &Account) -> (String, String) {
    let (program, made) = key(platform, by, &json!({ "name": "K", "scopes": ["links:read"] })).await;
    (program.token, text(&made["id"]))
}
