//! Reports to webhooks: signed, tried again, told of in the report, and never sent into the operator's own network.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, StatusCode};
use ring::hmac;
use serde_json::{Value, json};

use crate::audit::{elido, text};
use crate::domains;
use crate::nothing_is_fetched::{inside, is_untouched};
use crate::support::name_server::address;
use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::statements::execute;

/// A receiver, which answers what it is told to and 200 after that.
struct Receiver {
    url: String,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    messages: Mutex<Vec<(HeaderMap, Bytes)>>,
    answers: Mutex<Vec<u16>>,
}

impl Receiver {
    async fn start(answers: &[u16]) -> Self {
        let seen = Arc::new(Seen { answers: Mutex::new(answers.to_vec()), ..Seen::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook?key=1", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(take).with_state(Arc::clone(&seen));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, seen }
    }

    fn messages(&self) -> Vec<(HeaderMap, Bytes)> {
        self.seen.messages.lock().expect("no panic").clone()
    }
}

async fn take(State(seen): State<Arc<Seen>>, headers: HeaderMap, message: Bytes) -> Response {
    seen.messages.lock().expect("no panic").push((headers, message));
    let mut answers = seen.answers.lock().expect("no panic");
    let status = if answers.is_empty() { 200 } else { answers.remove(0) };
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [("location", "/elsewhere")]).into_response()
}

/// A platform whose operator allows receivers on this machine.
async fn start() -> (Platform, Account) {
    let platform = Platform::start_with(|config| config.outbound.allowed_hosts = "127.0.0.1".to_owned()).await;
    let account = platform.account().await;
    (platform, account)
}

async fn make(platform: &Platform, account: &Account, url: &str) -> Value {
    let draft = json!({ "name": "For the warehouse", "every": "week", "webhook_url": url });
    body(platform.of(account, Method::POST, "/report-schedules").json(&draft), StatusCode::CREATED).await
}

fn path(schedule: &Value) -> String {
    format!("/report-schedules/{}", schedule["id"].as_str().expect("an id"))
}

async fn test(platform: &Platform, account: &Account, schedule: &Value) {
    let asked = platform.of(account, Method::POST, &format!("{}/test", path(schedule))).send().await;
    assert_eq!(asked.expect("a response").status(), StatusCode::ACCEPTED);
}

/// What came of the last message, once it is in this state.
async fn delivery(platform: &Platform, account: &Account, schedule: &Value, state: &str) -> Value {
    let path = path(schedule);
    let last = RefCell::new(Value::Null);
    eventually(state, || async {
        last.replace(platform.read(account, &path).await["last_delivery"].clone());
        last.borrow()["state"] == state
    })
    .await;
    last.into_inner()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).unwrap_or_else(|| panic!("{name} is there")).to_str().expect("a text")
}

