//! A link that is put by its external id: the same request once more changes nothing, and nothing is lost that it does not name.

use elido::infra::grpc::v1;
use elido::infra::grpc::v1::links_client::LinksClient;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tonic::metadata::MetadataValue;

use crate::domains::{claim, path, start};
use crate::support::platform::{Account, Platform, body};

const PUT: &str = "/links-by-external-id/crm-7";

async fn put(platform: &Platform, account: &Account, link: &Value, status: StatusCode) -> Value {
    body(platform.of(account, Method::PUT, PUT).json(link), status).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_once_more_changes_nothing_whatever_template_and_domain_give() {
    let (platform, _dns, account) = start().await;
    let domain = claim(&platform, &account, "bücher.example").await;
    let given = json!({ "default_redirect_status": 301, "utm": { "medium": "poster" } });
    body(platform.of(&account, Method::PATCH, &path(&domain)).json(&given), StatusCode::OK).await;
    let template = json!({ "name": "News", "utm": { "source": "news" } });
    let template =
        body(platform.of(&account, Method::POST, "/utm-templates").json(&template), StatusCode::CREATED).await;
    let link = |domain: &str| json!({ "destination_url": "https://example.com/", "domain": domain });
    let with = |mut link: Value, field: &str, value: &Value| {
        link[field] = value.clone();
        link
    };

    let made = put(&platform, &account, &link("bücher.example"), StatusCode::CREATED).await;
    assert_eq!((&made["redirect_status"], &made["utm"]), (&json!(301), &json!({ "medium": "poster" })));
    for name in ["bücher.example", "BÜCHER.example.", "xn--bcher-kva.example"] {
        assert_eq!(put(&platform, &account, &link(name), StatusCode::OK).await, made, "{name}");
    }
    let absent = json!({ "destination_url": "https://example.com/" });
    assert_eq!(put(&platform, &account, &absent, StatusCode::OK).await, made, "the domain stays");
    let refused = put(&platform, &account, &link("localhost"), StatusCode::CONFLICT).await;
    assert_eq!(refused["code"], "on_another_domain");
    let refused = put(&platform, &account, &link("https://bücher.example"), StatusCode::BAD_REQUEST).await;
    assert_eq!(refused["errors"][0]["pointer"], "/domain");

    let templated = with(link("bücher.example"), "utm_template_id", &template["id"]);
    let first = put(&platform, &account, &templated, StatusCode::OK).await;
    assert_eq!((&first["utm"], &first["version"]), (&json!({ "source": "news" }), &json!(2)));
    assert_eq!(put(&platform, &account, &templated, StatusCode::OK).await, first);
    let own = with(templated, "utm", &json!({ "source": "own", "term": "t" }));
    let own = put(&platform, &account, &own, StatusCode::OK).await;
    assert_eq!(own["utm"], json!({ "source": "own", "term": "t" }));
    let unknown = with(link("bücher.example"), "utm_template_id", &json!("utm_0190b8f20000700080000000000000aa"));
    let refused = put(&platform, &account, &unknown, StatusCode::BAD_REQUEST).await;
    assert_eq!(refused["errors"][0]["pointer"], "/utm_template_id");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_stays_unless_it_is_taken_away() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let link = json!({ "destination_url": "https://example.com/", "slug": "safe", "password": "secret" });
    let made = put(&platform, &account, &link, StatusCode::CREATED).await;
    assert_eq!(put(&platform, &account, &link, StatusCode::OK).await, made, "the same password is no change");
    let without = json!({ "destination_url": "https://example.com/", "slug": "safe" });
    assert_eq!(put(&platform, &account, &without, StatusCode::OK).await, made);
    assert_ne!(platform.visit("/safe").await.status(), StatusCode::FOUND, "it asks for its password");
    let other = json!({ "destination_url": "https://example.com/", "slug": "safe", "password": "other" });
    assert_eq!(put(&platform, &account, &other, StatusCode::OK).await["version"], 2);
    let long = json!({ "destination_url": "https://example.com/", "password": "x".repeat(129) });
    let refused = put(&platform, &account, &long, StatusCode::BAD_REQUEST).await;
    assert_eq!(refused["errors"][0]["pointer"], "/password");
    let open = json!({ "destination_url": "https://example.com/", "slug": "safe", "password": null });
    let opened = put(&platform, &account, &open, StatusCode::OK).await;
    assert_eq!(opened["version"], 3);
    assert_eq!(put(&platform, &account, &open, StatusCode::OK).await, opened);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_printed_link_is_put_by_whoever_knows_that_it_is_printed() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let link =
        |to: &str, confirmed: bool| json!({ "destination_url": to, "slug": "poster", "confirm_printed": confirmed });
    let made = put(&platform, &account, &link("https://example.com/", false), StatusCode::CREATED).await;
    let printed = format!("/links/{}/printed", made["id"].as_str().expect("an id"));
    body(platform.of(&account, Method::PUT, &printed), StatusCode::OK).await;
    put(&platform, &account, &link("https://example.com/", false), StatusCode::OK).await;
    let refused = put(&platform, &account, &link("https://example.com/new", false), StatusCode::CONFLICT).await;
    assert_eq!(refused["code"], "printed");
    let changed = put(&platform, &account, &link("https://example.com/new", true), StatusCode::OK).await;
    assert_eq!(changed["destination_url"], "https://example.com/new");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_grpc_a_link_is_put_in_the_same_way() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let mut client = LinksClient::connect(platform.grpc()).await.expect("a connection");
    let credential = MetadataValue::try_from(format!("Bearer {}", account.token)).expect("a header");
    let request = |to: &str, password: Option<&str>| v1::PutLinkByExternalIdRequest {
        workspace_id: account.workspace.clone(),
        external_id: "crm-7".to_owned(),
        content: Some(v1::LinkContent {
            destination_url: Some(to.to_owned()),
            password: password.map(str::to_owned),
            ..Default::default()
        }),
        ..Default::default()
    };
    let mut put = async |message: v1::PutLinkByExternalIdRequest| {
        let mut call = tonic::Request::new(message);
        call.metadata_mut().insert("authorization", credential.clone());
        client.put_link_by_external_id(call).await.map(|answer| answer.into_inner().link.expect("a link"))
    };
    let here = "https://example.com/";
    let made = put(request(here, Some("secret"))).await.expect("a link");
    assert_eq!(put(request(here, None)).await.expect("a link"), made, "the password stays");
    let both = v1::PutLinkByExternalIdRequest { clear_password: true, ..request(here, Some("secret")) };
    assert_eq!(put(both).await.expect_err("both at once").code(), tonic::Code::InvalidArgument);
    let open = v1::PutLinkByExternalIdRequest { clear_password: true, ..request(here, None) };
    let opened = put(open).await.expect("a link");
    assert_eq!(opened.version, made.version + 1);
    body(platform.of(&account, Method::PUT, &format!("/links/{}/printed", made.id)), StatusCode::OK).await;
    let elsewhere = request("https://example.com/new", None);
    assert!(put(elsewhere.clone()).await.is_err(), "it is printed");
    let known = v1::PutLinkByExternalIdRequest { confirm_printed: true, ..elsewhere };
    assert_eq!(put(known).await.expect("a link").destination_url, "https://example.com/new");
}
