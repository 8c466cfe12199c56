//! Addresses that people name are redirected to and shown, and the platform itself connects to none of them: whatever they lead to
//! inside the operator's network stays out of reach (SSRF), in each of the forms that such an address has.

use std::io::ErrorKind;
use std::net::{Ipv6Addr, SocketAddr, TcpListener};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::domains::{active, path, start, verify};
use crate::support::name_server::{Mood, address};
use crate::support::platform::{Account, Platform, body, eventually};

/// Whether anybody has connected.
pub fn is_untouched(listener: &TcpListener) -> bool {
    matches!(listener.accept(), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

/// A server inside, over both versions of IP.
pub fn inside() -> (TcpListener, u16) {
    let listener = TcpListener::bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))).expect("a port");
    listener.set_nonblocking(true).expect("a listener that does not wait");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

/// The forms in which people write an address of this machine.
fn forms(port: u16) -> Vec<String> {
    let hosts = ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "inside.example.com"];
    hosts.iter().map(|host| format!("http://{host}:{port}/latest/meta-data/")).collect()
}

async fn make_and_use(platform: &Platform, account: &Account, host: &str, target: &str) {
    let draft = json!({
        "domain": host, "destination_url": target, "image_url": target, "expired_url": target, "title": "A title",
        "rules": [{
            "name": "phones", "conditions": [{ "type": "devices", "any_of": ["mobile"] }],
            "outcome": { "type": "destination", "destination_url": target },
        }],
    });
    let link = platform.create_link(account, &draft).await;
    let slug = link["slug"].as_str().expect("a slug");
    for agent in ["curl/8", "Twitterbot/1.0", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148"] {
        for page in [slug.to_owned(), format!("{slug}+")] {
            let visit = platform.client.get(platform.edge(&format!("/{page}")));
            let visit = visit.header("host", host).header("user-agent", agent).send().await.expect("a response");
            assert!(visit.status().is_redirection() || visit.status().is_success(), "{}", visit.status());
        }
    }
    let resolve =
        platform.of(account, Method::POST, &format!("/links/{}/resolve", link["id"].as_str().expect("an id")));
    body(resolve.json(&json!({})), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_that_people_name_is_connected_to() {
    let (platform, dns, account) = start().await;
    let (listener, port) = inside();
    let domain = active(&platform, &dns, &account, "go.example.com").await;
    dns.set("inside.example.com", vec![address("127.0.0.1")]);
    for target in forms(port) {
        make_and_use(&platform, &account, "go.example.com", &target).await;
        let places = json!({ "root_url": target, "not_found_url": target, "expired_url": target });
        body(platform.of(&account, Method::PATCH, &path(&domain)).json(&places), StatusCode::OK).await;
        for page in ["/", "/no-such-link"] {
            let visit = || platform.client.get(platform.edge(page)).header("host", "go.example.com");
            eventually("the edge knows the page", || async {
                visit().send().await.expect("a response").status().is_redirection()
            })
            .await;
        }
    }
    // A name that first leads here and then inside is looked at and never connected to.
    dns.set("go.example.com", vec![address("127.0.0.1")]);
    let moved: Value = verify(&platform, &account, &domain).await;
    assert_ne!(moved["last_check_at"], domain["last_check_at"]);
    dns.be("go.example.com", Mood::Failing);
    verify(&platform, &account, &domain).await;
    assert!(is_untouched(&listener), "somebody connected");

    // The watch sees who does connect.
    drop(std::net::TcpStream::connect(("127.0.0.1", port)).expect("a connection"));
    eventually("it is seen", || async { !is_untouched(&listener) }).await;
}
