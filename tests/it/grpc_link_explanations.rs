//! Where a described visitor would go, over gRPC: what REST says.

use elido::infra::grpc::v1::link_explanations_client::LinkExplanationsClient;
use elido::infra::grpc::v1::{
    DescribedVisitor, ExplainDraftRequest, ExplainLinkRequest, ExplainedState, LinkContent, LinkExplanation,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::support::platform::{Account, Platform, body};

fn call<T>(account: &Account, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let credential = MetadataValue::try_from(format!("Bearer {}", account.token)).expect("a header");
    request.metadata_mut().insert("authorization", credential);
    request
}

fn from_bavaria() -> DescribedVisitor {
    DescribedVisitor {
        region: Some("DE-BY".to_owned()),
        user_agent: "curl/8.5.0".to_owned(),
        ..DescribedVisitor::default()
    }
}

/// What REST says of the same, without the moment.
fn as_rest(explanation: &LinkExplanation) -> Value {
    let read = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    json!({
        "state": explanation.state().as_str_name().trim_start_matches("EXPLAINED_STATE_").to_lowercase(),
        "destination_url": explanation.destination_url,
        "agent": read(&explanation.agent_json),
        "country": explanation.country,
        "subdivision": explanation.subdivision,
        "explanation": read(&explanation.explanation_json),
    })
}

/// The fields at fault.
fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = &details.bad_request().expect("fields at fault").field_violations;
    violations.iter().map(|violation| violation.field.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_visitor_would_go_is_explained_as_over_rest() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let rules = json!([{ "name": "bavaria", "conditions": [{ "type": "regions", "any_of": ["DE-BY"] }],
        "outcome": { "type": "destination", "destination_url": "https://example.com/by" } }]);
    let link =
        platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "rules": rules })).await;
    let (workspace_id, link_id) = (account.workspace.clone(), link["id"].as_str().expect("an id").to_owned());
    let mut client = LinkExplanationsClient::connect(platform.grpc()).await.expect("a connection");

    let path = format!("/links/{link_id}/resolve");
    let visitor = json!({ "region": "DE-BY", "user_agent": "curl/8.5.0" });
    let mut rest = body(platform.of(&account, Method::POST, &path).json(&visitor), StatusCode::OK).await;
    rest.as_object_mut().expect("an object").remove("at").expect("a moment");
    let visitor = Some(from_bavaria());
    let ask = ExplainLinkRequest { workspace_id: workspace_id.clone(), link_id: link_id.clone(), visitor };
    let explained = client.explain_link(call(&account, ask.clone())).await.expect("an explanation").into_inner();
    let explanation = explained.explanation.expect("an explanation");
    assert_eq!(as_rest(&explanation), rest);
    assert_eq!(explanation.state(), ExplainedState::Redirects);
    assert!(explanation.at.is_some());

    let content = Some(LinkContent {
        destination_url: Some("https://example.com/".to_owned()),
        rules_json: Some(rules.to_string()),
        ..LinkContent::default()
    });
    let draft = ExplainDraftRequest { workspace_id, content, link_id: Some(link_id), visitor: Some(from_bavaria()) };
    let explained = client.explain_draft(call(&account, draft.clone())).await.expect("an explanation").into_inner();
    assert_eq!(as_rest(&explained.explanation.expect("an explanation")), rest);

    let unknown = ExplainLinkRequest { link_id: format!("lnk_{}", "0".repeat(32)), ..ask.clone() };
    assert_eq!(client.explain_link(call(&account, unknown)).await.expect_err("a refusal").code(), Code::NotFound);
    let visitor = Some(DescribedVisitor { region: Some("Bavaria".to_owned()), ..DescribedVisitor::default() });
    let wrong = client.explain_link(call(&account, ExplainLinkRequest { visitor: visitor.clone(), ..ask })).await;
    assert_eq!(fields(&wrong.expect_err("a refusal")), ["/region"]);
    let wrong = client.explain_draft(call(&account, ExplainDraftRequest { visitor, ..draft.clone() })).await;
    assert_eq!(fields(&wrong.expect_err("a refusal")), ["/visitor/region"]);
    let content = Some(LinkContent { destination_url: Some("not an address".to_owned()), ..LinkContent::default() });
    let wrong = client.explain_draft(call(&account, ExplainDraftRequest { content, ..draft })).await;
    assert_eq!(fields(&wrong.expect_err("a refusal")), ["/link/destination_url"]);
}
