//! Signing in with a second factor, and what is tried against it.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use totp_rs::Secret;

use crate::support::authenticator::{code, early_in_a_step};
use crate::support::mailbox::letter;
use crate::support::people::{administrator, is_signed_in, of, post, problem, sign_in, text, token};
use crate::support::platform::{EMAIL, PASSWORD, Platform, body};
use crate::support::statements;

/// What the owner holds.
struct Owner {
    session: String,
    secret: String,
    recovery_codes: Vec<String>,
}

fn password() -> Value {
    json!({ "password": PASSWORD })
}

/// The first account, whose authenticator has shown the code of the step before.
async fn enrolled(platform: &Platform) -> Owner {
    let session = administrator(platform).await;
    let begun = of(platform, &session, Method::POST, "/v1/me/second-factor").json(&password());
    let secret = text(&body(begun, StatusCode::CREATED).await["secret"]);
    early_in_a_step().await;
    let confirm = json!({ "code": code(&secret, -1) });
    let confirmed = of(platform, &session, Method::POST, "/v1/me/second-factor/confirm").json(&confirm);
    let confirmed = body(confirmed, StatusCode::OK).await;
    let recovery_codes = confirmed["recovery_codes"].as_array().expect("codes").iter().map(text).collect();
    Owner { session: text(&confirmed["session"]["token"]), secret, recovery_codes }
}

async fn challenge(platform: &Platform) -> String {
    text(&body(sign_in(platform, EMAIL, PASSWORD), StatusCode::ACCEPTED).await["challenge"])
}

