//! Many links in one call, destinations that several links have, and QR codes over gRPC: the same things, rights and errors as over REST.

use elido::infra::grpc::v1;
use elido::infra::grpc::v1::link_batches_client::LinkBatchesClient;
use elido::infra::grpc::v1::links_client::LinksClient;
use elido::infra::grpc::v1::qr_codes_client::QrCodesClient;
use prost_types::FieldMask;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tonic::Code;
use tonic_types::StatusExt;

use crate::grpc_link_work::{call, channel, reason};
use crate::support::members::key;
use crate::support::platform::{Account, Platform, body};

const HERE: &str = "https://example.com/";

fn new_link(destination: &str, slug: Option<&str>) -> v1::NewLink {
    let content = v1::LinkContent {
        destination_url: Some(destination.to_owned()),
        slug: slug.map(str::to_owned),
        ..Default::default()
    };
    v1::NewLink { content: Some(Box::new(content)), ..Default::default() }
}

fn edit(link_id: &str, destination: &str) -> v1::LinkEdit {
    let content = v1::LinkContent { destination_url: Some(destination.to_owned()), ..Default::default() };
    v1::LinkEdit {
        link_id: link_id.to_owned(),
        content: Some(Box::new(content)),
        update_mask: Some(FieldMask { paths: vec!["destination_url".to_owned()] }),
        ..Default::default()
    }
}

fn creation(account: &Account, links: Vec<v1::NewLink>) -> v1::CreateLinksRequest {
    v1::CreateLinksRequest { workspace_id: account.workspace.clone(), links }
}

fn outcomes(results: &[v1::LinkResult]) -> Vec<v1::LinkOutcome> {
    results.iter().map(v1::LinkResult::outcome).collect()
}

