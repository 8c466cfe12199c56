//! Every operation of the OpenAPI document, called by everybody there can be, answers as the table of permissions says.

use std::fmt::Write as _;

use elido::config::sections::{AccessTokenCheck, OidcConfig};
use elido::domain::permission::{Caller, Right};
use elido::domain::role::{Role, Scope};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::document::{Document, Operation};
use super::requests::request;
use crate::support::identity_provider::{AUDIENCE, IdentityProvider, access_token_claims, describe_in};
use crate::support::members::{key, member};
use crate::support::oauth::{Browser, REDIRECT_URI, acting, program, register};
use crate::support::platform::{Account, Platform, body};

/// Who calls.
pub(super) enum Who {
    Nobody,
    Stranger,
    Member(Role),
    /// Who runs the instance, and is an owner of the workspace besides.
    Administrator,
    /// Who runs the instance, and does not belong to the workspace.
    AdministratorElsewhere,
    Key(Vec<Scope>),
    StrangersKey,
    Application(Vec<Scope>),
    StrangersApplication,
    /// A program by a token of an identity provider.
    ForeignProgram(Vec<Scope>),
}

/// What came of a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed,
    Unauthenticated,
    NoSuchWorkspace,
    Refused(&'static str),
}

/// A program of the identity provider.
const PROGRAM: &str = "reporting";
/// What refuses a call because of who makes it.
pub(super) const REFUSALS: [&str; 4] = ["missing_scope", "missing_role", "session_required", "instance_admin_required"];
/// What ends the session or the membership of whoever does it comes last.
const ENDINGS: [&str; 2] = ["leave_workspace", "signOut"];

/// What the table says.
pub(super) fn expected(who: &Who, caller: Caller) -> Verdict {
    if matches!(who, Who::Nobody) && !matches!(caller, Caller::Anyone) {
        return Verdict::Unauthenticated;
    }
    match (caller, who) {
        (
            Caller::Person | Caller::InstanceAdmin,
            Who::Key(_) | Who::StrangersKey | Who::Application(_) | Who::StrangersApplication | Who::ForeignProgram(_),
        ) => Verdict::Refused("session_required"),
        (Caller::Anyone | Caller::Credential | Caller::Person, _)
        | (Caller::InstanceAdmin, Who::Administrator | Who::AdministratorElsewhere) => Verdict::Allowed,
        (Caller::InstanceAdmin, _) => Verdict::Refused("instance_admin_required"),
        (
            Caller::Member(_),
            Who::Stranger | Who::StrangersKey | Who::StrangersApplication | Who::AdministratorElsewhere | Who::Nobody,
        ) => Verdict::NoSuchWorkspace,
        (Caller::Member(right), Who::Administrator) => of_member(Role::Owner, &right),
        (Caller::Member(right), Who::Member(role)) => of_member(*role, &right),
        (Caller::Member(right), Who::Key(scopes)) => of_key(scopes.iter().any(|own| own.covers(right.scope)), &right),
        (Caller::Member(right), Who::Application(scopes) | Who::ForeignProgram(scopes)) => {
            of_key(scopes.contains(&right.scope), &right)
        }
    }
}

fn of_member(role: Role, right: &Right) -> Verdict {
    match (role.allows(right.scope), right.roles.contains(&role)) {
        (true, true) => Verdict::Allowed,
        (true, false) => Verdict::Refused("missing_role"),
        (false, _) => Verdict::Refused("missing_scope"),
    }
}

/// An owner made the key, or lets the program act for them, so that nothing but scopes limits either.
fn of_key(has_scope: bool, right: &Right) -> Verdict {
    match (has_scope, right.api_keys) {
        (true, true) => Verdict::Allowed,
        (true, false) => Verdict::Refused("session_required"),
        (false, _) => Verdict::Refused("missing_scope"),
    }
}

/// What the response says of the right to call.
fn verdict(status: StatusCode, problem: &Value) -> Verdict {
    let code = problem["code"].as_str().unwrap_or_default();
    if status == StatusCode::FORBIDDEN
        && let Some(refusal) = REFUSALS.iter().find(|refusal| **refusal == code)
    {
        return Verdict::Refused(refusal);
    }
    match status {
        StatusCode::UNAUTHORIZED if code == "unauthenticated" => Verdict::Unauthenticated,
        StatusCode::NOT_FOUND if problem["detail"] == "There is no such workspace." => Verdict::NoSuchWorkspace,
        _ => Verdict::Allowed,
    }
}

