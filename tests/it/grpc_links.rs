//! Links over gRPC: the same links, rights, checks and errors as over REST.

use elido::infra::grpc::v1::links_client::LinksClient;
use elido::infra::grpc::v1::{
    ClickBudget, CountLinksRequest, CreateLinkRequest, DeleteLinkRequest, DrawQrCodeRequest, FindLinkRequest,
    ForwardQuery, GetLinkRequest, IfExists, Link, LinkContent, LinkOrder, LinkPreview, ListLinksRequest,
    UpdateLinkRequest, Utm,
};
use http::uri::PathAndQuery;
use prost_types::{FieldMask, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tonic::client::Grpc;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_types::StatusExt;

use crate::support::platform::{Account, Platform, body};

/// A program of the cluster with a credential.
struct Program {
    client: LinksClient<Channel>,
    token: String,
    workspace: String,
}

impl Program {
    async fn of(platform: &Platform, account: &Account) -> Self {
        let client = LinksClient::connect(platform.grpc()).await.expect("a connection");
        Self { client, token: account.token.clone(), workspace: account.workspace.clone() }
    }

    fn call<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let credential = MetadataValue::try_from(format!("Bearer {}", self.token)).expect("a header");
        request.metadata_mut().insert("authorization", credential);
        request
    }

    async fn create(&mut self, content: LinkContent) -> Result<Link, Status> {
        let workspace_id = self.workspace.clone();
        let request = self.call(CreateLinkRequest { workspace_id, content: Some(content), ..Default::default() });
        self.client.create_link(request).await.map(|response| response.into_inner().link.expect("the link"))
    }

    async fn get(&mut self, id: &str) -> Result<Link, Status> {
        let request = self.call(GetLinkRequest { workspace_id: self.workspace.clone(), link_id: id.to_owned() });
        self.client.get_link(request).await.map(|response| response.into_inner().link.expect("the link"))
    }

    async fn update(&mut self, link: &Link, content: LinkContent, fields: &[&str]) -> Result<Link, Status> {
        let paths = fields.iter().map(|&field| field.to_owned()).collect();
        let request = self.call(UpdateLinkRequest {
            workspace_id: self.workspace.clone(),
            link_id: link.id.clone(),
            version: Some(link.version),
            content: Some(content),
            update_mask: Some(FieldMask { paths }),
            ..UpdateLinkRequest::default()
        });
        self.client.update_link(request).await.map(|response| response.into_inner().link.expect("the link"))
    }
}

fn leading_to(destination: &str) -> LinkContent {
    LinkContent { destination_url: Some(destination.to_owned()), ..LinkContent::default() }
}

fn rules() -> Value {
    json!([{"name": "bots", "conditions": [{"type": "bots"}], "outcome":
        {"type": "destination", "destination_url": "https://example.com/bots"}}])
}

