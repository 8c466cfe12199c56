//! Redirects over TLS, with a certificate that the operator keeps in files.

use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use elido::config::Config;
use hyper_util::rt::{TokioExecutor, TokioIo};
use reqwest::{Certificate, Client, ClientBuilder, Method, StatusCode, Version, redirect};
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, HandshakeKind};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::authority::{Authority, Signed};
use crate::support::platform::{Account, PATIENCE, Platform, body, eventually};
use crate::support::tls::{TlsClient, ask};

const BOTH: [&rustls::SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";
const GET: &str = "GET /known HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A platform that answers over TLS as `localhost` and as everything below `example.test`.
struct Secured {
    platform: Platform,
    account: Account,
    authority: Authority,
    _folder: TempDir,
}

impl Secured {
    async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::new(folder.path(), "ours");
        let Signed { certificate, key } = authority.sign_names("edge", &["localhost", "*.example.test"]);
        let starting = Platform::start_with(|config| {
            config.edge.tls.listen = Some("127.0.0.1:0".parse().expect("an address"));
            config.edge.tls.certificate_file = certificate;
            config.edge.tls.key_file = key;
            change(config);
        });
        let platform = Box::pin(starting).await;
        let account = platform.account().await;
        let link = json!({"destination_url": "https://example.com/", "slug": "known"});
        platform.create_link(&account, &link).await;
        let secret = json!({"destination_url": "https://example.com/2", "slug": "secret", "password": "open sesame"});
        platform.create_link(&account, &secret).await;
        Self { platform, account, authority, _folder: folder }
    }

    fn address(&self) -> SocketAddr {
        self.platform.edge_over_tls()
    }

    /// A client that finds these hosts here.
    fn client(&self, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
        let authority = fs::read(self.authority.file()).expect("the authority");
        let builder = Client::builder()
            .tls_certs_only([Certificate::from_pem(&authority).expect("a certificate")])
            .redirect(redirect::Policy::none())
            .user_agent(BROWSER)
            .timeout(PATIENCE)
            .resolve("go.example.test", self.address());
        change(builder).build().expect("a client")
    }

    fn url(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.address().port())
    }

    fn tls(&self) -> TlsClient {
        TlsClient::believing(&self.authority.file(), &BOTH)
    }

    async fn edit_default_domain(&self, patch: &Value, status: StatusCode) -> Value {
        let domains = self.platform.read(&self.account, "/domains").await;
        let path = format!("/domains/{}", domains["data"][0]["id"].as_str().expect("an id"));
        body(self.platform.of(&self.account, Method::PATCH, &path).json(patch), status).await
    }
}

