//! How every operation is called, so that it answers what it would do and does no harm to those that are called after it.
//!
//! Invariant: an operation that is not known here fails the test.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::document::Operation;
use crate::support::platform::{EMAIL, PASSWORD, Platform};

/// With the right one, sessions would get other secrets.
const WRONG_PASSWORD: &str = "this is nobody's password";
/// The prefixes of the ids that stand in paths.
const PREFIXES: [(&str, &str); 22] = [
    ("evidence_export_id", "evd"),
    ("click_export_id", "cex"),
    ("report_schedule_id", "rps"),
    ("job_id", "job"),
    ("link_id", "lnk"),
    ("tag_id", "tag"),
    ("folder_id", "fld"),
    ("utm_template_id", "utm"),
    ("comment_id", "cmt"),
    ("view_id", "viw"),
    ("share_id", "shr"),
    ("bulk_edit_id", "bed"),
    ("freeze_window_id", "frz"),
    ("change_request_id", "crq"),
    ("domain_id", "dom"),
    ("api_key_id", "key"),
    ("user_id", "usr"),
    ("invitation_id", "inv"),
    ("session_id", "ses"),
    ("oauth_client_id", "oac"),
    ("consent_id", "ocs"),
    ("identity_id", "idn"),
];

/// An id that nothing has; the name of a type of events and a link, which belong to nobody; no identity provider.
pub fn nobody(parameter: &str) -> String {
    match parameter {
        "type" => return "link.created".to_owned(),
        "consumer" | "provider" | "external_id" => return "nobody".to_owned(),
        "sequence" => return "1".to_owned(),
        "token" => return "nothing.nothing".to_owned(),
        _ => {}
    }
    let prefix =
        PREFIXES.iter().find(|(name, _)| *name == parameter).unwrap_or_else(|| panic!("what is a {parameter}?"));
    format!("{}_{}", prefix.1, uuid::Uuid::nil().simple())
}

/// The path of an operation in a workspace, with these ids.
pub fn path(operation: &Operation, workspace: &str, id: impl Fn(&str) -> String) -> String {
    let path = operation.path.replace("{workspace_id}", workspace);
    operation.ids().fold(path, |path, name| path.replace(&format!("{{{name}}}"), &id(name)))
}

/// A request that does what the operation is for to nothing that is there, without a credential.
pub fn request(platform: &Platform, operation: &Operation, workspace: &str) -> RequestBuilder {
    let url = platform.api(&path(operation, workspace, nobody));
    let request = platform.client.request(operation.method.clone(), url).query(&query(operation));
    // No workspace has so many versions.
    let request = if operation.method == Method::DELETE { request.header("if-match", "\"999999\"") } else { request };
    match (sample(operation), form(operation)) {
        (Some(body), _) => request.json(&body),
        (None, Some(form)) => request.form(&form),
        (None, None) => request,
    }
}

/// A form that is in order, of a client that there is not; none for an operation that takes none.
fn form(operation: &Operation) -> Option<Vec<(&'static str, String)>> {
    operation.description.pointer("/requestBody/content/application~1x-www-form-urlencoded")?;
    let client = || ("client_id", nobody("oauth_client_id"));
    let token = || format!("elido_rt_{}", "A".repeat(43));
    Some(match operation.id.as_str() {
        "decideAuthorization" => vec![client(), ("decision", "allow".to_owned())],
        "signInToAuthorize" => vec![("request", format!("client_id={}", client().1))],
        "issueToken" => vec![client(), ("grant_type", "refresh_token".to_owned()), ("refresh_token", token())],
        "revokeToken" | "introspectToken" => vec![client(), ("token", token())],
        other => panic!("how is {other} called?"),
    })
}

