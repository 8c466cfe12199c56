//! Connections to the edge: what comes over them in which pieces, and what keeps it waiting.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use elido::config::Config;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::platform::{PATIENCE, Platform, eventually};

/// How long a dribbling client pauses between two bytes.
const PAUSE: Duration = Duration::from_millis(50);

fn hurried(config: &mut Config) {
    config.edge.header_timeout_seconds = 1;
}

async fn connect(platform: &Platform) -> TcpStream {
    let url = platform.edge("");
    TcpStream::connect(url.strip_prefix("http://").expect("a URL")).await.expect("a connection")
}

/// Reads until the other side ends the connection.
async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut text)).await.expect("an end").expect("text");
    text
}

/// Reads the head of one response.
async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("more of it"));
    }
    String::from_utf8(head).expect("text")
}

/// What the edge answers to these bytes, which are the last on their connection. Dates are left out, and lengths of nothing, which an
/// answer to HEAD may leave out too.
async fn exchange(platform: &Platform, request: &str) -> String {
    let mut stream = connect(platform).await;
    stream.write_all(request.as_bytes()).await.expect("it is taken");
    stream.shutdown().await.expect("it ends");
    let response = read_to_end(&mut stream).await;
    let is_left_out = |line: &&str| line.starts_with("date: ") || *line == "content-length: 0\r\n";
    response.split_inclusive("\r\n").filter(|line| !is_left_out(line)).collect()
}