/// The fields at fault, and the code of each.
fn violations(status: &Status) -> Vec<(String, String)> {
    let details = status.get_error_details();
    let violations = &details.bad_request().expect("fields at fault").field_violations;
    let code = |text: &str| text.split(':').next().unwrap_or_default().to_owned();
    violations.iter().map(|violation| (violation.field.clone(), code(&violation.description))).collect()
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().expect("a code").reason.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_the_same_link_over_both_protocols() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let mut program = Program::of(&platform, &account).await;
    let content = LinkContent {
        slug: Some("spring".to_owned()),
        redirect_status: Some(307),
        title: Some("Spring".to_owned()),
        tags: vec!["summer".to_owned()],
        expires_at: Some(Timestamp { seconds: 4_000_000_000, nanos: 500_000_000 }),
        max_clicks: Some(10),
        click_budget: Some(ClickBudget { clicks: 3, period: "week".to_owned(), time_zone: "Europe/Berlin".to_owned() }),
        preview: Some(LinkPreview { title: Some("A card".to_owned()), ..LinkPreview::default() }),
        robots: Some("noindex".to_owned()),
        ios_url: Some("https://example.com/ios".to_owned()),
        password: Some("open sesame".to_owned()),
        forward_query: ForwardQuery::VisitorWins.into(),
        utm: Some(Utm { source: Some("letter".to_owned()), ..Utm::default() }),
        rules_json: Some(rules().to_string()),
        ..leading_to("https://example.com/")
    };
    let link = program.create(content).await.expect("a link");
    let over_rest = platform.read(&account, &format!("/links/{}", link.id)).await;
    for (field, value) in [
        ("slug", json!("spring")),
        ("redirect_status", json!(307)),
        ("tags", json!(["summer"])),
        ("expires_at", json!("2096-10-02T07:06:40.500000Z")),
        ("max_clicks", json!(10)),
        ("click_budget", json!({"clicks": 3, "period": "week", "time_zone": "Europe/Berlin"})),
        ("preview", json!({"title": "A card", "description": null, "image_url": null})),
        ("robots", json!("noindex")),
        ("ios_url", json!("https://example.com/ios")),
        ("password_protected", json!(true)),
        ("forward_query", json!("visitor_wins")),
        ("utm", json!({"source": "letter"})),
        ("rules", rules()),
        ("short_url", json!(link.short_url)),
        ("version", json!(link.version)),
    ] {
        assert_eq!(over_rest[field], value, "{field}");
    }
    assert_eq!(program.get(&link.id).await.expect("the link"), link);
    let find = program.call(FindLinkRequest {
        workspace_id: account.workspace.clone(),
        domain: link.domain.clone(),
        slug: "spring".to_owned(),
    });
    let found = program.client.find_link(find).await.expect("the link").into_inner().link;
    assert_eq!(found.as_ref(), Some(&link));

    let edit = LinkContent { title: Some("ignored".to_owned()), ..leading_to("https://example.com/new") };
    let mask = ["destination_url", "expires_at", "tags", "rules_json", "utm", "password"];
    let edited = program.update(&link, edit, &mask).await.expect("the link");
    assert_eq!((edited.destination_url.as_str(), edited.version), ("https://example.com/new", link.version + 1));
    assert_eq!((edited.title.as_deref(), edited.max_clicks), (Some("Spring"), Some(10)), "what is not named stays");
    assert_eq!((edited.expires_at, edited.tags.len(), edited.rules_json.as_str()), (None, 0, "[]"));
    assert_eq!((edited.utm, edited.password_protected), (Some(Utm::default()), false));

    let stale = program.update(&link, leading_to("https://example.com/late"), &["destination_url"]).await;
    let stale = stale.expect_err("a refusal");
    assert_eq!((stale.code(), reason(&stale).as_str()), (Code::FailedPrecondition, "version_mismatch"));

    let code = DrawQrCodeRequest {
        workspace_id: account.workspace.clone(),
        link_id: link.id.clone(),
        format: Some("pdf".to_owned()),
        ..DrawQrCodeRequest::default()
    };
    let drawn = program.client.draw_qr_code(program.call(code.clone())).await.expect("a code").into_inner();
    assert_eq!((drawn.content_type.as_str(), drawn.file.starts_with(b"%PDF-1.4")), ("application/pdf", true));
    assert!(program.get(&link.id).await.expect("the link").printed_at.is_some());
    let faint = DrawQrCodeRequest { foreground: Some("#eeeeee".to_owned()), ..code };
    let refused = program.client.draw_qr_code(program.call(faint)).await.expect_err("it would not scan");
    assert_eq!(violations(&refused), [("/foreground".to_owned(), "too_little_contrast".to_owned())]);

    let delete =
        DeleteLinkRequest { workspace_id: account.workspace.clone(), link_id: link.id.clone(), ..Default::default() };
    let refused = program.client.delete_link(program.call(delete.clone())).await.expect_err("it may be in print");
    assert_eq!(refused.code(), Code::AlreadyExists);
    let confirmed = DeleteLinkRequest { confirm_printed: true, ..delete };
    program.client.delete_link(program.call(confirmed)).await.expect("it goes");
    assert_eq!(program.get(&link.id).await.expect_err("it is gone").code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_the_fields_and_codes_of_rest() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let mut program = Program::of(&platform, &account).await;
    let wrong = json!({"destination_url": "nowhere", "slug": "a b", "max_clicks": 0, "title": ""});
    let over_rest = body(platform.of(&account, Method::POST, "/links").json(&wrong), StatusCode::BAD_REQUEST).await;
    let text = |error: &Value, field: &str| error[field].as_str().expect("a text").to_owned();
    let errors = over_rest["errors"].as_array().expect("the fields at fault");
    let expected: Vec<_> = errors.iter().map(|error| (text(error, "pointer"), text(error, "code"))).collect();
    assert_eq!(expected.len(), 4, "{over_rest}");
    let content = LinkContent {
        slug: Some("a b".to_owned()),
        max_clicks: Some(0),
        title: Some(String::new()),
        ..leading_to("nowhere")
    };
    let refused = program.create(content).await.expect_err("a refusal");
    assert_eq!((refused.code(), reason(&refused)), (Code::InvalidArgument, text(&over_rest, "code")));
    assert_eq!(violations(&refused), expected);

    for (content, pointer) in [
        (LinkContent::default(), ""),
        (LinkContent { rules_json: Some("[".to_owned()), ..leading_to("https://example.com/") }, "/rules"),
        (LinkContent { rules_json: Some("[{}]".to_owned()), ..leading_to("https://example.com/") }, "/rules/0"),
        (LinkContent { redirect_status: Some(200), ..leading_to("https://example.com/") }, "/redirect_status"),
        (LinkContent { forward_query: 9, ..leading_to("https://example.com/") }, "/forward_query"),
    ] {
        let refused = program.create(content).await.expect_err("a refusal");
        let found = violations(&refused);
        assert!(found.iter().all(|(field, _)| field.starts_with(pointer)), "{pointer}: {found:?}");
    }

    let link = program.create(LinkContent { slug: Some("one".to_owned()), ..leading_to("https://example.com/") });
    let link = link.await.expect("a link");
    let taken = LinkContent { slug: Some("one".to_owned()), ..leading_to("https://example.com/") };
    assert_eq!(program.create(taken).await.expect_err("a refusal").code(), Code::AlreadyExists);
    for mask in [["slug"].as_slice(), &["colour"], &["title", "title"], &["utm.source"]] {
        let refused = program.update(&link, LinkContent::default(), mask).await.expect_err("a refusal");
        assert_eq!(refused.code(), Code::InvalidArgument, "{mask:?}");
    }
    let refused = program.get("lnk_1").await.expect_err("a refusal");
    assert_eq!(violations(&refused), [("link_id".to_owned(), "invalid_id".to_owned())]);
    let huge = LinkContent { comment: Some("x".repeat(5_000_000)), ..leading_to("https://example.com/") };
    assert_eq!(program.create(huge).await.expect_err("a refusal").code(), Code::OutOfRange);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identical_link_is_answered_if_the_caller_wants_that() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let mut program = Program::of(&platform, &account).await;
    let mut existed = Vec::new();
    for if_exists in [IfExists::Return, IfExists::Return, IfExists::Unspecified] {
        let request = CreateLinkRequest {
            workspace_id: account.workspace.clone(),
            if_exists: if_exists.into(),
            content: Some(leading_to("https://example.com/")),
            ..CreateLinkRequest::default()
        };
        existed.push(program.client.create_link(program.call(request)).await.expect("a response").into_inner().existed);
    }
    assert_eq!(existed, [false, true, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_reaches_as_far_as_its_credential() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let other = platform.sign_in().await;
    let mut program = Program::of(&platform, &account).await;
    let link = program.create(leading_to("https://example.com/")).await.expect("a link");

    let unsigned = GetLinkRequest { workspace_id: account.workspace.clone(), link_id: link.id.clone() };
    let refused = program.client.get_link(unsigned).await.expect_err("a refusal");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unauthenticated, "unauthenticated"));

    let make = platform.of(&account, Method::POST, "/api-keys");
    let key = body(make.json(&json!({"name": "reader", "scopes": ["links:read"]})), StatusCode::CREATED).await;
    let token = key["key"].as_str().or(key["token"].as_str()).expect("a key").to_owned();
    let mut reader = Program { token, ..Program::of(&platform, &account).await };
    assert_eq!(reader.get(&link.id).await.expect("the link"), link);
    let refused = reader.create(leading_to("https://example.com/")).await.expect_err("a refusal");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, "missing_scope"));
    reader.workspace = other.workspace.clone();
    assert_eq!(reader.get(&link.id).await.expect_err("a refusal").code(), Code::NotFound, "a key of elsewhere");

    let mut elsewhere = Program::of(&platform, &other).await;
    assert_eq!(elsewhere.get(&link.id).await.expect_err("a refusal").code(), Code::NotFound, "a link of elsewhere");
    let edit = elsewhere.update(&link, leading_to("https://example.com/"), &["destination_url"]).await;
    assert_eq!(edit.expect_err("a refusal").code(), Code::NotFound);
    elsewhere.token.push('x');
    assert_eq!(elsewhere.get(&link.id).await.expect_err("a refusal").code(), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_every_link_once_and_cursors_keep_to_their_query() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let mut program = Program::of(&platform, &account).await;
    for number in 0..7 {
        let tags = if number % 2 == 0 { vec!["even".to_owned()] } else { Vec::new() };
        let content = LinkContent { tags, slug: Some(format!("l{number}")), ..leading_to("https://example.com/") };
        program.create(content).await.expect("a link");
    }
    let query = ListLinksRequest {
        workspace_id: account.workspace.clone(),
        limit: Some(3),
        order: LinkOrder::CreatedAscending.into(),
        ..ListLinksRequest::default()
    };
    let (mut slugs, mut cursor) = (Vec::new(), None);
    loop {
        let request = program.call(ListLinksRequest { cursor, ..query.clone() });
        let page = program.client.list_links(request).await.expect("a page").into_inner();
        assert!(page.links.len() <= 3);
        slugs.extend(page.links.into_iter().map(|link| link.slug));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(slugs, ["l0", "l1", "l2", "l3", "l4", "l5", "l6"]);

    let even = ListLinksRequest { tag: Some("EVEN".to_owned()), limit: Some(2), ..query.clone() };
    let page = program.client.list_links(program.call(even.clone())).await.expect("a page").into_inner();
    assert_eq!(page.links.len(), 2);
    let count = CountLinksRequest {
        workspace_id: account.workspace.clone(),
        tag: even.tag.clone(),
        ..CountLinksRequest::default()
    };
    let counted = program.client.count_links(program.call(count.clone())).await.expect("a number").into_inner();
    assert_eq!(counted.links, 4);
    let count = CountLinksRequest { created_by: Some("me".to_owned()), ..count };
    let refused = program.client.count_links(program.call(count)).await.expect_err("a refusal");
    assert_eq!(violations(&refused).len(), 1);
    for wrong in [
        ListLinksRequest { tag: None, cursor: page.next_cursor.clone(), ..even.clone() },
        ListLinksRequest { cursor: Some("nonsense".to_owned()), ..even.clone() },
        ListLinksRequest { limit: Some(101), ..even.clone() },
        ListLinksRequest { order: 77, ..even.clone() },
        ListLinksRequest { created_by: Some("me".to_owned()), ..even.clone() },
    ] {
        let refused = program.client.list_links(program.call(wrong)).await.expect_err("a refusal");
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(violations(&refused).len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_listener_describes_its_services() {
    let platform = Platform::start().await;
    let channel = Channel::from_shared(platform.grpc()).expect("an address").connect().await.expect("a connection");
    let mut reflection = ServerReflectionClient::new(channel);
    let ask = |question| ServerReflectionRequest { host: String::new(), message_request: Some(question) };
    let questions = [
        ask(MessageRequest::ListServices(String::new())),
        ask(MessageRequest::FileContainingSymbol("elido.v1.Links".to_owned())),
    ];
    let responses = reflection.server_reflection_info(futures_util::stream::iter(questions)).await.expect("answers");
    let mut responses = responses.into_inner();
    let listed = responses.message().await.expect("a response").and_then(|response| response.message_response);
    let Some(MessageResponse::ListServicesResponse(services)) = listed else { panic!("{listed:?}") };
    let names: Vec<_> = services.service.into_iter().map(|service| service.name).collect();
    for name in ["elido.v1.LinkResolver", "elido.v1.Links", "grpc.health.v1.Health"] {
        assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
    }
    let file = responses.message().await.expect("a response").and_then(|response| response.message_response);
    assert!(matches!(file, Some(MessageResponse::FileDescriptorResponse(_))), "{file:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_for_other_machines_does_not_describe_itself() {
    let platform = Platform::start_with(|config| config.grpc.listen = "0.0.0.0:0".parse().expect("an address")).await;
    let channel = Channel::from_shared(platform.grpc()).expect("an address").connect().await.expect("a connection");
    let question = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut reflection = ServerReflectionClient::new(channel.clone());
    let refused = reflection.server_reflection_info(futures_util::stream::iter([question])).await.expect_err("nothing");
    assert_eq!(refused.code(), Code::Unimplemented);
    let asked = LinksClient::new(channel).get_link(GetLinkRequest::default()).await.expect_err("no credential");
    assert_eq!(asked.code(), Code::Unauthenticated, "the service itself is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_long_is_refused_and_the_connection_goes_on() {
    let platform = Platform::start().await;
    let channel = Channel::from_shared(platform.grpc()).expect("an address").connect().await.expect("a connection");
    let mut links = LinksClient::new(channel);
    let mut code_with = async |bytes: usize| {
        let mut request = Request::new(GetLinkRequest::default());
        request.metadata_mut().insert("x-long", "a".repeat(bytes).parse().expect("a value"));
        links.get_link(request).await.expect_err("no credential").code()
    };
    assert_eq!(code_with(12_000).await, Code::Unauthenticated);
    assert_ne!(code_with(17_000).await, Code::Unauthenticated);
    assert_eq!(code_with(12_000).await, Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_counted_by_method_and_status_and_invented_methods_as_one() {
    let platform = Platform::start().await;
    let channel = Channel::from_shared(platform.grpc()).expect("an address").connect().await.expect("a connection");
    let refused = LinksClient::new(channel.clone()).get_link(GetLinkRequest::default()).await.expect_err("refused");
    assert_eq!(refused.code(), Code::Unauthenticated);
    let mut bare = Grpc::new(channel);
    bare.ready().await.expect("a connection");
    let codec: ProstCodec<GetLinkRequest, ()> = ProstCodec::default();
    let path = PathAndQuery::from_static("/elido.v1.Links/Invented");
    let unknown = bare.unary(Request::new(GetLinkRequest::default()), path, codec).await.expect_err("no such method");
    assert_eq!(unknown.code(), Code::Unimplemented);

    let metrics = platform.client.get(platform.internal("/metrics")).send().await.expect("a response");
    let metrics = metrics.text().await.expect("text");
    for sample in [
        "elido_grpc_requests_total{method=\"elido.v1.Links/GetLink\",status=\"unauthenticated\"} ",
        "elido_grpc_requests_total{method=\"other\",status=\"unimplemented\"} ",
        "elido_grpc_request_duration_seconds_count{method=\"elido.v1.Links/GetLink\"} ",
        "elido_database_connections{state=\"in_use\"} ",
        "elido_database_connections{state=\"idle\"} ",
    ] {
        assert!(metrics.contains(sample), "{sample} is not in {metrics}");
    }
    assert!(!metrics.contains("Invented"));
}
