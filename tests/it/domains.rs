//! Domains of workspaces over the API: claimed, verified by DNS, changed, deleted.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::name_server::{INGRESS, INGRESS_ADDRESS, Mood, NameServer, address, caa, cname, txt};
use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::statements::execute;

pub async fn start() -> (Platform, NameServer, Account) {
    let dns = NameServer::start().await;
    let platform = Platform::start_with(|config| dns.configure(config)).await;
    let account = platform.account().await;
    (platform, dns, account)
}

pub async fn claim(platform: &Platform, account: &Account, hostname: &str) -> Value {
    let claim = platform.of(account, Method::POST, "/domains").json(&json!({ "hostname": hostname }));
    body(claim, StatusCode::CREATED).await
}

pub fn path(domain: &Value) -> String {
    format!("/domains/{}", domain["id"].as_str().expect("an id"))
}

pub async fn verify(platform: &Platform, account: &Account, domain: &Value) -> Value {
    let verify = platform.of(account, Method::POST, &format!("{}/verify", path(domain)));
    body(verify, StatusCode::OK).await
}

pub async fn active(platform: &Platform, dns: &NameServer, account: &Account, hostname: &str) -> Value {
    let domain = claim(platform, account, hostname).await;
    dns.delegate(&domain);
    let domain = verify(platform, account, &domain).await;
    assert_eq!(domain["state"], "active", "{domain}");
    domain
}

pub async fn delete(platform: &Platform, account: &Account, domain: &Value, query: &str) -> StatusCode {
    let delete = platform.of(account, Method::DELETE, &format!("{}{query}", path(domain)));
    delete.send().await.expect("a response").status()
}

