//! Calls that are repeated under one `idempotency-key` do their work once, by the same keys as over REST.

use elido::infra::grpc::v1::api_keys_client::ApiKeysClient;
use elido::infra::grpc::v1::links_client::LinksClient;
use elido::infra::grpc::v1::{
    CreateApiKeyRequest, CreateLinkRequest, DeleteLinkRequest, GetLinkRequest, LinkContent, ListLinksRequest,
};
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::support::members::key;
use crate::support::platform::{Account, Platform, body};

/// A call of an account under a key.
fn call<T>(account: &Account, key: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let credential = MetadataValue::try_from(format!("Bearer {}", account.token)).expect("a header");
    request.metadata_mut().insert("authorization", credential);
    request.metadata_mut().insert("idempotency-key", MetadataValue::try_from(key).expect("a header"));
    request
}

fn draft(account: &Account, destination: &str) -> CreateLinkRequest {
    let destination_url = Some(destination.to_owned());
    let content = Some(LinkContent { destination_url, ..Default::default() });
    CreateLinkRequest { workspace_id: account.workspace.clone(), content, ..Default::default() }
}

async fn links(platform: &Platform) -> LinksClient<Channel> {
    LinksClient::connect(platform.grpc()).await.expect("a connection")
}

async fn count_links(platform: &Platform, account: &Account) -> usize {
    platform.read(account, "/links?limit=100").await["data"].as_array().expect("links").len()
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().expect("a code").reason.clone()
}

const HERE: &str = "https://example.com/";

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_call_gets_the_first_answer_and_another_one_is_refused() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let mut client = links(&platform).await;
    let first = client.create_link(call(&account, "a", draft(&account, HERE))).await.expect("a link");
    assert_eq!(first.metadata().get("idempotency-replayed"), None);
    let second = client.create_link(call(&account, "a", draft(&account, HERE))).await.expect("the same link");
    assert_eq!(second.metadata().get("idempotency-replayed").map(MetadataValue::as_bytes), Some("true".as_bytes()));
    let (first, second) = (first.into_inner(), second.into_inner());
    assert_eq!(first, second);
    assert_eq!(count_links(&platform, &account).await, 1);

    let other = draft(&account, "https://example.com/other");
    let other = client.create_link(call(&account, "a", other)).await.expect_err("another message");
    assert_eq!((other.code(), reason(&other).as_str()), (Code::FailedPrecondition, "idempotency_key_reused"));
    let link_id = first.link.expect("the link").id;
    let delete = DeleteLinkRequest { workspace_id: account.workspace.clone(), link_id, ..Default::default() };
    let other = client.delete_link(call(&account, "a", delete.clone())).await.expect_err("another method");
    assert_eq!(reason(&other), "idempotency_key_reused");
    let nothing = client.create_link(call(&account, "a b", draft(&account, HERE))).await.expect_err("no key");
    assert_eq!((nothing.code(), reason(&nothing).as_str()), (Code::InvalidArgument, "invalid_request"));

    // Deleted once, however often that is asked for.
    client.delete_link(call(&account, "b", delete.clone())).await.expect("it is deleted");
    client.delete_link(call(&account, "b", delete.clone())).await.expect("the same answer");
    assert_eq!(client.delete_link(call(&account, "c", delete)).await.expect_err("it is gone").code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_the_same_over_rest_and_grpc() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let mut client = links(&platform).await;
    let by_rest = |key: &str| {
        let request = platform.of(&account, Method::POST, "/links").header("idempotency-key", key);
        request.json(&json!({ "destination_url": HERE }))
    };
    body(by_rest("rest"), StatusCode::CREATED).await;
    let refused = client.create_link(call(&account, "rest", draft(&account, HERE))).await.expect_err("it was used");
    assert_eq!(reason(&refused), "idempotency_key_reused");
    client.create_link(call(&account, "grpc", draft(&account, HERE))).await.expect("a link");
    assert_eq!(body(by_rest("grpc"), StatusCode::UNPROCESSABLE_ENTITY).await["code"], "idempotency_key_reused");
    assert_eq!(count_links(&platform, &account).await, 2);

    // A key belongs to a credential.
    let (program, _) = key(&platform, &account, &json!({ "name": "Test", "scopes": ["links:write"] })).await;
    client.create_link(call(&program, "grpc", draft(&account, HERE))).await.expect("a link of another caller");
    assert_eq!(count_links(&platform, &account).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_once_under_one_key_make_one_link() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = links(&platform).await;
    let ask = async || loop {
        match client.clone().create_link(call(&account, "one", draft(&account, HERE))).await {
            Ok(made) => return made.into_inner().link.expect("the link").id,
            Err(status) => {
                assert_eq!(reason(&status), "idempotency_key_in_flight", "{status}");
                let wait = status.get_error_details().retry_info().and_then(|retry| retry.retry_delay);
                assert!(wait.is_some_and(|wait| wait.as_secs() <= 60), "{wait:?}");
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
    };
    let ids = join_all((0..32).map(|_| ask())).await;
    assert!(ids.iter().all(|id| *id == ids[0]), "all got the same link");
    assert_eq!(count_links(&platform, &account).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_repeated_to_its_owner_and_a_refusal_too_but_reading_takes_no_key() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let mut keys = ApiKeysClient::connect(platform.grpc()).await.expect("a connection");
    let make = || CreateApiKeyRequest {
        workspace_id: account.workspace.clone(),
        name: "CI".to_owned(),
        scopes: vec!["links:read".to_owned()],
        ..Default::default()
    };
    let first = keys.create_api_key(call(&account, "k", make())).await.expect("a key").into_inner();
    let second = keys.create_api_key(call(&account, "k", make())).await.expect("the same key").into_inner();
    assert_eq!(first, second);
    assert_eq!(platform.read(&account, "/api-keys").await["data"].as_array().map(Vec::len), Some(1));

    let mut client = links(&platform).await;
    let nowhere = || call(&account, "n", draft(&account, "nowhere"));
    let refused = client.create_link(nowhere()).await.expect_err("no URL");
    let again = client.create_link(nowhere()).await.expect_err("no URL");
    assert_eq!(
        (refused.code(), refused.message(), refused.details()),
        (again.code(), again.message(), again.details())
    );
    assert_eq!(again.metadata().get("idempotency-replayed").map(MetadataValue::as_bytes), Some("true".as_bytes()));
    client.create_link(call(&account, "other", draft(&account, HERE))).await.expect("a link");

    let list = || ListLinksRequest { workspace_id: account.workspace.clone(), ..Default::default() };
    let before = client.list_links(call(&account, "l", list())).await.expect("a list").into_inner().links;
    client.create_link(call(&account, "l", draft(&account, HERE))).await.expect("a link");
    let after = client.list_links(call(&account, "l", list())).await.expect("a list").into_inner().links;
    assert_eq!((before.len(), after.len()), (1, 2));
    let get = GetLinkRequest { workspace_id: account.workspace.clone(), link_id: after[0].id.clone() };
    client.get_link(call(&account, "l", get)).await.expect("a link");
    let nobody = Account { token: "elido_nobody".to_owned(), workspace: account.workspace.clone() };
    let unknown = client.create_link(call(&nobody, "u", draft(&account, HERE))).await.expect_err("nobody");
    assert_eq!(unknown.code(), Code::Unauthenticated);
}
