//! The audit trail over gRPC: the rows and the rights of REST.

use std::fs;
use std::process::Command;

use elido::domain::role::Role;
use elido::infra::grpc::v1;
use elido::infra::grpc::v1::audit_client::AuditClient;
use serde_json::json;
use tonic::transport::Channel;
use tonic::{Code, Request};

use crate::support::members::member;
use crate::support::platform::{Account, Platform};
use crate::support::statements::execute;

async fn audit(platform: &Platform) -> AuditClient<Channel> {
    AuditClient::connect(platform.grpc()).await.expect("a connection")
}

fn call<T>(account: &Account, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let bearer = format!("Bearer {}", account.token);
    request.metadata_mut().insert("authorization", bearer.parse().expect("a header"));
    request
}

async fn exported(client: &mut AuditClient<Channel>, account: &Account, workspace_id: Option<String>) -> Vec<u8> {
    let request = v1::ExportAuditEventsRequest { workspace_id, after: 0 };
    let mut stream = client.export_audit_events(call(account, request)).await.expect("a stream").into_inner();
    let mut file = Vec::new();
    while let Some(message) = stream.message().await.expect("a whole file") {
        file.extend_from_slice(&message.piece);
    }
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_is_listed_in_pages_and_by_filters() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    for _ in 0..3 {
        platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
    }
    let mut client = audit(&platform).await;
    let list = |limit, cursor, action: Option<&str>| v1::ListAuditEventsRequest {
        workspace_id: Some(account.workspace.clone()),
        limit,
        cursor,
        action: action.map(str::to_owned),
        ..Default::default()
    };
    let first = client.list_audit_events(call(&account, list(Some(3), None, None))).await.expect("a page").into_inner();
    let numbers: Vec<i64> = first.audit_events.iter().map(|row| row.sequence).collect();
    assert_eq!(numbers, [4, 3, 2]);
    let rest = list(Some(3), first.next_cursor.clone(), None);
    let rest = client.list_audit_events(call(&account, rest)).await.expect("a page").into_inner();
    assert_eq!((rest.audit_events.len(), rest.next_cursor), (1, None));
    let other_query = list(Some(3), first.next_cursor, Some("link.created"));
    assert_eq!(
        client.list_audit_events(call(&account, other_query)).await.expect_err("another list").code(),
        Code::InvalidArgument
    );
    let made = client.list_audit_events(call(&account, list(None, None, Some("link.created")))).await.expect("a page");
    let made = made.into_inner().audit_events;
    assert_eq!(made.len(), 3);

    let over_rest = platform.read(&account, "/audit-events?action=link.created&limit=1").await["data"][0].clone();
    let row = &made[0];
    assert_eq!((&over_rest["id"], &over_rest["hash"]), (&json!(row.id), &json!(row.hash)));
    let after = row.after_json.as_deref().and_then(|text| serde_json::from_str(text).ok());
    assert_eq!(Some(over_rest["after"].clone()), after);
    let nonsense = v1::ListAuditEventsRequest { actor: Some("somebody".to_owned()), ..list(None, None, None) };
    let refused = client.list_audit_events(call(&account, nonsense)).await.expect_err("no actor");
    assert_eq!(refused.code(), Code::InvalidArgument);
    let instance =
        client.list_audit_events(call(&account, v1::ListAuditEventsRequest::default())).await.expect("a page");
    assert!(instance.into_inner().audit_events.iter().all(|row| row.chain == "instance"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_over_grpc_is_the_file_that_verify_reads() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    for _ in 0..3 {
        platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
    }
    let mut client = audit(&platform).await;
    for workspace in [Some(account.workspace.clone()), None] {
        let path = platform.config.data_folder.join("over-grpc.ndjson");
        fs::write(&path, exported(&mut client, &account, workspace).await).expect("a file");
        let verified = Command::new(env!("CARGO_BIN_EXE_elido")).args(["audit", "verify"]).arg(&path).output();
        let verified = verified.expect("the executable runs");
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    }
    let beyond = v1::ExportAuditEventsRequest { workspace_id: Some(account.workspace.clone()), after: 99 };
    let beyond = client.export_audit_events(call(&account, beyond)).await.expect_err("no such row");
    assert_eq!(beyond.code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_noted_a_row_learns_that_the_trail_was_written_anew() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
    let mut client = audit(&platform).await;
    let ask = |noted| v1::VerifyAuditHeadRequest { workspace_id: Some(account.workspace.clone()), noted };
    let first = client.verify_audit_head(call(&account, ask(None))).await.expect("a head").into_inner();
    let head = first.head.expect("a head");
    assert_eq!((head.sequence, first.has_noted), (2, None));
    let holds = client.verify_audit_head(call(&account, ask(Some(head.clone())))).await.expect("a head").into_inner();
    assert_eq!(holds.has_noted, Some(true));
    let later = v1::AuditHead { sequence: 3, ..head.clone() };
    let later = client.verify_audit_head(call(&account, ask(Some(later)))).await.expect("a head").into_inner();
    assert_eq!(later.has_noted, Some(false));
    let garbled = v1::AuditHead { hash: "x".to_owned(), ..head.clone() };
    let garbled = client.verify_audit_head(call(&account, ask(Some(garbled)))).await.expect_err("no hash");
    assert_eq!(garbled.code(), Code::InvalidArgument);
    execute(&platform.config, "DELETE FROM audit_events WHERE sequence = 2").await;
    let cut = client.verify_audit_head(call(&account, ask(Some(head)))).await.expect("a head").into_inner();
    assert_eq!(cut.has_noted, Some(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_is_open_to_the_same_people_as_over_rest() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let other = platform.sign_in().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let stranger = member(&platform, &other, "stranger@example.com", Role::Owner).await;
    let mut client = audit(&platform).await;
    let of = |workspace: Option<&str>| v1::VerifyAuditHeadRequest {
        workspace_id: workspace.map(str::to_owned),
        noted: None,
    };
    let export =
        |workspace: Option<&str>| v1::ExportAuditEventsRequest { workspace_id: workspace.map(str::to_owned), after: 0 };
    let workspace = Some(owner.workspace.as_str());
    for (who, workspace, code) in [
        (&editor, workspace, Code::PermissionDenied),
        (&editor, None, Code::PermissionDenied),
        (&stranger, workspace, Code::NotFound),
        (&stranger, None, Code::PermissionDenied),
    ] {
        assert_eq!(client.verify_audit_head(call(who, of(workspace))).await.expect_err("refused").code(), code);
        assert_eq!(client.export_audit_events(call(who, export(workspace))).await.expect_err("refused").code(), code);
    }
    assert_eq!(client.verify_audit_head(of(workspace)).await.expect_err("nobody").code(), Code::Unauthenticated);
    client.verify_audit_head(call(&owner, of(None))).await.expect("an administrator");
}
