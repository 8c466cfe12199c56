//! Workspaces, people and API keys over gRPC: the same things, rights and errors as over REST.

use elido::domain::role::Role as DomainRole;
use elido::infra::grpc::v1::api_keys_client::ApiKeysClient;
use elido::infra::grpc::v1::workspaces_client::WorkspacesClient;
use elido::infra::grpc::v1::{self, Role};
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::support::members::{accept_as_new, invitation_token, member, sign_in, user_id};
use crate::support::platform::{Account, Platform};

/// A call with the credential of an account.
fn call<T>(account: &Account, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let credential = MetadataValue::try_from(format!("Bearer {}", account.token)).expect("a header");
    request.metadata_mut().insert("authorization", credential);
    request
}

async fn workspaces(platform: &Platform) -> WorkspacesClient<Channel> {
    WorkspacesClient::connect(platform.grpc()).await.expect("a connection")
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().expect("a code").reason.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_lives_and_ends_over_grpc() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let mut client = workspaces(&platform).await;
    let draft = v1::CreateWorkspaceRequest { name: "Sales".to_owned(), slug: "sales".to_owned() };
    let made = client.create_workspace(call(&owner, draft)).await.expect("a workspace").into_inner();
    let workspace = made.workspace.expect("the workspace");
    let there = Account { token: owner.token.clone(), workspace: workspace.id.clone() };
    assert_eq!(platform.read(&there, "").await["slug"], "sales");

    let id = || workspace.id.clone();
    let edit = v1::UpdateWorkspaceRequest {
        workspace_id: id(),
        version: Some(1),
        name: Some("S".to_owned()),
        ..Default::default()
    };
    let edited = client.update_workspace(call(&owner, edit.clone())).await.expect("an edit").into_inner();
    assert_eq!(edited.workspace.map(|workspace| (workspace.name, workspace.version)), Some(("S".to_owned(), 2)));
    let stale = client.update_workspace(call(&owner, edit)).await.expect_err("an older version");
    assert_eq!(stale.code(), Code::FailedPrecondition);

    let delete = v1::DeleteWorkspaceRequest { workspace_id: id(), version: Some(2) };
    client.delete_workspace(call(&owner, delete)).await.expect("it is out of use");
    let members = v1::ListMembersRequest { workspace_id: id(), ..Default::default() };
    let refused = client.list_members(call(&owner, members)).await.expect_err("out of use");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::NotFound, "workspace_deleted"));
    let deleted = v1::ListWorkspacesRequest { deleted: true, ..Default::default() };
    let deleted = client.list_workspaces(call(&owner, deleted)).await.expect("a list").into_inner().workspaces;
    assert!(matches!(deleted.as_slice(), [only] if only.id == workspace.id && only.purge_at.is_some()));
    let undelete = v1::UndeleteWorkspaceRequest { workspace_id: id() };
    let undeleted = client.undelete_workspace(call(&owner, undelete)).await.expect("it is back").into_inner();
    assert_eq!(undeleted.workspace.and_then(|workspace| workspace.purge_at), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_come_change_and_go_over_grpc() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let mut client = workspaces(&platform).await;
    let workspace_id = || owner.workspace.clone();
    let invite = |role: Role| v1::CreateInvitationRequest {
        workspace_id: workspace_id(),
        email: "grace@example.com".to_owned(),
        role: role.into(),
    };
    let unspecified = client.create_invitation(call(&owner, invite(Role::Unspecified))).await.expect_err("no role");
    assert_eq!(unspecified.code(), Code::InvalidArgument);
    let invited =
        client.create_invitation(call(&owner, invite(Role::Viewer))).await.expect("an invitation").into_inner();
    let invited = invited.invitation.expect("the invitation");
    let get = v1::GetInvitationRequest { workspace_id: workspace_id(), invitation_id: invited.id.clone() };
    let found = client.get_invitation(call(&owner, get)).await.expect("an invitation").into_inner();
    assert_eq!(found.invitation, Some(invited));
    let token = invitation_token(&platform, "grace@example.com", 1).await;
    accept_as_new(&platform, &token).await;
    let grace = sign_in(&platform, "grace@example.com", &owner.workspace).await;
    let user = user_id(&platform, &grace).await;

    let role =
        |role: Role| v1::UpdateMemberRequest { workspace_id: workspace_id(), user_id: user.clone(), role: role.into() };
    let refused = client.update_member(call(&grace, role(Role::Owner))).await.expect_err("a viewer");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, "missing_scope"));
    let changed = client.update_member(call(&owner, role(Role::Admin))).await.expect("a role").into_inner();
    assert_eq!(changed.member.map(|member| member.role), Some(Role::Admin.into()));
    let get = v1::GetMemberRequest { workspace_id: workspace_id(), user_id: user.clone() };
    let found = client.get_member(call(&grace, get.clone())).await.expect("a member").into_inner();
    assert_eq!(found.member.map(|member| member.email), Some("grace@example.com".to_owned()));
    let nobody = v1::GetMemberRequest { user_id: format!("usr_{}", "0".repeat(32)), ..get };
    assert_eq!(client.get_member(call(&owner, nobody)).await.expect_err("no member").code(), Code::NotFound);
    let transfer = v1::TransferWorkspaceRequest { workspace_id: workspace_id(), user_id: user.clone() };
    client.transfer_workspace(call(&owner, transfer)).await.expect("a new owner");
    let leave = v1::LeaveWorkspaceRequest { workspace_id: workspace_id() };
    let last = client.leave_workspace(call(&grace, leave.clone())).await.expect_err("the last owner");
    assert_eq!((last.code(), reason(&last).as_str()), (Code::AlreadyExists, "last_owner"));
    client.leave_workspace(call(&owner, leave)).await.expect("an admin may go");
    let members = v1::ListMembersRequest { workspace_id: workspace_id(), limit: Some(1), cursor: None };
    let members = client.list_members(call(&grace, members)).await.expect("a list").into_inner();
    assert_eq!((members.members.len(), members.next_cursor), (1, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_rotated_and_revoked_over_grpc() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let mut client = ApiKeysClient::connect(platform.grpc()).await.expect("a connection");
    let create = v1::CreateApiKeyRequest {
        workspace_id: owner.workspace.clone(),
        name: "CI".to_owned(),
        scopes: vec!["links:read".to_owned(), "keys:write".to_owned()],
        ..Default::default()
    };
    let made = client.create_api_key(call(&owner, create.clone())).await.expect("a key").into_inner();
    let key = made.api_key.expect("the key");
    let program = Account { token: made.token, workspace: owner.workspace.clone() };
    let refused = client.create_api_key(call(&program, create.clone())).await.expect_err("by a key");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, "session_required"));
    let unknown = v1::CreateApiKeyRequest { scopes: vec!["everything".to_owned()], ..create };
    assert_eq!(client.create_api_key(call(&owner, unknown)).await.expect_err("no scope").code(), Code::InvalidArgument);

    let ids = || (owner.workspace.clone(), key.id.clone());
    let (workspace_id, api_key_id) = ids();
    let update = v1::UpdateApiKeyRequest {
        workspace_id,
        api_key_id,
        version: Some(key.version),
        name: Some("Build".to_owned()),
        rate_limit_per_minute: Some(60),
    };
    let updated = client.update_api_key(call(&owner, update.clone())).await.expect("an edit").into_inner().api_key;
    let updated = updated.expect("the key");
    assert_eq!((updated.name.as_str(), updated.rate_limit_per_minute), ("Build", Some(60)));
    let stale = client.update_api_key(call(&owner, update.clone())).await.expect_err("an older version");
    assert_eq!(stale.code(), Code::FailedPrecondition);
    let cleared = v1::UpdateApiKeyRequest { version: None, name: None, rate_limit_per_minute: Some(0), ..update };
    let cleared = client.update_api_key(call(&owner, cleared)).await.expect("an edit").into_inner().api_key;
    assert_eq!(cleared.map(|key| (key.name, key.rate_limit_per_minute)), Some(("Build".to_owned(), None)));
    let (workspace_id, api_key_id) = ids();
    let rotate = v1::RotateApiKeyRequest { workspace_id, api_key_id, overlap_seconds: 60 };
    let rotated = client.rotate_api_key(call(&owner, rotate)).await.expect("a new secret").into_inner();
    assert!(rotated.api_key.is_some_and(|key| key.previous_secret_expires_at.is_some()));
    let (workspace_id, api_key_id) = ids();
    let revoke = v1::RevokeApiKeyRequest { workspace_id, api_key_id };
    client.revoke_api_key(call(&program, revoke)).await.expect("the older secret holds still");
    let list = v1::ListApiKeysRequest { workspace_id: owner.workspace.clone(), ..Default::default() };
    assert!(client.list_api_keys(call(&owner, list)).await.expect("a list").into_inner().api_keys.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_of_others_does_not_exist_over_grpc() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let other = platform.sign_in().await;
    let stranger = member(&platform, &other, "stranger@example.com", DomainRole::Owner).await;
    let mut client = workspaces(&platform).await;
    let get = v1::GetWorkspaceRequest { workspace_id: owner.workspace.clone() };
    assert_eq!(
        client.get_workspace(call(&stranger, get.clone())).await.expect_err("a stranger").code(),
        Code::NotFound
    );
    assert_eq!(client.get_workspace(get).await.expect_err("nobody").code(), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_do_not_hold_have_a_limit_over_grpc_too() {
    let platform = Platform::start_with(|config| {
        config.api.rate_limit_per_minute = 1;
        config.api.rate_limit_burst = 30;
    })
    .await;
    let owner = platform.account().await;
    let mut client = workspaces(&platform).await;
    let mut codes = Vec::new();
    for number in 0..60 {
        let made_up = Account { token: format!("session_{number:043}"), workspace: String::new() };
        let refused = if number % 2 == 0 {
            client.list_workspaces(call(&made_up, v1::ListWorkspacesRequest::default())).await.map(drop)
        } else {
            let mut request = call(&made_up, v1::CreateWorkspaceRequest::default());
            request.metadata_mut().insert("idempotency-key", MetadataValue::from_static("a-key"));
            client.create_workspace(request).await.map(drop)
        };
        codes.push(refused.expect_err("nobody").code());
    }
    assert_eq!(codes[..20], [Code::Unauthenticated; 20]);
    assert_eq!(codes[40..], [Code::ResourceExhausted; 20]);
    client.list_workspaces(call(&owner, v1::ListWorkspacesRequest::default())).await.expect("a list");
}