fn follow(platform: &Platform, challenge: &str, field: &str, code: &str) -> RequestBuilder {
    post(platform, "/v1/auth/sign-in/second-factor", &json!({ "challenge": challenge, field: code }))
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_takes_a_password_and_a_code() {
    let platform = Platform::start().await;
    let owner = enrolled(&platform).await;
    let first = challenge(&platform).await;
    assert!(!is_signed_in(&platform, &first).await, "a challenge is no session");
    let signed_in = body(follow(&platform, &first, "code", &code(&owner.secret, 0)), StatusCode::OK).await;
    assert!(is_signed_in(&platform, &text(&signed_in["token"])).await);
    assert_eq!(
        problem(follow(&platform, &first, "code", &code(&owner.secret, 1)), StatusCode::UNAUTHORIZED).await,
        "challenge_over"
    );
    let factor = body(of(&platform, &owner.session, Method::GET, "/v1/me/second-factor"), StatusCode::OK).await;
    assert_eq!((&factor["enabled"], &factor["recovery_codes_left"]), (&json!(true), &json!(10)));
    assert!(letter(&platform, EMAIL, 1).await.contains("second factor is on"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once_and_so_do_those_before_it() {
    let platform = Platform::start().await;
    let owner = enrolled(&platform).await;
    let next = code(&owner.secret, 1);
    let first = challenge(&platform).await;
    body(follow(&platform, &first, "code", &next), StatusCode::OK).await;
    let second = challenge(&platform).await;
    for used in [&next, &code(&owner.secret, 0), &code(&owner.secret, -1)] {
        assert_eq!(problem(follow(&platform, &second, "code", used), StatusCode::UNAUTHORIZED).await, "wrong_code");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_send_one_code_at_once_one_is_let_in() {
    let platform = Platform::start().await;
    let owner = enrolled(&platform).await;
    let (challenge, code) = (challenge(&platform).await, code(&owner.secret, 0));
    let tries = (0..5).map(|_| follow(&platform, &challenge, "code", &code).send());
    let responses = futures_util::future::join_all(tries).await;
    let statuses: Vec<u16> =
        responses.into_iter().map(|response| response.expect("a response").status().as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 4, "{statuses:?}");
}

/// Has as many people as there are challenges send one code, each from an address of their own; how many are let in.
async fn let_in_at_once(platform: &Platform, challenges: &[String], field: &str, code: &str) -> usize {
    let tries = challenges.iter().enumerate().map(|(number, challenge)| {
        follow(platform, challenge, field, code).header("x-forwarded-for", format!("10.0.0.{number}")).send()
    });
    let responses = futures_util::future::join_all(tries).await;
    let statuses: Vec<u16> =
        responses.into_iter().map(|response| response.expect("a response").status().as_u16()).collect();
    assert!(statuses.iter().all(|status| matches!(status, 200 | 401)), "{statuses:?}");
    statuses.iter().filter(|status| **status == 200).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_somebody_saw_lets_nobody_in_beside_its_owner_from_wherever_they_ask() {
    let platform = Platform::start_with(|config| config.api.trusted_proxy_hops = 1).await;
    let owner = enrolled(&platform).await;
    let challenges = async || {
        let mut challenges = Vec::new();
        for number in 0..5 {
            let request = sign_in(&platform, EMAIL, PASSWORD).header("x-forwarded-for", format!("10.0.0.{number}"));
            challenges.push(text(&body(request, StatusCode::ACCEPTED).await["challenge"]));
        }
        challenges
    };
    let right = code(&owner.secret, 0);
    assert_eq!(let_in_at_once(&platform, &challenges().await, "code", &right).await, 1);
    assert_eq!(let_in_at_once(&platform, &challenges().await, "code", &right).await, 0, "its step is used");
    let recovery_code = &owner.recovery_codes[0];
    assert_eq!(let_in_at_once(&platform, &challenges().await, "recovery_code", recovery_code).await, 1);
    assert_eq!(let_in_at_once(&platform, &challenges().await, "recovery_code", recovery_code).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_works_once() {
    let platform = Platform::start().await;
    let owner = enrolled(&platform).await;
    let used = owner.recovery_codes[0].to_uppercase().replace('-', " ");
    body(follow(&platform, &challenge(&platform).await, "recovery_code", &used), StatusCode::OK).await;
    let second = challenge(&platform).await;
    assert_eq!(
        problem(follow(&platform, &second, "recovery_code", &used), StatusCode::UNAUTHORIZED).await,
        "wrong_code"
    );
    assert_eq!(
        problem(follow(&platform, &second, "code", &owner.recovery_codes[1]), StatusCode::UNAUTHORIZED).await,
        "wrong_code"
    );
    body(follow(&platform, &second, "recovery_code", &owner.recovery_codes[1]), StatusCode::OK).await;
    let factor = body(of(&platform, &owner.session, Method::GET, "/v1/me/second-factor"), StatusCode::OK).await;
    assert_eq!(factor["recovery_codes_left"], 8);
    // New ones take the place of all old ones.
    let replace = of(&platform, &owner.session, Method::POST, "/v1/me/second-factor/recovery-codes").json(&password());
    let codes = body(replace, StatusCode::OK).await;
    let third = challenge(&platform).await;
    assert_eq!(
        problem(follow(&platform, &third, "recovery_code", &owner.recovery_codes[2]), StatusCode::UNAUTHORIZED).await,
        "wrong_code"
    );
    body(follow(&platform, &third, "recovery_code", &text(&codes["recovery_codes"][0])), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_cannot_be_guessed() {
    let platform = Platform::start().await;
    let owner = enrolled(&platform).await;
    let first = challenge(&platform).await;
    for _ in 0..5 {
        assert_eq!(problem(follow(&platform, &first, "code", "000000"), StatusCode::UNAUTHORIZED).await, "wrong_code");
    }
    let right = code(&owner.secret, 0);
    assert_eq!(problem(follow(&platform, &first, "code", &right), StatusCode::UNAUTHORIZED).await, "challenge_over");
    // A new challenge brings five more tries, and no more than the limit of the account.
    let mut tried = 6;
    let refused = loop {
        let next = challenge(&platform).await;
        let response = follow(&platform, &next, "code", "000000").send().await.expect("a response");
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            break response;
        }
        tried += 1;
        assert!(tried < 20, "no limit");
    };
    // One was used up by the enrolment, and each minute brings another.
    assert!((9..=12).contains(&tried), "{tried}");
    assert!(refused.headers().contains_key("retry-after"));
    // The session of the owner goes on.
    assert!(is_signed_in(&platform, &owner.session).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn challenges_end_and_nobody_makes_one_up() {
    let platform = Platform::start().await;
    let owner = enrolled(&platform).await;
    let old = challenge(&platform).await;
    let newer = challenge(&platform).await;
    let right = code(&owner.secret, 0);
    assert_eq!(problem(follow(&platform, &old, "code", &right), StatusCode::UNAUTHORIZED).await, "challenge_over");
    for made_up in [String::new(), format!("challenge_{}", "A".repeat(43)), owner.session.clone(), "x".repeat(5_000)] {
        assert_eq!(
            problem(follow(&platform, &made_up, "code", &right), StatusCode::UNAUTHORIZED).await,
            "challenge_over"
        );
    }
    statements::execute(&platform.config, "UPDATE sign_in_challenges SET expires_at = 1").await;
    assert_eq!(problem(follow(&platform, &newer, "code", &right), StatusCode::UNAUTHORIZED).await, "challenge_over");
    let fresh = challenge(&platform).await;
    let both = json!({ "challenge": fresh, "code": right, "recovery_code": owner.recovery_codes[0] });
    body(post(&platform, "/v1/auth/sign-in/second-factor", &both), StatusCode::BAD_REQUEST).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_by_mail_does_not_get_around_the_second_factor() {
    let platform = Platform::start().await;
    let owner = enrolled(&platform).await;
    // What tells of the second factor; letters that are asked for at once are in no order.
    crate::support::mailbox::letter(&platform, EMAIL, 1).await;
    body(post(&platform, "/v1/auth/password-reset", &json!({ "email": EMAIL })), StatusCode::ACCEPTED).await;
    let reset = crate::support::mailbox::code(&platform, EMAIL, 2, "reset_").await;
    let open = challenge(&platform).await;
    let new = json!({ "code": reset, "new_password": "staple battery horse correct" });
    body(post(&platform, "/v1/auth/password-reset/confirm", &new), StatusCode::NO_CONTENT).await;
    assert!(!is_signed_in(&platform, &owner.session).await);
    // A challenge for the old password is over with it.
    assert_eq!(
        problem(follow(&platform, &open, "code", &code(&owner.secret, 0)), StatusCode::UNAUTHORIZED).await,
        "challenge_over"
    );
    let step = sign_in(&platform, EMAIL, "staple battery horse correct");
    let next = text(&body(step, StatusCode::ACCEPTED).await["challenge"]);
    body(follow(&platform, &next, "code", &code(&owner.secret, 0)), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enrolling_and_switching_off_need_the_password_and_end_other_sessions() {
    let platform = Platform::start().await;
    let session = administrator(&platform).await;
    let other = token(&platform, EMAIL, PASSWORD).await;
    let ask = |session: &str, path: &str, json: &Value| of(&platform, session, Method::POST, path).json(json);
    let (begin, confirm) = ("/v1/me/second-factor", "/v1/me/second-factor/confirm");
    let wrong = json!({ "password": "not the password" });
    assert_eq!(problem(ask(&session, begin, &wrong), StatusCode::FORBIDDEN).await, "wrong_password");
    assert_eq!(
        problem(ask(&session, confirm, &json!({ "code": "000000" })), StatusCode::CONFLICT).await,
        "no_enrolment"
    );
    let lost = text(&body(ask(&session, begin, &password()), StatusCode::CREATED).await["secret"]);
    // Until it is confirmed nothing is asked for, and another enrolment takes its place.
    token(&platform, EMAIL, PASSWORD).await;
    let secret = text(&body(ask(&session, begin, &password()), StatusCode::CREATED).await["secret"]);
    early_in_a_step().await;
    let refused = body(ask(&session, confirm, &json!({ "code": code(&lost, 0) })), StatusCode::FORBIDDEN).await;
    assert_eq!(refused["errors"][0]["pointer"], "/code");
    let confirmed = body(ask(&session, confirm, &json!({ "code": code(&secret, 0) })), StatusCode::OK).await;
    let renewed = text(&confirmed["session"]["token"]);
    assert!(!is_signed_in(&platform, &session).await && !is_signed_in(&platform, &other).await);
    assert_eq!(problem(ask(&renewed, begin, &password()), StatusCode::CONFLICT).await, "second_factor_enabled");

    let disable = "/v1/me/second-factor/disable";
    assert_eq!(problem(ask(&renewed, disable, &wrong), StatusCode::FORBIDDEN).await, "wrong_password");
    let last = text(&body(ask(&renewed, disable, &password()), StatusCode::OK).await["token"]);
    assert!(is_signed_in(&platform, &last).await && !is_signed_in(&platform, &renewed).await);
    body(ask(&last, disable, &password()), StatusCode::NOT_FOUND).await;
    let factor = body(of(&platform, &last, Method::GET, begin), StatusCode::OK).await;
    assert_eq!((&factor["enabled"], &factor["recovery_codes_left"]), (&json!(false), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_nowhere_in_the_database() {
    let platform = Platform::start().await;
    let owner = enrolled(&platform).await;
    if !crate::support::database::is_embedded() {
        return;
    }
    let bytes = Secret::try_from_base32(&owner.secret).expect("base32");
    for file in ["elido.db", "elido.db-wal"] {
        let content = std::fs::read(platform.config.data_folder.join(file)).unwrap_or_default();
        for secret in [bytes.as_bytes(), owner.secret.as_bytes(), owner.recovery_codes[0].as_bytes()] {
            assert!(!content.windows(secret.len()).any(|window| window == secret), "{file}");
        }
    }
}