fn why(result: &v1::LinkResult) -> &str {
    result.failure.as_ref().map_or("", |failure| failure.code.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_links_are_made_changed_and_deleted_in_one_call_each() {
    use v1::LinkOutcome::{Created, Deleted, Existing, Failed, Updated};

    let platform = Platform::start().await;
    let owner = platform.account().await;
    let workspace_id = || owner.workspace.clone();
    let mut client = LinkBatchesClient::new(channel(&platform).await);
    let links = vec![
        new_link("https://example.com/a", Some("a")),
        new_link("nowhere", None),
        v1::NewLink { on_duplicate: v1::IfExists::Return.into(), ..new_link("https://example.com/c", None) },
        new_link("https://example.com/d", Some("a")),
    ];
    let made = client.create_links(call(&owner, creation(&owner, links.clone()))).await.expect("results").into_inner();
    assert_eq!(outcomes(&made.results), [Created, Failed, Created, Failed]);
    let wrong = &made.results[1].wrong_fields;
    assert_eq!((wrong.len(), wrong[0].pointer.as_str()), (1, "/links/1/destination_url"));
    assert_eq!(why(&made.results[3]), "slug_taken");
    let again = client.create_links(call(&owner, creation(&owner, links))).await.expect("results").into_inner();
    assert_eq!(outcomes(&again.results), [Failed, Failed, Existing, Failed]);
    assert_eq!(again.results[2].link_id, made.results[2].link_id);

    let [first, third] = [0, 2].map(|index: usize| made.results[index].link_id.clone().expect("an id"));
    let over_rest = platform.read(&owner, &format!("/links/{first}")).await;
    let result = &made.results[0];
    assert_eq!((result.short_url.as_deref(), result.version), (over_rest["short_url"].as_str(), Some(1)));
    body(platform.of(&owner, Method::PUT, &format!("/links/{third}/printed")), StatusCode::OK).await;
    let changes = |confirm_printed| v1::UpdateLinksRequest {
        workspace_id: workspace_id(),
        links: vec![
            edit(&first, "https://example.com/new"),
            v1::LinkEdit { confirm_printed, ..edit(&third, "https://example.com/new") },
        ],
    };
    let changed = client.update_links(call(&owner, changes(false))).await.expect("results").into_inner();
    assert_eq!(outcomes(&changed.results), [Updated, Failed]);
    assert_eq!((changed.results[0].version, why(&changed.results[1])), (Some(2), "printed"));
    let confirmed = client.update_links(call(&owner, changes(true))).await.expect("results").into_inner();
    assert_eq!(outcomes(&confirmed.results), [Updated, Updated]);
    let stale = v1::LinkEdit { version: Some(1), ..edit(&first, HERE) };
    let stale = v1::UpdateLinksRequest { workspace_id: workspace_id(), links: vec![stale] };
    let stale = client.update_links(call(&owner, stale)).await.expect("results").into_inner();
    assert_eq!(why(&stale.results[0]), "version_mismatch");

    let delete = |confirm_printed| v1::DeleteLinksRequest {
        workspace_id: workspace_id(),
        link_ids: vec![first.clone(), third.clone()],
        confirm_printed,
    };
    let deleted = client.delete_links(call(&owner, delete(false))).await.expect("results").into_inner();
    assert_eq!(outcomes(&deleted.results), [Deleted, Failed]);
    let deleted = client.delete_links(call(&owner, delete(true))).await.expect("results").into_inner();
    assert_eq!((outcomes(&deleted.results), why(&deleted.results[0])), (vec![Failed, Deleted], "not_found"));
    // Its change is one that can be undone.
    let undo = platform.of(&owner, Method::POST, "/links/undo").json(&json!({ "change_id": deleted.change_id }));
    let undone = body(undo, StatusCode::OK).await;
    assert_eq!(undone["results"][0]["link"]["id"], third, "{undone}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_about_many_links_have_limits_a_form_and_reach_no_other_workspace() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let other = platform.sign_in().await;
    let workspace_id = || owner.workspace.clone();
    let mut client = LinkBatchesClient::new(channel(&platform).await);
    let none = client.create_links(call(&owner, creation(&owner, Vec::new()))).await.expect_err("nothing to do");
    assert_eq!(reason(&none), "empty_bulk");
    let many = creation(&owner, vec![v1::NewLink::default(); 1_001]);
    let many = client.create_links(call(&owner, many)).await.expect_err("too many");
    assert_eq!(reason(&many), "bulk_too_large");
    let large = vec![new_link(&format!("{HERE}{}", "x".repeat(2_000)), None); 600];
    assert!(client.create_links(call(&owner, creation(&owner, large))).await.is_err());
    assert_eq!(platform.read(&owner, "/links/count").await["links"], 0);

    let unknown = v1::LinkEdit {
        update_mask: Some(FieldMask { paths: vec!["nothing".to_owned()] }),
        ..edit(&format!("lnk_{}", "0".repeat(32)), HERE)
    };
    let unknown = v1::UpdateLinksRequest { workspace_id: workspace_id(), links: vec![unknown] };
    let unknown = client.update_links(call(&owner, unknown)).await.expect_err("no such field");
    let wrong = unknown.get_details_bad_request().expect("the fields").field_violations;
    assert_eq!(wrong.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), ["/links/0/update_mask"]);
    let no_id =
        v1::DeleteLinksRequest { link_ids: vec!["a".to_owned()], workspace_id: workspace_id(), ..Default::default() };
    let no_id = client.delete_links(call(&owner, no_id)).await.expect_err("no id");
    let wrong = no_id.get_details_bad_request().expect("the fields").field_violations;
    assert_eq!(wrong.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), ["/ids/0"]);

    let link = platform.create_link(&owner, &json!({ "destination_url": HERE })).await;
    let id = link["id"].as_str().expect("an id");
    let delete = v1::DeleteLinksRequest {
        workspace_id: other.workspace.clone(),
        link_ids: vec![id.to_owned()],
        confirm_printed: false,
    };
    let results = client.delete_links(call(&other, delete)).await.expect("results").into_inner().results;
    assert_eq!(why(&results[0]), "not_found");
    let change = v1::UpdateLinksRequest {
        workspace_id: other.workspace.clone(),
        links: vec![edit(id, "https://example.com/new")],
    };
    let results = client.update_links(call(&other, change)).await.expect("results").into_inner().results;
    assert_eq!(why(&results[0]), "not_found");
    assert_eq!(platform.read(&owner, &format!("/links/{id}")).await["version"], 1);
    let (reader, _) = key(&platform, &owner, &json!({ "name": "Key", "scopes": ["links:read"] })).await;
    let refused = client.create_links(call(&reader, creation(&owner, vec![new_link(HERE, None)]))).await;
    assert_eq!(refused.expect_err("no right").code(), Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn destinations_that_several_links_have_are_listed_over_grpc() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let mut links = Vec::new();
    for destination in
        ["https://example.com/a", "https://EXAMPLE.com/a", "https://example.com/b", "https://example.com/b", HERE]
    {
        let link = platform.create_link(&owner, &json!({ "destination_url": destination })).await;
        links.push(link["id"].as_str().expect("an id").to_owned());
    }
    let mut client = LinksClient::new(channel(&platform).await);
    let (mut cursor, mut found) = (None, Vec::new());
    for _ in 0..2 {
        let list = v1::ListDuplicateDestinationsRequest {
            workspace_id: owner.workspace.clone(),
            limit: Some(1),
            cursor: cursor.take(),
        };
        let page = client.list_duplicate_destinations(call(&owner, list)).await.expect("a page").into_inner();
        cursor = page.next_cursor;
        found.extend(page.destinations);
    }
    found.sort_by(|one, other| one.destination_url.cmp(&other.destination_url));
    let named: Vec<_> = found.iter().map(|item| (item.destination_url.as_str(), item.link_ids.as_slice())).collect();
    assert_eq!(named, [("https://example.com/a", &links[..2]), ("https://example.com/b", &links[2..4])]);
    assert_eq!(cursor, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_looked_at_before_and_said_to_be_printed_over_grpc() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let mut client = QrCodesClient::new(channel(&platform).await);
    let preview = |style: v1::QrCodeStyle| v1::PreviewQrCodeRequest {
        workspace_id: owner.workspace.clone(),
        slug: Some("poster".to_owned()),
        style: Some(style),
        ..Default::default()
    };
    let png = v1::QrCodeStyle { format: Some("png".to_owned()), size: Some(256), ..Default::default() };
    let drawn = client.preview_qr_code(call(&owner, preview(png.clone()))).await.expect("a code").into_inner();
    assert_eq!(drawn.content_type, "image/png");
    let picture = image::load_from_memory(&drawn.file).expect("a picture").to_luma8();
    let said = crate::qr_codes::read(&picture).expect("a code");
    assert!(said.ends_with("/poster?qr=1"), "{said}");
    let faint = v1::QrCodeStyle { foreground: Some("#eeeeee".to_owned()), ..png };
    let faint = client.preview_qr_code(call(&owner, preview(faint))).await.expect_err("it would not scan");
    let wrong = faint.get_details_bad_request().expect("the fields").field_violations;
    assert_eq!(wrong.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), ["/style/foreground"]);

    let link = platform.create_link(&owner, &json!({ "destination_url": HERE })).await;
    let link_id = link["id"].as_str().expect("an id").to_owned();
    let (workspace_id, id) = (owner.workspace.clone(), link_id.clone());
    let mark = v1::MarkLinkPrintedRequest { workspace_id, link_id: id };
    let (reader, _) = key(&platform, &owner, &json!({ "name": "Key", "scopes": ["links:read"] })).await;
    let refused = client.mark_link_printed(call(&reader, mark.clone())).await.expect_err("no right");
    assert_eq!(refused.code(), Code::PermissionDenied);
    let marked = client.mark_link_printed(call(&owner, mark)).await.expect("the link").into_inner().link;
    assert!(marked.is_some_and(|link| link.printed_at.is_some()));
    let path = format!("/links/{link_id}");
    assert_eq!(body(platform.of(&owner, Method::DELETE, &path), StatusCode::CONFLICT).await["code"], "printed");
    let unmark = v1::UnmarkLinkPrintedRequest { workspace_id: owner.workspace.clone(), link_id };
    let unmarked = client.unmark_link_printed(call(&owner, unmark)).await.expect("the link").into_inner().link;
    assert!(unmarked.is_some_and(|link| link.printed_at.is_none()));
    body(platform.of(&owner, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
}
