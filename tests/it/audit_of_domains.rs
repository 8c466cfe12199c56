//! What the walk through every changing operation does to domains.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;

use crate::domains::{claim, path};
use crate::support::name_server::NameServer;
use crate::support::platform::{Account, Platform, body};

/// A request for this operation that changes something; none if it is not about domains.
pub async fn request(
    platform: &Platform,
    dns: &NameServer,
    account: &Account,
    operation: &str,
) -> Option<RequestBuilder> {
    let hostname = format!("{}.example", operation.replace('_', "-"));
    match operation {
        "create_domain" => Some(platform.of(account, Method::POST, "/domains").json(&json!({ "hostname": hostname }))),
        "verify_domain" => {
            let domain = claim(platform, account, &hostname).await;
            dns.delegate(&domain);
            Some(platform.of(account, Method::POST, &format!("{}/verify", path(&domain))))
        }
        "delete_domain" => {
            let domain = claim(platform, account, &hostname).await;
            Some(platform.of(account, Method::DELETE, &path(&domain)))
        }
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_to_a_domain_stands_in_the_trail_with_both_sides() {
    let (platform, dns, account) = crate::domains::start().await;
    let domain = claim(&platform, &account, "go.example.com").await;
    dns.delegate(&domain);
    crate::domains::verify(&platform, &account, &domain).await;
    body(
        platform.of(&account, Method::PATCH, &path(&domain)).json(&json!({ "case_sensitive": false })),
        StatusCode::OK,
    )
    .await;
    assert_eq!(crate::domains::delete(&platform, &account, &domain, "").await, StatusCode::NO_CONTENT);
    let rows =
        platform.read(&account, &format!("/audit-events?target={}", domain["id"].as_str().expect("an id"))).await;
    let rows: Vec<_> = rows["data"].as_array().expect("rows").iter().rev().collect();
    let actions: Vec<_> = rows.iter().map(|row| row["action"].as_str().expect("an action")).collect();
    assert_eq!(actions, ["domain.created", "domain.verified", "domain.updated", "domain.deleted"]);
    assert_eq!((&rows[1]["before"]["state"], &rows[1]["after"]["state"]), (&json!("pending"), &json!("active")));
    assert_eq!(
        (&rows[2]["before"]["case_sensitive"], &rows[2]["after"]["case_sensitive"]),
        (&json!(true), &json!(false))
    );
}
