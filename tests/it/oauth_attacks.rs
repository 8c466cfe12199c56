//! What others try with the OAuth2 provider: RFC 6749, section 10, RFC 9700, and what was found elsewhere.

use elido::config::{Config, Loaded};
use elido::roles::{Roles, start};
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::database::is_embedded;
use crate::support::oauth::{
    Browser, CHALLENGE, Fields, ISSUER, REDIRECT_URI, VERIFIER, acting, as_client, call, confidential_client,
    cookie_of, exchange, fields_of, is_worth_something, location, parameter, program, public_client, refresh, refusal,
    register, request, tokens, with,
};
use crate::support::people::{of, text};
use crate::support::platform::{Account, EMAIL, PASSWORD, Platform, body};
use crate::support::statements::execute;

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_used_twice_ends_what_came_of_it() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = public_client(&platform, &account).await;
    let browser = Browser::of_the_owner(&platform).await;
    let code = browser.code(&request(&client, "links:read"), &account.workspace).await;
    let first = tokens(&platform, &exchange(&client, &code)).await;
    let next = tokens(&platform, &refresh(&client, &text(&first["refresh_token"]))).await;
    let other = acting(&browser, &client, "links:read", &account.workspace).await;
    assert!(is_worth_something(&platform, &first).await && is_worth_something(&platform, &next).await);
    assert_eq!(refusal(&platform, &exchange(&client, &code)).await, "invalid_grant");
    assert!(!is_worth_something(&platform, &first).await && !is_worth_something(&platform, &next).await);
    assert_eq!(refusal(&platform, &refresh(&client, &text(&next["refresh_token"]))).await, "invalid_grant");
    assert!(is_worth_something(&platform, &other).await, "another authorization goes on");
    assert_eq!(refusal(&platform, &exchange(&client, &code)).await, "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_use_a_code_at_once_nobody_keeps_a_token() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = public_client(&platform, &account).await;
    let browser = Browser::of_the_owner(&platform).await;
    let code = browser.code(&request(&client, "links:read"), &account.workspace).await;
    let fields = exchange(&client, &code);
    let answers = join_all((0..8).map(|_| call(&platform, "/oauth/token", &fields))).await;
    let won: Vec<&Value> = answers.iter().filter(|(status, _)| status.is_success()).map(|(_, tokens)| tokens).collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    assert!(!is_worth_something(&platform, won[0]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_worth_nothing_to_another_client_or_with_another_address() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = public_client(&platform, &account).await;
    let others = [public_client(&platform, &account).await, confidential_client(&platform, &account).await];
    let browser = Browser::of_the_owner(&platform).await;
    let code = browser.code(&request(&client, "links:read"), &account.workspace).await;
    for other in &others {
        assert_eq!(refusal(&platform, &exchange(other, &code)).await, "invalid_grant");
    }
    for address in ["https://app.example/callback/", "https://app.example/", "https://evil.example/callback", ""] {
        let fields = with(&exchange(&client, &code), "redirect_uri", Some(address));
        assert_eq!(refusal(&platform, &fields).await, "invalid_grant", "{address}");
    }
    let without = with(&exchange(&client, &code), "redirect_uri", None);
    assert_eq!(refusal(&platform, &without).await, "invalid_request");
    // Whoever it was made for can still use it.
    tokens(&platform, &exchange(&client, &code)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_code_is_made_without_a_challenge_and_none_exchanged_without_its_answer() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let browser = Browser::of_the_owner(&platform).await;
    for client in [public_client(&platform, &account).await, confidential_client(&platform, &account).await] {
        let asked = request(&client, "links:read");
        for (name, value) in [
            ("code_challenge", None),
            ("code_challenge", Some("")),
            ("code_challenge", Some(VERIFIER.split_at(20).0)),
            ("code_challenge_method", None),
            ("code_challenge_method", Some("plain")),
            ("code_challenge_method", Some("s256")),
        ] {
            let answer = browser.ask(&with(&asked, name, value)).await;
            let back = location(&answer);
            assert_eq!(parameter(&back, "error").as_deref(), Some("invalid_request"), "{name} {value:?}");
            assert!(parameter(&back, "code").is_none());
        }
        let code = browser.code(&asked, &account.workspace).await;
        let fields = exchange(&client, &code);
        assert_eq!(refusal(&platform, &with(&fields, "code_verifier", None)).await, "invalid_request");
        for wrong in ["", CHALLENGE, &VERIFIER.to_lowercase(), &format!("{VERIFIER}="), &"a".repeat(43)] {
            assert_eq!(refusal(&platform, &with(&fields, "code_verifier", Some(wrong))).await, "invalid_grant");
        }
        tokens(&platform, &fields).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_sent_to_an_address_that_the_client_did_not_register() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let draft = json!({
        "name": "Test", "scopes": ["links:read"], "redirect_uris": [REDIRECT_URI, "http://127.0.0.1/callback"]
    });
    let client = register(&platform, &account, &draft).await;
    let browser = Browser::of_the_owner(&platform).await;
    let asked = request(&client, "links:read");
    for address in [
        "",
        "https://app.example/callback/",
        "https://app.example/callback2",
        "https://app.example/callback/../evil",
        "https://app.example/callback%2f..%2fevil",
        "https://app.example/x/../callback",
        "https://app.example//callback",
        "https://app.example/Callback",
        "https://APP.example/callback",
        "HTTPS://app.example/callback",
        "http://app.example/callback",
        "https://app.example:443/callback",
        "https://app.example:8443/callback",
        "https://app.example/callback?x=y",
        "https://app.example/callback#x",
        "https://app.example/callback&x=y",
        "https://app.example/callback;x",
        "https://app.example/callback\\",
        "https://app.example/callback%00",
        "https://app.example/callback ",
        "https://app.example@evil.example/callback",
        "https://evil.example/https://app.example/callback",
        "https://app.example.evil.example/callback",
        "https://evil.example?https://app.example/callback",
        "https://app.example\\@evil.example/callback",
        "//app.example/callback",
        "javascript:alert(1)//https://app.example/callback",
        "http://localhost/callback",
        "http://localhost:49152/callback",
        "http://127.0.0.1:49152/callback/x",
        "http://127.0.0.1:49152@evil.example/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://[::1]:49152/callback",
        "http://127.0.0.2/callback",
        "https://127.0.0.1/callback",
    ] {
        for request in [
            with(&asked, "redirect_uri", Some(address)),
            // An error of another kind sends nobody there either.
            with(&with(&asked, "redirect_uri", Some(address)), "response_type", Some("token")),
        ] {
            let answer = browser.ask(&request).await;
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{address}");
            assert!(answer.headers().get("location").is_none());
            assert!(!answer.text().await.expect("a page").contains("evil.example"), "{address}");
        }
    }
    let twice = platform.api(&format!("/oauth/authorize?{}&redirect_uri=https://evil.example/", query(&asked)));
    let answer = platform.client.get(twice).header("cookie", &browser.cookie).send().await.expect("a response");
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let unknown = with(&asked, "client_id", Some("oac_00000000000000000000000000000000"));
    assert_eq!(browser.ask(&unknown).await.status(), StatusCode::NOT_FOUND);
    // On the machine itself, any port will do.
    let own = with(&asked, "redirect_uri", Some("http://127.0.0.1:49152/callback"));
    assert_eq!(browser.ask(&own).await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_once_who_gave_it_and_no_parameter_is_read_twice() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = public_client(&platform, &account).await;
    let browser = Browser::of_the_owner(&platform).await;
    let asked = request(&client, "links:read");
    // By that, a client notices that another provider has sent it here (RFC 9207).
    let refused = location(&browser.ask(&with(&asked, "scope", Some("everything"))).await);
    let page = browser.ask(&asked).await.text().await.expect("a page");
    let denied = location(&browser.form(&page, "deny", &account.workspace).send().await.expect("a response"));
    let allowed = browser.allow(&asked, &account.workspace).await;
    for answer in [&refused, &denied, &allowed] {
        for (name, value) in [("iss", ISSUER), ("state", "a state & more")] {
            let values = answer.query_pairs().filter(|(other, _)| other == name).map(|(_, value)| value);
            assert_eq!(values.collect::<Vec<_>>(), [value], "{answer}");
        }
    }
    // Whoever reads the first of two may be somebody else than whoever reads the last.
    for (name, value) in [
        ("code_challenge_method", "plain"),
        ("code_challenge", CHALLENGE),
        ("scope", "links:write"),
        ("state", "another"),
        ("client_id", client.id.as_str()),
        ("response_type", "token"),
    ] {
        let twice = platform.api(&format!("/oauth/authorize?{}&{name}={value}", query(&asked)));
        let answer = platform.client.get(twice).header("cookie", &browser.cookie).send().await.expect("a response");
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{name}");
        assert!(answer.headers().get("location").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_cannot_be_chosen_for_somebody_who_signs_in_on_the_way() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = public_client(&platform, &account).await;
    let attacker = Browser::of_the_owner(&platform).await;
    let asked = request(&client, "links:read");
    let made_up = format!("elido_session=session_{}", "A".repeat(43));
    for planted in [made_up, attacker.cookie.clone()] {
        let form = [("request", query(&asked)), ("email", EMAIL.to_owned()), ("password", PASSWORD.to_owned())];
        let victim = Browser::with_cookie(&platform, &planted);
        let answer = victim.request(Method::POST, "/oauth/sign-in").form(&form).send().await.expect("a response");
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let own = cookie_of(&answer);
        assert!(own.starts_with("elido_session=session_") && own != planted, "{own}");
        let signed_in = Browser::with_cookie(&platform, &own).request(Method::GET, "/v1/me");
        body(signed_in, StatusCode::OK).await;
    }
    let made_up = platform.client.get(platform.api("/v1/me")).bearer_auth(format!("session_{}", "A".repeat(43)));
    body(made_up, StatusCode::UNAUTHORIZED).await;
}

/// Headers that a request carries.
type Headers = &'static [(&'static str, &'static str)];

fn query(fields: &Fields) -> String {
    serde_html_form::to_string(fields).expect("a query")
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_sent_away_before_they_are_signed_in() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = public_client(&platform, &account).await;
    for request in [
        with(&request(&client, "links:read"), "response_type", Some("token")),
        with(&request(&client, "links:read"), "scope", Some("everything")),
    ] {
        let answer = platform.client.get(platform.api("/oauth/authorize")).query(&request).send().await;
        let answer = answer.expect("a response");
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(answer.text().await.expect("a page").contains("Sign in"));
    }
    // And somebody who does sign in comes back to Elido, whatever the form says.
    for request in ["//evil.example", "https://evil.example/", "client_id=x\r\nlocation:https://evil.example/"] {
        let form = [("request", request), ("email", "owner@example.com"), ("password", "x")];
        let answer = platform.client.post(platform.api("/oauth/sign-in")).form(&form).send().await.expect("a response");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert!(answer.headers().get("location").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_site_decides_for_a_person() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = public_client(&platform, &account).await;
    let (browser, other) = (Browser::of_the_owner(&platform).await, Browser::of_the_owner(&platform).await);
    let asked = request(&client, "links:read");
    let page = browser.ask(&asked).await.text().await.expect("a page");
    let others = other.ask(&asked).await.text().await.expect("a page");
    let token = |page: &str| fields_of(page).into_iter().find(|(name, _)| name == "csrf_token").expect("a token").1;
    let (own, theirs) = (token(&page), token(&others));
    assert_ne!(own, theirs);
    let attack = |csrf_token: Option<&str>, headers: &[(&'static str, &'static str)]| {
        let mut fields = with(&asked, "workspace", Some(&account.workspace));
        fields.push(("decision", "allow".to_owned()));
        fields.extend(csrf_token.map(|token| ("csrf_token", token.to_owned())));
        let request = browser.request(Method::POST, "/oauth/authorize").form(&fields);
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    };
    let cases: [(Option<&str>, Headers); 8] = [
        (None, &[("sec-fetch-site", "same-origin")]),
        (Some(""), &[("sec-fetch-site", "same-origin")]),
        (Some(&theirs), &[("sec-fetch-site", "same-origin")]),
        (Some(&own), &[("sec-fetch-site", "cross-site")]),
        (Some(&own), &[("sec-fetch-site", "same-site")]),
        (Some(&own), &[("origin", "https://evil.example")]),
        (Some(&own), &[("origin", "null")]),
        (Some(&own), &[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:8090")]),
    ];
    for (token, headers) in cases {
        let answer = attack(token, headers).send().await.expect("a response");
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{headers:?}");
        assert!(answer.headers().get("location").is_none());
    }
    let consents = body(of(&platform, &account.token, Method::GET, "/v1/me/consents"), StatusCode::OK).await;
    assert_eq!(consents["data"], json!([]));
    // By GET nobody decides, and a bearer token is no browser.
    let by_get = browser.request(Method::GET, "/oauth/authorize").query(&with(&asked, "decision", Some("allow")));
    assert_eq!(by_get.send().await.expect("a response").status(), StatusCode::OK);
    let bearer = platform.client.get(platform.api("/oauth/authorize")).query(&asked).bearer_auth(&account.token);
    assert!(bearer.send().await.expect("a response").text().await.expect("a page").contains("Sign in"));
    let right = attack(Some(&own), &[("origin", "http://localhost:8090")]).send().await.expect("a response");
    assert_eq!(right.status(), StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_are_shown_in_no_frame_run_no_script_and_stay_in_no_cache() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = public_client(&platform, &account).await;
    let browser = Browser::of_the_owner(&platform).await;
    let asked = request(&client, "links:read");
    let signed_out = platform.client.get(platform.api("/oauth/authorize")).query(&asked).send().await;
    let wrong = browser.ask(&with(&asked, "redirect_uri", Some("https://evil.example/"))).await;
    for page in [browser.ask(&asked).await, signed_out.expect("a response"), wrong] {
        let header = |name: &str| page.headers()[name].to_str().expect("text").to_owned();
        let policy = header("content-security-policy");
        for rule in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("script-src") && !policy.contains("unsafe") && !policy.contains("evil"), "{policy}");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "same-origin");
        assert!(!page.text().await.expect("a page").contains("<script"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_comes_again_later_ends_everything() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = public_client(&platform, &account).await;
    let browser = Browser::of_the_owner(&platform).await;
    // Somebody has used what followed.
    let first = acting(&browser, &client, "links:read", &account.workspace).await;
    let second = tokens(&platform, &refresh(&client, &text(&first["refresh_token"]))).await;
    let third = tokens(&platform, &refresh(&client, &text(&second["refresh_token"]))).await;
    assert!(is_worth_something(&platform, &third).await);
    assert_eq!(refusal(&platform, &refresh(&client, &text(&first["refresh_token"]))).await, "invalid_grant");
    assert!(!is_worth_something(&platform, &third).await && !is_worth_something(&platform, &first).await);
    assert_eq!(refusal(&platform, &refresh(&client, &text(&third["refresh_token"]))).await, "invalid_grant");
    // Half a minute is over.
    let first = acting(&browser, &client, "links:read", &account.workspace).await;
    let second = tokens(&platform, &refresh(&client, &text(&first["refresh_token"]))).await;
    let later = "UPDATE oauth_tokens SET replaced_at = replaced_at - 31000000 WHERE replaced_at IS NOT NULL";
    assert_eq!(execute(&platform.config, later).await, 1);
    assert_eq!(refusal(&platform, &refresh(&client, &text(&first["refresh_token"]))).await, "invalid_grant");
    assert!(!is_worth_something(&platform, &second).await);
    // Both thefts stand in the trail.
    let told = platform.read(&account, "/audit-events?action=authorization.reused").await;
    assert_eq!(told["data"].as_array().map(Vec::len), Some(2), "{told}");
    assert_eq!(told["data"][0]["after"]["client_id"], client.id.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_was_lost_is_given_once_more_and_to_all_who_ask_at_once() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = public_client(&platform, &account).await;
    let browser = Browser::of_the_owner(&platform).await;
    let first = acting(&browser, &client, "links:read links:write", &account.workspace).await;
    let mut fields = refresh(&client, &text(&first["refresh_token"]));
    fields.push(("scope", "links:read".to_owned()));
    let answers = join_all((0..8).map(|_| tokens(&platform, &fields))).await;
    for answer in &answers {
        for field in ["access_token", "refresh_token", "scope"] {
            assert_eq!(answer[field], answers[0][field]);
        }
    }
    assert_eq!(answers[0]["scope"], "links:read");
    assert!(is_worth_something(&platform, &answers[0]).await);
    let next = tokens(&platform, &refresh(&client, &text(&answers[0]["refresh_token"]))).await;
    assert_eq!(next["scope"], "links:read links:write", "less was asked for once, and not for good");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_more_than_the_person_agreed_to() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = public_client(&platform, &account).await;
    let browser = Browser::of_the_owner(&platform).await;
    for scope in ["everything", "members:write", "links:read workspace:write", "links:read\u{a0}links:write"] {
        let back = location(&browser.ask(&request(&client, scope)).await);
        assert_eq!(parameter(&back, "error").as_deref(), Some("invalid_scope"), "{scope}");
    }
    let held = acting(&browser, &client, "links:read", &account.workspace).await;
    let wider = |scope: &str| {
        let mut fields = refresh(&client, &text(&held["refresh_token"]));
        fields.push(("scope", scope.to_owned()));
        fields
    };
    for scope in ["links:read links:write", "links:write", "members:read", "everything"] {
        assert_eq!(refusal(&platform, &wider(scope)).await, "invalid_scope", "{scope}");
    }
    // A form that says more than the page showed is for what it says, and the person's consent is for that alone.
    let next = tokens(&platform, &wider("links:read")).await;
    assert_eq!(next["scope"], "links:read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_one_kind_is_no_token_of_another() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = confidential_client(&platform, &account).await;
    let browser = Browser::of_the_owner(&platform).await;
    let code = browser.code(&request(&client, "links:read"), &account.workspace).await;
    let held = tokens(&platform, &exchange(&client, &code)).await;
    let secret = client.secret.clone().expect("a secret");
    for token in [&code, &secret, &text(&held["refresh_token"])] {
        body(of(&platform, token, Method::GET, "/v1/me"), StatusCode::UNAUTHORIZED).await;
    }
    let access_token = text(&held["access_token"]);
    assert_eq!(refusal(&platform, &refresh(&client, &access_token)).await, "invalid_grant");
    assert_eq!(refusal(&platform, &exchange(&client, &access_token)).await, "invalid_grant");
    let cookie = platform.client.get(platform.api("/v1/me")).header("cookie", format!("elido_session={access_token}"));
    body(cookie, StatusCode::UNAUTHORIZED).await;
    let in_query = platform.client.get(platform.api(&format!("/v1/me?access_token={access_token}")));
    body(in_query, StatusCode::UNAUTHORIZED).await;
    // A program is no person: nothing of the account is within its reach.
    let acts = Account { token: access_token, workspace: account.workspace.clone() };
    for (method, path) in [
        (Method::GET, "/v1/auth/sessions"),
        (Method::GET, "/v1/me/consents"),
        (Method::GET, "/v1/me/second-factor"),
        (Method::POST, "/v1/auth/sign-out"),
        (Method::GET, "/v1/admin/accounts"),
    ] {
        let refused = body(of(&platform, &acts.token, method, path), StatusCode::FORBIDDEN).await;
        assert_eq!(refused["code"], "session_required", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_proves_itself_in_one_way_and_strangers_learn_nothing() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = confidential_client(&platform, &account).await;
    let (stranger, public) = (confidential_client(&platform, &account).await, public_client(&platform, &account).await);
    let browser = Browser::of_the_owner(&platform).await;
    let held = acting(&browser, &client, "links:read", &account.workspace).await;
    let question = vec![("token", text(&held["access_token"]))];
    let asked_by = async |client| call(&platform, "/oauth/introspect", &as_client(client, question.clone())).await;
    assert_eq!(asked_by(&stranger).await, (StatusCode::OK, json!({ "active": false })));
    let (status, answer) = asked_by(&public).await;
    assert_eq!((status, &answer["error"]), (StatusCode::UNAUTHORIZED, &json!("invalid_client")));
    for path in ["/oauth/introspect", "/oauth/revoke", "/oauth/token"] {
        let mut without = with(&as_client(&client, question.clone()), "client_secret", None);
        without.extend(
            refresh(&public, &text(&held["refresh_token"])).into_iter().filter(|(name, _)| *name != "client_id"),
        );
        for fields in [
            without.clone(),
            with(&without, "client_secret", Some("elido_cs_x")),
            with(&without, "client_secret", stranger.secret.as_deref()),
        ] {
            let response = platform.client.post(platform.api(path)).form(&fields).send().await.expect("a response");
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
            assert!(response.headers()["www-authenticate"].to_str().expect("text").starts_with("Basic"));
            assert_eq!(response.headers()["cache-control"], "no-store");
        }
    }
    // A stranger ends nothing, and is not told whether there was anything to end.
    let ended = call(&platform, "/oauth/revoke", &as_client(&stranger, question.clone())).await;
    assert_eq!(ended.0, StatusCode::OK);
    assert!(is_worth_something(&platform, &held).await);
    assert_eq!(refusal(&platform, &refresh(&stranger, &text(&held["refresh_token"]))).await, "invalid_grant");

    let secret = client.secret.clone().expect("a secret");
    let basic = platform.client.post(platform.api("/oauth/introspect")).basic_auth(&client.id, Some(&secret));
    assert_eq!(body(basic.form(&question), StatusCode::OK).await["active"], true);
    let both = platform.client.post(platform.api("/oauth/introspect")).basic_auth(&client.id, Some(&secret));
    let both = body(both.form(&as_client(&client, question.clone())), StatusCode::BAD_REQUEST).await;
    assert_eq!(both["error"], "invalid_request");
    let other = platform.client.post(platform.api("/oauth/introspect")).basic_auth(&client.id, Some(&secret));
    let other = other.form(&with(&question, "client_id", Some(&stranger.id)));
    assert_eq!(body(other, StatusCode::BAD_REQUEST).await["error"], "invalid_request");
    let json = platform.client.post(platform.api("/oauth/token")).json(&json!({ "grant_type": "refresh_token" }));
    assert_eq!(body(json, StatusCode::UNSUPPORTED_MEDIA_TYPE).await["error"], "invalid_request");
    let mut twice = refresh(&client, "x");
    twice.push(("grant_type", "authorization_code".to_owned()));
    assert_eq!(refusal(&platform, &twice).await, "invalid_request");
    for grant in ["password", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"] {
        let fields = with(&refresh(&client, "x"), "grant_type", Some(grant));
        assert_eq!(refusal(&platform, &fields).await, "unsupported_grant_type");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = confidential_client(&platform, &account).await;
    let guess = with(&refresh(&client, "x"), "client_secret", Some("elido_cs_guess"));
    let mut wrong = 0;
    let (status, answer) = loop {
        match call(&platform, "/oauth/token", &guess).await {
            (StatusCode::UNAUTHORIZED, _) => wrong += 1,
            refused => break refused,
        }
        assert!(wrong < 1_000, "nothing limits them");
    };
    assert!(wrong >= 100, "{wrong}");
    assert_eq!((status, &answer["error"]), (StatusCode::TOO_MANY_REQUESTS, &json!("temporarily_unavailable")));
    // Who has the secret goes on.
    let browser = Browser::of_the_owner(&platform).await;
    acting(&browser, &client, "links:read", &account.workspace).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_knows_what_the_first_gave_out_and_took_back() {
    if is_embedded() {
        return;
    }
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let platform = Platform::start_with(|config| config.identity.sealing_key = key.into()).await;
    let account = platform.account().await;
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config { data_folder: folder.path().to_path_buf(), ..platform.config.clone() };
    let roles: Roles = "api".parse().expect("a role");
    let second = start(&Loaded { config, entries: Vec::new() }, roles).await.expect("the api starts");
    let at = |path: &str| format!("http://{}{path}", second.addresses().api.expect("the api"));
    let ask = async |path: &str, fields: &Fields| {
        let response = platform.client.post(at(path)).form(fields).send().await.expect("a response");
        (response.status(), response.json::<Value>().await.unwrap_or(Value::Null))
    };
    let client = public_client(&platform, &account).await;
    let browser = Browser::of_the_owner(&platform).await;
    let code = browser.code(&request(&client, "links:read"), &account.workspace).await;
    let (status, first) = ask("/oauth/token", &exchange(&client, &code)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(is_worth_something(&platform, &first).await);
    // Both are asked at once, and answer the same.
    let fields = refresh(&client, &text(&first["refresh_token"]));
    let (here, (status, there)) = tokio::join!(tokens(&platform, &fields), ask("/oauth/token", &fields));
    assert_eq!((status, &here["access_token"]), (StatusCode::OK, &there["access_token"]));
    assert_eq!(here["refresh_token"], there["refresh_token"]);
    let (status, _) = ask("/oauth/token", &exchange(&client, &code)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(!is_worth_something(&platform, &here).await);
    let links = platform.of(&program(&here, &account.workspace), Method::GET, "/links");
    body(links, StatusCode::UNAUTHORIZED).await;
    assert!(second.stop().await);
}