/// What the settings may give a program of an identity provider: nobody answers for one that lets people in or makes keys.
fn scopes_of_programs() -> impl Iterator<Item = Scope> {
    let of_people = [Scope::MembersWrite, Scope::KeysWrite, Scope::WorkspaceWrite];
    Scope::ALL.into_iter().filter(move |scope| !of_people.contains(scope))
}

/// A platform on which a program of an identity provider may do everything in the workspace of the owner.
pub(super) async fn start(provider: &IdentityProvider) -> (Platform, Account) {
    let mut platform = Platform::start_with(|config| {
        config.api.rate_limit_burst = 100_000;
        config.api.workspace_rate_limit_burst = 100_000;
    })
    .await;
    let owner = platform.account().await;
    platform.stop().await;
    let scopes = scopes_of_programs().map(Scope::as_str).collect::<Vec<_>>().join(" ");
    let settings = OidcConfig {
        access_tokens: AccessTokenCheck::Jwt,
        audience: AUDIENCE.to_owned(),
        clients: format!("{PROGRAM}: {} {scopes}", owner.workspace),
        ..provider.config()
    };
    describe_in(&mut platform.config, settings);
    platform.start_again().await;
    (platform, owner)
}

pub(super) async fn everybody(
    platform: &Platform,
    provider: &IdentityProvider,
    owner: &Account,
    other: &Account,
) -> Vec<(String, Who, Option<Account>)> {
    let mut everybody = vec![("nobody".to_owned(), Who::Nobody, None)];
    for role in Role::ALL {
        let email = format!("the-{}@example.com", role.as_str());
        let account = member(platform, owner, &email, role).await;
        everybody.push((role.as_str().to_owned(), Who::Member(role), Some(account)));
    }
    for scope in Scope::ALL {
        let (account, _) = key(platform, owner, &json!({ "name": "Test", "scopes": [scope] })).await;
        everybody.push((format!("key {}", scope.as_str()), Who::Key(vec![scope]), Some(account)));
        let others: Vec<Scope> = Scope::ALL.into_iter().filter(|other| *other != scope).collect();
        let (account, _) = key(platform, owner, &json!({ "name": "Test", "scopes": others })).await;
        everybody.push((format!("key without {}", scope.as_str()), Who::Key(others), Some(account)));
    }
    let (theirs, _) = key(platform, other, &json!({ "name": "Test", "scopes": Scope::ALL })).await;
    everybody.push(("a stranger's key".to_owned(), Who::StrangersKey, Some(theirs)));
    let draft = json!({ "name": "Test", "redirect_uris": [REDIRECT_URI], "scopes": Scope::ALL });
    let client = register(platform, owner, &draft).await;
    let browser = Browser::of_the_owner(platform).await;
    for scope in Scope::ALL {
        let tokens = acting(&browser, &client, scope.as_str(), &owner.workspace).await;
        let account = program(&tokens, &owner.workspace);
        everybody.push((format!("program {}", scope.as_str()), Who::Application(vec![scope]), Some(account)));
    }
    let scopes = Scope::ALL.map(Scope::as_str).join(" ");
    let tokens = acting(&browser, &client, &scopes, &owner.workspace).await;
    let all = program(&tokens, &owner.workspace);
    everybody.push(("program with all".to_owned(), Who::Application(Scope::ALL.to_vec()), Some(all)));
    let tokens = acting(&browser, &client, &scopes, &other.workspace).await;
    let theirs = program(&tokens, &owner.workspace);
    everybody.push(("a program elsewhere".to_owned(), Who::StrangersApplication, Some(theirs)));
    for scopes in Scope::ALL.map(|scope| vec![scope]).into_iter().chain([Scope::ALL.to_vec()]) {
        let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        let mut claims = access_token_claims(provider, PROGRAM, &names.join(" "));
        claims["client_id"] = json!(PROGRAM);
        let account = Account { token: provider.key().sign(&claims), workspace: owner.workspace.clone() };
        let given = scopes_of_programs().filter(|scope| scopes.contains(scope)).collect();
        everybody.push((format!("foreign program {}", names.join(" ")), Who::ForeignProgram(given), Some(account)));
    }
    let stranger = member(platform, other, "stranger@example.com", Role::Owner).await;
    everybody.push(("a stranger".to_owned(), Who::Stranger, Some(stranger)));
    let administrator = Account { token: owner.token.clone(), workspace: owner.workspace.clone() };
    everybody.push(("the administrator".to_owned(), Who::Administrator, Some(administrator)));
    everybody
}

