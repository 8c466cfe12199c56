//! DNS that lies, lags, falls silent and says far too much.

use std::time::Instant;

use reqwest::StatusCode;
use serde_json::json;

use crate::domains::{active, claim, path, start, verify};
use crate::support::name_server::{INGRESS, INGRESS_ADDRESS, Mood, address, cname, txt};
use crate::support::platform::{PATIENCE, body};

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_ten_thousand_records_is_read_as_far_as_it_is_one_and_told_in_short() {
    let (platform, dns, account) = start().await;
    let domain = claim(&platform, &account, "many.example").await;
    dns.set(
        "_elido-challenge.many.example",
        (0..10_000).map(|number| txt(&format!("elido-verify={number}"))).collect(),
    );
    let addresses = (0..10_000_u32).map(|number| address(&format!("198.{}.{}.7", 20 + number / 250, number % 250)));
    dns.set("many.example", addresses.collect());
    let begun = Instant::now();
    let looked = verify(&platform, &account, &domain).await;
    assert!(begun.elapsed() < PATIENCE / 2);
    assert_eq!(looked["state"], "pending");
    for record in [0, 2] {
        assert!(looked["records"][record]["found"].as_array().expect("values").len() <= 10);
    }
    // One address of ours among thousands of others is not enough, and neither is our value among thousands.
    dns.set(
        "many.example",
        (0..500)
            .map(|number| address(&format!("198.51.98.{}", number % 250)))
            .chain([address(INGRESS_ADDRESS)])
            .collect(),
    );
    assert_eq!(verify(&platform, &account, &domain).await["state"], "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_costs_its_time_and_no_more() {
    let (platform, dns, account) = start().await;
    let domain = claim(&platform, &account, "silent.example").await;
    for name in ["silent.example", "_elido-challenge.silent.example"] {
        dns.be(name, Mood::Silent);
    }
    let begun = Instant::now();
    let looked = verify(&platform, &account, &domain).await;
    assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
    assert_eq!((&looked["state"], &looked["records"][0]["status"]), (&json!("pending"), &json!("unknown")));
    assert!(looked["last_check_trouble"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn aliases_in_a_circle_or_without_an_end_lead_nowhere() {
    let (platform, dns, account) = start().await;
    let domain = claim(&platform, &account, "circle.example").await;
    dns.own(&domain);
    dns.set("circle.example", vec![cname("other.example")]);
    dns.set("other.example", vec![cname("circle.example")]);
    assert_ne!(verify(&platform, &account, &domain).await["state"], "active");
    dns.set("circle.example", vec![cname("step-0.example")]);
    for step in 0..40 {
        dns.set(&format!("step-{step}.example"), vec![cname(&format!("step-{}.example", step + 1))]);
    }
    dns.set("step-40.example", vec![cname(INGRESS)]);
    assert_ne!(verify(&platform, &account, &domain).await["state"], "active");
    dns.set("step-1.example", vec![cname(INGRESS)]);
    assert_eq!(verify(&platform, &account, &domain).await["state"], "active", "a short way is one");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_write_into_dns_is_shown_harmlessly() {
    let (platform, dns, account) = start().await;
    let domain = claim(&platform, &account, "loud.example").await;
    let nasty = "\u{1b}[31m<script>\u{0}\r\nX-Header: 1";
    dns.set("_elido-challenge.loud.example", vec![txt(nasty)]);
    let looked = verify(&platform, &account, &domain).await;
    let shown = looked["records"][0]["found"][0].as_str().expect("a text");
    assert_eq!(shown, "[31m<script>X-Header: 1");
    let near = format!("{INGRESS}.evil.example");
    dns.own(&domain);
    dns.set("loud.example", vec![cname(&near)]);
    assert_eq!(
        verify(&platform, &account, &domain).await["state"],
        "pending",
        "a name that begins like ours is not ours"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_of_another_workspace_is_not_found_whatever_is_done_to_it() {
    let (platform, dns, mine) = start().await;
    let theirs = platform.sign_in().await;
    let domain = active(&platform, &dns, &mine, "go.example.com").await;
    for (method, suffix) in [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/verify")] {
        let method = method.parse().expect("a method");
        let request = platform.of(&theirs, method, &format!("{}{suffix}", path(&domain))).json(&json!({}));
        body(request, StatusCode::NOT_FOUND).await;
    }
    let link = json!({ "destination_url": "https://example.com/", "domain": "go.example.com" });
    let stolen = platform.of(&theirs, reqwest::Method::POST, "/links").json(&link);
    assert_eq!(body(stolen, StatusCode::BAD_REQUEST).await["errors"][0]["code"], "unknown_domain");
}
