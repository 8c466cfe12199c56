//! The real Caddy with config/Caddyfile, in front of an edge, with certificates of the real Pebble: `ELIDO_TEST_CADDY` is the executable,
//! `ELIDO_TEST_PEBBLE` what `dev/services/pebble start` prints.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use elido::roles::{self, Roles};
use reqwest::{Certificate, Client, Method, Response, StatusCode, redirect};
use serde_json::json;
use tempfile::TempDir;

use crate::domains::active;
use crate::support::database::is_embedded;
use crate::support::name_server::NameServer;
use crate::support::platform::{PATIENCE, Platform, body, eventually};

/// How many domains are visited at once for the first time, where `ELIDO_TEST_CADDY_DOMAINS` does not say.
const DOMAINS: usize = 8;

/// How long Caddy lets a handshake wait for a certificate at the least. It ends it after a minute, and orders ten certificates in ten
/// seconds at most.
const CADDY_WAITS: Duration = Duration::from_secs(50);

/// How often a host is visited until its certificate has to be there.
const VISITS_MAX: usize = 6;

/// What a test needs of the two servers.
struct Servers {
    caddy: String,
    pebble: HashMap<String, String>,
}

/// A running Caddy; it ends with its test.
struct Caddy {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Drop for Caddy {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn servers() -> Option<Servers> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (Some(caddy), Some(pebble)) = (variable("ELIDO_TEST_CADDY"), variable("ELIDO_TEST_PEBBLE")) else {
        assert!(is_embedded(), "ELIDO_TEST_CADDY and ELIDO_TEST_PEBBLE name servers");
        println!("SKIPPED: ELIDO_TEST_CADDY and ELIDO_TEST_PEBBLE do not name servers");
        return None;
    };
    let lines = pebble.lines().filter_map(|line| line.split_once('='));
    Some(Servers { caddy, pebble: lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect() })
}

impl Servers {
    fn pebble(&self, name: &str) -> &str {
        self.pebble.get(name).unwrap_or_else(|| panic!("Pebble tells its {name}"))
    }

