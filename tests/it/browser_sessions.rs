//! Sessions: in cookies of browsers, with what other sites try; how they begin, get new secrets, and end.

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::authenticator::{code, early_in_a_step};
use crate::support::people::{administrator, is_signed_in, of, post, problem, sign_in, text, token};
use crate::support::platform::{EMAIL, PASSWORD, Platform, body};

const NEW_PASSWORD: &str = "staple battery horse correct";
/// What the default settings say about where the API is.
const ORIGIN: &str = "http://localhost:8090";

/// A browser that is signed in.
struct Browser<'a> {
    platform: &'a Platform,
    cookie: String,
    csrf_token: String,
}

impl<'a> Browser<'a> {
    async fn sign_in(platform: &'a Platform) -> Self {
        let credentials = json!({ "email": EMAIL, "password": PASSWORD, "cookie": true });
        let response = post(platform, "/v1/auth/sign-in", &credentials).send().await.expect("a response");
        assert_eq!(response.status(), StatusCode::OK);
        let cookie = cookie_of(&response);
        let body: Value = response.json().await.expect("a body");
        assert!(body.get("token").is_none(), "the secret is in the cookie alone");
        Self { platform, cookie, csrf_token: text(&body["csrf_token"]) }
    }

    /// A request as the browser sends it for whichever page asks: with the cookie.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.platform.client.request(method, self.platform.api(path)).header("cookie", &self.cookie)
    }

    /// A request that a page of the origin makes, and its script adds the token to.
    fn own(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).header("sec-fetch-site", "same-origin").header("x-csrf-token", &self.csrf_token)
    }

    async fn is_signed_in(&self) -> bool {
        self.request(Method::GET, "/v1/me").send().await.expect("a response").status() == StatusCode::OK
    }
}

/// What a browser sends back of the cookie that it was given.
fn cookie_of(response: &Response) -> String {
    let header = response.headers()["set-cookie"].to_str().expect("text");
    header.split(';').next().unwrap_or_default().to_owned()
}

