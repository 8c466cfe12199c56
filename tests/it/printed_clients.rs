//! That a link may be in print is known and said, over gRPC and on the command line: what REST refuses without that, they refuse too.

use elido::domain::role::Role;
use elido::infra::grpc::v1;
use elido::infra::grpc::v1::bulk_edit_links_response::Answer;
use elido::infra::grpc::v1::bulk_edits_client::BulkEditsClient;
use elido::infra::grpc::v1::domains_client::DomainsClient;
use elido::infra::grpc::v1::link_approvals_client::LinkApprovalsClient;
use elido::infra::grpc::v1::link_history_client::LinkHistoryClient;
use elido::infra::grpc::v1::links_client::LinksClient;
use prost_types::FieldMask;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::command_line_people::{elido, prints};
use crate::domains::{active, start};
use crate::grpc_link_work::{call, channel, reason};
use crate::support::members::{member, other_workspace};
use crate::support::platform::{Account, Platform, body};

const OLD: &str = "https://example.com/old";
const NEW: &str = "https://example.com/new";

/// A link that led elsewhere before and may be in print, by its id.
async fn printed(platform: &Platform, account: &Account, slug: &str, more: Value) -> String {
    let mut draft = json!({ "destination_url": OLD, "slug": slug });
    draft.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
    let link = platform.create_link(account, &draft).await;
    let id = link["id"].as_str().expect("an id").to_owned();
    if link["needs_approval"] == false {
        let edit =
            platform.of(account, Method::PATCH, &format!("/links/{id}")).json(&json!({ "destination_url": NEW }));
        body(edit, StatusCode::OK).await;
    }
    body(platform.of(account, Method::PUT, &format!("/links/{id}/printed")), StatusCode::OK).await;
    id
}

async fn destination(platform: &Platform, account: &Account, id: &str) -> Value {
    platform.read(account, &format!("/links/{id}")).await["destination_url"].clone()
}