async fn newest_event(platform: &Platform, account: &Account, kind: &str) -> Option<Value> {
    let page = platform.read(account, &format!("/events?types={kind}")).await;
    page["data"].as_array().expect("data").last().cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_told_its_records_and_is_active_once_they_are_there() {
    let (platform, dns, account) = start().await;
    let domain = claim(&platform, &account, " Go.Bücher.example. ").await;
    assert_eq!(domain["hostname"], "go.xn--bcher-kva.example");
    assert_eq!(domain["display_name"], "Go.Bücher.example");
    assert_eq!((&domain["state"], &domain["state_reason"]), (&json!("pending"), &json!("awaiting_records")));
    let records: Vec<_> = domain["records"].as_array().expect("records").clone();
    assert_eq!(records[0]["name"], "_elido-challenge.go.xn--bcher-kva.example");
    let brief: Vec<_> = records.iter().map(|record| (record["type"].as_str(), record["status"].as_str())).collect();
    assert_eq!(brief, [(Some("TXT"), Some("unknown")), (Some("CNAME"), Some("unknown")), (Some("A"), Some("unknown"))]);
    assert_eq!((&records[1]["value"], &records[2]["value"]), (&json!(INGRESS), &json!(INGRESS_ADDRESS)));

    dns.set("go.xn--bcher-kva.example", vec![cname("shop.example.org")]);
    dns.set("shop.example.org", vec![address("198.51.99.7")]);
    dns.set("_elido-challenge.go.xn--bcher-kva.example", vec![txt("something else")]);
    let looked = verify(&platform, &account, &domain).await;
    assert_eq!(looked["state"], "pending");
    let found =
        |record: usize| (looked["records"][record]["status"].clone(), looked["records"][record]["found"].clone());
    assert_eq!(found(0), (json!("missing"), json!(["something else"])));
    assert_eq!(found(1), (json!("missing"), json!(["shop.example.org"])));
    assert_eq!(found(2), (json!("missing"), json!(["198.51.99.7"])));

    dns.delegate(&domain);
    let verified = verify(&platform, &account, &domain).await;
    assert_eq!((&verified["state"], &verified["state_reason"]), (&json!("active"), &json!("records_found")));
    assert!(verified["verified_at"].is_string() && verified["next_check_at"].is_string());
    let event = newest_event(&platform, &account, "domain.verified").await.expect("an event");
    assert_eq!(event["data"]["object"]["hostname"], "go.xn--bcher-kva.example");
    let trail = platform.read(&account, "/audit-events?action=domain.verified").await;
    assert_eq!(trail["data"][0]["after"]["state"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_do_as_well_as_a_name_if_all_of_them_are_ours() {
    let (platform, dns, account) = start().await;
    let domain = claim(&platform, &account, "apex.example").await;
    dns.own(&domain);
    dns.set("apex.example", vec![address(INGRESS_ADDRESS), address("198.51.99.7")]);
    assert_eq!(verify(&platform, &account, &domain).await["state"], "pending");
    dns.set("apex.example", vec![address(INGRESS_ADDRESS), address("2606:4700::1")]);
    assert_eq!(verify(&platform, &account, &domain).await["state"], "pending");
    dns.set("apex.example", vec![address("10.0.0.9")]);
    let looked = verify(&platform, &account, &domain).await;
    assert_eq!(looked["records"][2]["found"], json!(["an address of a private network"]));
    dns.set("apex.example", vec![address(INGRESS_ADDRESS)]);
    assert_eq!(verify(&platform, &account, &domain).await["state"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_name_is_refused_with_the_reason() {
    let (platform, _dns, account) = start().await;
    for (hostname, code) in [
        ("localhost", "invalid_hostname"),
        ("127.0.0.1", "invalid_hostname"),
        ("https://go.example.com", "invalid_hostname"),
        ("*.example.com", "invalid_hostname"),
        ("pаypal.example", "mixed_scripts"),
        (INGRESS, "reserved"),
    ] {
        let claim = platform.of(&account, Method::POST, "/domains").json(&json!({ "hostname": hostname }));
        let problem = body(claim, StatusCode::BAD_REQUEST).await;
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
            (&json!("/hostname"), &json!(code))
        );
    }
    claim(&platform, &account, "go.example.com").await;
    let again = platform.of(&account, Method::POST, "/domains").json(&json!({ "hostname": "GO.example.com." }));
    assert_eq!(body(again, StatusCode::CONFLICT).await["code"], "domain_exists");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_links_take_what_their_domain_gives_unless_they_say_otherwise() {
    let (platform, _dns, account) = start().await;
    let domain = claim(&platform, &account, "go.example.com").await;
    let utm = json!({ "source": "print", "medium": "poster" });
    let edit = json!({ "default_redirect_status": 301, "utm": utm, "display_name": "Go.Example.com" });
    let edited = body(platform.of(&account, Method::PATCH, &path(&domain)).json(&edit), StatusCode::OK).await;
    assert_eq!((&edited["utm"], &edited["display_name"]), (&utm, &json!("Go.Example.com")));
    let other =
        platform.of(&account, Method::PATCH, &path(&domain)).json(&json!({ "display_name": "other.example.com" }));
    assert_eq!(body(other, StatusCode::BAD_REQUEST).await["errors"][0]["code"], "another_name");
    let link = json!({ "destination_url": "https://example.com/", "domain": "go.example.com" });
    let taken = platform.create_link(&account, &link).await;
    assert_eq!((&taken["redirect_status"], &taken["utm"]), (&json!(301), &utm));
    let own = json!({ "destination_url": "https://example.com/", "domain": "go.example.com", "utm": {}, "redirect_status": 307 });
    let own = platform.create_link(&account, &own).await;
    assert_eq!((&own["redirect_status"], &own["utm"]), (&json!(307), &json!({})));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_with_links_is_deleted_only_with_them() {
    let (platform, dns, account) = start().await;
    let domain = active(&platform, &dns, &account, "go.example.com").await;
    let link = json!({ "destination_url": "https://example.com/", "domain": "go.example.com", "slug": "sale" });
    let link = platform.create_link(&account, &link).await;
    assert_eq!(delete(&platform, &account, &domain, "").await, StatusCode::CONFLICT);
    assert_eq!(delete(&platform, &account, &domain, "?delete_links=true").await, StatusCode::NO_CONTENT);
    let gone = platform.of(&account, Method::GET, &format!("/links/{}", link["id"].as_str().expect("an id")));
    assert_eq!(gone.send().await.expect("a response").status(), StatusCode::NOT_FOUND);
    assert!(newest_event(&platform, &account, "link.deleted").await.is_some());
    assert!(newest_event(&platform, &account, "domain.deleted").await.is_some());
    let default = platform.read(&account, "/domains").await["data"][0].clone();
    assert_eq!(delete(&platform, &account, &default, "").await, StatusCode::FORBIDDEN);
    // Added again it begins anew: its old TXT record is worth nothing.
    let again = claim(&platform, &account, "go.example.com").await;
    assert_eq!(verify(&platform, &account, &again).await["state"], "pending");
    dns.delegate(&again);
    assert_eq!(verify(&platform, &account, &again).await["state"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_links_that_go_with_their_domain_nothing_is_kept() {
    let (platform, dns, account) = start().await;
    let domain = active(&platform, &dns, &account, "go.example.com").await;
    let mut links = vec![json!({ "destination_url": "https://example.com/", "domain": "go.example.com" })];
    links.push(json!({ "destination_url": "https://example.com/", "slug": "stays" }));
    for link in &links {
        let link = platform.create_link(&account, link).await;
        let link = format!("/links/{}", link["id"].as_str().expect("an id"));
        let comment = json!({ "text": "As it was" });
        body(platform.of(&account, Method::POST, &format!("{link}/comments")).json(&comment), StatusCode::CREATED)
            .await;
        let edit = platform.of(&account, Method::PATCH, &link).json(&json!({ "title": "T" }));
        body(edit, StatusCode::OK).await;
    }
    assert_eq!(delete(&platform, &account, &domain, "?delete_links=true").await, StatusCode::NO_CONTENT);
    // Of the link that stays there are two versions and a comment.
    assert_eq!(execute(&platform.config, "UPDATE link_versions SET version = version").await, 2);
    assert_eq!(execute(&platform.config, "UPDATE link_comments SET version = version").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_link_comes_back_on_its_domain_that_was_added_again() {
    let (platform, dns, account) = start().await;
    let domain = active(&platform, &dns, &account, "go.example.com").await;
    let link = json!({ "destination_url": "https://example.com/", "domain": "go.example.com", "slug": "sale" });
    let link = platform.create_link(&account, &link).await;
    let id = link["id"].as_str().expect("an id");
    body(platform.of(&account, Method::DELETE, &format!("/links/{id}")), StatusCode::NO_CONTENT).await;
    assert_eq!(delete(&platform, &account, &domain, "").await, StatusCode::NO_CONTENT);
    let restore =
        |draft: Value| platform.of(&account, Method::POST, &format!("/deleted-links/{id}/restore")).json(&draft);
    let named = || restore(json!({ "domain": "GO.example.com." }));
    let unknown = body(named(), StatusCode::BAD_REQUEST).await;
    assert_eq!(unknown["errors"][0]["pointer"], "/domain");
    active(&platform, &dns, &account, "go.example.com").await;
    assert_eq!(body(restore(json!({})), StatusCode::CONFLICT).await["code"], "domain_gone");
    let restored = body(named(), StatusCode::OK).await;
    assert_eq!((&restored["short_url"], &restored["version"]), (&link["short_url"], &json!(2)));
    eventually("visitors are led on", || async {
        let visit = platform.client.get(platform.edge("/sale")).header("host", "go.example.com");
        visit.send().await.expect("a response").status() == StatusCode::FOUND
    })
    .await;
    // The same on another domain that the workspace has.
    body(platform.of(&account, Method::DELETE, &format!("/links/{id}")), StatusCode::NO_CONTENT).await;
    let restored = body(restore(json!({ "domain": "localhost", "slug": "other" })), StatusCode::OK).await;
    assert_eq!((&restored["domain"], &restored["slug"]), (&json!("localhost"), &json!("other")));
    assert_eq!(platform.visit("/other").await.status(), StatusCode::FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_has_so_many_domains_and_asks_so_often() {
    let dns = NameServer::start().await;
    let platform = Platform::start_with(|config| {
        dns.configure(config);
        config.domains.per_workspace_max = 2;
    })
    .await;
    let account = platform.account().await;
    let domain = claim(&platform, &account, "a.example").await;
    claim(&platform, &account, "b.example").await;
    let third = platform.of(&account, Method::POST, "/domains").json(&json!({ "hostname": "c.example" }));
    assert_eq!(body(third, StatusCode::CONFLICT).await["code"], "too_many_domains");
    let mut refused = false;
    for _ in 0..40 {
        let verify = platform.of(&account, Method::POST, &format!("{}/verify", path(&domain)));
        refused |= verify.send().await.expect("a response").status() == StatusCode::TOO_MANY_REQUESTS;
    }
    assert!(refused, "nobody may ask without end");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_domain_that_works_is_told() {
    let (platform, dns, account) = start().await;
    let domain = active(&platform, &dns, &account, "go.example.com").await;
    assert_eq!(domain["findings"], json!([]));
    dns.set("example.com", vec![caa("ca.example.org")]);
    let forbidden = verify(&platform, &account, &domain).await;
    assert_eq!(forbidden["findings"][0]["code"], "caa_forbids_issuer");
    let event = newest_event(&platform, &account, "domain.findings_changed").await.expect("an event");
    assert_eq!(event["data"]["object"]["findings"][0]["code"], "caa_forbids_issuer");
    dns.set("example.com", vec![caa("ca.example.org"), caa("letsencrypt.org")]);
    dns.set("go.example.com", vec![cname("gone.example.org")]);
    let dangling = verify(&platform, &account, &domain).await;
    assert_eq!(dangling["findings"][0]["code"], "dangling_cname");
    assert!(dangling["findings"][0]["detail"].as_str().expect("a text").contains("gone.example.org"));
    dns.be("go.example.com", Mood::Failing);
    assert_eq!(verify(&platform, &account, &domain).await["findings"], dangling["findings"], "trouble changes nothing");
}
