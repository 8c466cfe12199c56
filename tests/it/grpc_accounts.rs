//! Accounts of the instance, one's own sessions, and invitations as the invited see them, over gRPC: the same rights and errors as over REST.

use elido::domain::role::Role;
use elido::infra::grpc::v1;
use elido::infra::grpc::v1::accounts_client::AccountsClient;
use elido::infra::grpc::v1::me_client::MeClient;
use elido::infra::grpc::v1::offered_invitations_client::OfferedInvitationsClient;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::support::authenticator::{code, early_in_a_step};
use crate::support::members::{invite, key, member, sign_in, user_id};
use crate::support::people::{self, is_signed_in, of, problem, text};
use crate::support::platform::{Account, EMAIL, PASSWORD, Platform, body};

fn call<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().expect("a header"));
    request
}

fn told(status: &Status) -> (Code, String) {
    (status.code(), status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default())
}

/// What the instance's trail has of this action.
async fn recorded(platform: &Platform, admin: &Account, action: &str) -> usize {
    let path = format!("/v1/admin/audit-events?action={action}");
    let rows = body(of(platform, &admin.token, Method::GET, &path), StatusCode::OK).await;
    rows["data"].as_array().expect("rows").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_list_disable_and_enable_accounts_and_nobody_else_does() {
    let platform = Platform::start().await;
    let admin = platform.account().await;
    let other = member(&platform, &admin, "other@example.com", Role::Owner).await;
    let (id, own) = (user_id(&platform, &other).await, user_id(&platform, &admin).await);
    let (api_key, _) =
        key(&platform, &admin, &json!({ "name": "all", "scopes": ["links:read", "members:read"] })).await;
    let mut client = AccountsClient::connect(platform.grpc()).await.expect("a connection");

    let list = |email: Option<&str>, limit: Option<u32>, cursor: Option<String>| v1::ListAccountsRequest {
        limit,
        cursor,
        email: email.map(str::to_owned),
    };
    let refused = client.list_accounts(Request::new(list(None, None, None))).await.expect_err("nobody asks");
    assert_eq!(refused.code(), Code::Unauthenticated);
    for token in [&other.token, &api_key.token] {
        let user_id = || own.clone();
        let refusals = [
            client.list_accounts(call(token, list(None, None, None))).await.map(drop),
            client.get_account(call(token, v1::GetAccountRequest { user_id: user_id() })).await.map(drop),
            client.disable_account(call(token, v1::DisableAccountRequest { user_id: user_id() })).await.map(drop),
            client.enable_account(call(token, v1::EnableAccountRequest { user_id: user_id() })).await.map(drop),
            client
                .reset_second_factor(call(token, v1::ResetSecondFactorRequest { user_id: user_id() }))
                .await
                .map(drop),
        ];
        for refusal in refusals {
            assert_eq!(refusal.expect_err("not for them").code(), Code::PermissionDenied);
        }
    }

    let first = client.list_accounts(call(&admin.token, list(None, Some(1), None))).await.expect("a page").into_inner();
    assert_eq!(first.accounts.iter().map(|account| account.email.as_str()).collect::<Vec<_>>(), ["other@example.com"]);
    let rest = list(None, Some(1), first.next_cursor);
    let rest = client.list_accounts(call(&admin.token, rest)).await.expect("a page").into_inner();
    assert_eq!((rest.accounts[0].email.as_str(), rest.accounts[0].is_admin, rest.next_cursor), (EMAIL, true, None));
    let found = client.list_accounts(call(&admin.token, list(Some("OTHER@"), None, None))).await.expect("a page");
    assert_eq!(found.into_inner().accounts.len(), 1);
    let refused = client.list_accounts(call(&admin.token, list(Some(""), None, None))).await.expect_err("too short");
    assert_eq!(refused.code(), Code::InvalidArgument);

    let disable = |user_id: &str| v1::DisableAccountRequest { user_id: user_id.to_owned() };
    let refused = client.disable_account(call(&admin.token, disable(&own))).await.expect_err("one's own");
    assert_eq!(told(&refused), (Code::AlreadyExists, "own_account".to_owned()));
    let disabled = client.disable_account(call(&admin.token, disable(&id))).await.expect("it is done").into_inner();
    assert!(disabled.account.is_some_and(|account| account.disabled_at.is_some()));
    assert!(!is_signed_in(&platform, &other.token).await);
    let again = people::sign_in(&platform, "other@example.com", PASSWORD);
    assert_eq!(problem(again, StatusCode::FORBIDDEN).await, "account_disabled");
    let enable = v1::EnableAccountRequest { user_id: id.clone() };
    client.enable_account(call(&admin.token, enable)).await.expect("it is done");
    sign_in(&platform, "other@example.com", &admin.workspace).await;
    let read = client.get_account(call(&admin.token, v1::GetAccountRequest { user_id: id })).await.expect("an account");
    assert!(read.into_inner().account.is_some_and(|account| account.disabled_at.is_none()));
    for action in ["account.disabled", "account.enabled"] {
        assert_eq!(recorded(&platform, &admin, action).await, 1, "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_takes_away_a_second_factor_that_was_lost() {
    let platform = Platform::start().await;
    let admin = platform.account().await;
    let other = member(&platform, &admin, "other@example.com", Role::Viewer).await;
    let user_id = user_id(&platform, &other).await;
    let mut client = AccountsClient::connect(platform.grpc()).await.expect("a connection");
    let reset = || call(&admin.token, v1::ResetSecondFactorRequest { user_id: user_id.clone() });
    assert_eq!(client.reset_second_factor(reset()).await.expect_err("there is none").code(), Code::NotFound);

    let begun =
        of(&platform, &other.token, Method::POST, "/v1/me/second-factor").json(&json!({ "password": PASSWORD }));
    let secret = text(&body(begun, StatusCode::CREATED).await["secret"]);
    early_in_a_step().await;
    let confirm = of(&platform, &other.token, Method::POST, "/v1/me/second-factor/confirm");
    let confirmed = body(confirm.json(&json!({ "code": code(&secret, 0) })), StatusCode::OK).await;
    let session = text(&confirmed["session"]["token"]);
    let account = client.reset_second_factor(reset()).await.expect("it is done").into_inner().account;
    assert!(account.is_some_and(|account| !account.second_factor_enabled));
    assert!(!is_signed_in(&platform, &session).await);
    sign_in(&platform, "other@example.com", &admin.workspace).await;
    assert_eq!(recorded(&platform, &admin, "account.second_factor_reset").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_see_who_they_are_and_end_their_own_sessions_alone() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let other = member(&platform, &owner, "other@example.com", Role::Editor).await;
    let mut client = MeClient::connect(platform.grpc()).await.expect("a connection");
    let me = client.get_me(call(&owner.token, v1::GetMeRequest {})).await.expect("a person").into_inner();
    let session = me.session_id.expect("a session");
    assert!(me.person.is_some_and(|person| person.email == EMAIL && person.is_admin));
    let (holder, made) = key(&platform, &owner, &json!({ "name": "CI", "scopes": ["links:read"] })).await;
    let program = client.get_me(call(&holder.token, v1::GetMeRequest {})).await.expect("a key").into_inner();
    assert_eq!((program.person, program.api_key_id.as_deref()), (None, made["id"].as_str()));
    assert_eq!((program.workspace_id, program.scopes), (Some(owner.workspace.clone()), vec!["links:read".to_owned()]));

    let list = |limit, cursor| v1::ListSessionsRequest { limit, cursor };
    let refused = client.list_sessions(call(&holder.token, list(None, None))).await.expect_err("a key has none");
    assert_eq!(told(&refused), (Code::PermissionDenied, "session_required".to_owned()));
    let second = platform.sign_in().await;
    let page = client.list_sessions(call(&owner.token, list(Some(1), None))).await.expect("a page").into_inner();
    assert!(matches!(page.sessions.as_slice(), [newest] if !newest.is_current));
    let page = client.list_sessions(call(&owner.token, list(Some(1), page.next_cursor))).await.expect("a page");
    let page = page.into_inner();
    assert!(matches!(page.sessions.as_slice(), [own] if own.is_current && own.id == session), "{page:?}");

    let end = |session_id: &str| v1::EndSessionRequest { session_id: session_id.to_owned() };
    let stranger = client.end_session(call(&other.token, end(&session))).await.expect_err("it is not theirs");
    assert_eq!(stranger.code(), Code::NotFound);
    client.end_other_sessions(call(&owner.token, v1::EndOtherSessionsRequest {})).await.expect("they end");
    assert!(!is_signed_in(&platform, &second.token).await && is_signed_in(&platform, &owner.token).await);
    assert!(is_signed_in(&platform, &other.token).await);
    client.end_session(call(&owner.token, end(&session))).await.expect("it ends");
    assert!(!is_signed_in(&platform, &owner.token).await);
    let over = client.get_me(call(&owner.token, v1::GetMeRequest {})).await.expect_err("the session is over");
    assert_eq!(over.code(), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_shown_and_accepted_once_by_whom_it_was_sent_to() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let known = member(&platform, &owner, "known@example.com", Role::Viewer).await;
    let team = platform.sign_in().await;
    let for_new = invite(&platform, &team, "new@example.com", Role::Editor).await;
    let for_known = invite(&platform, &team, "known@example.com", Role::Admin).await;
    let mut client = OfferedInvitationsClient::connect(platform.grpc()).await.expect("a connection");

    let show = |token: &str| v1::ShowInvitationRequest { token: token.to_owned() };
    let shown = client.show_invitation(show(&for_new)).await.expect("an invitation").into_inner();
    assert_eq!((shown.email.as_str(), shown.role(), shown.has_account), ("new@example.com", v1::Role::Editor, false));
    let guessed = for_new.replace(|letter: char| letter.is_ascii_lowercase(), "a");
    assert_eq!(client.show_invitation(show(&guessed)).await.expect_err("a guess").code(), Code::NotFound);

    let accept = |token: &str, name: Option<&str>, password: Option<&str>| v1::AcceptInvitationRequest {
        token: token.to_owned(),
        name: name.map(str::to_owned),
        password: password.map(str::to_owned),
    };
    let short = client.accept_invitation(accept(&for_new, Some("New"), Some("short"))).await.expect_err("too short");
    assert_eq!(short.code(), Code::InvalidArgument);
    let joined = client.accept_invitation(accept(&for_new, Some("New"), Some(PASSWORD))).await.expect("they join");
    let joined = joined.into_inner();
    assert!(joined.is_new_account && joined.workspace.is_some_and(|workspace| workspace.id == team.workspace));
    let newcomer = sign_in(&platform, "new@example.com", &team.workspace).await;
    assert_eq!(user_id(&platform, &newcomer).await, joined.user_id);
    let again = client.accept_invitation(accept(&for_new, Some("New"), Some(PASSWORD))).await.expect_err("once");
    assert_eq!(again.code(), Code::NotFound);

    let nobody = client.accept_invitation(accept(&for_known, Some("K"), Some(PASSWORD))).await.expect_err("sign in");
    assert_eq!(told(&nobody), (Code::Unauthenticated, "sign_in_required".to_owned()));
    let stranger = client.accept_invitation(call(&newcomer.token, accept(&for_known, None, None))).await;
    assert_eq!(told(&stranger.expect_err("another's")), (Code::PermissionDenied, "other_address".to_owned()));
    let joined = client.accept_invitation(call(&known.token, accept(&for_known, None, None))).await.expect("they join");
    assert!(!joined.into_inner().is_new_account);
    let there = Account { token: known.token, workspace: team.workspace };
    assert_eq!(platform.read(&there, "").await["id"], there.workspace.as_str());
}
