//! Comments, templates, approvals, freeze windows, edits of many links and external ids over gRPC: the same things, rights and errors as over
//! REST.

use elido::domain::role::Role;
use elido::infra::grpc::v1;
use elido::infra::grpc::v1::bulk_edit_links_response::Answer;
use elido::infra::grpc::v1::bulk_edits_client::BulkEditsClient;
use elido::infra::grpc::v1::freeze_windows_client::FreezeWindowsClient;
use elido::infra::grpc::v1::link_approvals_client::LinkApprovalsClient;
use elido::infra::grpc::v1::link_comments_client::LinkCommentsClient;
use elido::infra::grpc::v1::links_client::LinksClient;
use elido::infra::grpc::v1::update_freeze_window_request::Links;
use elido::infra::grpc::v1::utm_templates_client::UtmTemplatesClient;
use elido::runtime::clock;
use prost_types::{FieldMask, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::support::members::member;
use crate::support::platform::{Account, Platform, body};

const HERE: &str = "https://example.com/";

/// A call with the credential of an account.
pub fn call<T>(account: &Account, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let credential = MetadataValue::try_from(format!("Bearer {}", account.token)).expect("a header");
    request.metadata_mut().insert("authorization", credential);
    request
}

/// A connection.
pub async fn channel(platform: &Platform) -> Channel {
    Channel::from_shared(platform.grpc()).expect("an address").connect().await.expect("a connection")
}

/// The stable code of a refusal.
pub fn reason(status: &Status) -> String {
    status.get_error_details().error_info().expect("a code").reason.clone()
}

fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

/// A link to this title, as an edit of it.
fn title(title: &str) -> (Option<v1::LinkContent>, Option<FieldMask>) {
    let content = v1::LinkContent { title: Some(title.to_owned()), ..Default::default() };
    (Some(content), Some(FieldMask { paths: vec!["title".to_owned()] }))
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_come_change_and_go_over_grpc() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let link_id = id(&platform.create_link(&owner, &json!({ "destination_url": HERE })).await);
    let workspace_id = || owner.workspace.clone();
    let mut client = LinkCommentsClient::new(channel(&platform).await);
    let create = |text: &str| v1::CreateLinkCommentRequest {
        workspace_id: workspace_id(),
        link_id: link_id.clone(),
        text: text.to_owned(),
    };
    let empty = client.create_link_comment(call(&owner, create(""))).await.expect_err("no words");
    assert_eq!(empty.code(), Code::InvalidArgument);
    for text in ["one", "two"] {
        client.create_link_comment(call(&owner, create(text))).await.expect("a comment");
    }
    let list = |cursor: Option<String>| v1::ListLinkCommentsRequest {
        workspace_id: workspace_id(),
        link_id: link_id.clone(),
        limit: Some(1),
        cursor,
    };
    let first = client.list_link_comments(call(&owner, list(None))).await.expect("a page").into_inner();
    let rest = client.list_link_comments(call(&owner, list(first.next_cursor))).await.expect("a page").into_inner();
    let comment = first.link_comments[0].clone();
    assert_eq!((comment.text.as_str(), rest.link_comments[0].text.as_str()), ("two", "one"));
    assert_eq!(rest.next_cursor, None);

    let update = v1::UpdateLinkCommentRequest {
        workspace_id: workspace_id(),
        link_id: link_id.clone(),
        comment_id: comment.id.clone(),
        version: Some(1),
        text: "three".to_owned(),
    };
    let updated = client.update_link_comment(call(&owner, update.clone())).await.expect("an edit").into_inner();
    assert_eq!(updated.link_comment.map(|comment| comment.version), Some(2));
    let stale = client.update_link_comment(call(&owner, update)).await.expect_err("an older version");
    assert_eq!((stale.code(), reason(&stale).as_str()), (Code::FailedPrecondition, "version_mismatch"));
    let over_rest = platform.read(&owner, &format!("/links/{link_id}/comments")).await;
    assert_eq!(over_rest["data"][0]["text"], "three");
    let delete = v1::DeleteLinkCommentRequest {
        workspace_id: workspace_id(),
        link_id: link_id.clone(),
        comment_id: comment.id,
        version: None,
    };
    client.delete_link_comment(call(&owner, delete)).await.expect("it is gone");
    let over_rest = platform.read(&owner, &format!("/links/{link_id}/comments")).await;
    assert_eq!(over_rest["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_come_are_used_change_and_go_over_grpc() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let workspace_id = || owner.workspace.clone();
    let channel = channel(&platform).await;
    let mut client = UtmTemplatesClient::new(channel.clone());
    let utm = v1::Utm { source: Some("newsletter".to_owned()), ..Default::default() };
    let create = v1::CreateUtmTemplateRequest {
        workspace_id: workspace_id(),
        name: "Newsletter".to_owned(),
        utm: Some(utm.clone()),
    };
    let made = client.create_utm_template(call(&owner, create.clone())).await.expect("a template").into_inner();
    let template = made.utm_template.expect("the template");
    let again = client.create_utm_template(call(&owner, create)).await.expect_err("the same name");
    assert_eq!(again.code(), Code::AlreadyExists);
    let content = v1::LinkContent { destination_url: Some(HERE.to_owned()), ..Default::default() };
    let draft = v1::CreateLinkRequest {
        workspace_id: workspace_id(),
        content: Some(content),
        utm_template_id: Some(template.id.clone()),
        ..Default::default()
    };
    let link = LinksClient::new(channel).create_link(call(&owner, draft)).await.expect("a link").into_inner().link;
    assert_eq!(link.and_then(|link| link.utm), Some(utm));

    let utm_template_id = || template.id.clone();
    let update = v1::UpdateUtmTemplateRequest {
        workspace_id: workspace_id(),
        utm_template_id: utm_template_id(),
        version: Some(1),
        name: Some("Letter".to_owned()),
        utm: None,
    };
    client.update_utm_template(call(&owner, update.clone())).await.expect("an edit");
    let stale = client.update_utm_template(call(&owner, update)).await.expect_err("an older version");
    assert_eq!(reason(&stale), "version_mismatch");
    let get = || v1::GetUtmTemplateRequest { workspace_id: workspace_id(), utm_template_id: utm_template_id() };
    let found = client.get_utm_template(call(&owner, get())).await.expect("it").into_inner().utm_template.expect("it");
    assert_eq!((found.name.as_str(), found.utm.and_then(|utm| utm.source).as_deref()), ("Letter", Some("newsletter")));
    let list = v1::ListUtmTemplatesRequest { workspace_id: workspace_id(), ..Default::default() };
    let listed = client.list_utm_templates(call(&owner, list)).await.expect("a list").into_inner();
    assert_eq!((listed.utm_templates.len(), listed.next_cursor), (1, None));
    let delete = v1::DeleteUtmTemplateRequest {
        workspace_id: workspace_id(),
        utm_template_id: utm_template_id(),
        version: None,
    };
    client.delete_utm_template(call(&owner, delete)).await.expect("it is gone");
    assert_eq!(client.get_utm_template(call(&owner, get())).await.expect_err("gone").code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_asked_for_and_decided_over_grpc() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let admin = member(&platform, &owner, "ada@example.com", Role::Admin).await;
    let link = json!({ "destination_url": HERE, "title": "Old", "needs_approval": true });
    let link_id = id(&platform.create_link(&owner, &link).await);
    let workspace_id = || owner.workspace.clone();
    let mut client = LinkApprovalsClient::new(channel(&platform).await);
    let destination =
        v1::LinkContent { destination_url: Some("https://example.com/new".to_owned()), ..Default::default() };
    let ask = v1::RequestLinkChangeRequest {
        workspace_id: workspace_id(),
        link_id: link_id.clone(),
        content: Some(destination),
        update_mask: Some(FieldMask { paths: vec!["destination_url".to_owned()] }),
        note: Some("please".to_owned()),
        ..Default::default()
    };
    let both = v1::RequestLinkChangeRequest { delete: true, ..ask.clone() };
    assert_eq!(client.request_link_change(call(&owner, both)).await.expect_err("both").code(), Code::InvalidArgument);
    let asked = client.request_link_change(call(&owner, ask.clone())).await.expect("it is asked for").into_inner();
    let asked = asked.change_request.expect("what is asked for");
    assert_eq!((asked.state(), asked.note.as_deref()), (v1::ChangeRequestState::Pending, Some("please")));
    assert_eq!(asked.changes[0].after_json, "\"https://example.com/new\"");
    let approve = |change_request_id: &str| v1::ApproveLinkChangeRequest {
        workspace_id: workspace_id(),
        change_request_id: change_request_id.to_owned(),
        confirm_printed: false,
    };
    let own = client.approve_link_change(call(&owner, approve(&asked.id))).await.expect_err("one's own");
    assert_eq!((own.code(), reason(&own).as_str()), (Code::PermissionDenied, "own_request"));
    let approved = client.approve_link_change(call(&admin, approve(&asked.id))).await.expect("it is made").into_inner();
    let approved = approved.change_request.expect("it");
    assert_eq!(approved.state(), v1::ChangeRequestState::Approved);
    assert!(approved.decided_by.is_some() && approved.decided_at.is_some());
    let link = platform.read(&owner, &format!("/links/{link_id}")).await;
    assert_eq!(link["destination_url"], "https://example.com/new");

    let delete = v1::RequestLinkChangeRequest { content: None, update_mask: None, delete: true, ..ask };
    let asked = client.request_link_change(call(&owner, delete.clone())).await.expect("it is asked for").into_inner();
    let asked = asked.change_request.expect("it");
    assert!(asked.deletes);
    assert_eq!(asked.action, "delete");
    let refuse = v1::RefuseLinkChangeRequest {
        workspace_id: workspace_id(),
        change_request_id: asked.id.clone(),
        reason: Some("no".to_owned()),
    };
    let refused = client.refuse_link_change(call(&admin, refuse)).await.expect("it is refused").into_inner();
    assert_eq!(refused.change_request.and_then(|request| request.reason).as_deref(), Some("no"));
    let asked = client.request_link_change(call(&owner, delete)).await.expect("it is asked for").into_inner();
    let change_request_id = asked.change_request.expect("it").id;
    let withdraw =
        v1::WithdrawLinkChangeRequest { workspace_id: workspace_id(), change_request_id: change_request_id.clone() };
    client.withdraw_link_change(call(&owner, withdraw)).await.expect("it is taken back");
    let get = v1::GetChangeRequestRequest { workspace_id: workspace_id(), change_request_id };
    let found =
        client.get_change_request(call(&owner, get)).await.expect("it").into_inner().change_request.expect("it");
    assert_eq!(found.state(), v1::ChangeRequestState::Withdrawn);
    let list = |state: v1::ChangeRequestState| v1::ListChangeRequestsRequest {
        workspace_id: workspace_id(),
        state: state.into(),
        ..Default::default()
    };
    for (state, count) in [
        (v1::ChangeRequestState::Unspecified, 3),
        (v1::ChangeRequestState::Refused, 1),
        (v1::ChangeRequestState::Pending, 0),
    ] {
        let listed = client.list_change_requests(call(&owner, list(state))).await.expect("a list").into_inner();
        assert_eq!(listed.change_requests.len(), count, "{state:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn freeze_windows_hold_over_grpc() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let link_id = id(&platform.create_link(&owner, &json!({ "destination_url": HERE })).await);
    let folder = platform.of(&owner, Method::POST, "/folders").json(&json!({ "name": "Elsewhere" }));
    let folder = id(&body(folder, StatusCode::CREATED).await);
    let workspace_id = || owner.workspace.clone();
    let channel = channel(&platform).await;
    let (mut client, mut links) = (FreezeWindowsClient::new(channel.clone()), LinksClient::new(channel));
    let endless =
        v1::CreateFreezeWindowRequest { workspace_id: workspace_id(), reason: "Sale".to_owned(), ..Default::default() };
    let refused = client.create_freeze_window(call(&owner, endless.clone())).await.expect_err("no end");
    assert_eq!(refused.code(), Code::InvalidArgument);
    let in_an_hour = Timestamp { seconds: clock::now().as_micros() / 1_000_000 + 3_600, nanos: 0 };
    let draft = v1::CreateFreezeWindowRequest { ends_at: Some(in_an_hour), ..endless };
    let window = client.create_freeze_window(call(&owner, draft)).await.expect("a window").into_inner();
    let window = window.freeze_window.expect("the window");
    assert_eq!((window.folder_id.as_deref(), window.version), (None, 1));
    let mut edit = async |to: &str| {
        let (content, update_mask) = title(to);
        let (workspace_id, link_id) = (workspace_id(), link_id.clone());
        let request = v1::UpdateLinkRequest { workspace_id, link_id, content, update_mask, ..Default::default() };
        links.update_link(call(&owner, request)).await
    };
    let frozen = edit("a").await.expect_err("it is frozen");
    assert_eq!((frozen.code(), reason(&frozen).as_str()), (Code::AlreadyExists, "frozen"));
    let update = |links: Option<Links>| v1::UpdateFreezeWindowRequest {
        workspace_id: workspace_id(),
        freeze_window_id: window.id.clone(),
        links,
        ..Default::default()
    };
    client.update_freeze_window(call(&owner, update(Some(Links::FolderId(folder))))).await.expect("it is elsewhere");
    edit("b").await.expect("the link is not in the folder");
    let whole = client.update_freeze_window(call(&owner, update(Some(Links::AllLinks(true))))).await;
    let whole = whole.expect("all links").into_inner().freeze_window.expect("the window");
    assert_eq!((whole.folder_id, whole.reason.as_str(), whole.version), (None, "Sale", 3));
    edit("c").await.expect_err("it is frozen again");
    let get = v1::GetFreezeWindowRequest { workspace_id: workspace_id(), freeze_window_id: window.id.clone() };
    client.get_freeze_window(call(&owner, get)).await.expect("the window");
    let list = || v1::ListFreezeWindowsRequest { workspace_id: workspace_id(), ..Default::default() };
    let listed = client.list_freeze_windows(call(&owner, list())).await.expect("a list").into_inner();
    assert_eq!(listed.freeze_windows.len(), 1);
    let delete = |version| v1::DeleteFreezeWindowRequest {
        workspace_id: workspace_id(),
        freeze_window_id: window.id.clone(),
        version,
    };
    let stale = client.delete_freeze_window(call(&owner, delete(Some(1)))).await.expect_err("an older version");
    assert_eq!(reason(&stale), "version_mismatch");
    client.delete_freeze_window(call(&owner, delete(Some(3)))).await.expect("it is called off");
    edit("d").await.expect("nothing holds any longer");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_links_are_edited_over_grpc_as_they_were_shown_over_either() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    for tag in ["a", "a", "b"] {
        platform.create_link(&owner, &json!({ "destination_url": HERE, "tags": [tag] })).await;
    }
    let workspace_id = || owner.workspace.clone();
    let mut client = BulkEditsClient::new(channel(&platform).await);
    let filter = v1::BulkEditFilter { tag: Some("a".to_owned()), ..Default::default() };
    let changes = v1::BulkEditChanges {
        add_tags: vec!["c".to_owned()],
        utm: Some(v1::Utm { source: Some("mail".to_owned()), ..Default::default() }),
        ..Default::default()
    };
    let show = v1::BulkEditLinksRequest {
        workspace_id: workspace_id(),
        filter: Some(filter),
        changes: Some(changes),
        dry_run: true,
        token: None,
    };
    let shown = client.bulk_edit_links(call(&owner, show.clone())).await.expect("it is shown").into_inner().answer;
    let Some(Answer::Preview(preview)) = shown else { panic!("{shown:?}") };
    assert_eq!((preview.links, preview.sample.len()), (2, 2));
    assert!(preview.sample[0].changes.iter().any(|change| change.field == "tags"), "{preview:?}");
    // The same edit over REST has the same token.
    let over_rest = json!({
        "filter": { "tag": "a" }, "changes": { "add_tags": ["c"], "utm": { "source": "mail" } }, "dry_run": true,
    });
    let over_rest = platform.of(&owner, Method::POST, "/links/bulk-edit").json(&over_rest);
    assert_eq!(body(over_rest, StatusCode::OK).await["token"], preview.token);
    let make = v1::BulkEditLinksRequest { dry_run: false, token: Some(preview.token), ..show.clone() };
    let made = client.bulk_edit_links(call(&owner, make.clone())).await.expect("it is made").into_inner().answer;
    let Some(Answer::BulkEdit(edit)) = made else { panic!("{made:?}") };
    assert_eq!((edit.state(), edit.total, edit.changed), (v1::BulkEditState::Done, 2, 2));
    let get = v1::GetBulkEditRequest { workspace_id: workspace_id(), bulk_edit_id: edit.id.clone() };
    let found = client.get_bulk_edit(call(&owner, get)).await.expect("it").into_inner().bulk_edit;
    assert_eq!(found, Some(edit));
    let late = client.bulk_edit_links(call(&owner, make)).await.expect_err("other versions");
    assert_eq!((late.code(), reason(&late).as_str()), (Code::AlreadyExists, "links_changed"));
    assert_eq!(platform.read(&owner, "/links/count?tag=c").await["links"], 2);
    let token = Some("short".to_owned());
    let wrong = client.bulk_edit_links(call(&owner, v1::BulkEditLinksRequest { dry_run: false, token, ..show })).await;
    assert!(wrong.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_put_and_found_by_its_external_id_over_grpc() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let mut client = LinksClient::new(channel(&platform).await);
    let put = |title: &str| v1::PutLinkByExternalIdRequest {
        workspace_id: owner.workspace.clone(),
        external_id: "crm-7".to_owned(),
        content: Some(v1::LinkContent {
            destination_url: Some(HERE.to_owned()),
            title: Some(title.to_owned()),
            ..Default::default()
        }),
        ..Default::default()
    };
    let made = client.put_link_by_external_id(call(&owner, put("One"))).await.expect("a link").into_inner();
    let same = client.put_link_by_external_id(call(&owner, put("One"))).await.expect("a link").into_inner();
    let other = client.put_link_by_external_id(call(&owner, put("Two"))).await.expect("a link").into_inner();
    assert_eq!((made.existed, same.existed, other.existed), (false, true, true));
    let (made, same, other) = (made.link.expect("it"), same.link.expect("it"), other.link.expect("it"));
    assert_eq!((&made.id, made.version), (&same.id, same.version));
    assert_eq!((&made.id, made.version + 1, other.title.as_deref()), (&other.id, other.version, Some("Two")));
    let get = |external_id: &str| v1::GetLinkByExternalIdRequest {
        workspace_id: owner.workspace.clone(),
        external_id: external_id.to_owned(),
    };
    let found = client.get_link_by_external_id(call(&owner, get("crm-7"))).await.expect("it").into_inner().link;
    assert_eq!(found.map(|link| link.id), Some(made.id));
    assert_eq!(
        client.get_link_by_external_id(call(&owner, get("crm-8"))).await.expect_err("none").code(),
        Code::NotFound
    );
}
