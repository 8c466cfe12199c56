//! Evidence exports and consumers of events over gRPC: what REST does, with its rights.

use elido::domain::role::Role;
use elido::infra::grpc::v1;
use elido::infra::grpc::v1::event_consumers_client::EventConsumersClient;
use elido::infra::grpc::v1::evidence_exports_client::EvidenceExportsClient;
use serde_json::json;
use tonic::{Code, Request};

use crate::event_failures::{set_aside, store_of};
use crate::support::members::member;
use crate::support::platform::{Account, Platform, eventually};

fn call<T>(account: &Account, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let bearer = format!("Bearer {}", account.token);
    request.metadata_mut().insert("authorization", bearer.parse().expect("a header"));
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_asked_for_followed_and_linked() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let workspace_id = owner.workspace.clone();
    let client = EvidenceExportsClient::connect(platform.grpc()).await.expect("a connection");
    let create =
        |through| v1::CreateEvidenceExportRequest { workspace_id: workspace_id.clone(), through, ..Default::default() };
    let ask = |who: &Account, through| {
        let (mut client, request) = (client.clone(), call(who, create(through)));
        async move { client.create_evidence_export(request).await }
    };
    assert_eq!(ask(&editor, None).await.expect_err("refused").code(), Code::PermissionDenied);
    assert_eq!(ask(&owner, Some(99)).await.expect_err("no such row").code(), Code::InvalidArgument);
    let made = ask(&owner, None).await.expect("an export").into_inner().evidence_export.expect("an export");
    assert_eq!((made.after, made.state()), (0, v1::EvidenceState::Pending));

    let get = || {
        let (workspace_id, evidence_export_id) = (workspace_id.clone(), made.id.clone());
        let request = call(&owner, v1::GetEvidenceExportRequest { workspace_id, evidence_export_id });
        let mut client = client.clone();
        async move {
            let found = client.get_evidence_export(request).await.expect("an export").into_inner();
            found.evidence_export.expect("an export")
        }
    };
    eventually("it is written", || async { get().await.state() == v1::EvidenceState::Ready }).await;
    let ready = get().await;
    let link = v1::GetEvidenceExportLinkRequest { workspace_id: workspace_id.clone(), evidence_export_id: made.id };
    let link = client.clone().get_evidence_export_link(call(&owner, link)).await.expect("a link").into_inner();
    let path = link.url.strip_prefix("http://localhost:8090").expect("an address of the API");
    let archive = platform.client.get(platform.api(path)).send().await.expect("a response");
    let archive = archive.bytes().await.expect("a body");
    assert_eq!(ready.bytes, i64::try_from(archive.len()).ok());
    let list = v1::ListEvidenceExportsRequest { workspace_id, limit: Some(1), cursor: None };
    let listed = client.clone().list_evidence_exports(call(&owner, list)).await.expect("a page").into_inner();
    assert_eq!((listed.evidence_exports, listed.next_cursor), (vec![ready], None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_consumer_set_aside_is_read_tried_again_and_discarded() {
    let platform = Platform::start().await;
    let admin = platform.account().await;
    platform.create_link(&admin, &json!({ "destination_url": "https://example.com/" })).await;
    let other = member(&platform, &admin, "other@example.com", Role::Owner).await;
    let sequences = set_aside(&store_of(&platform).await, "stubborn", 2).await;
    let mut client = EventConsumersClient::connect(platform.grpc()).await.expect("a connection");
    let all = v1::ListEventConsumersRequest {};
    assert_eq!(
        client.list_event_consumers(call(&other, all)).await.expect_err("refused").code(),
        Code::PermissionDenied
    );
    let consumers = client.list_event_consumers(call(&admin, all)).await.expect("consumers").into_inner();
    let stubborn = consumers.event_consumers.iter().find(|consumer| consumer.name == "stubborn").expect("the consumer");
    assert_eq!((stubborn.set_aside, stubborn.waiting), (2, 0));

    let list = |after| v1::ListEventFailuresRequest {
        consumer: "stubborn".to_owned(),
        limit: Some(1),
        after,
        state: v1::EventFailureState::SetAside.into(),
    };
    let page = client.list_event_failures(call(&admin, list(0))).await.expect("failures").into_inner().event_failures;
    let numbers: Vec<_> = page.iter().map(|failure| failure.event.as_ref().map(|event| event.sequence)).collect();
    assert_eq!(numbers, [Some(sequences[0])]);
    let page = client.list_event_failures(call(&admin, list(sequences[0]))).await.expect("failures").into_inner();
    assert_eq!(page.event_failures.len(), 1);

    let (consumer, sequence) = ("stubborn".to_owned(), sequences[0]);
    let retry = || v1::RetryEventFailureRequest { consumer: consumer.clone(), sequence };
    let retried = client.retry_event_failure(call(&admin, retry())).await.expect("a failure").into_inner();
    assert_eq!(retried.event_failure.expect("a failure").state(), v1::EventFailureState::Waiting);
    assert_eq!(client.retry_event_failure(call(&admin, retry())).await.expect_err("waits").code(), Code::AlreadyExists);
    let discard = v1::DiscardEventFailureRequest { consumer, sequence: sequences[1] };
    client.discard_event_failure(call(&admin, discard.clone())).await.expect("gone");
    assert_eq!(client.discard_event_failure(call(&admin, discard)).await.expect_err("gone").code(), Code::NotFound);
}