/// What is asked of a link that needs a second person, by its id.
async fn asked(platform: &Platform, account: &Account, link: &str) -> String {
    let ask = json!({ "changes": { "destination_url": NEW } });
    let ask = platform.of(account, Method::POST, &format!("/links/{link}/change-requests")).json(&ask);
    body(ask, StatusCode::CREATED).await["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_printed_links_are_confirmed_over_grpc() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let admin = member(&platform, &owner, "ada@example.com", Role::Admin).await;
    let elsewhere = other_workspace(&platform, &owner).await;
    let channel = channel(&platform).await;
    let workspace_id = || owner.workspace.clone();

    let link_id = printed(&platform, &owner, "updated", json!({})).await;
    let update = |confirm_printed| v1::UpdateLinkRequest {
        workspace_id: workspace_id(),
        link_id: link_id.clone(),
        content: Some(v1::LinkContent { destination_url: Some(OLD.to_owned()), ..Default::default() }),
        update_mask: Some(FieldMask { paths: vec!["destination_url".to_owned()] }),
        confirm_printed,
        ..Default::default()
    };
    let mut links = LinksClient::new(channel.clone());
    let refused = links.update_link(call(&owner, update(false))).await.expect_err("it is printed");
    assert_eq!(reason(&refused), "printed");
    links.update_link(call(&owner, update(true))).await.expect("that is known");
    assert_eq!(destination(&platform, &owner, &link_id).await, OLD);

    let mut history = LinkHistoryClient::new(channel.clone());
    let undo =
        |confirm_printed| v1::UndoLinkChangeRequest { workspace_id: workspace_id(), change_id: None, confirm_printed };
    let refused = history.undo_link_change(call(&owner, undo(false))).await.expect("an answer").into_inner();
    assert_eq!((refused.links.len(), refused.failures[0].code.as_str()), (0, "printed"));
    let undone = history.undo_link_change(call(&owner, undo(true))).await.expect("an answer").into_inner();
    assert_eq!(undone.links[0].destination_url, NEW);

    let revert = |confirm_printed| v1::RevertLinkRequest {
        workspace_id: workspace_id(),
        link_id: link_id.clone(),
        version: 1,
        current_version: None,
        confirm_printed,
    };
    let refused = history.revert_link(call(&owner, revert(false))).await.expect_err("it is printed");
    assert_eq!(reason(&refused), "printed");
    history.revert_link(call(&owner, revert(true))).await.expect("that is known");
    assert_eq!(destination(&platform, &owner, &link_id).await, OLD);

    let move_to = |confirm_printed| v1::MoveLinkRequest {
        workspace_id: workspace_id(),
        link_id: link_id.clone(),
        to_workspace_id: elsewhere.workspace.clone(),
        slug: Some("moved".to_owned()),
        confirm_printed,
        ..Default::default()
    };
    let refused = links.move_link(call(&owner, move_to(false))).await.expect_err("it is printed");
    assert_eq!(reason(&refused), "printed");
    let moved = links.move_link(call(&owner, move_to(true))).await.expect("that is known").into_inner().link;
    assert_eq!(moved.map(|link| link.slug).as_deref(), Some("moved"));

    let link = printed(&platform, &owner, "guarded", json!({ "needs_approval": true })).await;
    let request = asked(&platform, &owner, &link).await;
    let approve = |confirm_printed| v1::ApproveLinkChangeRequest {
        workspace_id: workspace_id(),
        change_request_id: request.clone(),
        confirm_printed,
    };
    let mut approvals = LinkApprovalsClient::new(channel);
    let refused = approvals.approve_link_change(call(&admin, approve(false))).await.expect_err("it is printed");
    assert_eq!(reason(&refused), "printed");
    approvals.approve_link_change(call(&admin, approve(true))).await.expect("that is known");
    assert_eq!(destination(&platform, &owner, &link).await, NEW);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_printed_links_and_those_of_a_domain_are_confirmed_over_grpc() {
    let (platform, dns, owner) = start().await;
    let domain = active(&platform, &dns, &owner, "go.example.com").await;
    let channel = channel(&platform).await;
    let link = printed(&platform, &owner, "one", json!({ "domain": "go.example.com", "tags": ["print"] })).await;
    let edit = |token: Option<String>, confirm_printed| v1::BulkEditLinksRequest {
        workspace_id: owner.workspace.clone(),
        filter: Some(v1::BulkEditFilter { tag: Some("print".to_owned()), ..Default::default() }),
        changes: Some(v1::BulkEditChanges { archived: Some(true), confirm_printed, ..Default::default() }),
        dry_run: token.is_none(),
        token,
    };
    let mut edits = BulkEditsClient::new(channel.clone());
    for (confirm_printed, changed) in [(false, 0), (true, 1)] {
        let shown = edits.bulk_edit_links(call(&owner, edit(None, confirm_printed))).await.expect("it is shown");
        let Some(Answer::Preview(preview)) = shown.into_inner().answer else { panic!("no preview") };
        let make = edit(Some(preview.token), confirm_printed);
        let made = edits.bulk_edit_links(call(&owner, make)).await.expect("it is made").into_inner().answer;
        let Some(Answer::BulkEdit(made)) = made else { panic!("{made:?}") };
        assert_eq!((made.changed, made.failed), (changed, 1 - changed), "{made:?}");
    }

    let mut domains = DomainsClient::new(channel);
    let delete = |confirm_printed| v1::DeleteDomainRequest {
        workspace_id: owner.workspace.clone(),
        domain_id: domain["id"].as_str().expect("an id").to_owned(),
        version: None,
        delete_links: true,
        confirm_printed,
    };
    let refused = domains.delete_domain(call(&owner, delete(false))).await.expect_err("a link is printed");
    assert_eq!(reason(&refused), "printed");
    domains.delete_domain(call(&owner, delete(true))).await.expect("that is known");
    body(platform.of(&owner, Method::GET, &format!("/links/{link}")), StatusCode::NOT_FOUND).await;
}

/// Runs a command that is refused without `--confirm-printed`, and then with it.
async fn confirmed(platform: &Platform, account: &Account, arguments: &[&str]) -> String {
    let refused = elido(platform, Some(account), arguments).await;
    let told = [refused.stdout, refused.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    assert!(!refused.status.success() && told.contains("may be in print"), "{arguments:?}: {told}");
    prints(platform, Some(account), &[arguments, &["--confirm-printed"]].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_printed_links_are_confirmed_on_the_command_line() {
    let (platform, dns, owner) = start().await;
    let admin = member(&platform, &owner, "ada@example.com", Role::Admin).await;
    let elsewhere = other_workspace(&platform, &owner).await;
    let link = printed(&platform, &owner, "poster", json!({ "tags": ["print"] })).await;
    let leads = async |to: &str| assert_eq!(destination(&platform, &owner, &link).await, to);

    confirmed(&platform, &owner, &["link", "update", &link, "--destination-url", OLD]).await;
    leads(OLD).await;
    assert!(confirmed(&platform, &owner, &["link", "undo"]).await.starts_with("1 links"));
    leads(NEW).await;
    confirmed(&platform, &owner, &["link", "revert", &link, "1"]).await;
    leads(OLD).await;
    let edit = ["link", "bulk-edit", "--tag", "print", "--replace", OLD, "--with", NEW, "--yes"];
    assert!(confirmed(&platform, &owner, &edit).await.starts_with("1 changed"));
    leads(NEW).await;
    let to = elsewhere.workspace.as_str();
    confirmed(&platform, &owner, &["link", "move", &link, "--to", to, "--slug", "moved"]).await;
    confirmed(&platform, &elsewhere, &["link", "delete", &link]).await;

    let link = printed(&platform, &owner, "guarded", json!({ "needs_approval": true })).await;
    let request = asked(&platform, &owner, &link).await;
    confirmed(&platform, &admin, &["link", "approve", &request]).await;
    assert_eq!(destination(&platform, &owner, &link).await, NEW);

    let put = |to| ["link", "put", "crm-7", to];
    let printed_at = printed(&platform, &owner, "known", json!({ "external_id": "crm-7" })).await;
    confirmed(&platform, &owner, &put(OLD)).await;
    assert_eq!(destination(&platform, &owner, &printed_at).await, OLD);

    let domain = active(&platform, &dns, &owner, "go.example.com").await;
    printed(&platform, &owner, "one", json!({ "domain": "go.example.com" })).await;
    let id = domain["id"].as_str().expect("an id");
    confirmed(&platform, &owner, &["domain", "delete", id, "--delete-links"]).await;
}