/// Whether the message is signed with this secret, as the receiver would find out.
fn is_signed((headers, message): &(HeaderMap, Bytes), secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a secret")).expect("base64");
    let signature = header(headers, "webhook-signature").strip_prefix("v1,").expect("a version");
    let mut signed =
        format!("{}.{}.", header(headers, "webhook-id"), header(headers, "webhook-timestamp")).into_bytes();
    signed.extend_from_slice(message);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    hmac::verify(&key, &signed, &STANDARD.decode(signature).expect("base64")).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_due_goes_to_its_webhook_and_again_until_it_is_taken() {
    let (mut platform, account) = start().await;
    // A redirect is no success, and nobody follows it.
    let receiver = Receiver::start(&[302]).await;
    let schedule = make(&platform, &account, &receiver.url).await;
    let secret = schedule["webhook_secret"].as_str().expect("a secret").to_owned();
    assert_eq!((&schedule["recipients"], &schedule["last_delivery"]), (&json!([]), &Value::Null));
    platform.stop().await;
    execute(&platform.config, "UPDATE report_schedules SET next_at = 1").await;
    execute(&platform.config, "DELETE FROM job_schedules WHERE kind = 'plan_reports'").await;
    platform.start_again().await;
    let first = delivery(&platform, &account, &schedule, "retrying").await;
    assert_eq!((&first["status"], &first["attempts"]), (&json!(302), &json!(1)), "{first}");
    assert_eq!(first["error"], "the receiver answered 302");
    let second = delivery(&platform, &account, &schedule, "delivered").await;
    assert_eq!((&second["status"], &second["attempts"], &second["error"]), (&json!(200), &json!(2), &Value::Null));

    let messages = receiver.messages();
    assert_eq!(messages.len(), 2, "once for each attempt");
    assert!(messages.iter().all(|message| is_signed(message, &secret)));
    assert!(!is_signed(&messages[0], "whsec_AAAA"));
    assert_eq!(header(&messages[0].0, "webhook-id"), header(&messages[1].0, "webhook-id"));
    assert!(header(&messages[0].0, "user-agent").starts_with("Elido-Webhooks/"));
    let message: Value = serde_json::from_slice(&messages[1].1).expect("JSON");
    assert_eq!(message["type"], "report.ready");
    let data = &message["data"];
    assert_eq!((&data["report_schedule_id"], &data["name"]), (&schedule["id"], &json!("For the warehouse")));
    assert_eq!((&data["summary"]["clicks"], &data["summary"]["from"]), (&json!(0), &second["from"]));
    assert_eq!((data["days"].as_array().map(Vec::len), &data["is_test"]), (Some(7), &json!(false)));

    // The secret is nowhere but in the answer that made it.
    for place in ["/report-schedules", &path(&schedule), "/audit-events", "/events"] {
        let shown = platform.read(&account, place).await.to_string();
        assert!(!shown.contains(&secret) && !shown.contains("sealed"), "{place}: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_is_not_asked_again_and_another_can_take_its_place() {
    let (platform, account) = start().await;
    let gone = Receiver::start(&[410]).await;
    let output = elido(
        &platform,
        &account,
        &["report", "create", "Spring", "--every", "month", "--webhook", &gone.url, "--json"],
    )
    .await;
    assert!(output.status.success(), "{}", text(&output));
    let schedule: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    test(&platform, &account, &schedule).await;
    let failed = delivery(&platform, &account, &schedule, "failed").await;
    assert_eq!((&failed["status"], &failed["attempts"]), (&json!(410), &json!(1)), "{failed}");

    let other = Receiver::start(&[]).await;
    let patch = platform.of(&account, Method::PATCH, &path(&schedule)).json(&json!({ "webhook_url": other.url }));
    body(patch, StatusCode::OK).await;
    test(&platform, &account, &schedule).await;
    delivery(&platform, &account, &schedule, "delivered").await;
    let messages = other.messages();
    assert!(is_signed(&messages[0], schedule["webhook_secret"].as_str().expect("a secret")), "the secret stays");
    let message: Value = serde_json::from_slice(&messages[0].1).expect("JSON");
    assert_eq!(message["data"]["is_test"], true);
    assert_eq!(gone.messages().len(), 1);
    let output = elido(&platform, &account, &["report", "show", schedule["id"].as_str().expect("an id")]).await;
    assert!(text(&output).contains("delivered"), "{}", text(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_lead_to_the_internet_and_are_told_field_by_field_where_they_do_not() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let receiver = Receiver::start(&[]).await;
    let own = platform.config.api.public_url.host_str().expect("a host").to_owned();
    let long = format!("https://hooks.example.com/{}", "x".repeat(2_000));
    for (url, code) in [
        (receiver.url.as_str(), "refused_url"),
        ("https://127.0.0.1/", "refused_url"),
        ("https://[::ffff:10.0.0.1]/", "refused_url"),
        ("https://user:secret@hooks.example.com/", "refused_url"),
        ("https://hooks.example.com:25/", "refused_url"),
        (&format!("https://{own}/v1/me"), "refused_url"),
        ("hooks.example.com", "invalid_url"),
        (&long, "too_long"),
    ] {
        let draft = json!({ "name": "T", "every": "week", "webhook_url": url });
        let asked = platform.of(&account, Method::POST, "/report-schedules").json(&draft);
        let problem = body(asked, StatusCode::BAD_REQUEST).await;
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!("/webhook_url"), &json!(code)), "{url}: {problem}");
    }
    let me = crate::support::members::user_id(&platform, &account).await;
    let url = "https://hooks.example.com/";
    let both = json!({ "name": "T", "every": "week", "webhook_url": url, "recipients": [me] });
    let asked = platform.of(&account, Method::POST, "/report-schedules").json(&both);
    let problem = body(asked, StatusCode::BAD_REQUEST).await;
    assert_eq!(problem["errors"][0]["code"], "not_with_recipients", "{problem}");

    let schedule = make(&platform, &account, url).await;
    let patch = platform.of(&account, Method::PATCH, &path(&schedule)).json(&json!({ "recipients": [me] }));
    assert_eq!(body(patch, StatusCode::BAD_REQUEST).await["errors"][0]["code"], "goes_to_webhook");
    let patch = platform.of(&account, Method::PATCH, &path(&schedule)).json(&json!({ "webhook_url": receiver.url }));
    assert_eq!(body(patch, StatusCode::BAD_REQUEST).await["errors"][0]["code"], "refused_url");
    assert!(receiver.messages().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_into_the_network_of_the_operator_is_not_asked() {
    let (platform, dns, account) = domains::start().await;
    let (listener, _) = inside();
    dns.set("inside.example.com", vec![address("127.0.0.1")]);
    dns.set("mixed.example.com", vec![address("93.184.216.34"), address("10.0.0.1")]);
    for (host, error) in [
        ("inside.example.com", "the address is refused: it leads to an address that is not one of the internet"),
        ("mixed.example.com", "the address is refused: it leads to an address that is not one of the internet"),
    ] {
        let schedule = make(&platform, &account, &format!("https://{host}/")).await;
        test(&platform, &account, &schedule).await;
        let failed = delivery(&platform, &account, &schedule, "failed").await;
        assert_eq!(
            (&failed["error"], &failed["status"], &failed["attempts"]),
            (&json!(error), &Value::Null, &json!(1))
        );
    }
    let schedule = make(&platform, &account, "https://nowhere.example.com/").await;
    test(&platform, &account, &schedule).await;
    let later = delivery(&platform, &account, &schedule, "retrying").await;
    assert_eq!(later["error"], "the host name has no address");
    assert!(is_untouched(&listener));
}
