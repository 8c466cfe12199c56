//! Histories and deleted links over gRPC: the same as over REST.

use elido::infra::grpc::v1::link_history_client::LinkHistoryClient;
use elido::infra::grpc::v1::{
    ListDeletedLinksRequest, ListLinkVersionsRequest, PurgeLinkRequest, RestoreLinkRequest, RevertLinkRequest,
    UndoLinkChangeRequest,
};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};

use crate::support::members::key;
use crate::support::platform::{Account, Platform, body};

fn call<T>(account: &Account, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let credential = MetadataValue::try_from(format!("Bearer {}", account.token)).expect("a header");
    request.metadata_mut().insert("authorization", credential);
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_gone_back_to_undone_restored_and_forgotten_over_grpc() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let mut client = LinkHistoryClient::connect(platform.grpc()).await.expect("a connection");
    let link =
        platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "past" })).await;
    let link_id = link["id"].as_str().expect("an id").to_owned();
    let workspace_id = account.workspace.clone();
    let path = format!("/links/{link_id}");
    for title in ["One", "Two"] {
        let edit = platform.of(&account, Method::PATCH, &path).json(&json!({ "title": title }));
        body(edit, StatusCode::OK).await;
    }

    let mut cursor = None;
    let mut seen = Vec::new();
    loop {
        let request = ListLinkVersionsRequest {
            workspace_id: workspace_id.clone(),
            link_id: link_id.clone(),
            limit: Some(2),
            cursor,
        };
        let page = client.list_link_versions(call(&account, request)).await.expect("a page").into_inner();
        seen.extend(page.versions);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let told: Vec<(i64, &str)> = seen.iter().map(|version| (version.version, version.action.as_str())).collect();
    assert_eq!(told, [(3, "updated"), (2, "updated"), (1, "created")]);
    let change = &seen[0].changes.as_ref().expect("changes").fields[0];
    assert_eq!((change.field.as_str(), &*change.before_json, &*change.after_json), ("title", "\"One\"", "\"Two\""));

    let revert = |current_version| RevertLinkRequest {
        workspace_id: workspace_id.clone(),
        link_id: link_id.clone(),
        version: 2,
        current_version,
        confirm_printed: false,
    };
    let lost = client.revert_link(call(&account, revert(Some(1)))).await.expect_err("a lost update");
    assert_eq!(lost.code(), Code::FailedPrecondition);
    let reverted = client.revert_link(call(&account, revert(Some(3)))).await.expect("the link").into_inner();
    assert_eq!(reverted.link.expect("the link").title.as_deref(), Some("One"));
    let undo = UndoLinkChangeRequest { workspace_id: workspace_id.clone(), change_id: None, confirm_printed: false };
    let undone = client.undo_link_change(call(&account, undo)).await.expect("the links").into_inner();
    assert_eq!((undone.links[0].title.as_deref(), undone.failures.len()), (Some("Two"), 0));

    body(platform.of(&account, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    let list = || ListDeletedLinksRequest { workspace_id: workspace_id.clone(), limit: None, cursor: None };
    let deleted = client.list_deleted_links(call(&account, list())).await.expect("a page").into_inner().deleted_links;
    assert_eq!((deleted[0].id.as_str(), deleted[0].slug.as_str()), (link_id.as_str(), "past"));
    let restore =
        || RestoreLinkRequest { workspace_id: workspace_id.clone(), link_id: link_id.clone(), ..Default::default() };
    let (reader, _) = key(&platform, &account, &json!({ "name": "Key", "scopes": ["links:read"] })).await;
    let refused = client.restore_link(call(&reader, restore())).await.expect_err("no right");
    assert_eq!(refused.code(), Code::PermissionDenied);
    let restored = client.restore_link(call(&account, restore())).await.expect("the link").into_inner();
    assert_eq!(restored.link.expect("the link").slug, "past");

    body(platform.of(&account, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    let purge = || PurgeLinkRequest { workspace_id: workspace_id.clone(), link_id: link_id.clone() };
    client.purge_link(call(&account, purge())).await.expect("it is forgotten");
    let again = client.purge_link(call(&account, purge())).await.expect_err("it is gone");
    assert_eq!(again.code(), Code::NotFound);
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "past" })).await;
}