fn workspace() -> Value {
    json!({ "name": "Test", "slug": format!("w{}", uuid::Uuid::new_v4().simple()) })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_gets_its_session_in_a_cookie_that_no_script_reads() {
    let platform = Platform::start().await;
    administrator(&platform).await;
    let credentials = json!({ "email": EMAIL, "password": PASSWORD, "cookie": true });
    let response = post(&platform, "/v1/auth/sign-in", &credentials).send().await.expect("a response");
    let header = response.headers()["set-cookie"].to_str().expect("text").to_owned();
    assert!(header.starts_with("elido_session=session_"), "{header}");
    for attribute in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Max-Age=2592000"] {
        assert!(header.contains(attribute), "{header}");
    }
    assert!(!header.contains("Domain") && !header.contains("Secure"), "{header}");

    let browser = Browser::sign_in(&platform).await;
    assert!(browser.is_signed_in().await);
    body(browser.own(Method::POST, "/v1/workspaces").json(&workspace()), StatusCode::CREATED).await;
    let read = body(browser.request(Method::GET, "/v1/auth/csrf-token"), StatusCode::OK).await;
    assert_eq!(text(&read["csrf_token"]), browser.csrf_token);
    let out = browser.own(Method::POST, "/v1/auth/sign-out").send().await.expect("a response");
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    assert_eq!(cookie_of(&out), "elido_session=");
    assert!(!browser.is_signed_in().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_https_the_cookie_belongs_to_the_host_alone() {
    let platform = Platform::start_with(|config| {
        config.api.public_url = "https://links.example.com".parse().expect("a URL");
    })
    .await;
    administrator(&platform).await;
    let credentials = json!({ "email": EMAIL, "password": PASSWORD, "cookie": true });
    let response = post(&platform, "/v1/auth/sign-in", &credentials).send().await.expect("a response");
    let header = response.headers()["set-cookie"].to_str().expect("text").to_owned();
    assert!(header.starts_with("__Host-elido_session=session_") && header.ends_with("; Secure"), "{header}");
    // A cookie that plain http or a neighbouring host could have set counts for nothing.
    let value = cookie_of(&response).replace("__Host-", "");
    let request = platform.client.get(platform.api("/v1/me")).header("cookie", value);
    body(request, StatusCode::UNAUTHORIZED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_site_changes_anything_with_the_cookie() {
    let platform = Platform::start().await;
    let bearer = administrator(&platform).await;
    let (browser, other) = (Browser::sign_in(&platform).await, Browser::sign_in(&platform).await);
    let count = async || {
        body(of(&platform, &bearer, Method::GET, "/v1/workspaces"), StatusCode::OK).await["data"]
            .as_array()
            .map(Vec::len)
    };
    let before = count().await;
    let attack = |headers: &[(&str, &str)]| {
        let request = browser.request(Method::POST, "/v1/workspaces");
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    };
    let right = browser.csrf_token.as_str();
    let cases: Vec<(Vec<(&str, &str)>, &str)> = vec![
        (vec![], "csrf_token_needed"),
        (vec![("sec-fetch-site", "same-origin")], "csrf_token_needed"),
        (vec![("origin", ORIGIN)], "csrf_token_needed"),
        (vec![("x-csrf-token", "")], "csrf_token_needed"),
        (vec![("x-csrf-token", &other.csrf_token)], "csrf_token_needed"),
        (vec![("x-csrf-token", &browser.cookie)], "csrf_token_needed"),
        (vec![("sec-fetch-site", "cross-site"), ("x-csrf-token", right)], "cross_site_request"),
        (vec![("sec-fetch-site", "same-site"), ("x-csrf-token", right)], "cross_site_request"),
        (vec![("origin", "https://evil.example"), ("x-csrf-token", right)], "cross_site_request"),
        (vec![("origin", "null"), ("x-csrf-token", right)], "cross_site_request"),
        (vec![("origin", "http://localhost:8090.evil.example"), ("x-csrf-token", right)], "cross_site_request"),
        // What a form of another site can send without asking first.
        (vec![("sec-fetch-site", "cross-site"), ("content-type", "text/plain")], "cross_site_request"),
    ];
    for (headers, code) in cases {
        assert_eq!(problem(attack(&headers).json(&workspace()), StatusCode::FORBIDDEN).await, code, "{headers:?}");
    }
    for (method, path) in [(Method::PUT, "/v1/me/password"), (Method::DELETE, "/v1/auth/sessions")] {
        assert_eq!(problem(browser.request(method, path), StatusCode::FORBIDDEN).await, "csrf_token_needed");
    }
    assert_eq!(count().await, before);
    let text_in_url = format!("/v1/workspaces?x-csrf-token={right}&_method=POST");
    assert_eq!(problem(browser.request(Method::POST, &text_in_url), StatusCode::FORBIDDEN).await, "csrf_token_needed");
    body(browser.own(Method::POST, "/v1/workspaces").json(&workspace()), StatusCode::CREATED).await;
    // Nobody's cookie goes with a token in the header, so that it needs no more.
    body(of(&platform, &bearer, Method::POST, "/v1/workspaces").json(&workspace()), StatusCode::CREATED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_site_signs_a_browser_in() {
    let platform = Platform::start().await;
    administrator(&platform).await;
    let credentials = json!({ "email": EMAIL, "password": PASSWORD, "cookie": true });
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let request = post(&platform, "/v1/auth/sign-in", &credentials).header(name, value);
        assert_eq!(problem(request, StatusCode::FORBIDDEN).await, "cross_site_request");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_cannot_be_chosen_for_somebody_else() {
    let platform = Platform::start().await;
    administrator(&platform).await;
    let credentials = json!({ "email": EMAIL, "password": PASSWORD, "cookie": true });
    // One that never was, and one that the attacker is signed in by.
    let planted = format!("session_{}", "A".repeat(43));
    let attacker = Browser::sign_in(&platform).await;
    let request =
        post(&platform, "/v1/auth/sign-in", &credentials).header("cookie", format!("elido_session={planted}"));
    let response = request.send().await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK);
    assert_ne!(cookie_of(&response), format!("elido_session={planted}"));
    assert!(!is_signed_in(&platform, &planted).await);
    let request = attacker.own(Method::POST, "/v1/auth/sign-in").json(&credentials);
    let response = request.send().await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK);
    let victims = cookie_of(&response);
    assert_ne!(victims, attacker.cookie);
    // Two cookies of the name: somebody has put one there, and neither counts.
    let both = platform.client.get(platform.api("/v1/me")).header("cookie", format!("{}; {victims}", attacker.cookie));
    body(both, StatusCode::UNAUTHORIZED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_is_kept_where_what_proves_a_person_has_changed() {
    let platform = Platform::start().await;
    administrator(&platform).await;
    let attacker = Browser::sign_in(&platform).await;
    // Somebody sits in front of a browser to which the attacker has given a session of the very account.
    let begin = attacker.own(Method::POST, "/v1/me/second-factor").json(&json!({ "password": PASSWORD }));
    let secret = text(&body(begin, StatusCode::CREATED).await["secret"]);
    early_in_a_step().await;
    let confirm =
        attacker.own(Method::POST, "/v1/me/second-factor/confirm").json(&json!({ "code": code(&secret, -1) }));
    let confirmed = confirm.send().await.expect("a response");
    assert_eq!(confirmed.status(), StatusCode::OK);
    let renewed = cookie_of(&confirmed);
    assert!(renewed != attacker.cookie && !attacker.is_signed_in().await);
    let credentials = json!({ "email": EMAIL, "password": PASSWORD, "cookie": true });
    let planted = |path: &str, answer: &Value| post(&platform, path, answer).header("cookie", &attacker.cookie);
    let challenge = body(planted("/v1/auth/sign-in", &credentials), StatusCode::ACCEPTED).await;
    let answer = json!({ "challenge": challenge["challenge"], "code": code(&secret, 0), "cookie": true });
    let signed_in = planted("/v1/auth/sign-in/second-factor", &answer).send().await.expect("a response");
    assert_eq!(signed_in.status(), StatusCode::OK);
    let own = cookie_of(&signed_in);
    assert!(own != attacker.cookie && own != renewed, "{own}");
    assert!(!attacker.is_signed_in().await);
    body(platform.client.get(platform.api("/v1/me")).header("cookie", own), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_session_is_nobody_in_a_cookie() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let draft = json!({ "name": "Test", "scopes": ["links:read"] });
    let key = body(platform.of(&account, Method::POST, "/api-keys").json(&draft), StatusCode::CREATED).await;
    for value in [text(&key["token"]), "session_x".to_owned(), "null".to_owned(), String::new()] {
        let request = platform.client.get(platform.api("/v1/me")).header("cookie", format!("elido_session={value}"));
        body(request, StatusCode::UNAUTHORIZED).await;
    }
    // With a session that is over a browser can still sign in.
    let browser = Browser::sign_in(&platform).await;
    body(browser.own(Method::POST, "/v1/auth/sign-out"), StatusCode::NO_CONTENT).await;
    let credentials = json!({ "email": EMAIL, "password": PASSWORD });
    body(browser.request(Method::POST, "/v1/auth/sign-in").json(&credentials), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_worth_nothing_after_signing_out() {
    let platform = Platform::start().await;
    let session = administrator(&platform).await;
    let browser = Browser::sign_in(&platform).await;
    body(browser.own(Method::POST, "/v1/auth/sign-out"), StatusCode::NO_CONTENT).await;
    assert!(!browser.is_signed_in().await);
    body(browser.own(Method::POST, "/v1/workspaces").json(&workspace()), StatusCode::UNAUTHORIZED).await;
    let token = browser.cookie.strip_prefix("elido_session=").expect("the name");
    assert!(!is_signed_in(&platform, token).await);
    // An idempotency key does not bring it back.
    let out = || of(&platform, &session, Method::POST, "/v1/auth/sign-out").header("idempotency-key", "out");
    body(out(), StatusCode::NO_CONTENT).await;
    body(out(), StatusCode::UNAUTHORIZED).await;
    assert!(!is_signed_in(&platform, &session).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_password_needs_the_present_one_and_gives_the_session_a_new_secret() {
    let platform = Platform::start().await;
    let (session, other) = (administrator(&platform).await, token(&platform, EMAIL, PASSWORD).await);
    let browser = Browser::sign_in(&platform).await;
    let change = |password: &str, new: &str| json!({ "password": password, "new_password": new });
    let path = "/v1/me/password";
    let wrong = of(&platform, &session, Method::PUT, path).json(&change("not the password", NEW_PASSWORD));
    assert_eq!(problem(wrong, StatusCode::FORBIDDEN).await, "wrong_password");
    let short = of(&platform, &session, Method::PUT, path).json(&change(PASSWORD, "short"));
    assert_eq!(body(short, StatusCode::BAD_REQUEST).await["errors"][0]["pointer"], "/new_password");
    let changed = of(&platform, &session, Method::PUT, path).json(&change(PASSWORD, NEW_PASSWORD));
    let renewed = text(&body(changed, StatusCode::OK).await["token"]);
    assert_ne!(renewed, session);
    assert!(is_signed_in(&platform, &renewed).await);
    assert!(!is_signed_in(&platform, &session).await && !is_signed_in(&platform, &other).await);
    assert!(!browser.is_signed_in().await);
    assert_eq!(problem(sign_in(&platform, EMAIL, PASSWORD), StatusCode::UNAUTHORIZED).await, "wrong_credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_goes_on_with_a_new_cookie_after_it_changed_the_password() {
    let platform = Platform::start().await;
    administrator(&platform).await;
    let browser = Browser::sign_in(&platform).await;
    let change = json!({ "password": PASSWORD, "new_password": NEW_PASSWORD });
    let response = browser.own(Method::PUT, "/v1/me/password").json(&change).send().await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK);
    let cookie = cookie_of(&response);
    let answer: Value = response.json().await.expect("a body");
    assert!(answer.get("token").is_none() && cookie != browser.cookie);
    assert!(!browser.is_signed_in().await);
    let renewed = Browser { platform: &platform, cookie, csrf_token: text(&answer["csrf_token"]) };
    assert!(renewed.is_signed_in().await && renewed.csrf_token != browser.csrf_token);
    body(renewed.own(Method::POST, "/v1/workspaces").json(&workspace()), StatusCode::CREATED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_other_sessions_end_at_once() {
    let platform = Platform::start().await;
    let session = administrator(&platform).await;
    let others = [token(&platform, EMAIL, PASSWORD).await, token(&platform, EMAIL, PASSWORD).await];
    body(of(&platform, &session, Method::DELETE, "/v1/auth/sessions"), StatusCode::NO_CONTENT).await;
    assert!(is_signed_in(&platform, &session).await);
    for other in &others {
        assert!(!is_signed_in(&platform, other).await);
    }
    let sessions = body(of(&platform, &session, Method::GET, "/v1/auth/sessions"), StatusCode::OK).await;
    assert_eq!(sessions["data"].as_array().map(Vec::len), Some(1));
}
