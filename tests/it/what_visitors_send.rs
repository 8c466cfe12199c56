//! Paths, queries and headers as visitors send them, and what of them arrives at the destination.

use reqwest::header::{CACHE_CONTROL, HeaderValue, LOCATION, USER_AGENT};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::platform::{Account, Platform, eventually};

/// A method, a path and headers.
type Onlooker = (Method, &'static str, &'static [(&'static str, &'static str)]);

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";

async fn with_link(link: Value) -> (Platform, Account) {
    let platform = Platform::start().await;
    let account = platform.account().await;
    platform.create_link(&account, &link).await;
    (platform, account)
}

/// The `Location` of a target that is sent byte for byte; empty if there is none.
async fn sent(platform: &Platform, target: &str) -> String {
    let address = platform.edge("");
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).await.expect("a connection");
    let request =
        format!("GET {target} HTTP/1.1\r\nhost: localhost\r\nuser-agent: {BROWSER}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it is taken");
    let mut response = String::new();
    stream.read_to_string(&mut response).await.expect("a response");
    let location = response.lines().find_map(|line| line.strip_prefix("location: "));
    location.unwrap_or_default().to_owned()
}

async fn ask(platform: &Platform, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = platform.client.request(method, platform.edge(path)).header("host", "localhost");
    let is_named = headers.iter().any(|(name, _)| *name == "user-agent");
    if !is_named {
        request = request.header(USER_AGENT, BROWSER);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("a response")
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_arrive_as_they_were_sent_however_deep_they_are() {
    let link = json!({ "destination_url": "https://example.com/base", "slug": "d", "forward_path": true });
    let (mut platform, _) = with_link(link).await;
    for suffix in [
        "/50%2525",
        "/a%2Fb",
        "/https://example.org/x",
        "/a//b",
        "/C%2B%2B",
        "/C++",
        "/1/2/3/4/5/6/7/8/9/10/11/12",
        "/",
    ] {
        assert_eq!(
            sent(&platform, &format!("/d{suffix}")).await,
            format!("https://example.com/base{suffix}"),
            "{suffix}"
        );
    }
    assert_eq!(sent(&platform, "/d+").await, "", "a plus behind the slug shows where the link goes");
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_arrive_as_they_were_sent_beside_those_of_the_destination() {
    let destination = "https://example.com/f.pdf?sig=ab&n=a%20b%3B%22&q=%E4&flag&x=(1)";
    let link = json!({ "destination_url": destination, "slug": "q", "forward_query": "visitor_wins" });
    let (mut platform, _) = with_link(link).await;
    for query in ["fbclid=IwAR1", "install", "Some%20Filter=1", "a==b", "qr=ABC123", "t=%E4"] {
        assert_eq!(sent(&platform, &format!("/q?{query}")).await, format!("{destination}&{query}"), "{query}");
    }
    assert_eq!(sent(&platform, "/q?qr=1").await, destination);
    assert_eq!(
        sent(&platform, "/q?sig=mine").await,
        "https://example.com/f.pdf?n=a%20b%3B%22&q=%E4&flag&x=(1)&sig=mine"
    );
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_is_not_utf8_is_read_all_the_same() {
    let link = json!({
        "destination_url": "https://example.com/desktop", "slug": "p",
        "rules": [{"name": "phones", "conditions": [{"type": "devices", "any_of": ["mobile"]}],
            "outcome": {"type": "destination", "destination_url": "https://example.com/app"}}],
    });
    let (mut platform, account) = with_link(link).await;
    let agent = b"Mozilla/5.0 (Linux; Android 9; Moto Z\xb2 Play) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/110.0.0.0 Mobile Safari/537.36";
    let agent = HeaderValue::from_bytes(agent).expect("a header");
    let visit = platform.client.get(platform.edge("/p")).header("host", "localhost").header(USER_AGENT, agent);
    assert_eq!(visit.send().await.expect("a response").headers()[LOCATION], "https://example.com/app");
    eventually("the click counts as a person's", || async {
        platform.read(&account, "/analytics/summary").await["clicks"] == 1
    })
    .await;
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_with_limited_clicks_keeps_its_secret_and_its_clicks_for_those_who_open_it() {
    let link = json!({ "destination_url": "https://example.com/secret", "slug": "once", "max_clicks": 1, "redirect_status": 301 });
    let (mut platform, _) = with_link(link).await;
    let onlookers: [Onlooker; 8] = [
        (Method::HEAD, "/once", &[]),
        (Method::GET, "/once+", &[]),
        (Method::GET, "/once", &[("user-agent", "WhatsApp/2.23.20.0")]),
        (Method::GET, "/once", &[("user-agent", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)")]),
        (Method::GET, "/once", &[("sec-purpose", "prefetch;prerender")]),
        (Method::GET, "/once", &[("purpose", "preview")]),
        (Method::GET, "/once", &[("x-purpose", "preview")]),
        (Method::GET, "/once", &[("x-moz", "prefetch")]),
    ];
    for (method, path, headers) in &onlookers {
        let response = ask(&platform, method.clone(), path, headers).await;
        assert_eq!(response.status(), 200, "{method} {path} {headers:?}");
        assert!(response.headers().get(LOCATION).is_none());
        assert_eq!(response.headers()[CACHE_CONTROL], "private, no-store");
        assert!(!response.text().await.expect("a body").contains("secret"));
    }
    let opened = ask(&platform, Method::GET, "/once", &[]).await;
    assert_eq!(
        (opened.status().as_u16(), &opened.headers()[LOCATION]),
        (301, &HeaderValue::from_static("https://example.com/secret"))
    );
    assert_eq!(opened.headers()[CACHE_CONTROL], "private, no-store", "no cache hides a visit");
    assert_eq!(ask(&platform, Method::GET, "/once", &[]).await.status(), 410);
    for (method, path, headers) in &onlookers {
        assert_eq!(ask(&platform, method.clone(), path, headers).await.status(), 410, "{method} {path} {headers:?}");
    }
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_redirect_is_not_remembered_beyond_the_end_of_its_link() {
    let soon = elido::runtime::clock::now().plus(std::time::Duration::from_secs(30));
    let link = json!({ "destination_url": "https://example.com/", "slug": "soon", "redirect_status": 301, "expires_at": soon });
    let (mut platform, account) = with_link(link).await;
    assert_eq!(ask(&platform, Method::GET, "/soon", &[]).await.headers()[CACHE_CONTROL], "private, no-store");
    let later = json!({ "destination_url": "https://example.com/", "slug": "later", "redirect_status": 301, "expires_at": "2999-01-01T00:00:00Z" });
    platform.create_link(&account, &later).await;
    assert_eq!(ask(&platform, Method::GET, "/later", &[]).await.headers()[CACHE_CONTROL], "private, max-age=90");
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_with_a_query_goes_without_it_and_keeps_the_path() {
    let link = json!({
        "destination_url": "https://example.com/base", "slug": "l", "forward_path": true, "forward_query": "visitor_wins",
    });
    let (mut platform, _) = with_link(link).await;
    let long = "a".repeat(8_180);
    assert_eq!(sent(&platform, &format!("/l/pay/step2?t={long}")).await, "https://example.com/base/pay/step2");
    assert_eq!(ask(&platform, Method::GET, &format!("/l/{long}"), &[]).await.status(), 414);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn languages_and_referrers_are_known_by_each_of_their_names() {
    let rule = |name: &str, condition: Value| {
        let outcome = json!({ "type": "destination", "destination_url": format!("https://example.com/{name}") });
        json!({ "name": name, "conditions": [condition], "outcome": outcome })
    };
    let (platform, account) = with_link(json!({
        "destination_url": "https://example.com/",
        "slug": "names",
        "rules": [
            rule("norwegian", json!({ "type": "languages", "any_of": ["no"] })),
            rule("traditional", json!({ "type": "languages", "any_of": ["zh-TW"] })),
            rule("news", json!({ "type": "referrer_hosts", "any_of": ["www.news.example"] })),
            rule("books", json!({ "type": "referrer_hosts", "any_of": ["b\u{fc}cher.example"] })),
        ],
    }))
    .await;
    let sent_by = async |headers: &[(&str, &str)]| {
        let answer = ask(&platform, Method::GET, "/names", headers).await;
        answer.headers()["location"].to_str().expect("text").trim_start_matches("https://example.com/").to_owned()
    };
    assert_eq!(sent_by(&[("accept-language", "nb-NO,nb;q=0.9")]).await, "norwegian");
    assert_eq!(sent_by(&[("accept-language", "nn")]).await, "");
    assert_eq!(sent_by(&[("accept-language", "zh-Hant-TW")]).await, "traditional");
    assert_eq!(sent_by(&[("accept-language", "zh-CN")]).await, "");
    for host in ["news.example", "www.news.example", "WWW.News.Example:8443"] {
        assert_eq!(sent_by(&[("referer", &format!("https://{host}/page"))]).await, "news");
    }
    assert_eq!(sent_by(&[("referer", "https://shop.news.example/")]).await, "");
    for host in ["xn--bcher-kva.example", "www.xn--bcher-kva.example", "b\u{fc}cher.example"] {
        assert_eq!(sent_by(&[("referer", &format!("https://{host}/page"))]).await, "books");
    }
    let read = async |query: &str| platform.read(&account, &format!("/analytics/breakdown?include=bots&{query}")).await;
    eventually("one name for each site", || async {
        let answer = read("dimension=referrer").await;
        let items = answer["data"].as_array().expect("values").clone();
        let of = |site: &str| items.iter().find(|item| item["value"] == site).map(|item| item["clicks"].clone());
        of("news.example") == Some(3.into()) && of("xn--bcher-kva.example") == Some(3.into())
    })
    .await;
    for name in ["www.news.example", "News.Example"] {
        assert_eq!(read(&format!("dimension=rule&referrer={name}")).await["data"][0]["clicks"], 3, "{name}");
    }
}
