//! What attackers try on sign-in through identity providers, on the running server.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::identity_provider::{Begun, CLIENT, IdentityProvider, Key, NAME, begin, describe_in, kept};
use crate::support::people::{administrator, newcomer, of, problem, text};
use crate::support::platform::{Platform, body};

/// Makes a token of claims.
type Maker<'a> = &'a dyn Fn(&Value) -> String;

/// A victim has an account here, and the provider is right about everybody unless a test says otherwise.
async fn start(provider: &IdentityProvider) -> Platform {
    let platform = Platform::start_with(|config| {
        describe_in(config, provider.config());
        config.identity.open_registration = true;
    })
    .await;
    newcomer(&platform, "ada@example.com").await;
    platform
}

/// Fails if anybody was signed in; the code of the problem.
async fn refused(response: Response) -> String {
    assert!(kept(&response, "elido_session").is_none(), "nobody is signed in");
    let status = response.status();
    let problem: Value = response.json().await.unwrap_or_default();
    assert!(status.is_client_error(), "{status} {problem}");
    text(&problem["code"])
}

fn is_signed_in(response: &Response) -> bool {
    response.status() == StatusCode::SEE_OTHER && kept(response, "elido_session").is_some()
}

/// Comes back with a token that somebody made.
async fn with_token(platform: &Platform, provider: &IdentityProvider, make: impl FnOnce(&Value) -> String) -> Response {
    let begun = begin(platform, NAME).await;
    let token = make(&provider.claims(&begun, "1", "ada@example.com"));
    let code = provider.code_for(&begun, token);
    begun.come_back(platform, &code).await
}

