//! What is confirmed by codes from mails: new passwords, new accounts, addresses. And the tricks that are tried with them.

use elido::roles::{Role, Roles};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::mailbox::{code, letter, letters};
use crate::support::people::{administrator, is_signed_in, newcomer, of, post, problem, sign_in, text, token};
use crate::support::platform::{EMAIL, PASSWORD, Platform, body, eventually};
use crate::support::statements;

const NEW_PASSWORD: &str = "staple battery horse correct";
const OTHER: &str = "ada@example.com";

async fn open() -> Platform {
    Platform::start_with(|config| config.identity.open_registration = true).await
}

async fn ask_for_reset(platform: &Platform, email: &str) {
    body(post(platform, "/v1/auth/password-reset", &json!({ "email": email })), StatusCode::ACCEPTED).await;
}

fn reset(platform: &Platform, code: &str, password: &str) -> reqwest::RequestBuilder {
    post(platform, "/v1/auth/password-reset/confirm", &json!({ "code": code, "new_password": password }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_replaced_by_a_code_and_every_session_ends() {
    let platform = Platform::start().await;
    let old = administrator(&platform).await;
    ask_for_reset(&platform, &EMAIL.to_uppercase()).await;
    let code = code(&platform, EMAIL, 1, "reset_").await;
    let page = format!("/reset-password#code={code}");
    assert!(letter(&platform, EMAIL, 1).await.replace("=3D", "=").contains(&page), "the mail leads to the page");
    body(reset(&platform, &code, NEW_PASSWORD), StatusCode::NO_CONTENT).await;
    assert!(!is_signed_in(&platform, &old).await);
    assert_eq!(problem(sign_in(&platform, EMAIL, PASSWORD), StatusCode::UNAUTHORIZED).await, "wrong_credentials");
    let new = token(&platform, EMAIL, NEW_PASSWORD).await;
    let me = body(of(&platform, &new, Method::GET, "/v1/me"), StatusCode::OK).await;
    assert_eq!(me["user"]["email_verified"], true, "the mail has arrived");
    let told = letter(&platform, EMAIL, 2).await;
    assert!(told.contains("was changed"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once_however_many_try_it_at_once() {
    let platform = Platform::start().await;
    administrator(&platform).await;
    ask_for_reset(&platform, EMAIL).await;
    let code = code(&platform, EMAIL, 1, "reset_").await;
    let tries = (0..8).map(|number| reset(&platform, &code, &format!("{NEW_PASSWORD} {number}")).send());
    let responses = futures_util::future::join_all(tries).await;
    let statuses: Vec<u16> =
        responses.into_iter().map(|response| response.expect("a response").status().as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 7, "{statuses:?}");
    let refused = body(reset(&platform, &code, NEW_PASSWORD), StatusCode::FORBIDDEN).await;
    assert_eq!(
        (&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]),
        (&json!("/code"), &json!("invalid_code"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_of_another_purpose_or_another_spelling_do_not_work() {
    let platform = Platform::start().await;
    let session = administrator(&platform).await;
    body(of(&platform, &session, Method::POST, "/v1/me/email/verification"), StatusCode::ACCEPTED).await;
    let verify = code(&platform, EMAIL, 1, "verify_").await;
    ask_for_reset(&platform, EMAIL).await;
    let right = code(&platform, EMAIL, 2, "reset_").await;
    let secret = |code: &str| code.split_once('_').expect("a prefix").1.to_owned();
    let wrong = [
        String::new(),
        verify.clone(),
        format!("reset_{}", secret(&verify)),
        secret(&right),
        right.to_uppercase(),
        right[..right.len() - 1].to_owned(),
        format!("{right}="),
        format!("{right}\0"),
        "reset_%".to_owned(),
        "reset_' OR 1=1 --".to_owned(),
        session.clone(),
        "x".repeat(10_000),
    ];
    for code in &wrong {
        body(reset(&platform, code, NEW_PASSWORD), StatusCode::FORBIDDEN).await;
    }
    for code in [&right, &format!("verify_{}", secret(&right)), &format!("change_{}", secret(&right))] {
        let confirm = post(&platform, "/v1/auth/email/confirm", &json!({ "code": code }));
        body(confirm, StatusCode::FORBIDDEN).await;
    }
    // A password that is refused does not use the code up.
    body(reset(&platform, &right, "short"), StatusCode::BAD_REQUEST).await;
    assert!(is_signed_in(&platform, &session).await);
    body(reset(&platform, &right, NEW_PASSWORD), StatusCode::NO_CONTENT).await;
    // The other codes of the account ended with the password.
    body(post(&platform, "/v1/auth/email/confirm", &json!({ "code": verify })), StatusCode::FORBIDDEN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_end_with_time_and_only_the_last_three_work() {
    let platform = Platform::start().await;
    administrator(&platform).await;
    let mut codes = Vec::new();
    for number in 1..=4 {
        ask_for_reset(&platform, EMAIL).await;
        codes.push(code(&platform, EMAIL, number, "reset_").await);
    }
    body(reset(&platform, &codes[0], NEW_PASSWORD), StatusCode::FORBIDDEN).await;
    let late = "UPDATE mail_tokens SET expires_at = 1";
    statements::execute(&platform.config, late).await;
    for code in &codes {
        body(reset(&platform, code, NEW_PASSWORD), StatusCode::FORBIDDEN).await;
    }
    token(&platform, EMAIL, PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_copy_of_the_database_holds_a_code() {
    let platform = Platform::start().await;
    administrator(&platform).await;
    ask_for_reset(&platform, EMAIL).await;
    let code = code(&platform, EMAIL, 1, "reset_").await;
    let secret = code.strip_prefix("reset_").expect("a prefix");
    if crate::support::database::is_embedded() {
        for file in ["elido.db", "elido.db-wal"] {
            let bytes = std::fs::read(platform.config.data_folder.join(file)).unwrap_or_default();
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{file}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_confirmed_by_the_code_that_was_sent_to_it() {
    let platform = Platform::start().await;
    let session = administrator(&platform).await;
    let verified = async || {
        body(of(&platform, &session, Method::GET, "/v1/me"), StatusCode::OK).await["user"]["email_verified"].clone()
    };
    assert_eq!(verified().await, false);
    body(of(&platform, &session, Method::POST, "/v1/me/email/verification"), StatusCode::ACCEPTED).await;
    let code = code(&platform, EMAIL, 1, "verify_").await;
    let confirm = || post(&platform, "/v1/auth/email/confirm", &json!({ "code": code }));
    assert_eq!(body(confirm(), StatusCode::OK).await["email"], EMAIL);
    assert_eq!(verified().await, true);
    body(confirm(), StatusCode::FORBIDDEN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_changed_by_the_new_one_and_the_old_one_is_told() {
    let platform = Platform::start().await;
    let session = administrator(&platform).await;
    ask_for_reset(&platform, EMAIL).await;
    let old_reset = code(&platform, EMAIL, 1, "reset_").await;
    let change = |password: &str| {
        let change = json!({ "email": OTHER, "password": password });
        of(&platform, &session, Method::POST, "/v1/me/email").json(&change)
    };
    assert_eq!(problem(change("not the password"), StatusCode::FORBIDDEN).await, "wrong_password");
    body(change(PASSWORD), StatusCode::ACCEPTED).await;
    let code = code(&platform, OTHER, 1, "change_").await;
    token(&platform, EMAIL, PASSWORD).await;
    body(post(&platform, "/v1/auth/email/confirm", &json!({ "code": code })), StatusCode::OK).await;
    token(&platform, OTHER, PASSWORD).await;
    assert_eq!(problem(sign_in(&platform, EMAIL, PASSWORD), StatusCode::UNAUTHORIZED).await, "wrong_credentials");
    let told = letter(&platform, EMAIL, 2).await;
    assert!(told.contains(OTHER), "{told}");
    // Whoever reads the old address cannot take the account back.
    body(reset(&platform, &old_reset, NEW_PASSWORD), StatusCode::FORBIDDEN).await;
}

/// What was asked for waits while no worker runs, and is written once there is one again.
async fn with_workers_away(platform: &mut Platform) {
    platform.stop().await;
    platform.start_again_as(Roles::only(Role::Api)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_requests_whose_mail_still_waits() {
    let mut platform = Platform::start().await;
    let session = administrator(&platform).await;
    with_workers_away(&mut platform).await;
    // Whoever stole the password and a session asks for as much as there is.
    let change = json!({ "email": OTHER, "password": PASSWORD });
    body(of(&platform, &session, Method::POST, "/v1/me/email").json(&change), StatusCode::ACCEPTED).await;
    body(of(&platform, &session, Method::POST, "/v1/me/email/verification"), StatusCode::ACCEPTED).await;
    ask_for_reset(&platform, EMAIL).await;
    let change = json!({ "password": PASSWORD, "new_password": NEW_PASSWORD });
    let changed = body(of(&platform, &session, Method::PUT, "/v1/me/password").json(&change), StatusCode::OK).await;
    platform.stop().await;
    platform.start_again().await;

    // What is asked for now is sent; of what was asked for before, nothing is.
    let session = text(&changed["token"]);
    body(of(&platform, &session, Method::POST, "/v1/me/email/verification"), StatusCode::ACCEPTED).await;
    all_are_written(&platform).await;
    let to_owner = letters(&platform, EMAIL);
    assert_eq!(to_owner.len(), 2, "word of the password, and the new code: {to_owner:?}");
    assert!(to_owner.iter().all(|letter| !letter.contains("reset_")), "{to_owner:?}");
    assert_eq!(letters(&platform, OTHER), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_disabled_gets_nothing_that_was_asked_for_before() {
    let mut platform = open().await;
    let admin = administrator(&platform).await;
    let session = newcomer(&platform, OTHER).await;
    with_workers_away(&mut platform).await;
    let change = json!({ "email": "thief@example.com", "password": PASSWORD });
    body(of(&platform, &session, Method::POST, "/v1/me/email").json(&change), StatusCode::ACCEPTED).await;
    ask_for_reset(&platform, OTHER).await;
    let me = body(of(&platform, &session, Method::GET, "/v1/me"), StatusCode::OK).await;
    let id = text(&me["user"]["id"]);
    for what in ["disable", "enable"] {
        body(of(&platform, &admin, Method::POST, &format!("/v1/admin/accounts/{id}/{what}")), StatusCode::OK).await;
    }
    platform.stop().await;
    platform.start_again().await;
    all_are_written(&platform).await;
    assert_eq!(letters(&platform, OTHER).len(), 1, "the mail of the registration");
    assert_eq!(letters(&platform, "thief@example.com"), Vec::<String>::new());
}

/// Waits until no mail about accounts waits to be written.
async fn all_are_written(platform: &Platform) {
    let waiting = "UPDATE jobs SET priority = priority WHERE kind = 'account_mail' AND state IN ('ready', 'running')";
    eventually("all mails are written", || async { statements::execute(&platform.config, waiting).await == 0 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_somebody_else_cannot_be_taken() {
    let platform = open().await;
    let session = administrator(&platform).await;
    let change = json!({ "email": OTHER, "password": PASSWORD });
    // Asked for before the other has the address, and confirmed after.
    body(of(&platform, &session, Method::POST, "/v1/me/email").json(&change), StatusCode::ACCEPTED).await;
    let change_code = code(&platform, OTHER, 1, "change_").await;
    body(post(&platform, "/v1/auth/registration", &json!({ "email": OTHER })), StatusCode::ACCEPTED).await;
    let register_code = code(&platform, OTHER, 2, "register_").await;
    let draft = json!({ "code": register_code, "name": "Ada", "password": PASSWORD });
    body(post(&platform, "/v1/auth/registration/confirm", &draft), StatusCode::CREATED).await;
    body(post(&platform, "/v1/auth/email/confirm", &json!({ "code": change_code })), StatusCode::FORBIDDEN).await;
    // Asked for once more: the same response, and the owner is told in place of a code.
    body(of(&platform, &session, Method::POST, "/v1/me/email").json(&change), StatusCode::ACCEPTED).await;
    let told = letter(&platform, OTHER, 3).await;
    assert!(told.contains("There is one already") && !told.contains("change_"), "{told}");
    token(&platform, OTHER, PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_registers_unless_the_operator_lets_them() {
    let platform = Platform::start().await;
    let ask = || post(&platform, "/v1/auth/registration", &json!({ "email": OTHER }));
    assert_eq!(problem(ask(), StatusCode::FORBIDDEN).await, "registration_closed");
    let draft = json!({ "code": format!("register_{}", "A".repeat(43)), "name": "Ada", "password": PASSWORD });
    let confirm = post(&platform, "/v1/auth/registration/confirm", &draft);
    assert_eq!(problem(confirm, StatusCode::FORBIDDEN).await, "registration_closed");
    assert!(letters(&platform, OTHER).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_registers_has_a_confirmed_address_and_no_rights() {
    let platform = open().await;
    administrator(&platform).await;
    let session = newcomer(&platform, OTHER).await;
    let me = body(of(&platform, &session, Method::GET, "/v1/me"), StatusCode::OK).await;
    let user = &me["user"];
    assert_eq!(
        (&user["email_verified"], &user["is_admin"], &user["name"]),
        (&json!(true), &json!(false), &json!("Ada"))
    );
    // A second time, the owner of the address is told that there is an account.
    body(post(&platform, "/v1/auth/registration", &json!({ "email": OTHER.to_uppercase() })), StatusCode::ACCEPTED)
        .await;
    let told = letter(&platform, &OTHER.to_uppercase(), 1).await;
    assert!(told.contains("There is one already") && !told.contains("register_"), "{told}");
}

/// The statuses of this many equal requests at once, in their order.
async fn at_once(count: usize, request: impl Fn() -> reqwest::RequestBuilder) -> Vec<u16> {
    let responses = futures_util::future::join_all((0..count).map(|_| request().send())).await;
    let mut statuses: Vec<u16> =
        responses.into_iter().map(|response| response.expect("a response").status().as_u16()).collect();
    statuses.sort_unstable();
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_makes_one_account_and_changes_one_address_however_often_it_comes() {
    let platform = open().await;
    let session = administrator(&platform).await;
    body(post(&platform, "/v1/auth/registration", &json!({ "email": OTHER })), StatusCode::ACCEPTED).await;
    let register_code = code(&platform, OTHER, 1, "register_").await;
    let draft = json!({ "code": register_code, "name": "Ada", "password": PASSWORD });
    let register = || post(&platform, "/v1/auth/registration/confirm", &draft);
    assert_eq!(at_once(5, register).await, [201, 403, 403, 403, 403]);
    assert_eq!(problem(register(), StatusCode::FORBIDDEN).await, "invalid_code");

    let new = "grace@example.com";
    let change = json!({ "email": new, "password": PASSWORD });
    body(of(&platform, &session, Method::POST, "/v1/me/email").json(&change), StatusCode::ACCEPTED).await;
    let change_code = code(&platform, new, 1, "change_").await;
    let confirm = || post(&platform, "/v1/auth/email/confirm", &json!({ "code": change_code }));
    assert_eq!(at_once(5, confirm).await, [200, 403, 403, 403, 403]);
    assert!(letter(&platform, EMAIL, 1).await.contains(new));
    // Nor does it bring the address back once there is another.
    let back = json!({ "email": EMAIL, "password": PASSWORD });
    let session = token(&platform, new, PASSWORD).await;
    body(of(&platform, &session, Method::POST, "/v1/me/email").json(&back), StatusCode::ACCEPTED).await;
    let back = code(&platform, EMAIL, 2, "change_").await;
    body(post(&platform, "/v1/auth/email/confirm", &json!({ "code": back })), StatusCode::OK).await;
    body(confirm(), StatusCode::FORBIDDEN).await;
    token(&platform, EMAIL, PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_nobody_may_set_are_refused() {
    let platform = open().await;
    let session = administrator(&platform).await;
    body(post(&platform, "/v1/auth/registration", &json!({ "email": OTHER })), StatusCode::ACCEPTED).await;
    let code = code(&platform, OTHER, 1, "register_").await;
    let with = |body: &Value, field: &str, value: Value| {
        let mut body = body.clone();
        body[field] = value;
        body
    };
    let draft = json!({ "code": code, "name": "Ada", "password": PASSWORD });
    for (field, value) in [
        ("is_admin", json!(true)),
        ("email", json!(EMAIL)),
        ("email_verified_at", json!("2026-01-01T00:00:00Z")),
        ("id", json!("usr_01976a3e5d7c7f3a9b1c2d4e6f8a0b1c")),
        ("role", json!("owner")),
        ("password_hash", json!("x")),
    ] {
        let refused = body(
            post(&platform, "/v1/auth/registration/confirm", &with(&draft, field, value)),
            StatusCode::BAD_REQUEST,
        )
        .await;
        assert_eq!(refused["errors"][0]["pointer"], format!("/{field}"));
    }
    let bodies = [
        (Method::POST, "/v1/auth/sign-in", json!({ "email": EMAIL, "password": PASSWORD })),
        (Method::POST, "/v1/auth/password-reset", json!({ "email": EMAIL })),
        (Method::POST, "/v1/auth/password-reset/confirm", json!({ "code": "reset_x", "new_password": NEW_PASSWORD })),
        (Method::POST, "/v1/me/email", json!({ "email": OTHER, "password": PASSWORD })),
        (Method::PUT, "/v1/me/password", json!({ "password": PASSWORD, "new_password": NEW_PASSWORD })),
        (Method::POST, "/v1/me/second-factor", json!({ "password": PASSWORD })),
        (Method::POST, "/v1/me/second-factor/disable", json!({ "password": PASSWORD })),
    ];
    for (method, path, json) in bodies {
        for field in ["user_id", "is_admin", "expires_at"] {
            let request = of(&platform, &session, method.clone(), path).json(&with(&json, field, json!("x")));
            let refused = body(request, StatusCode::BAD_REQUEST).await;
            assert_eq!(refused["errors"][0]["pointer"], format!("/{field}"), "{path}");
        }
    }
    let me = body(of(&platform, &session, Method::GET, "/v1/me"), StatusCode::OK).await;
    assert_eq!(text(&me["user"]["email"]), EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_adds_a_header_or_a_recipient() {
    let platform = open().await;
    let session = administrator(&platform).await;
    for email in [
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com\nBcc: eve@example.com",
        "ada\r\n@example.com",
        "ada@example.com\r\n\r\nVisit https://evil.example",
        "ada@example.com, eve@example.com",
        "ada@example.com;eve@example.com",
        "Ada <ada@example.com>",
        "ada@example.com>\r\nRCPT TO:<eve@example.com",
        "ada@example.com\0",
        "ada@example.com%0d%0aBcc:eve@example.com\u{2028}",
        "\"ada\r\nBcc: eve@example.com\"@example.com",
    ] {
        for path in ["/v1/auth/password-reset", "/v1/auth/registration"] {
            let refused = body(post(&platform, path, &json!({ "email": email })), StatusCode::BAD_REQUEST).await;
            assert_eq!(refused["errors"][0]["pointer"], "/email", "{email:?}");
        }
        let change = json!({ "email": email, "password": PASSWORD });
        body(of(&platform, &session, Method::POST, "/v1/me/email").json(&change), StatusCode::BAD_REQUEST).await;
    }
    // A right request comes through, and nothing has come before it.
    ask_for_reset(&platform, EMAIL).await;
    letter(&platform, EMAIL, 1).await;
    let folder = platform.config.data_folder.join("mail");
    assert_eq!(std::fs::read_dir(folder).expect("the folder").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobodys_mailbox_is_filled() {
    let platform = Platform::start().await;
    administrator(&platform).await;
    let mut accepted = 0;
    let refused = loop {
        let request = post(&platform, "/v1/auth/password-reset", &json!({ "email": EMAIL }));
        let response = request.send().await.expect("a response");
        if response.status() != StatusCode::ACCEPTED {
            break response;
        }
        accepted += 1;
    };
    assert_eq!((accepted, refused.status()), (5, StatusCode::TOO_MANY_REQUESTS));
    assert!(refused.headers().contains_key("retry-after"));
    // Other addresses are not held back by that.
    ask_for_reset(&platform, OTHER).await;
}