/// Whether a response shows that the request was one that the operation understands.
fn is_understood(status: StatusCode) -> bool {
    !status.is_server_error()
        && !matches!(
            status,
            StatusCode::BAD_REQUEST
                | StatusCode::METHOD_NOT_ALLOWED
                | StatusCode::UNSUPPORTED_MEDIA_TYPE
                | StatusCode::UNPROCESSABLE_ENTITY
        )
}

async fn call(
    platform: &Platform,
    operation: &Operation,
    workspace: &str,
    account: Option<&Account>,
) -> (StatusCode, Value) {
    let request = request(platform, operation, workspace);
    let request = match account {
        Some(account) => request.bearer_auth(&account.token),
        None => request,
    };
    let response = request.send().await.expect("a response");
    let status = response.status();
    (status, response.json().await.unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_open_to_whom_the_table_says_and_to_nobody_else() {
    let provider = IdentityProvider::start().await;
    let (platform, owner) = start(&provider).await;
    let other = platform.sign_in().await;
    let document = Document::of(&platform).await;
    let mut operations = document.operations();
    operations.sort_by_key(|operation| ENDINGS.iter().position(|ending| *ending == operation.id));
    let everybody = everybody(&platform, &provider, &owner, &other).await;
    let (mut calls, mut refusals, mut wrong) = (0, 0, String::new());
    for operation in &operations {
        for (name, who, account) in &everybody {
            let (status, problem) = call(&platform, operation, &owner.workspace, account.as_ref()).await;
            let (expected, found) = (expected(who, operation.permission.caller), verdict(status, &problem));
            if expected != found || !is_understood(status) {
                writeln!(wrong, "{} by {name}: {expected:?}, but {status} {problem}", operation.id).expect("written");
            }
            calls += 1;
            refusals += usize::from(found != Verdict::Allowed);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(calls > 1_000 && refusals > 400, "{calls} calls, {refusals} refusals");
}

/// The administrator of the instance, and a workspace of somebody else that they were in and have left.
pub(super) async fn administrator_elsewhere(platform: &Platform) -> (Account, Account) {
    let administrator = platform.account().await;
    let owner = member(platform, &administrator, "ada@example.com", Role::Owner).await;
    body(platform.of(&administrator, Method::POST, "/leave"), StatusCode::NO_CONTENT).await;
    (administrator, owner)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_runs_the_instance_has_no_right_in_a_workspace_that_they_do_not_belong_to() {
    let platform = Platform::start_with(|config| config.api.rate_limit_burst = 100_000).await;
    let (administrator, owner) = administrator_elsewhere(&platform).await;
    let mut operations = Document::of(&platform).await.operations();
    operations.sort_by_key(|operation| ENDINGS.iter().position(|ending| *ending == operation.id));
    let (mut of_the_instance, mut of_workspaces, mut wrong) = (0, 0, String::new());
    for operation in &operations {
        let (status, problem) = call(&platform, operation, &owner.workspace, Some(&administrator)).await;
        let expected = expected(&Who::AdministratorElsewhere, operation.permission.caller);
        if expected != verdict(status, &problem) || !is_understood(status) {
            writeln!(wrong, "{}: {expected:?}, but {status} {problem}", operation.id).expect("written");
        }
        of_the_instance += usize::from(matches!(operation.permission.caller, Caller::InstanceAdmin));
        of_workspaces += usize::from(expected == Verdict::NoSuchWorkspace);
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(of_the_instance > 10 && of_workspaces > 80, "{of_the_instance} of the instance, {of_workspaces} others");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_says_of_every_operation_who_may_do_it() {
    let platform = Platform::start().await;
    let document = Document::of(&platform).await;
    let mut operations = 0;
    for operation in document.operations() {
        let said = |name: &str| operation.description[name].clone();
        assert_eq!(said("x-caller"), operation.permission.caller.as_str(), "{}", operation.id);
        let needs_credential = operation.description["security"] != json!([{}]);
        let is_open = matches!(operation.permission.caller, Caller::Anyone);
        assert!(needs_credential != is_open || operation.id == "accept_invitation", "{}", operation.id);
        if let Caller::Member(right) = operation.permission.caller {
            assert_eq!(said("x-required-scope"), right.scope.as_str(), "{}", operation.id);
            assert_eq!(said("x-roles"), json!(right.roles), "{}", operation.id);
            assert_eq!(said("x-api-keys"), right.api_keys, "{}", operation.id);
        }
        operations += 1;
    }
    assert_eq!(operations, elido::domain::permission::TABLE.len(), "the table has no operation that is not served");
}
