//! Domains over gRPC and on the command line.

use elido::infra::grpc::v1::domains_client::DomainsClient;
use elido::infra::grpc::v1::update_domain_request::HstsChange;
use elido::infra::grpc::v1::{
    CreateDomainRequest, DeleteDomainRequest, Domain, DomainContent, DomainState, GetDomainRequest, Hsts,
    ListDomainsRequest, UpdateDomainRequest, Utm, VerifyDomainRequest,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};
use tonic_types::StatusExt;

use crate::command_line_people::{elido, prints};
use crate::domains::{active, claim, path, start};
use crate::support::platform::{Account, Platform, body};
use crate::support::statements::execute;

fn call<T>(account: &Account, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let credential = MetadataValue::try_from(format!("Bearer {}", account.token)).expect("a header");
    request.metadata_mut().insert("authorization", credential);
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_claimed_verified_changed_and_deleted_over_grpc() {
    let (platform, dns, account) = start().await;
    let workspace_id = account.workspace.clone();
    let mut client = DomainsClient::connect(platform.grpc()).await.expect("a connection");
    let create = |hostname: &str| {
        let content = DomainContent { default_redirect_status: Some(301), ..Default::default() };
        call(
            &account,
            CreateDomainRequest {
                workspace_id: workspace_id.clone(),
                hostname: hostname.to_owned(),
                content: Some(content),
                ..Default::default()
            },
        )
    };
    let wrong = client.create_domain(create("no host")).await.expect_err("no host name");
    assert_eq!(wrong.code(), Code::InvalidArgument);
    let made = client.create_domain(create("go.example.com")).await.expect("a domain").into_inner().domain;
    let made: Domain = made.expect("the domain");
    assert_eq!((made.state(), made.default_redirect_status), (DomainState::Pending, 301));
    assert_eq!(client.create_domain(create("go.example.com")).await.expect_err("twice").code(), Code::AlreadyExists);

    dns.delegate(&platform.read(&account, &format!("/domains/{}", made.id)).await);
    let verify = VerifyDomainRequest { workspace_id: workspace_id.clone(), domain_id: made.id.clone() };
    let verified = client.verify_domain(call(&account, verify)).await.expect("a look").into_inner().domain;
    let verified = verified.expect("the domain");
    assert_eq!((verified.state(), verified.state_reason.as_str()), (DomainState::Active, "records_found"));

    let update = |version, change| {
        call(
            &account,
            UpdateDomainRequest {
                workspace_id: workspace_id.clone(),
                domain_id: made.id.clone(),
                version: Some(version),
                hsts_change: Some(change),
                ..Default::default()
            },
        )
    };
    let hsts = Hsts { max_age: 600, include_subdomains: true };
    let told = client.update_domain(update(verified.version, HstsChange::Hsts(hsts))).await.expect("an edit");
    let told = told.into_inner().domain.expect("the domain");
    assert_eq!(told.hsts, Some(hsts));
    let stale = client.update_domain(update(verified.version, HstsChange::ClearHsts(true))).await.expect_err("stale");
    assert_eq!(stale.code(), Code::FailedPrecondition);
    let cleared = client.update_domain(update(told.version, HstsChange::ClearHsts(true))).await.expect("an edit");
    assert_eq!(cleared.into_inner().domain.expect("the domain").hsts, None);

    let list = ListDomainsRequest { workspace_id: workspace_id.clone(), ..Default::default() };
    let listed = client.list_domains(call(&account, list)).await.expect("a page").into_inner().domains;
    assert!(listed.iter().any(|domain| domain.id == made.id));
    let delete =
        DeleteDomainRequest { workspace_id: workspace_id.clone(), domain_id: made.id.clone(), ..Default::default() };
    client.delete_domain(call(&account, delete)).await.expect("it is gone");
    let get = GetDomainRequest { workspace_id, domain_id: made.id };
    assert_eq!(client.get_domain(call(&account, get)).await.expect_err("gone").code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_added_verified_changed_and_deleted_on_the_command_line() {
    let (platform, dns, account) = start().await;
    let as_owner = Some(&account);
    let added = prints(&platform, as_owner, &["domain", "add", "go.example.com", "--redirect-status", "301"]).await;
    assert!(added.contains("pending") && added.contains(" TXT ") && added.contains("(unknown)"), "{added}");
    let id = added.split(' ').next().expect("an id").to_owned();
    dns.delegate(&platform.read(&account, &format!("/domains/{id}")).await);
    let verified = prints(&platform, as_owner, &["domain", "verify", &id]).await;
    assert!(verified.contains("active") && verified.contains("(found)"), "{verified}");
    let update = ["domain", "update", &id, "--hsts-max-age", "600", "--root-url", "https://example.com/", "--json"];
    let updated: Value = serde_json::from_str(&prints(&platform, as_owner, &update).await).expect("JSON");
    assert_eq!((&updated["hsts_max_age"], &updated["root_url"]), (&600.into(), &"https://example.com/".into()));
    let cleared = prints(&platform, as_owner, &["domain", "update", &id, "--hsts-max-age", "", "--json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&cleared).expect("JSON")["hsts_max_age"], Value::Null);
    tells_programs(&platform, &account, &id).await;
    assert!(prints(&platform, as_owner, &["domain", "list"]).await.contains("go.example.com"));
    prints(&platform, as_owner, &["domain", "delete", &id]).await;
    let gone = elido(&platform, as_owner, &["domain", "show", &id]).await;
    assert!(!gone.status.success() && String::from_utf8_lossy(&gone.stderr).contains("not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_made_with_all_that_an_edit_can_say() {
    let (platform, _dns, account) = start().await;
    let apple = json!({ "applinks": { "details": [] } });
    let android = json!([{ "relation": ["a"], "target": { "namespace": "web" } }]);
    let all = json!({
        "hostname": "a.example.com",
        "case_sensitive": false,
        "unicode_slugs": true,
        "suggests_slugs": true,
        "default_redirect_status": 301,
        "utm": { "source": "print" },
        "root_url": "https://example.com/",
        "not_found_url": "https://example.com/none",
        "expired_url": "https://example.com/over",
        "robots": "noindex",
        "apple_app_site_association": apple,
        "asset_links": android,
        "hsts_max_age": 600,
        "hsts_include_subdomains": true,
    });
    let made = |domain: &Value| {
        let fields = all.as_object().expect("fields").iter().filter(|(name, _)| *name != "hostname");
        for (name, value) in fields {
            let (found, is_utm) = (&domain[name], name == "utm");
            assert_eq!(
                if is_utm { &found["source"] } else { found },
                if is_utm { &value["source"] } else { value },
                "{name}"
            );
        }
    };
    made(&body(platform.of(&account, reqwest::Method::POST, "/domains").json(&all), StatusCode::CREATED).await);

    let mut client = DomainsClient::connect(platform.grpc()).await.expect("a connection");
    let text = |text: &str| Some(text.to_owned());
    let content = DomainContent {
        case_sensitive: Some(false),
        default_redirect_status: Some(301),
        utm: Some(Utm { source: text("print"), ..Default::default() }),
        root_url: text("https://example.com/"),
        not_found_url: text("https://example.com/none"),
        expired_url: text("https://example.com/over"),
        robots: text("noindex"),
        unicode_slugs: Some(true),
        suggests_slugs: Some(true),
        apple_app_site_association_json: Some(apple.to_string()),
        asset_links_json: Some(android.to_string()),
    };
    let create = CreateDomainRequest {
        workspace_id: account.workspace.clone(),
        hostname: "b.example.com".to_owned(),
        content: Some(content),
        hsts: Some(Hsts { max_age: 600, include_subdomains: true }),
    };
    let answer = client.create_domain(call(&account, create)).await.expect("a domain").into_inner();
    made(&platform.read(&account, &format!("/domains/{}", answer.domain.expect("the domain").id)).await);

    let folder = tempfile::tempdir().expect("a folder");
    let [apple, android] = [("apple", &apple), ("android", &android)].map(|(name, document)| {
        let path = folder.path().join(name);
        std::fs::write(&path, document.to_string()).expect("a file");
        path.to_str().expect("a path").to_owned()
    });
    #[rustfmt::skip]
    let add = [
        "domain", "add", "c.example.com", "--case-sensitive", "false", "--unicode-slugs", "true", "--suggests-slugs", "true",
        "--redirect-status", "301", "--utm-source", "print", "--root-url", "https://example.com/",
        "--not-found-url", "https://example.com/none", "--expired-url", "https://example.com/over", "--robots", "noindex",
        "--apple-app-site-association", &apple, "--asset-links", &android,
        "--hsts-max-age", "600", "--hsts-include-subdomains", "true", "--json",
    ];
    made(&serde_json::from_str(&prints(&platform, Some(&account), &add).await).expect("JSON"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_domain_to_be_is_told_by_its_field() {
    let (platform, _dns, account) = start().await;
    let wrong = [
        ("robots", json!("noindexx")),
        ("apple_app_site_association", json!({ "applinks": [] })),
        ("asset_links", json!([{ "relation": [] }])),
        ("hsts_max_age", json!(-1)),
        ("hsts_include_subdomains", json!(true)),
    ];
    for (field, value) in wrong {
        let draft = json!({ "hostname": "go.example.com", field: value });
        let request = platform.of(&account, reqwest::Method::POST, "/domains").json(&draft);
        let refusal = body(request, StatusCode::BAD_REQUEST).await;
        assert_eq!(refusal["errors"][0]["pointer"], format!("/{field}"), "{refusal}");
    }
    let mut client = DomainsClient::connect(platform.grpc()).await.expect("a connection");
    let create = CreateDomainRequest {
        workspace_id: account.workspace.clone(),
        hostname: "go.example.com".to_owned(),
        content: Some(DomainContent { asset_links_json: Some("[".to_owned()), ..Default::default() }),
        ..Default::default()
    };
    let refusal = client.create_domain(call(&account, create)).await.expect_err("no JSON");
    assert_eq!(refusal.code(), Code::InvalidArgument);
    let wrong = refusal.get_details_bad_request().expect("the fields").field_violations;
    assert_eq!(wrong.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), ["/asset_links"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_for_apps_are_changed_and_taken_away_over_grpc() {
    let (platform, _dns, account) = start().await;
    let made = claim(&platform, &account, "go.example.com").await;
    let mut client = DomainsClient::connect(platform.grpc()).await.expect("a connection");
    // More than a request about anything but a link or a domain may have.
    let large = json!({ "applinks": { "details": [{ "text": "x".repeat(65_000) }] } }).to_string();
    for (text, expected) in [(large.as_str(), Some(&large)), ("", None)] {
        let content = DomainContent {
            apple_app_site_association_json: Some(text.to_owned()),
            asset_links_json: Some(if text.is_empty() { String::new() } else { "[]".to_owned() }),
            robots: Some(if text.is_empty() { String::new() } else { "noindex".to_owned() }),
            ..Default::default()
        };
        let update = UpdateDomainRequest {
            workspace_id: account.workspace.clone(),
            domain_id: made["id"].as_str().expect("an id").to_owned(),
            content: Some(content),
            ..Default::default()
        };
        let domain = client.update_domain(call(&account, update)).await.expect("an edit").into_inner().domain;
        let domain = domain.expect("the domain");
        assert_eq!(domain.apple_app_site_association_json.as_ref(), expected);
        assert_eq!(domain.asset_links_json.as_deref(), expected.map(|_| "[]"));
        assert_eq!(domain.robots.as_deref(), expected.map(|_| "noindex"));
    }
}

/// What search engines and apps are told is set from files, and taken away by an empty text.
async fn tells_programs(platform: &Platform, account: &Account, id: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("a path").to_owned()
    };
    let (apple, android) = (write("apple", r#"{"applinks":{"details":[]}}"#), write("android", "[]"));
    let set = ["--robots", "noindex", "--apple-app-site-association", &apple, "--asset-links", &android];
    let clear = ["--robots", "", "--apple-app-site-association", "", "--asset-links", ""];
    let expected = [
        (set, [json!("noindex"), json!({ "applinks": { "details": [] } }), json!([])]),
        (clear, [Value::Null, Value::Null, Value::Null]),
    ];
    for (arguments, expected) in expected {
        let update = [&["domain", "update", id, "--json"], arguments.as_slice()].concat();
        let updated: Value = serde_json::from_str(&prints(platform, Some(account), &update).await).expect("JSON");
        let found = ["robots", "apple_app_site_association", "asset_links"].map(|field| updated[field].clone());
        assert_eq!(found, expected);
    }
    let broken = write("broken", "{");
    let refused = elido(platform, Some(account), &["domain", "update", id, "--asset-links", &broken]).await;
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && error.contains("--asset-links") && error.contains("no JSON"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_should_be_newer_is_told_of_in_every_form() {
    let (platform, dns, account) = start().await;
    let domain = active(&platform, &dns, &account, "go.example.com").await;
    let edit = "UPDATE domains SET certificate_state = 'failing', certificate_error = 'the authority refuses', \
                certificate_renew_at = 1000000, certificate_not_after = 2000000 WHERE hostname = 'go.example.com'";
    assert_eq!(execute(&platform.config, edit).await, 1);
    let verified = platform.of(&account, reqwest::Method::POST, &format!("{}/verify", path(&domain)));
    let finding = body(verified, StatusCode::OK).await["findings"][0].clone();
    assert_eq!(finding["code"], "certificate_expires");
    assert!(finding["detail"].as_str().is_some_and(|detail| detail.ends_with("the authority refuses")), "{finding}");
    let events = platform.read(&account, "/events?types=domain.findings_changed").await;
    assert_eq!(events["data"].as_array().map(Vec::len), Some(1));

    let id = domain["id"].as_str().expect("an id").to_owned();
    let shown = prints(&platform, Some(&account), &["domain", "show", &id]).await;
    assert!(shown.contains("certificate failing") && shown.contains("no newer one could be had"), "{shown}");
    let mut client = DomainsClient::connect(platform.grpc()).await.expect("a connection");
    let get = GetDomainRequest { workspace_id: account.workspace.clone(), domain_id: id };
    let told = client.get_domain(call(&account, get)).await.expect("a domain").into_inner().domain.expect("the domain");
    assert_eq!(told.certificate.map(|certificate| certificate.state).as_deref(), Some("failing"));
    assert_eq!(told.findings.first().map(|finding| finding.code.as_str()), Some("certificate_expires"));

    // A newer one is nothing to see to.
    execute(&platform.config, "UPDATE domains SET certificate_renew_at = 4000000000000000, certificate_not_after = 4100000000000000 WHERE hostname = 'go.example.com'").await;
    let verified = platform.of(&account, reqwest::Method::POST, &format!("{}/verify", path(&domain)));
    assert_eq!(body(verified, StatusCode::OK).await["findings"], serde_json::json!([]));
}