/// What a failed handshake was told.
fn alert(error: &std::io::Error) -> Option<AlertDescription> {
    match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::AlertReceived(alert) => Some(*alert),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_answered_over_tls_by_http_1_and_2() {
    let mut secured = Secured::start(|_| {}).await;
    let both = [
        (secured.client(ClientBuilder::http1_only), Version::HTTP_11),
        (secured.client(|client| client), Version::HTTP_2),
    ];
    for (client, version) in both {
        let response = client.get(secured.url("localhost", "/known")).send().await.expect("a response");
        assert_eq!((response.status(), response.version()), (StatusCode::FOUND, version));
        assert_eq!(response.headers()["location"], "https://example.com/");
        let missing = client.get(secured.url("localhost", "/none")).send().await.expect("a response");
        assert_eq!(missing.status(), StatusCode::NOT_FOUND);
        let form = client.post(secured.url("localhost", "/secret")).form(&[("password", "open sesame")]);
        let response = form.send().await.expect("a response");
        assert_eq!(
            (response.status(), &response.headers()["location"]),
            (StatusCode::SEE_OTHER, &"https://example.com/2".parse().expect("a value"))
        );
        let many = (0..200).map(|_| client.get(secured.url("localhost", "/known")).send());
        for response in futures_util::future::join_all(many).await {
            assert_eq!(response.expect("a response").status(), StatusCode::FOUND);
        }
    }
    let link = secured.platform.read(&secured.account, "/links?limit=2").await;
    let id =
        link["data"].as_array().expect("links").iter().find(|link| link["slug"] == "known").expect("the link")["id"]
            .clone();
    let path = format!("/links/{}", id.as_str().expect("an id"));
    eventually("every click is stored once", || async {
        secured.platform.read(&secured.account, &path).await["clicks"] == 402
    })
    .await;
    secured.platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_without_a_certificate_are_refused() {
    let mut secured = Secured::start(|_| {}).await;
    let (client, address) = (secured.tls(), secured.address());
    for name in ["elsewhere.example", "a.b.example.test", "example.test"] {
        let error = client.connect(address, name).await.expect_err("a refusal");
        assert_eq!(alert(&error), Some(AlertDescription::UnrecognisedName), "{name}: {error}");
    }
    let error = client.nameless().connect(address, "localhost").await.expect_err("a refusal");
    assert_eq!(alert(&error), Some(AlertDescription::UnrecognisedName), "{error}");
    let mut clear = TcpStream::connect(address).await.expect("a connection");
    clear.write_all(GET.as_bytes()).await.expect("it is taken");
    let mut answer = Vec::new();
    // What is not TLS gets an alert at most, and then the end.
    drop(tokio::time::timeout(PATIENCE, clear.read_to_end(&mut answer)).await.expect("an end"));
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    secured.platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_a_host_that_the_certificate_is_not_for_is_misdirected() {
    let mut secured = Secured::start(|_| {}).await;
    let mut stream = secured.tls().connect(secured.address(), "localhost").await.expect("a connection");
    for (host, status) in
        [("localhost", "302"), ("other.example", "421"), ("go.example.test", "302"), ("localhost:443", "302")]
    {
        // Unknown hosts are the default domain's.
        let answer = ask(&mut stream, &format!("GET /known HTTP/1.1\r\nhost: {host}\r\n\r\n")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{host}: {answer}");
        let length = answer
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().expect("a number"));
        let head = answer.find("\r\n\r\n").expect("an end") + 4;
        let mut rest = vec![0; length - (answer.len() - head).min(length)];
        stream.read_exact(&mut rest).await.expect("its body");
    }
    let stream = secured.tls().speaking(b"h2").connect(secured.address(), "localhost").await.expect("a connection");
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
    let mut connection = pin!(connection);
    for (host, status) in [("localhost", 302), ("other.example", 421), ("go.example.test", 302)] {
        let request = http::Request::get(format!("https://{host}/known")).body(String::new()).expect("a request");
        let response = tokio::select! {
            response = sender.send_request(request) => response.expect("a response"),
            _ = &mut connection => panic!("the connection ended"),
        };
        assert_eq!(response.status(), status, "{host}");
    }
    secured.platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_resumed_whichever_accept_loop_they_come_to() {
    let mut secured = Secured::start(|config| config.edge.workers = 4).await;
    for versions in [&[&TLS13][..], &[&TLS12]] {
        let client = TlsClient::believing(&secured.authority.file(), versions);
        let mut kinds = Vec::new();
        for _ in 0..20 {
            let mut stream = client.connect(secured.address(), "localhost").await.expect("a connection");
            // Tickets of TLS 1.3 come with the answer.
            assert!(ask(&mut stream, GET).await.starts_with("HTTP/1.1 302"));
            kinds.push(stream.get_ref().1.handshake_kind());
        }
        assert_eq!(kinds[0], Some(HandshakeKind::Full));
        assert!(kinds[1..].iter().all(|kind| *kind == Some(HandshakeKind::Resumed)), "{kinds:?}");
    }
    secured.platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_in_the_files_is_taken_up_without_a_restart() {
    let mut secured = Secured::start(|config| config.edge.header_timeout_seconds = 60).await;
    let (client, address) = (secured.tls(), secured.address());
    let mut before = client.connect(address, "go.example.test").await.expect("a connection");
    assert!(client.connect(address, "new.example").await.is_err());

    let files = secured.platform.config.edge.tls.clone();
    fs::write(&files.certificate_file, "half of a file").expect("a file");
    let new = secured.authority.sign_names("new", &["localhost", "new.example"]);
    let mut still = client.connect(address, "localhost").await.expect("the last one stays");
    assert!(ask(&mut still, GET).await.starts_with("HTTP/1.1 302"));
    fs::copy(&new.certificate, &files.certificate_file).expect("a file");
    fs::copy(&new.key, &files.key_file).expect("a file");
    eventually("the new one is shown", || async { client.connect(address, "new.example").await.is_ok() }).await;
    assert!(client.connect(address, "go.example.test").await.is_err());
    let answer = ask(&mut before, "GET /known HTTP/1.1\r\nhost: go.example.test\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 302"), "connections stay: {answer}");
    secured.platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_slow_to_shake_hands_gives_way() {
    let mut secured = Secured::start(|config| {
        config.edge.header_timeout_seconds = 1;
        config.edge.workers = 1;
        config.edge.connections_max = 20;
    })
    .await;
    let (client, address) = (secured.tls(), secured.address());
    let mut slow = TcpStream::connect(address).await.expect("a connection");
    slow.write_all(&[22, 3, 1]).await.expect("it is taken");
    let mut end = Vec::new();
    drop(tokio::time::timeout(PATIENCE, slow.read_to_end(&mut end)).await.expect("the connection ends"));

    let mut flood = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        drop(stream.write_all(&[22, 3, 1, 2, 0, 1]).await);
        flood.push(stream);
        if flood.len() % 10 == 0 {
            // On a busy machine an honest visitor may be slow as well.
            eventually("there is a place", || async {
                let Ok(mut visitor) = client.connect(address, "localhost").await else { return false };
                ask(&mut visitor, GET).await.starts_with("HTTP/1.1 302")
            })
            .await;
        }
    }
    secured.platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_process_finishes_what_has_begun() {
    let mut secured = Secured::start(|_| {}).await;
    let address = secured.address();
    let mut idle = secured.tls().connect(address, "localhost").await.expect("a connection");
    assert!(ask(&mut idle, GET).await.starts_with("HTTP/1.1 302"));
    let client = secured.client(|client| client);
    client.get(secured.url("localhost", "/known")).send().await.expect("a response");
    secured.platform.stop().await;
    let mut rest = Vec::new();
    drop(tokio::time::timeout(PATIENCE, idle.read_to_end(&mut rest)).await.expect("the connection ends"));
    assert_eq!(TcpStream::connect(address).await.err().map(|error| error.kind()), Some(ErrorKind::ConnectionRefused));
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_are_told_to_come_over_tls_alone_where_a_domain_wants_that() {
    let mut secured = Secured::start(|config| config.edge.trusted_proxy_hops = 1).await;
    let wrong = json!({"hsts_max_age": null, "hsts_include_subdomains": true});
    let problem = secured.edit_default_domain(&wrong, StatusCode::BAD_REQUEST).await;
    assert_eq!(problem["errors"][0]["pointer"], "/hsts_include_subdomains");
    let problem = secured.edit_default_domain(&json!({"hsts_max_age": -1}), StatusCode::BAD_REQUEST).await;
    assert_eq!(problem["errors"][0]["pointer"], "/hsts_max_age");

    let client = secured.client(|client| client);
    let hsts = async |path: &str| {
        let response = client.get(secured.url("localhost", path)).send().await.expect("a response");
        response.headers().get("strict-transport-security").map(|value| value.to_str().expect("text").to_owned())
    };
    assert_eq!(hsts("/known").await, None);
    let choice = json!({"hsts_max_age": 31_536_000, "hsts_include_subdomains": true});
    let domain = secured.edit_default_domain(&choice, StatusCode::OK).await;
    assert_eq!(domain["hsts_max_age"], 31_536_000);
    let expected = Some("max-age=31536000; includeSubDomains".to_owned());
    eventually("redirects say so", || async { hsts("/known").await == expected }).await;
    for path in ["/known", "/none", "/", "/known+", "/healthz"] {
        assert_eq!(hsts(path).await, expected, "{path}");
    }
    let mut stream = secured.tls().connect(secured.address(), "localhost").await.expect("a connection");
    assert!(
        ask(&mut stream, GET).await.contains("\r\nstrict-transport-security: max-age=31536000; includeSubDomains\r\n")
    );
    // A proxy in front says over what it was reached.
    for (path, proto, told) in [
        ("/known", "https", expected.as_deref()),
        ("/none", "https", expected.as_deref()),
        ("/known", "http", None),
        ("/known", "", None),
    ] {
        let visit = secured.platform.client.get(secured.platform.edge(path)).header("host", "localhost");
        let visit = visit.header("x-forwarded-proto", proto);
        let response = visit.send().await.expect("a response");
        let hsts = response.headers().get("strict-transport-security").map(|value| value.to_str().expect("text"));
        assert_eq!(hsts, told, "{path} {proto}");
    }
    secured.platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn visitors_without_tls_are_sent_to_it_on_hosts_of_domains_alone() {
    let mut secured = Secured::start(|config| config.edge.tls.redirect_http = true).await;
    let platform = &secured.platform;
    let visit = async |method: Method, host: &str, path: &str| {
        let request = platform.client.request(method, platform.edge(path)).header("host", host);
        request.send().await.expect("a response")
    };
    for method in [Method::GET, Method::POST] {
        let response = visit(method, "localhost", "/known?a=1&b=%20").await;
        assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
        assert_eq!(response.headers()["location"], "https://localhost/known?a=1&b=%20");
    }
    for host in ["evil.example", "localhost.evil.example", "127.0.0.1", "go.example.test"] {
        let response = visit(Method::GET, host, "/none").await;
        assert_eq!((response.status(), response.headers().get("location")), (StatusCode::NOT_FOUND, None), "{host}");
    }
    assert_eq!(visit(Method::GET, "localhost", "/healthz").await.status(), StatusCode::OK);
    secured.platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_tells_the_client_before_the_handshake() {
    let mut secured = Secured::start(|config| config.edge.proxy_protocol = true).await;
    let (client, address) = (secured.tls(), secured.address());
    for pause in [Duration::ZERO, Duration::from_millis(50)] {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n").await.expect("it is taken");
        tokio::time::timeout(pause, std::future::pending::<()>()).await.expect_err("a pause");
        let mut stream = client.over(stream, "localhost").await.expect("a connection");
        assert!(ask(&mut stream, GET).await.starts_with("HTTP/1.1 302"));
    }
    assert!(client.connect(address, "localhost").await.is_err(), "without that header there is no connection");
    secured.platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_another_certificate_keeps_the_edge_from_starting() {
    let mut secured = Secured::start(|_| {}).await;
    let other = secured.authority.sign_names("other", &["localhost"]);
    secured.platform.stop().await;
    let mut config = secured.platform.config.clone();
    config.edge.tls.key_file = other.key;
    let loaded = elido::config::Loaded { config, entries: Vec::new() };
    let error = elido::roles::start(&loaded, elido::roles::Roles::all()).await.err().expect("a refusal").to_string();
    assert!(error.contains("edge.tls.certificate_file"), "{error}");
}
