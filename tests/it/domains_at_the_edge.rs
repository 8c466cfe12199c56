//! What visitors of a domain get, and what Caddy is told, while the domain, the database and the process come and go.

use std::time::{Duration, Instant};

use elido::config::sections::UnknownHost;
use elido::roles::{self, Roles};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::domains::{active, claim, delete, path, start, verify};
use crate::support::name_server::{NameServer, address};
use crate::support::platform::{Account, Platform, body, eventually};

/// The status, and where it leads.
async fn visit(platform: &Platform, host: &str, path: &str) -> (u16, Option<String>) {
    let response = platform.client.get(platform.edge(path)).header("host", host).send().await.expect("a response");
    let location = response.headers().get("location").map(|value| value.to_str().expect("a text").to_owned());
    (response.status().as_u16(), location)
}

async fn ask(platform: &Platform, host: &str) -> StatusCode {
    let ask = platform.client.get(platform.internal("/internal/tls/ask")).query(&[("domain", host)]);
    ask.send().await.expect("a response").status()
}

async fn link(platform: &Platform, account: &Account, domain: &str, slug: &str, destination: &str) -> Value {
    platform.create_link(account, &json!({ "destination_url": destination, "domain": domain, "slug": slug })).await
}

fn found(destination: &str) -> (u16, Option<String>) {
    (302, Some(destination.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_has_its_own_slugs_and_serves_nothing_before_and_after() {
    let (platform, dns, account) = start().await;
    let domain = claim(&platform, &account, "go.example.com").await;
    link(&platform, &account, "localhost", "sale", "https://example.com/default").await;
    link(&platform, &account, "go.example.com", "sale", "https://example.com/own").await;
    eventually("the default domain answers for names of nobody", || async {
        visit(&platform, "go.example.com", "/sale").await == found("https://example.com/default")
    })
    .await;
    assert_eq!(ask(&platform, "go.example.com").await, StatusCode::NOT_FOUND);
    dns.delegate(&domain);
    verify(&platform, &account, &domain).await;
    eventually("its own link", || async {
        visit(&platform, "go.example.com", "/sale").await == found("https://example.com/own")
    })
    .await;
    for host in ["GO.example.COM", "go.example.com.", "go.example.com:8443"] {
        assert_eq!(visit(&platform, host, "/sale").await, found("https://example.com/own"), "{host}");
    }
    for host in ["go.example.com.evil.example", "xgo.example.com", "evil.example"] {
        assert_eq!(visit(&platform, host, "/sale").await, found("https://example.com/default"), "{host}");
    }
    assert_eq!(ask(&platform, "Go.Example.com").await, StatusCode::OK);
    assert_eq!(ask(&platform, "localhost").await, StatusCode::OK, "the default domain is one");
    dns.set("go.example.com", vec![address("198.51.99.7")]);
    for _ in 0..3 {
        verify(&platform, &account, &domain).await;
    }
    eventually("nothing in quarantine", || async {
        visit(&platform, "go.example.com", "/sale").await == (404, None)
            && ask(&platform, "go.example.com").await == StatusCode::NOT_FOUND
    })
    .await;
    assert_eq!(visit(&platform, "go.example.com", "/").await, (404, None));
    assert_eq!(delete(&platform, &account, &domain, "?delete_links=true").await, StatusCode::NO_CONTENT);
    eventually("the name is nobody's", || async {
        visit(&platform, "go.example.com", "/sale").await == found("https://example.com/default")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_nobody_get_nothing_where_that_is_wanted() {
    let dns = NameServer::start().await;
    let mut platform = Platform::start_with(|config| {
        dns.configure(config);
        config.links.unknown_host = UnknownHost::NotFound;
    })
    .await;
    let account = platform.account().await;
    link(&platform, &account, "localhost", "sale", "https://example.com/default").await;
    active(&platform, &dns, &account, "go.example.com").await;
    link(&platform, &account, "go.example.com", "sale", "https://example.com/own").await;
    for _ in 0..2 {
        eventually("each has its own", || async {
            visit(&platform, "localhost", "/sale").await == found("https://example.com/default")
                && visit(&platform, "go.example.com", "/sale").await == found("https://example.com/own")
        })
        .await;
        for host in ["unknown.example", "127.0.0.1", "", "localhost.evil.example"] {
            let (status, location) = visit(&platform, host, "/sale").await;
            assert!(status >= 400 && location.is_none(), "{host}: {status} {location:?}");
        }
        platform.stop().await;
        platform.start_again().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_domain_has_its_own_case_and_its_own_pages() {
    let (platform, dns, account) = start().await;
    let domain = active(&platform, &dns, &account, "go.example.com").await;
    let edit = json!({
        "case_sensitive": false, "root_url": "https://example.com/root", "not_found_url": "https://example.com/missing",
        "expired_url": "https://example.com/gone",
    });
    body(platform.of(&account, Method::PATCH, &path(&domain)).json(&edit), StatusCode::OK).await;
    link(&platform, &account, "go.example.com", "Sale", "https://example.com/own").await;
    let ended = json!({ "destination_url": "https://example.com/", "domain": "go.example.com", "slug": "old", "archived": true });
    platform.create_link(&account, &ended).await;
    for (path, destination) in [("/sALE", "own"), ("/", "root"), ("/nothing", "missing"), ("/old", "gone")] {
        eventually(path, || async {
            visit(&platform, "go.example.com", path).await == found(&format!("https://example.com/{destination}"))
        })
        .await;
    }
    assert_eq!(visit(&platform, "localhost", "/").await.0, 404, "the default domain is untouched");
}

#[tokio::test(flavor = "multi_thread")]
async fn caddy_is_answered_from_memory_also_right_after_a_restart_without_the_api() {
    let (mut platform, dns, account) = start().await;
    active(&platform, &dns, &account, "go.example.com").await;
    eventually("it is known", || async { ask(&platform, "go.example.com").await == StatusCode::OK }).await;
    platform.stop().await;
    // An edge without anybody to ask.
    platform.config.grpc.origin_url = "http://127.0.0.1:9".parse().expect("a URL");
    platform.start_again_as(Roles::only(roles::Role::Edge)).await;
    assert_eq!(ask(&platform, "go.example.com").await, StatusCode::OK);
    assert_eq!(ask(&platform, "localhost").await, StatusCode::OK);
    assert_eq!(ask(&platform, "unknown.example").await, StatusCode::NOT_FOUND);
    let mut fastest = Duration::MAX;
    for _ in 0..200 {
        let begun = Instant::now();
        ask(&platform, "go.example.com").await;
        fastest = fastest.min(begun.elapsed());
    }
    assert!(fastest < Duration::from_millis(20), "{fastest:?} with the request around it: something is waited for");
    let without = platform.client.get(platform.internal("/internal/tls/ask")).send().await.expect("a response");
    assert_eq!(without.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_of_another_process_learns_of_domains_and_forgets_those_of_a_workspace_that_is_gone() {
    let (platform, dns, account) = start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = platform.config.clone();
    config.data_folder = folder.path().to_path_buf();
    config.grpc.origin_url = platform.grpc().parse().expect("a URL");
    let loaded = elido::config::Loaded { config, entries: Vec::new() };
    let edge = Box::pin(roles::start(&loaded, Roles::only(roles::Role::Edge))).await.expect("the edge starts");
    let internal = edge.addresses().internal.expect("a listener");
    let ask = async |host: &str| {
        let ask = platform.client.get(format!("http://{internal}/internal/tls/ask")).query(&[("domain", host)]);
        ask.send().await.expect("a response").status()
    };
    eventually("the list", || async { ask("localhost").await == StatusCode::OK }).await;
    assert_eq!(ask("go.example.com").await, StatusCode::NOT_FOUND);
    let domain = active(&platform, &dns, &account, "go.example.com").await;
    eventually("a new domain", || async { ask("go.example.com").await == StatusCode::OK }).await;
    assert_eq!(delete(&platform, &account, &domain, "").await, StatusCode::NO_CONTENT);
    eventually("a deleted one", || async { ask("go.example.com").await == StatusCode::NOT_FOUND }).await;
    assert!(edge.stop().await);
}