    /// Caddy in front of this platform, on the ports where Pebble looks for challenges.
    async fn caddy(&self, platform: &Platform) -> Caddy {
        let folder = tempfile::tempdir().expect("a folder");
        let tls_port: u16 = self.pebble("tls_port").parse().expect("a port");
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/Caddyfile");
        let child = Command::new(&self.caddy)
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(file)
            .env("ELIDO_CADDY_ADMIN", "off")
            .env("ELIDO_CADDY_HTTP_PORT", self.pebble("http_port"))
            .env("ELIDO_CADDY_HTTPS_PORT", self.pebble("tls_port"))
            .env("ELIDO_CADDY_STORAGE", folder.path())
            .env("ELIDO_ACME_DIRECTORY", self.pebble("directory"))
            .env("ELIDO_INTERNAL", platform.internal(""))
            .env("ELIDO_EDGE", platform.edge("").trim_start_matches("http://"))
            .env("SSL_CERT_FILE", self.pebble("authority"))
            .env("HOME", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Caddy starts");
        let address = SocketAddr::from(([127, 0, 0, 1], tls_port));
        eventually("Caddy listens", || async { tokio::net::TcpStream::connect(address).await.is_ok() }).await;
        Caddy { child, address, _folder: folder }
    }

    /// A client that believes Pebble's certificates and finds every host at Caddy.
    async fn client(&self, caddy: &Caddy, hosts: &[String]) -> Client {
        let pem = |bytes: &[u8]| Certificate::from_pem(bytes).expect("a certificate");
        let authority = pem(&std::fs::read(self.pebble("authority")).expect("a file"));
        let ask = Client::builder().tls_certs_only([authority]).build().expect("a client");
        let roots = ask.get(self.pebble("roots")).send().await.expect("roots").bytes().await.expect("a body");
        // All certificates are ordered at once, and a visit may have to wait for those of the others.
        let patience = PATIENCE * u32::try_from(1 + hosts.len() / 50).expect("a number");
        let builder = Client::builder()
            .tls_certs_only([pem(&roots)])
            .redirect(redirect::Policy::none())
            .timeout(patience + CADDY_WAITS);
        let resolved = hosts.iter().fold(builder, |builder, host| builder.resolve(host, caddy.address));
        resolved.build().expect("a client")
    }
}

/// Visits a host as a person does, who tries again when Caddy has let the browser wait for a certificate and gave up.
async fn visit(client: &Client, caddy: &Caddy, host: &str) -> Response {
    let url = format!("https://{host}:{}/sale", caddy.address.port());
    for _ in 0..VISITS_MAX {
        let begun = Instant::now();
        match client.get(&url).send().await {
            Err(error) if error.is_connect() && begun.elapsed() >= CADDY_WAITS => {}
            visited => return visited.expect("a response"),
        }
    }
    panic!("{host} has no certificate after {VISITS_MAX} visits");
}

fn location(response: &Response) -> Option<&str> {
    response.headers().get("location").map(|value| value.to_str().expect("a text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_visit_of_a_domain_gets_its_certificate_and_others_are_refused_with_the_database_away_too() {
    let Some(servers) = servers() else { return };
    let count = std::env::var("ELIDO_TEST_CADDY_DOMAINS").ok().and_then(|text| text.parse().ok()).unwrap_or(DOMAINS);
    let dns = NameServer::start().await;
    let mut platform = Platform::start_with(|config| {
        dns.configure(config);
        config.domains.per_workspace_max = 1_000;
        config.edge.trusted_proxy_hops = 1;
    })
    .await;
    let account = platform.account().await;
    let mut workspaces = vec![account];
    let unique = uuid::Uuid::new_v4().simple().to_string();
    let hosts: Vec<String> = (0..=count).map(|number| format!("d{number}-{}.example", &unique[..8])).collect();
    for (number, host) in hosts.iter().enumerate() {
        // A workspace asks for some thirty looks at once.
        if number % 25 == 24 {
            workspaces.push(platform.sign_in().await);
        }
        let account = workspaces.last().expect("a workspace");
        let domain = active(&platform, &dns, account, host).await;
        if number == 0 {
            let path = format!("/domains/{}", domain["id"].as_str().expect("an id"));
            let choice = json!({ "hsts_max_age": 31_536_000 });
            body(platform.of(account, Method::PATCH, &path).json(&choice), StatusCode::OK).await;
        }
        let destination = format!("https://example.com/{number}");
        let link = json!({ "destination_url": destination, "domain": host, "slug": "sale" });
        platform.create_link(account, &link).await;
    }
    let all_hosts = [hosts.clone(), vec!["unknown.example".to_owned()]].concat();
    let (first, others) = hosts.split_first().expect("a host");
    let caddy = servers.caddy(&platform).await;
    let client = servers.client(&caddy, &all_hosts).await;
    let visited = visit(&client, &caddy, first).await;
    assert_eq!(location(&visited), Some("https://example.com/0"));
    assert_eq!(visited.headers()["strict-transport-security"], "max-age=31536000", "as its domain wants it");
    // The links have to be in the edge's memory before it is alone.
    for (number, host) in hosts.iter().enumerate() {
        let visit = platform.client.get(platform.edge("/sale")).header("host", host).send().await.expect("a response");
        assert_eq!(visit.headers()["location"], format!("https://example.com/{number}"));
    }
    drop(caddy);
    platform.stop().await;
    platform.config.grpc.origin_url = "http://127.0.0.1:9".parse().expect("a URL");
    platform.start_again_as(Roles::only(roles::Role::Edge)).await;

    let caddy = servers.caddy(&platform).await;
    let begun = Instant::now();
    let visits = others.iter().map(|host| visit(&client, &caddy, host));
    let visited = futures_util::future::join_all(visits).await;
    println!("{count} domains at once: {:?}", begun.elapsed());
    for (number, visited) in visited.iter().enumerate() {
        assert_eq!(location(visited), Some(format!("https://example.com/{}", number + 1).as_str()));
        assert_eq!(visited.headers().get("strict-transport-security"), None, "their domains want none");
    }
    let url = format!("https://unknown.example:{}/sale", caddy.address.port());
    let begun = Instant::now();
    let refused = client.get(&url).send().await.expect_err("no certificate for a name of nobody");
    assert!(refused.is_connect() && begun.elapsed() < CADDY_WAITS, "{refused:?}");
}