/// The query parameters that an operation must have.
pub fn query(operation: &Operation) -> Vec<(&'static str, &'static str)> {
    let known: Vec<(&str, &str)> = match operation.id.as_str() {
        "requestAuthorization" => vec![
            ("response_type", "code"),
            ("client_id", "oac_00000000000000000000000000000000"),
            ("redirect_uri", "https://example.com/callback"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ],
        "look_up_link" => vec![("domain", "localhost"), ("slug", "nothing")],
        "getAnalyticsBreakdown" => vec![("dimension", "country")],
        "getAnalyticsSparklines" => vec![("link", "lnk_00000000000000000000000000000000")],
        _ => Vec::new(),
    };
    for name in operation.required_parameters() {
        assert!(known.iter().any(|(known, _)| *known == name), "{}: what is {name}?", operation.id);
    }
    known
}

/// A body that is in order; none for an operation that takes none.
pub fn sample(operation: &Operation) -> Option<Value> {
    operation.body_schema()?;
    let name = || uuid::Uuid::new_v4().simple().to_string();
    let token = |prefix: &str| format!("{prefix}_{}", "A".repeat(43));
    Some(match operation.id.as_str() {
        "signIn" => json!({ "email": EMAIL, "password": PASSWORD }),
        "signInWithCode" => json!({ "challenge": token("challenge"), "code": "000000" }),
        "requestRegistration" | "requestPasswordReset" => json!({ "email": format!("{}@example.com", name()) }),
        "register" => json!({ "code": token("register"), "name": "Test", "password": PASSWORD }),
        "resetPassword" => json!({ "code": token("reset"), "new_password": PASSWORD }),
        "confirmEmail" => json!({ "code": token("verify") }),
        "requestEmailChange" => json!({ "email": format!("{}@example.com", name()), "password": WRONG_PASSWORD }),
        "changePassword" => json!({ "password": WRONG_PASSWORD, "new_password": PASSWORD }),
        "beginSecondFactor" | "disableSecondFactor" | "replaceRecoveryCodes" => json!({ "password": WRONG_PASSWORD }),
        "beginIdentityLink" => json!({ "provider": nobody("provider") }),
        "confirmSecondFactor" => json!({ "code": "000000" }),
        "create_workspace" => json!({ "name": "Test", "slug": format!("w{}", name()) }),
        "createOAuthClient" => {
            json!({ "name": "Test", "redirect_uris": ["https://example.com/callback"], "scopes": ["links:read"] })
        }
        "eraseClicks" => json!({ "to": "2020-01-01T00:00:00Z" }),
        "update_workspace"
        | "update_api_key"
        | "updateOAuthClient"
        | "update_view"
        | "createShare"
        | "updateShare"
        | "updateReportSchedule" => {
            json!({ "name": "Test" })
        }
        "updateQueryLimits" => json!({ "seconds_max": 5 }),
        "createReportSchedule" => json!({ "name": "Test", "every": "week" }),
        "transfer_workspace" => json!({ "user_id": nobody("user_id") }),
        "update_member" => json!({ "role": "viewer" }),
        "create_invitation" => json!({ "email": format!("{}@example.com", name()), "role": "viewer" }),
        "show_invitation" | "accept_invitation" => json!({ "token": token("invitation") }),
        "create_api_key" => json!({ "name": "Test", "scopes": ["links:read"] }),
        "revoke_leaked_api_key" => json!({ "token": token("elido") }),
        "create_link" | "put_link_by_external_id" => json!({ "destination_url": "https://example.com/" }),
        "update_link" => json!({ "title": "Test" }),
        "move_link" => json!({ "workspace_id": format!("ws_{}", uuid::Uuid::nil().simple()) }),
        "createClickExport"
        | "create_evidence_export"
        | "rotate_api_key"
        | "rotateOAuthClientSecret"
        | "update_domain"
        | "resolve_link" => {
            json!({})
        }
        "resolve_draft" => json!({ "link": { "destination_url": "https://example.com/" } }),
        "create_links" => json!({ "links": [{ "destination_url": "https://example.com/" }] }),
        "update_links" => json!({ "links": [{ "id": nobody("link_id"), "changes": { "title": "Test" } }] }),
        "delete_links" => json!({ "ids": [nobody("link_id")] }),
        "bulk_edit_links" => json!({ "filter": {}, "changes": { "archived": false }, "dry_run": true }),
        "create_utm_template" | "update_utm_template" => json!({ "name": name(), "utm": { "source": "test" } }),
        "create_view" => json!({ "name": "Test", "page": "links" }),
        "getSharedReport" => json!({ "token": token("share") }),
        "create_link_comment" | "update_link_comment" => json!({ "text": "Test" }),
        "create_freeze_window" => {
            json!({ "reason": "Test", "starts_at": "2999-01-01T00:00:00Z", "ends_at": "2999-01-02T00:00:00Z" })
        }
        "update_freeze_window" => json!({ "reason": "Test" }),
        "request_link_change" => json!({ "delete": true }),
        "update_folder_access" => json!({ "access": "edit" }),
        "revert_link" => json!({ "version": 1 }),
        "undo_link_change"
        | "restore_link"
        | "draw_link_qr_code"
        | "preview_qr_code"
        | "approve_link_change"
        | "refuse_link_change" => json!({}),
        "create_domain" => json!({ "hostname": format!("d{}.example", name()) }),
        "create_tag" | "update_tag" | "create_folder" | "update_folder" => json!({ "name": name() }),
        other => panic!("how is {other} called?"),
    })
}
