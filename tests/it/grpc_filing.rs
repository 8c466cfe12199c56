//! Folders and tags over gRPC: the same things, rights and errors as over REST.

use elido::domain::role::Role;
use elido::infra::grpc::v1;
use elido::infra::grpc::v1::folders_client::FoldersClient;
use elido::infra::grpc::v1::tags_client::TagsClient;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tonic::Code;
use tonic_types::StatusExt;

use crate::grpc_link_work::{call, channel, reason};
use crate::support::members::{key, member, user_id};
use crate::support::platform::{Platform, body};

const HERE: &str = "https://example.com/";

#[tokio::test(flavor = "multi_thread")]
async fn folders_come_are_closed_renamed_and_go_over_grpc() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "ada@example.com", Role::Editor).await;
    let workspace_id = || owner.workspace.clone();
    let mut client = FoldersClient::new(channel(&platform).await);
    let create = |name: &str| v1::CreateFolderRequest { workspace_id: workspace_id(), name: name.to_owned() };
    let nameless = client.create_folder(call(&owner, create(""))).await.expect_err("no name");
    assert_eq!(nameless.code(), Code::InvalidArgument);
    let made = client.create_folder(call(&owner, create("Spring"))).await.expect("a folder").into_inner();
    let folder = made.folder.expect("the folder");
    assert_eq!((folder.access(), folder.links, folder.version), (v1::FolderAccess::Edit, 0, 1));
    let again = client.create_folder(call(&owner, create("spring"))).await.expect_err("the same name");
    assert_eq!(again.code(), Code::AlreadyExists);
    client.create_folder(call(&owner, create("Winter"))).await.expect("a folder");
    platform.create_link(&owner, &json!({ "destination_url": HERE, "folder_id": folder.id })).await;

    let folder_id = || folder.id.clone();
    let update = v1::UpdateFolderRequest {
        workspace_id: workspace_id(),
        folder_id: folder_id(),
        version: Some(1),
        name: Some("Summer".to_owned()),
    };
    let renamed = client.update_folder(call(&owner, update.clone())).await.expect("an edit").into_inner().folder;
    assert_eq!(renamed.map(|folder| (folder.name, folder.version)), Some(("Summer".to_owned(), 2)));
    let stale = client.update_folder(call(&owner, update)).await.expect_err("an older version");
    assert_eq!(reason(&stale), "version_mismatch");

    let user_id = user_id(&platform, &editor).await;
    let closed = |members| v1::UpdateFolderAccessRequest {
        workspace_id: workspace_id(),
        folder_id: folder_id(),
        version: None,
        access: v1::FolderAccess::None.into(),
        members,
    };
    let named = |access: v1::FolderAccess| {
        let member = v1::FolderMember { user_id: user_id.clone(), access: access.into() };
        Some(v1::FolderMembers { members: vec![member] })
    };
    let vague = closed(named(v1::FolderAccess::Unspecified));
    let vague = client.update_folder_access(call(&owner, vague)).await.expect_err("nothing said");
    let wrong = vague.get_details_bad_request().expect("the fields").field_violations;
    assert_eq!(wrong.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), ["/members/0/access"]);
    let (program, _) = key(&platform, &owner, &json!({ "name": "Key", "scopes": ["workspace:write"] })).await;
    let refused = client.update_folder_access(call(&program, closed(None))).await.expect_err("no person");
    assert_eq!(refused.code(), Code::PermissionDenied);

    let get = || v1::GetFolderRequest { workspace_id: workspace_id(), folder_id: folder_id() };
    client.update_folder_access(call(&owner, closed(None))).await.expect("it is closed");
    assert_eq!(client.get_folder(call(&editor, get())).await.expect_err("it is closed").code(), Code::NotFound);
    let list = |cursor| v1::ListFoldersRequest { workspace_id: workspace_id(), limit: Some(1), cursor };
    let listed = client.list_folders(call(&editor, list(None))).await.expect("a page").into_inner();
    assert_eq!(listed.folders.iter().map(|folder| folder.name.as_str()).collect::<Vec<_>>(), ["Winter"]);
    assert_eq!(listed.next_cursor, None);

    let opened = client.update_folder_access(call(&owner, closed(named(v1::FolderAccess::View)))).await;
    let opened = opened.expect("one may look").into_inner().folder.expect("the folder");
    assert_eq!((opened.access(), opened.members[0].access()), (v1::FolderAccess::None, v1::FolderAccess::View));
    let seen = client.get_folder(call(&editor, get())).await.expect("it").into_inner().folder.expect("the folder");
    assert_eq!((seen.name.as_str(), seen.links), ("Summer", 1));
    let first = client.list_folders(call(&owner, list(None))).await.expect("a page").into_inner();
    let rest = client.list_folders(call(&owner, list(first.next_cursor))).await.expect("a page").into_inner();
    assert_eq!((first.folders[0].name.as_str(), rest.folders[0].name.as_str()), ("Winter", "Summer"));

    let delete = v1::DeleteFolderRequest { workspace_id: workspace_id(), folder_id: folder_id(), version: None };
    let full = client.delete_folder(call(&owner, delete)).await.expect_err("it has a link");
    assert_eq!((full.code(), reason(&full).as_str()), (Code::AlreadyExists, "folder_not_empty"));
    let folder_id = first.folders[0].id.clone();
    let delete = v1::DeleteFolderRequest { workspace_id: workspace_id(), folder_id, version: None };
    client.delete_folder(call(&owner, delete)).await.expect("it is gone");
    let over_rest = platform.read(&owner, "/folders").await;
    assert_eq!(over_rest["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_come_change_and_go_over_grpc() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let workspace_id = || owner.workspace.clone();
    let mut client = TagsClient::new(channel(&platform).await);
    let create = |name: &str, color: Option<&str>| v1::CreateTagRequest {
        workspace_id: workspace_id(),
        name: name.to_owned(),
        color: color.map(str::to_owned),
    };
    let wrong = client.create_tag(call(&owner, create("red", Some("red")))).await.expect_err("no colour");
    assert_eq!(wrong.code(), Code::InvalidArgument);
    let made = client.create_tag(call(&owner, create("red", Some("#D62828")))).await.expect("a tag").into_inner();
    let tag = made.tag.expect("the tag");
    assert_eq!((tag.color.as_str(), tag.version), ("#d62828", 1));
    let again = client.create_tag(call(&owner, create("RED", None))).await.expect_err("the same name");
    assert_eq!(again.code(), Code::AlreadyExists);
    client.create_tag(call(&owner, create("grey", None))).await.expect("a tag");
    let link = platform.create_link(&owner, &json!({ "destination_url": HERE, "tags": ["red"] })).await;
    let link = format!("/links/{}", link["id"].as_str().expect("an id"));

    let tag_id = || tag.id.clone();
    let update = v1::UpdateTagRequest {
        workspace_id: workspace_id(),
        tag_id: tag_id(),
        version: Some(1),
        name: Some("blue".to_owned()),
        color: None,
    };
    let updated = client.update_tag(call(&owner, update.clone())).await.expect("an edit").into_inner().tag;
    assert_eq!(updated.map(|tag| (tag.name, tag.color)), Some(("blue".to_owned(), "#d62828".to_owned())));
    let stale = client.update_tag(call(&owner, update)).await.expect_err("an older version");
    assert_eq!((stale.code(), reason(&stale).as_str()), (Code::FailedPrecondition, "version_mismatch"));
    assert_eq!(platform.read(&owner, &link).await["tags"], json!(["blue"]));

    let list = |cursor| v1::ListTagsRequest { workspace_id: workspace_id(), limit: Some(1), cursor };
    let first = client.list_tags(call(&owner, list(None))).await.expect("a page").into_inner();
    let rest = client.list_tags(call(&owner, list(first.next_cursor))).await.expect("a page").into_inner();
    assert_eq!((first.tags[0].name.as_str(), rest.tags[0].name.as_str()), ("grey", "blue"));
    assert_eq!(rest.next_cursor, None);
    let (reader, _) = key(&platform, &owner, &json!({ "name": "Key", "scopes": ["links:read"] })).await;
    let delete = v1::DeleteTagRequest { workspace_id: workspace_id(), tag_id: tag_id(), version: None };
    let refused = client.delete_tag(call(&reader, delete.clone())).await.expect_err("no right");
    assert_eq!(refused.code(), Code::PermissionDenied);
    client.delete_tag(call(&owner, delete)).await.expect("it is gone");
    let get = v1::GetTagRequest { workspace_id: workspace_id(), tag_id: tag_id() };
    assert_eq!(client.get_tag(call(&reader, get)).await.expect_err("gone").code(), Code::NotFound);
    assert_eq!(body(platform.of(&owner, Method::GET, &link), StatusCode::OK).await["tags"], json!([]));
}
