//! Two workspaces and one name: never two owners, and never the wrong one.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::domains::{active, claim, delete, path, start, verify};
use crate::support::name_server::{INGRESS, Mood, address, cname, txt};
use crate::support::platform::{Account, Platform, body};
use crate::support::statements::execute;

async fn domain(platform: &Platform, account: &Account, domain: &Value) -> Value {
    platform.read(account, &path(domain)).await
}

/// The TXT record that every one of these claims needs.
fn all_tokens(claims: &[&Value]) -> Vec<hickory_resolver::proto::rr::RData> {
    claims.iter().map(|claim| txt(claim["records"][0]["value"].as_str().expect("a value"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_race_for_a_name_one_has_it() {
    let (platform, dns, first) = start().await;
    let mut accounts = vec![first];
    for _ in 0..3 {
        accounts.push(platform.sign_in().await);
    }
    for round in 0..5 {
        let hostname = format!("race-{round}.example");
        let mut claims = Vec::new();
        for account in &accounts {
            claims.push(claim(&platform, account, &hostname).await);
        }
        dns.set(&hostname, vec![cname(INGRESS)]);
        dns.set(&format!("_elido-challenge.{hostname}"), all_tokens(&claims.iter().collect::<Vec<_>>()));
        let attempts = accounts
            .iter()
            .zip(&claims)
            .map(|(account, claim)| platform.of(account, Method::POST, &format!("{}/verify", path(claim))).send());
        let answers = futures_util::future::join_all(attempts).await;
        let statuses: Vec<StatusCode> =
            answers.into_iter().map(|answer| answer.expect("a response").status()).collect();
        let won = statuses.iter().filter(|status| **status == StatusCode::OK).count();
        let lost = statuses.iter().filter(|status| **status == StatusCode::CONFLICT).count();
        assert_eq!((won, lost), (1, accounts.len() - 1), "{statuses:?}");
        let mut owners = 0;
        for (account, claim) in accounts.iter().zip(&claims) {
            owners += usize::from(domain(&platform, account, claim).await["state"] == "active");
        }
        assert_eq!(owners, 1);
    }
    let late = platform.of(&accounts[1], Method::POST, "/domains").json(&json!({ "hostname": "race-0.example" }));
    let status = late.send().await.expect("a response").status();
    assert_eq!(status, StatusCode::CONFLICT, "a name in use cannot be claimed, and one's own claim is there already");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_stops_pointing_here_is_quarantined_and_comes_back_by_its_own_record() {
    let (platform, dns, account) = start().await;
    let mine = active(&platform, &dns, &account, "go.example.com").await;
    for mood in [Mood::Failing, Mood::Silent] {
        dns.be("go.example.com", mood);
        for _ in 0..4 {
            let looked = verify(&platform, &account, &mine).await;
            assert_eq!(looked["state"], "active", "trouble never quarantines");
            assert!(looked["last_check_trouble"].is_string());
        }
    }
    dns.be("go.example.com", Mood::Honest);
    dns.set("go.example.com", vec![address("198.51.99.7")]);
    assert_eq!(verify(&platform, &account, &mine).await["state"], "active");
    assert_eq!(verify(&platform, &account, &mine).await["state"], "active");
    let gone = verify(&platform, &account, &mine).await;
    assert_eq!((&gone["state"], &gone["state_reason"]), (&json!("quarantined"), &json!("stopped_pointing_here")));
    dns.clear("_elido-challenge.go.example.com");
    dns.set("go.example.com", vec![cname(INGRESS)]);
    assert_eq!(
        verify(&platform, &account, &mine).await["state"],
        "quarantined",
        "whoever points it here may be another"
    );
    dns.own(&mine);
    assert_eq!(verify(&platform, &account, &mine).await["state"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_moves_only_after_it_left_and_only_to_whom_shows_it() {
    let (platform, dns, mine) = start().await;
    let theirs = platform.sign_in().await;
    let old = active(&platform, &dns, &mine, "go.example.com").await;
    let refused = platform.of(&theirs, Method::POST, "/domains").json(&json!({ "hostname": "go.example.com" }));
    assert_eq!(body(refused, StatusCode::CONFLICT).await["code"], "hostname_taken");
    dns.set("go.example.com", vec![address("198.51.99.7")]);
    for _ in 0..3 {
        verify(&platform, &mine, &old).await;
    }
    let new = claim(&platform, &theirs, "go.example.com").await;
    dns.set("go.example.com", vec![cname(INGRESS)]);
    dns.clear("_elido-challenge.go.example.com");
    assert_eq!(verify(&platform, &theirs, &new).await["state"], "pending", "it points here, and that shows nothing");
    assert_eq!(domain(&platform, &mine, &old).await["state"], "quarantined");
    dns.own(&new);
    assert_eq!(verify(&platform, &theirs, &new).await["state"], "active");
    let lost = domain(&platform, &mine, &old).await;
    assert_eq!((&lost["state"], &lost["state_reason"]), (&json!("pending"), &json!("claimed_by_another")));
    let trail = platform.read(&mine, "/audit-events?action=domain.lost").await;
    assert_eq!(trail["data"].as_array().expect("rows").len(), 1);
    // Both records are there now, as somebody may have forgotten one: whoever has the domain keeps it.
    dns.set("_elido-challenge.go.example.com", all_tokens(&[&old, &new]));
    let again = platform.of(&mine, Method::POST, &format!("{}/verify", path(&old)));
    assert_eq!(body(again, StatusCode::CONFLICT).await["code"], "hostname_taken");
    assert_eq!(domain(&platform, &theirs, &new).await["state"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_domain_that_still_points_here_is_nobodys_until_somebody_shows_it() {
    let (platform, dns, mine) = start().await;
    let theirs = platform.sign_in().await;
    let old = active(&platform, &dns, &mine, "go.example.com").await;
    assert_eq!(delete(&platform, &mine, &old, "").await, StatusCode::NO_CONTENT);
    let new = claim(&platform, &theirs, "go.example.com").await;
    assert_eq!(verify(&platform, &theirs, &new).await["state"], "pending", "the record of another is none");
    dns.own(&new);
    assert_eq!(verify(&platform, &theirs, &new).await["state"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn dns_that_flips_at_every_question_makes_no_second_owner() {
    let (platform, dns, mine) = start().await;
    let theirs = platform.sign_in().await;
    let (one, other) =
        (claim(&platform, &mine, "go.example.com").await, claim(&platform, &theirs, "go.example.com").await);
    dns.set("go.example.com", vec![cname(INGRESS)]);
    dns.set("_elido-challenge.go.example.com", all_tokens(&[&one, &other]));
    dns.be("go.example.com", Mood::Flipping);
    dns.be("_elido-challenge.go.example.com", Mood::Flipping);
    for _ in 0..12 {
        for (account, claim) in [(&mine, &one), (&theirs, &other)] {
            let verify = platform.of(account, Method::POST, &format!("{}/verify", path(claim)));
            drop(verify.send().await.expect("a response"));
        }
        let states = [domain(&platform, &mine, &one).await, domain(&platform, &theirs, &other).await];
        let owners = states.iter().filter(|domain| domain["state"] != "pending").count();
        assert!(owners <= 1, "{states:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn domains_are_looked_at_by_themselves_when_it_is_time() {
    let (mut platform, dns, account) = start().await;
    let mine = claim(&platform, &account, "go.example.com").await;
    dns.delegate(&mine);
    // The clock of the schedule does not wait: the process before this one has had its last tick a minute ago.
    platform.stop().await;
    execute(&platform.config, "UPDATE domains SET next_check_at = 1 WHERE workspace_id IS NOT NULL").await;
    execute(&platform.config, "UPDATE job_schedules SET last_at = 1 WHERE kind = 'check_domains'").await;
    platform.start_again().await;
    crate::support::platform::eventually("it is active by itself", || async {
        domain(&platform, &account, &mine).await["state"] == "active"
    })
    .await;
    assert!(dns.asked() > 0);
}