async fn with_claims(platform: &Platform, provider: &IdentityProvider, change: impl FnOnce(&mut Value)) -> Response {
    provider.sign_in_with(platform, "1", "ada@example.com", change).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_counts_in_the_browser_that_asked_and_once() {
    let provider = IdentityProvider::start().await;
    let platform = start(&provider).await;
    let (victim, attacker) = (begin(&platform, NAME).await, begin(&platform, NAME).await);
    let code = |begun: &Begun| provider.code(begun, &provider.claims(begun, "1", "ada@example.com"));
    let come_back = async |begun: &Begun, query: Vec<(&str, String)>| {
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        begun.come_back_with(&platform, NAME, &query).await
    };

    // Login CSRF: the attacker's code and state in the victim's browser; a state that nobody sent; none; no cookie.
    let theirs = vec![("code", code(&attacker)), ("state", attacker.query("state"))];
    assert_eq!(refused(come_back(&victim, theirs).await).await, "sign_in_not_begun");
    let made_up = vec![("code", code(&victim)), ("state", "A".repeat(43))];
    assert_eq!(refused(come_back(&victim, made_up).await).await, "sign_in_not_begun");
    assert_eq!(refused(come_back(&victim, vec![("code", code(&victim))]).await).await, "sign_in_not_begun");
    let bare = Begun { authorization: victim.authorization.clone(), cookie: "a=b".to_owned() };
    let right = || vec![("code", code(&victim)), ("state", victim.query("state"))];
    assert_eq!(refused(come_back(&bare, right()).await).await, "sign_in_not_begun");
    // A cookie that was changed, and two of the name.
    let changed = Begun {
        cookie: victim.cookie.replace(|c: char| c.is_ascii_digit(), "7"),
        authorization: victim.authorization.clone(),
    };
    assert_eq!(refused(come_back(&changed, right()).await).await, "sign_in_not_begun");
    let two = Begun {
        cookie: format!("{}; {}", victim.cookie, attacker.cookie),
        authorization: victim.authorization.clone(),
    };
    assert_eq!(refused(come_back(&two, right()).await).await, "sign_in_not_begun");
    // The provider says no.
    let denied = vec![("error", "access_denied".to_owned()), ("state", victim.query("state"))];
    assert_eq!(refused(come_back(&victim, denied).await).await, "provider_refused");

    let query = right();
    assert!(is_signed_in(&come_back(&victim, query.clone()).await));
    assert_eq!(refused(come_back(&victim, query).await).await, "provider_refused", "a code works once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_cannot_be_chosen_for_somebody_who_comes_from_a_provider() {
    let provider = IdentityProvider::start().await;
    let platform = start(&provider).await;
    let attacker = newcomer(&platform, "mallory@example.com").await;
    let me = async |cookie: &str| {
        body(platform.client.get(platform.api("/v1/me")).header("cookie", cookie), StatusCode::OK).await
    };
    for planted in [attacker.clone(), format!("session_{}", "A".repeat(43))] {
        let mut begun = begin(&platform, NAME).await;
        let code = provider.code(&begun, &provider.claims(&begun, "1", "ada@example.com"));
        begun.cookie = format!("{}; elido_session={planted}", begun.cookie);
        let response = begun.come_back(&platform, &code).await;
        assert!(is_signed_in(&response));
        let own = kept(&response, "elido_session").expect("a session");
        assert_ne!(own, format!("elido_session={planted}"));
        assert_eq!(me(&own).await["user"]["email"], "ada@example.com");
    }
    // Nor has the victim's identity become a way into the attacker's account, or the other way round.
    assert_eq!(me(&format!("elido_session={attacker}")).await["user"]["email"], "mallory@example.com");
    let linked = body(of(&platform, &attacker, Method::GET, "/v1/me/identities"), StatusCode::OK).await;
    assert_eq!(linked["data"], json!([]));
    let made_up = format!("session_{}", "A".repeat(43));
    body(of(&platform, &made_up, Method::GET, "/v1/me"), StatusCode::UNAUTHORIZED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_another_sign_in_is_worth_nothing() {
    let provider = IdentityProvider::start().await;
    let platform = start(&provider).await;
    let (victim, attacker) = (begin(&platform, NAME).await, begin(&platform, NAME).await);
    for begun in [&victim, &attacker] {
        assert_eq!(begun.query("code_challenge_method"), "S256");
        assert_eq!(begun.query("response_type"), "code");
        assert_eq!(begun.query("code_challenge").len(), 43);
    }
    assert_ne!(victim.query("code_challenge"), attacker.query("code_challenge"));
    // A stolen code, injected into the attacker's own sign-in: the verifier is another.
    let stolen = provider.code(&victim, &provider.claims(&victim, "1", "ada@example.com"));
    assert_eq!(refused(attacker.come_back(&platform, &stolen).await).await, "provider_refused");
    // A provider that does not look at verifiers: the nonce is another.
    let token = provider.key().sign(&provider.claims(&victim, "1", "ada@example.com"));
    let replayed = provider.code_for(&attacker, token);
    assert_eq!(refused(attacker.come_back(&platform, &replayed).await).await, "provider_token_unsound");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_provider_does_not_answer_for_another() {
    let (honest, evil) = (IdentityProvider::start_with(true).await, IdentityProvider::start().await);
    let platform = Platform::start_with(|config| {
        describe_in(config, honest.config());
        config.identity.oidc.insert("evil".to_owned(), evil.config());
    })
    .await;
    let state = |begun: &Begun| begun.query("state");
    // A sign-in that was begun at the one comes back as one of the other.
    let begun = begin(&platform, "evil").await;
    let code = evil.code(&begun, &evil.claims(&begun, "1", "ada@example.com"));
    let query = [("code", code.as_str()), ("state", &state(&begun))];
    assert_eq!(refused(begun.come_back_with(&platform, NAME, &query).await).await, "sign_in_not_begun");
    // The answer names another issuer (RFC 9207), or none where the issuer always does.
    let begun = begin(&platform, NAME).await;
    let code = honest.code(&begun, &honest.claims(&begun, "1", "ada@example.com"));
    let query = [("code", code.as_str()), ("state", &state(&begun)), ("iss", &evil.issuer)];
    assert_eq!(refused(begun.come_back_with(&platform, NAME, &query).await).await, "provider_token_unsound");
    let query = [("code", code.as_str()), ("state", &state(&begun))];
    assert_eq!(refused(begun.come_back_with(&platform, NAME, &query).await).await, "provider_token_unsound");
    let query = [("code", code.as_str()), ("state", &state(&begun)), ("iss", &honest.issuer)];
    assert!(is_signed_in(&begun.come_back_with(&platform, NAME, &query).await), "what is right is let in");
    // The evil one signs a token in the name of the other, with its own key or with the other's claims.
    let begun = begin(&platform, "evil").await;
    let mut claims = honest.claims(&begun, "1", "ada@example.com");
    let code = evil.code(&begun, &claims);
    let query = [("code", code.as_str()), ("state", &state(&begun))];
    assert_eq!(refused(begun.come_back_with(&platform, "evil", &query).await).await, "provider_token_unsound");
    // The same subject of another issuer is another person.
    claims["iss"] = json!(evil.issuer);
    claims["email"] = json!("eve@example.com");
    let begun = begin(&platform, "evil").await;
    claims["nonce"] = json!(begun.query("nonce"));
    let code = evil.code(&begun, &claims);
    let query = [("code", code.as_str()), ("state", &state(&begun))];
    let response = begun.come_back_with(&platform, "evil", &query).await;
    let cookie = kept(&response, "elido_session").expect("a session");
    let me = body(platform.client.get(platform.api("/v1/me")).header("cookie", cookie), StatusCode::OK).await;
    assert_eq!(me["user"]["email"], "eve@example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_do_not_hold_let_nobody_in() {
    let provider = IdentityProvider::start().await;
    let platform = start(&provider).await;
    let none = |claims: &Value| {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", part(&json!({ "alg": "none" })), part(claims))
    };
    let header = |algorithm, id: &str| Header { kid: Some(id.to_owned()), ..Header::new(algorithm) };
    let public = provider.key().public.clone();
    let by_public_key = |claims: &Value| {
        encode(&header(Algorithm::HS256, "first"), claims, &EncodingKey::from_secret(&public)).expect("a token")
    };
    let by_shared_key = |claims: &Value| {
        encode(&header(Algorithm::HS256, "shared"), claims, &EncodingKey::from_secret(b"secret")).expect("a token")
    };
    let by_client_secret = |claims: &Value| {
        let secret = EncodingKey::from_secret(crate::support::identity_provider::SECRET.as_bytes());
        encode(&Header::new(Algorithm::HS256), claims, &secret).expect("a token")
    };
    let by_another_key = |claims: &Value| Key::new("first").sign(claims);
    let tampered = |claims: &Value| {
        let token = provider.key().sign(claims);
        let other = URL_SAFE_NO_PAD.encode(json!({ "sub": "2" }).to_string());
        let parts: Vec<&str> = token.split('.').collect();
        format!("{}.{other}.{}", parts[0], parts[2])
    };
    let makers: [(&str, Maker<'_>); 7] = [
        ("none", &none),
        ("HMAC with the public key", &by_public_key),
        ("HMAC with a published secret", &by_shared_key),
        ("HMAC with the client's secret", &by_client_secret),
        ("another key under the same name", &by_another_key),
        ("other claims under the signature", &tampered),
        ("no token", &|_| "x.y".to_owned()),
    ];
    for (what, make) in makers {
        let code = refused(with_token(&platform, &provider, make).await).await;
        assert_eq!(code, "provider_token_unsound", "{what}");
    }

    let now = elido::runtime::clock::now().as_micros() / 1_000_000;
    let changes = [
        ("aud", json!("another-client")),
        ("aud", json!(["another-client"])),
        // Several audiences without a word to whom it was given.
        ("aud", json!([CLIENT, "another-client"])),
        ("azp", json!("another-client")),
        ("iss", json!("https://login.example.com")),
        ("iss", json!(format!("{}/", provider.issuer))),
        ("exp", json!(now - 120)),
        ("exp", Value::Null),
        ("nbf", json!(now + 600)),
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("sub", json!("")),
        ("sub", json!("x".repeat(256))),
        ("sub", Value::Null),
    ];
    for (claim, value) in changes {
        let response = with_claims(&platform, &provider, |claims| claims[claim] = value.clone()).await;
        assert_eq!(refused(response).await, "provider_token_unsound", "{claim}: {value}");
    }
    assert!(is_signed_in(&with_claims(&platform, &provider, |_| {}).await), "what is right is let in");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_nobody_verified_is_worth_nothing() {
    let provider = IdentityProvider::start().await;
    let platform = start(&provider).await;
    for value in [json!(false), json!("false"), json!(1), Value::Null] {
        for email in ["ada@example.com", "new@example.com"] {
            let change = |claims: &mut Value| claims["email_verified"] = value.clone();
            let response = provider.sign_in_with(&platform, "1", email, change).await;
            assert_eq!(refused(response).await, "email_not_verified", "{value}");
        }
    }
    for email in [
        "",
        "ada",
        "ada@example.com\n",
        "ada@example.com@evil.org",
        "ada@EVIL.org",
        "ada@evil.example.com",
        "ada@xexample.com",
    ] {
        refused(provider.sign_in(&platform, "1", email).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_account_stays_out_by_whichever_way() {
    let provider = IdentityProvider::start().await;
    let platform = start(&provider).await;
    let administrator = administrator(&platform).await;
    let response = provider.sign_in(&platform, "1", "ada@example.com").await;
    assert!(is_signed_in(&response));
    let cookie = kept(&response, "elido_session").expect("a session");
    let accounts =
        body(of(&platform, &administrator, Method::GET, "/v1/admin/accounts?email=ada"), StatusCode::OK).await;
    let path = format!("/v1/admin/accounts/{}/disable", text(&accounts["data"][0]["id"]));
    body(of(&platform, &administrator, Method::POST, &path), StatusCode::OK).await;
    let me = platform.client.get(platform.api("/v1/me")).header("cookie", cookie);
    assert_eq!(me.send().await.expect("a response").status(), StatusCode::UNAUTHORIZED);
    for subject in ["1", "2"] {
        let response = provider.sign_in(&platform, subject, "ada@example.com").await;
        assert_eq!(refused(response).await, "account_disabled");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_sent_to_another_place_afterwards() {
    let provider = IdentityProvider::start().await;
    let platform = start(&provider).await;
    let begin_with = |return_to: &str| {
        let url = platform.api(&format!("/v1/auth/providers/{NAME}/sign-in"));
        platform.client.get(url).query(&[("return_to", return_to)])
    };
    for place in [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "https://evil.example",
        "https:evil.example",
        "https:/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "@evil.example",
        ".evil.example",
        "",
        " //evil.example",
        "/\u{0}",
    ] {
        assert_eq!(problem(begin_with(place), StatusCode::BAD_REQUEST).await, "invalid_request", "{place:?}");
    }
    problem(begin_with(&format!("/{}", "x".repeat(1024))), StatusCode::BAD_REQUEST).await;
    for (place, goes_to) in [
        ("/links?tag=new#top", "http://localhost:8090/links?tag=new#top"),
        ("/..//evil.example", "http://localhost:8090//evil.example"),
        ("/%2F%2Fevil.example", "http://localhost:8090/%2F%2Fevil.example"),
        ("/@evil.example", "http://localhost:8090/@evil.example"),
        ("/:80@evil.example", "http://localhost:8090/:80@evil.example"),
    ] {
        let response = begin_with(place).send().await.expect("a response");
        let authorization = response.headers()["location"].to_str().expect("text").parse().expect("a URL");
        let begun = Begun { authorization, cookie: kept(&response, "elido_sign_in").expect("a cookie") };
        let code = provider.code(&begun, &provider.claims(&begun, "1", "ada@example.com"));
        let response = begun.come_back(&platform, &code).await;
        assert!(is_signed_in(&response), "{place}");
        assert_eq!(response.headers()["location"], goes_to);
    }
}