async fn platform_with_links() -> Platform {
    let platform = Platform::start().await;
    let account = platform.account().await;
    for link in [
        json!({"destination_url": "https://example.com/1", "slug": "one"}),
        json!({"destination_url": "https://example.com/2", "slug": "two", "redirect_status": 308}),
        json!({"destination_url": "https://example.com/3", "slug": "three", "forward_query": "visitor_wins"}),
        json!({"destination_url": "https://example.com/4", "slug": "four", "password": "open sesame"}),
        json!({"destination_url": "https://example.com/5", "slug": "five", "max_clicks": 1000}),
    ] {
        platform.create_link(&account, &link).await;
    }
    platform
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_answered_alike_whoever_reads_it() {
    let mut platform = platform_with_links().await;
    for path in
        ["/one", "/two", "/three?a=1", "/four", "/five", "/one+", "/no-such-link", "/", "/healthz", "/favicon.ico"]
    {
        for method in ["GET", "HEAD"] {
            let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n");
            let ordinary = exchange(&platform, &format!("{head}\r\n")).await;
            // A length, even of nothing, makes a request one for hyper.
            let other = exchange(&platform, &format!("{head}content-length: 0\r\n\r\n")).await;
            assert!(ordinary.starts_with("HTTP/1.1 "), "{method} {path}: {ordinary}");
            assert_eq!(ordinary, other, "{method} {path}");
        }
    }
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_answered_in_turn_also_where_the_last_ones_are_out_of_the_ordinary() {
    let mut platform = platform_with_links().await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let form = "POST /four HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n\
        content-length: 20\r\n\r\npassword=open+sesame";
    let responses = exchange(&platform, &[&get("/one"), &get("/two"), form, &get("/healthz")].concat()).await;
    let lines = responses.lines().filter(|line| line.starts_with("HTTP/1.1") || line.starts_with("location"));
    let expected = [
        "HTTP/1.1 302 Found",
        "location: https://example.com/1",
        "HTTP/1.1 308 Permanent Redirect",
        "location: https://example.com/2",
        "HTTP/1.1 303 See Other",
        "location: https://example.com/4",
        "HTTP/1.1 200 OK",
    ];
    assert_eq!(lines.collect::<Vec<_>>(), expected);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_may_come_in_pieces_and_be_long() {
    let mut platform = platform_with_links().await;
    let mut stream = connect(&platform).await;
    stream.set_nodelay(true).expect("an option");
    for cookie_bytes in [100, 5_000, 20_000] {
        let cookie = "x".repeat(cookie_bytes);
        let head = format!("GET /one HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\r\n");
        for piece in head.as_bytes().chunks(1_500) {
            stream.write_all(piece).await.expect("it is taken");
            stream.flush().await.expect("it is sent");
        }
        assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 302 Found"));
    }
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_dribbles_its_head_is_not_waited_for() {
    let mut platform = Platform::start_with(hurried).await;
    let mut stream = connect(&platform).await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow: ").await.expect("it is taken");
    let dribbled = async {
        let mut byte = [0];
        // Ends when the other side does: then there is nothing to read, or it has reset the connection.
        while tokio::time::timeout(PAUSE, stream.read(&mut byte)).await.is_err() {
            if stream.write_all(b"x").await.is_err() {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, dribbled).await.expect("the connection ends");
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_says_nothing_more_after_an_answer_is_not_waited_for() {
    let mut platform = Platform::start_with(|config| config.edge.header_timeout_seconds = 5).await;
    let mut stream = connect(&platform).await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("it is taken");
    assert!(read_to_end(&mut stream).await.ends_with("\r\n\r\nok\n"));
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn open_connections_do_not_keep_the_edge_from_stopping() {
    let mut platform = Platform::start().await;
    let mut stream = connect(&platform).await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("it is taken");
    let mut answered = [0; 12];
    stream.read_exact(&mut answered).await.expect("a response");
    assert_eq!(&answered, b"HTTP/1.1 200");
    platform.stop().await;
    read_to_end(&mut stream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_on_its_way_when_the_edge_stops_is_answered_as_the_last_one() {
    // The second is one for hyper.
    for end in ["\r\n", "connection: close\r\n\r\n"] {
        let mut platform = platform_with_links().await;
        let address = platform.edge("").trim_start_matches("http://").to_owned();
        let mut stream = connect(&platform).await;
        stream.write_all(b"HEAD /one HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("it is taken");
        read_head(&mut stream).await;
        stream.write_all(b"GET /one HTTP/1.1\r\nhost: localhost\r\n").await.expect("it is taken");
        let finish = async {
            eventually("nobody is let in any more", || async { TcpStream::connect(&address).await.is_err() }).await;
            stream.write_all(end.as_bytes()).await.expect("it is taken");
            read_to_end(&mut stream).await
        };
        let ((), response) = tokio::join!(platform.stop(), finish);
        assert!(response.starts_with("HTTP/1.1 302 Found\r\n"), "{response}");
        assert!(response.contains("\r\nconnection: close\r\n"), "{response}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_a_request_does_not_hold_its_answer_back() {
    let mut platform = platform_with_links().await;
    for line in ["", "connection: close\r\n", "content-length: 0\r\n"] {
        let mut stream = connect(&platform).await;
        let request = format!("GET /one HTTP/1.1\r\nhost: localhost\r\n{line}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("it is taken");
        let response = tokio::time::timeout(PATIENCE, read_head(&mut stream)).await.expect("a response");
        assert!(response.starts_with("HTTP/1.1 302 Found\r\n"), "{response}");
    }
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_told_so() {
    let mut platform = Platform::start().await;
    for nonsense in ["nonsense\r\n\r\n", "GET /one HTTP/1.1\r\nno header\r\n\r\n"] {
        let response = exchange(&platform, nonsense).await;
        assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
    }
    platform.stop().await;
}

fn crowded(config: &mut Config) {
    config.edge.workers = 1;
    config.edge.connections_max = 40;
    config.edge.connections_per_address_max = 0;
}

/// Connections that have said nothing.
async fn idle_connections(platform: &Platform, count: usize) -> Vec<TcpStream> {
    let mut idle = Vec::new();
    for _ in 0..count {
        idle.push(connect(platform).await);
    }
    idle
}

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_idle_connections_do_not_keep_a_visitor_out() {
    let mut platform = Platform::start_with(crowded).await;
    let idle = idle_connections(&platform, 400).await;
    let mut visitor = connect(&platform).await;
    visitor.write_all(HEALTH).await.expect("it is taken");
    let head = tokio::time::timeout(PATIENCE, read_head(&mut visitor)).await.expect("a place");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let metrics = platform.client.get(platform.internal("/metrics")).send().await.expect("a response");
    let metrics = metrics.text().await.expect("text");
    let line = metrics
        .lines()
        .find(|line| line.contains("elido_connections_evicted_total{listener=\"edge\",reason=\"room\"}"));
    assert!(line.is_some_and(|line| !line.ends_with(" 0")), "{metrics}");
    drop(idle);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_in_the_middle_of_a_response_keeps_its_place_among_idle_ones() {
    let mut platform = Platform::start_with(crowded).await;
    let account = platform.account().await;
    platform
        .create_link(
            &account,
            &json!({"destination_url": "https://example.com/", "slug": "locked", "password": "open sesame"}),
        )
        .await;
    let mut visitor = connect(&platform).await;
    // The form is announced and not sent, so that its response has begun and is not over.
    let head = "POST /locked HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n\
        content-length: 20\r\nexpect: 100-continue\r\n\r\n";
    visitor.write_all(head.as_bytes()).await.expect("it is taken");
    assert!(read_head(&mut visitor).await.starts_with("HTTP/1.1 100"));
    let idle = idle_connections(&platform, 200).await;
    let mut other = connect(&platform).await;
    other.write_all(HEALTH).await.expect("it is taken");
    read_head(&mut other).await;
    visitor.write_all(b"password=open+sesame").await.expect("it is taken");
    let head = read_head(&mut visitor).await;
    assert!(head.starts_with("HTTP/1.1 303"), "{head}");
    drop(idle);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_only_so_many_connections_and_its_newest_is_served() {
    let mut platform = Platform::start_with(|config| {
        crowded(config);
        config.edge.connections_per_address_max = 5;
    })
    .await;
    let mut idle = idle_connections(&platform, 6).await;
    let mut newest = connect(&platform).await;
    newest.write_all(HEALTH).await.expect("it is taken");
    assert!(read_head(&mut newest).await.starts_with("HTTP/1.1 200"));
    assert_eq!(read_to_end(&mut idle[0]).await, "");
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_trusted_proxy_its_address_has_as_many_connections_as_there_are() {
    let mut platform = Platform::start_with(|config| {
        crowded(config);
        config.edge.trusted_proxy_hops = 1;
        config.edge.connections_per_address_max = 5;
    })
    .await;
    let mut connections = idle_connections(&platform, 20).await;
    for connection in &mut connections {
        connection.write_all(HEALTH).await.expect("it is taken");
        assert!(read_head(connection).await.starts_with("HTTP/1.1 200"));
    }
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_names_one_host_whoever_reads_it() {
    let mut platform = platform_with_links().await;
    for (hosts, status) in [
        ("host: localhost\r\n", "302"),
        ("", "400"),
        ("host: localhost\r\nhost: localhost\r\n", "400"),
        ("host: localhost\r\nHOST: example.com\r\n", "400"),
        ("host: local host\r\n", "400"),
        ("host:\r\n", "400"),
        ("host: a@localhost\r\n", "400"),
    ] {
        for more in ["", "content-length: 0\r\n"] {
            let response = exchange(&platform, &format!("GET /one HTTP/1.1\r\n{hosts}{more}\r\n")).await;
            assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{hosts}{more}: {response}");
        }
    }
    for (request, status) in [
        ("GET http://localhost/one HTTP/1.1\r\nhost: other.example\r\n\r\n", "302"),
        ("GET http://localhost/one HTTP/1.1\r\n\r\n", "400"),
        ("GET http://a@localhost/one HTTP/1.1\r\nhost: localhost\r\n\r\n", "400"),
        ("GET /one HTTP/1.0\r\n\r\n", "302"),
    ] {
        let response = exchange(&platform, request).await;
        assert_eq!(response.get(9..12), Some(status), "{request}: {response}");
    }
    platform.stop().await;
}

/// What the edge answers to a request that a proxy passes on with this header.
async fn passed_on(platform: &Platform, header: &str, request: &str) -> String {
    let mut stream = connect(platform).await;
    stream.set_nodelay(true).expect("an option");
    // Byte by byte, as nobody promises that a header comes at once.
    for byte in header.as_bytes() {
        stream.write_all(&[*byte]).await.expect("it is taken");
    }
    stream.write_all(request.as_bytes()).await.expect("it is taken");
    read_to_end(&mut stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_tells_for_whom_it_passes_bytes_on() {
    let mut platform = Platform::start_with(|config| {
        config.edge.workers = 1;
        config.edge.proxy_protocol = true;
        config.edge.rate_limit_per_second = 1;
        config.edge.rate_limit_burst = 1;
        config.edge.connections_per_address_max = 1;
    })
    .await;
    let get = |close: &str| format!("GET /nothing HTTP/1.1\r\nhost: localhost\r\n{close}\r\n");
    // The second is one for hyper.
    for (network, close) in
        [("198.51.100", "connection: close\r\n"), ("203.0.113", "connection: close\r\nx: y\r\ncontent-length: 0\r\n")]
    {
        // An address whose second request came more than a second later is not limited.
        let addresses = AtomicUsize::new(1);
        eventually("the second is one too many", || async {
            let address = addresses.fetch_add(1, Ordering::Relaxed);
            let header = format!("PROXY TCP4 {network}.{address} 192.0.2.1 51008 443\r\n");
            let responses =
                [passed_on(&platform, &header, &get(close)).await, passed_on(&platform, &header, &get(close)).await];
            responses.each_ref().map(|response| response.get(9..12).unwrap_or_default()) == ["404", "429"]
        })
        .await;
    }
    let block = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x01\x02\x03\x04\x01\x02\x03\x04\0\x50\0\x50";
    assert_eq!(passed_on(&platform, block, &get("connection: close\r\n")).await.get(9..12), Some("404"));
    assert_eq!(passed_on(&platform, "", &get("connection: close\r\n")).await, "");
    let metrics = platform.client.get(platform.internal("/metrics")).send().await.expect("a response");
    let metrics = metrics.text().await.expect("text");
    assert!(metrics.contains("elido_proxy_protocol_refused_total{listener=\"edge\"} 1"), "{metrics}");
    platform.stop().await;
}
