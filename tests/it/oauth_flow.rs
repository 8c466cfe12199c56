//! The OAuth2 provider as it is meant: people decide, programs act for them, and people take it back.

use std::time::Duration;

use elido::domain::role::Role;
use elido::infra::grpc::v1;
use elido::infra::grpc::v1::links_client::LinksClient;
use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, PkceCodeChallenge,
    RedirectUrl, RevocationUrl, Scope, TokenResponse, TokenUrl,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};

use crate::support::authenticator::{code as shown, early_in_a_step};
use crate::support::members::member;
use crate::support::oauth::{
    Browser, Client, ISSUER, REDIRECT_URI, acting, as_client, call, confidential_client, cookie_of, exchange,
    fields_of, is_worth_something, location, parameter, program, public_client, refresh, register, request, tokens,
    with,
};
use crate::support::people::{of, text};
use crate::support::platform::{Account, EMAIL, PASSWORD, Platform, body};

/// Sends what the library wants sent.
async fn send(client: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let (parts, form) = request.into_parts();
    let request = client.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(form);
    let response = request.send().await?;
    let mut answer = HttpResponse::new(Vec::new());
    *answer.status_mut() = response.status();
    *answer.headers_mut() = response.headers().clone();
    *answer.body_mut() = response.bytes().await?.to_vec();
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_goes_the_whole_way_with_a_library_that_others_use() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let registered = confidential_client(&platform, &account).await;
    let url = |path: &str| platform.api(path);
    let client = BasicClient::new(ClientId::new(registered.id.clone()))
        .set_client_secret(ClientSecret::new(registered.secret.clone().expect("a secret")))
        .set_auth_uri(AuthUrl::new(url("/oauth/authorize")).expect("a URL"))
        .set_token_uri(TokenUrl::new(url("/oauth/token")).expect("a URL"))
        .set_revocation_url(RevocationUrl::new("https://elido.example/oauth/revoke".to_owned()).expect("a URL"))
        .set_redirect_uri(RedirectUrl::new(REDIRECT_URI.to_owned()).expect("a URL"));
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (address, state) = client
        .authorize_url(CsrfToken::new_random)
        .add_scope(Scope::new("links:read".to_owned()))
        .add_scope(Scope::new("links:write".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    let pairs: Vec<(String, String)> = address.query_pairs().into_owned().collect();
    let names =
        ["response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"];
    let pairs = names.map(|name| (name, pairs.iter().find(|(other, _)| other == name).expect("sent").1.clone()));
    let browser = Browser::of_the_owner(&platform).await;
    let back = browser.allow(&pairs.to_vec(), &account.workspace).await;
    assert_eq!(parameter(&back, "state").as_deref(), Some(state.secret().as_str()));
    assert_eq!(parameter(&back, "iss").as_deref(), Some(ISSUER));
    let code = AuthorizationCode::new(parameter(&back, "code").expect("a code"));

    let http = |request: HttpRequest| send(platform.client.clone(), request);
    let exchange = client.exchange_code(code).set_pkce_verifier(verifier);
    let first = exchange.request_async(&http).await.expect("tokens");
    assert_eq!(first.expires_in(), Some(Duration::from_secs(3_600)));
    let scopes: Vec<&str> = first.scopes().expect("scopes").iter().map(|scope| scope.as_str()).collect();
    assert_eq!(scopes, ["links:read", "links:write"]);
    let acts = |token: &str| Account { token: token.to_owned(), workspace: account.workspace.clone() };
    let link = json!({ "destination_url": "https://example.com/" });
    platform.create_link(&acts(first.access_token().secret()), &link).await;

    let next = client.exchange_refresh_token(first.refresh_token().expect("a refresh token"));
    let next = next.request_async(&http).await.expect("tokens");
    assert_ne!(next.access_token().secret(), first.access_token().secret());
    let links = platform.read(&acts(next.access_token().secret()), "/links").await;
    assert_eq!(links["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_asked_and_can_say_no() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = public_client(&platform, &account).await;
    let browser = Browser::of_the_owner(&platform).await;
    let asked = browser.ask(&request(&client, "links:read")).await;
    assert_eq!(asked.status(), StatusCode::OK);
    let page = asked.text().await.expect("a page");
    for words in ["Test &lt;app&gt;", EMAIL, "read links and tags", "app.example", "Test"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("<app>") && !page.contains("create, change and delete"), "{page}");
    let answered = browser.form(&page, "deny", &account.workspace).send().await.expect("a response");
    let back = location(&answered);
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&back, "state").as_deref(), Some("a state & more"));
    assert_eq!(parameter(&back, "iss").as_deref(), Some(ISSUER));
    let consents = body(of(&platform, &account.token, Method::GET, "/v1/me/consents"), StatusCode::OK).await;
    assert_eq!(consents["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_is_not_signed_in_signs_in_on_the_way() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = public_client(&platform, &account).await;
    let asked = platform.client.get(platform.api("/oauth/authorize")).query(&request(&client, "links:read"));
    let asked = asked.send().await.expect("a response");
    assert_eq!(asked.status(), StatusCode::OK);
    let fields = fields_of(&asked.text().await.expect("a page"));
    let sign_in = |password: &str, site: &'static str| {
        let mut fields = fields.clone();
        fields.push(("email".to_owned(), EMAIL.to_owned()));
        fields.push(("password".to_owned(), password.to_owned()));
        platform.client.post(platform.api("/oauth/sign-in")).header("sec-fetch-site", site).form(&fields)
    };
    let wrong = sign_in("not the password", "same-origin").send().await.expect("a response");
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert!(wrong.text().await.expect("a page").contains("do not belong together"));
    let elsewhere = sign_in(PASSWORD, "cross-site").send().await.expect("a response");
    assert_eq!(elsewhere.status(), StatusCode::FORBIDDEN);
    let right = sign_in(PASSWORD, "same-origin").send().await.expect("a response");
    assert_eq!(right.status(), StatusCode::SEE_OTHER);
    let path = format!("/oauth/{}", right.headers()["location"].to_str().expect("text"));
    let asked = platform.client.get(platform.api(&path)).header("cookie", cookie_of(&right));
    let page = asked.send().await.expect("a response").text().await.expect("a page");
    assert!(page.contains("Let Test &lt;app&gt; act for you?"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_on_the_way_asks_for_the_second_factor() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = public_client(&platform, &account).await;
    let begun = of(&platform, &account.token, Method::POST, "/v1/me/second-factor");
    let secret = text(&body(begun.json(&json!({ "password": PASSWORD })), StatusCode::CREATED).await["secret"]);
    early_in_a_step().await;
    let confirm = of(&platform, &account.token, Method::POST, "/v1/me/second-factor/confirm");
    body(confirm.json(&json!({ "code": shown(&secret, -1) })), StatusCode::OK).await;

    let query = serde_html_form::to_string(request(&client, "links:read")).expect("a query");
    let form = |fields: &[(&str, &str)]| {
        let fields: Vec<(&str, &str)> = fields.iter().copied().chain([("request", query.as_str())]).collect();
        let request = platform.client.post(platform.api("/oauth/sign-in")).header("sec-fetch-site", "same-origin");
        request.form(&fields)
    };
    let challenged = form(&[("email", EMAIL), ("password", PASSWORD)]).send().await.expect("a response");
    assert_eq!(challenged.status(), StatusCode::OK);
    let fields = fields_of(&challenged.text().await.expect("a page"));
    let challenge = &fields.iter().find(|(name, _)| name == "challenge").expect("a challenge").1;
    let wrong = form(&[("challenge", challenge), ("code", "000000")]).send().await.expect("a response");
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert!(wrong.text().await.expect("a page").contains(challenge.as_str()), "another code can follow");
    let right = form(&[("challenge", challenge), ("code", &shown(&secret, 0))]).send().await.expect("a response");
    assert_eq!(right.status(), StatusCode::SEE_OTHER, "{}", right.text().await.expect("a page"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_remembered_and_taken_back() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = public_client(&platform, &account).await;
    let browser = Browser::of_the_owner(&platform).await;
    let held = acting(&browser, &client, "links:read", &account.workspace).await;
    // The same once more, and less, goes without a question; more does not.
    for (scope, status) in [("links:read", StatusCode::SEE_OTHER), ("links:read links:write", StatusCode::OK)] {
        assert_eq!(browser.ask(&request(&client, scope)).await.status(), status, "{scope}");
    }
    let wider = acting(&browser, &client, "links:write", &account.workspace).await;
    let consents = async || body(of(&platform, &account.token, Method::GET, "/v1/me/consents"), StatusCode::OK).await;
    let listed = consents().await;
    let consent = &listed["data"][0];
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(consent["scopes"], json!(["links:read", "links:write"]));
    assert_eq!((&consent["client_id"], &consent["client_name"]), (&json!(client.id), &json!("Test <app>")));
    assert!(is_worth_something(&platform, &held).await && is_worth_something(&platform, &wider).await);

    let path = format!("/v1/me/consents/{}", text(&consent["id"]));
    body(of(&platform, &account.token, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    body(of(&platform, &account.token, Method::DELETE, &path), StatusCode::NOT_FOUND).await;
    assert!(!is_worth_something(&platform, &held).await && !is_worth_something(&platform, &wider).await);
    let (status, answer) = call(&platform, "/oauth/token", &refresh(&client, &text(&held["refresh_token"]))).await;
    assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")));
    assert_eq!(browser.ask(&request(&client, "links:read")).await.status(), StatusCode::OK, "it asks again");
    assert_eq!(consents().await["data"], json!([]));
    let trail = platform.read(&account, "/audit-events?limit=100").await.to_string();
    for action in ["oauth_client.created", "consent.granted", "consent.revoked"] {
        assert!(trail.contains(action), "{action}");
    }
    for secret in ["elido_at_", "elido_rt_", "elido_ac_"] {
        assert!(!trail.contains(secret), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_anybody_could_play_asks_each_time() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    for redirect_uri in ["http://127.0.0.1/callback", "com.example.app:/callback"] {
        let draft = json!({ "name": "Own", "redirect_uris": [redirect_uri], "scopes": ["links:read"] });
        let client = register(&platform, &account, &draft).await;
        let browser = Browser::of_the_owner(&platform).await;
        let asked = redirect_uri.replace("127.0.0.1", "127.0.0.1:49152");
        let request = with(&request(&client, "links:read"), "redirect_uri", Some(&asked));
        for _ in 0..2 {
            assert_eq!(browser.ask(&request).await.status(), StatusCode::OK);
            let back = browser.allow(&request, &account.workspace).await;
            assert!(back.as_str().starts_with(&asked), "{back}");
            let code = parameter(&back, "code").expect("a code");
            tokens(&platform, &with(&exchange(&client, &code), "redirect_uri", Some(&asked))).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_chooses_the_workspace_or_the_client_names_it() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let other = platform.sign_in().await;
    let client = public_client(&platform, &account).await;
    let browser = Browser::of_the_owner(&platform).await;
    let page = browser.ask(&request(&client, "links:read")).await.text().await.expect("a page");
    assert!(page.contains("<select") && page.contains(&account.workspace) && page.contains(&other.workspace));
    let unchosen = browser.form(&page, "allow", "").send().await.expect("a response");
    assert_eq!(parameter(&location(&unchosen), "error").as_deref(), Some("invalid_request"));
    let held = acting(&browser, &client, "links:read", &other.workspace).await;
    assert_eq!(held["workspace_id"], json!(other.workspace));
    platform.read(&program(&held, &other.workspace), "/links").await;
    let elsewhere = platform.of(&program(&held, &account.workspace), Method::GET, "/links");
    body(elsewhere, StatusCode::NOT_FOUND).await;

    let named = with(&request(&client, "links:read"), "workspace", Some(&account.workspace));
    let page = browser.ask(&named).await.text().await.expect("a page");
    assert!(!page.contains("<select") && page.contains(&account.workspace) && !page.contains(&other.workspace));
    let nobodys = format!("ws_{}", uuid::Uuid::nil().simple());
    let back = location(&browser.ask(&with(&named, "workspace", Some(&nobodys))).await);
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_who_it_acts_for_within_its_scopes_over_rest_and_grpc() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = public_client(&platform, &account).await;
    let browser = Browser::of_the_owner(&platform).await;
    let held = acting(&browser, &client, "links:read", &account.workspace).await;
    let acts = program(&held, &account.workspace);
    let me = body(of(&platform, &acts.token, Method::GET, "/v1/me"), StatusCode::OK).await;
    assert_eq!((&me["type"], &me["client_id"]), (&json!("application"), &json!(client.id)));
    assert_eq!((&me["workspace_id"], &me["scopes"]), (&json!(account.workspace), &json!(["links:read"])));
    let workspaces = body(of(&platform, &acts.token, Method::GET, "/v1/workspaces"), StatusCode::OK).await;
    assert_eq!(workspaces["data"][0]["id"], json!(account.workspace));
    let link = platform.of(&acts, Method::POST, "/links").json(&json!({ "destination_url": "https://example.com/" }));
    assert_eq!(body(link, StatusCode::FORBIDDEN).await["code"], "missing_scope");

    let mut links = LinksClient::connect(platform.grpc()).await.expect("a connection");
    let call = |workspace: &str, token: &str| {
        let mut request =
            Request::new(v1::ListLinksRequest { workspace_id: workspace.to_owned(), ..Default::default() });
        let credential = MetadataValue::try_from(format!("Bearer {token}")).expect("a header");
        request.metadata_mut().insert("authorization", credential);
        request
    };
    links.list_links(call(&account.workspace, &acts.token)).await.expect("a list");
    let other = platform.sign_in().await;
    let refused = links.list_links(call(&other.workspace, &acts.token)).await.expect_err("another workspace");
    assert_eq!(refused.code(), Code::NotFound);
    let refused = links.list_links(call(&account.workspace, &text(&held["refresh_token"]))).await;
    assert_eq!(refused.expect_err("no access token").code(), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_reaches_no_further_than_the_person_does_now() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let client = public_client(&platform, &owner).await;
    let browser = Browser::of(&platform, "editor@example.com").await;
    let held = acting(&browser, &client, "links:write members:read", &owner.workspace).await;
    let acts = program(&held, &owner.workspace);
    let link = json!({ "destination_url": "https://example.com/" });
    platform.create_link(&acts, &link).await;
    let id = crate::support::members::user_id(&platform, &editor).await;
    let demote = platform.of(&owner, Method::PATCH, &format!("/members/{id}")).json(&json!({ "role": "viewer" }));
    body(demote, StatusCode::OK).await;
    let refused = body(platform.of(&acts, Method::POST, "/links").json(&link), StatusCode::FORBIDDEN).await;
    assert_eq!(refused["code"], "missing_scope");
    platform.read(&acts, "/members").await;

    body(platform.of(&owner, Method::DELETE, &format!("/members/{id}")), StatusCode::NO_CONTENT).await;
    assert!(!is_worth_something(&platform, &held).await);
    let (status, answer) = call(&platform, "/oauth/token", &refresh(&client, &text(&held["refresh_token"]))).await;
    assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_end_with_the_account_the_client_its_workspace_and_the_password() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let elsewhere = platform.sign_in().await;
    member(&platform, &owner, "ada@example.com", Role::Editor).await;
    let [ours, theirs] = [public_client(&platform, &owner).await, public_client(&platform, &elsewhere).await];
    let held = async |client: &Client| {
        let browser = Browser::of(&platform, "ada@example.com").await;
        acting(&browser, client, "links:read", &owner.workspace).await
    };
    let ended = async |held: &Value, client: &Client| {
        let (status, _) = call(&platform, "/oauth/token", &refresh(client, &text(&held["refresh_token"]))).await;
        !is_worth_something(&platform, held).await && status.is_client_error()
    };
    let first = held(&ours).await;
    let me = of(&platform, &text(&first["access_token"]), Method::GET, "/v1/me");
    let id = text(&body(me, StatusCode::OK).await["user_id"]);
    body(of(&platform, &owner.token, Method::POST, &format!("/v1/admin/accounts/{id}/disable")), StatusCode::OK).await;
    assert!(ended(&first, &ours).await, "the account is disabled");
    body(of(&platform, &owner.token, Method::POST, &format!("/v1/admin/accounts/{id}/enable")), StatusCode::OK).await;
    assert!(ended(&first, &ours).await, "and what ended does not come back");

    let second = held(&ours).await;
    let ada = crate::support::members::sign_in(&platform, "ada@example.com", &owner.workspace).await;
    let change = json!({ "password": PASSWORD, "new_password": PASSWORD });
    body(of(&platform, &ada.token, Method::PUT, "/v1/me/password").json(&change), StatusCode::OK).await;
    assert!(ended(&second, &ours).await, "there is another password");

    let third = held(&theirs).await;
    body(platform.of(&elsewhere, Method::DELETE, ""), StatusCode::NO_CONTENT).await;
    assert!(ended(&third, &theirs).await, "the client's workspace is deleted");
    let fourth = held(&ours).await;
    let path = format!("/oauth-clients/{}", ours.id);
    body(platform.of(&owner, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    assert!(ended(&fourth, &ours).await, "the client is deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_ends_and_looks_up_its_own_tokens() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = confidential_client(&platform, &account).await;
    let browser = Browser::of_the_owner(&platform).await;
    let held = acting(&browser, &client, "links:read links:write", &account.workspace).await;
    let question = |token: &Value| as_client(&client, vec![("token", text(token))]);
    let (status, known) = call(&platform, "/oauth/introspect", &question(&held["access_token"])).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&known["active"], &known["scope"]), (&json!(true), &json!("links:read links:write")));
    assert_eq!((&known["client_id"], &known["token_type"]), (&json!(client.id), &json!("Bearer")));
    assert_eq!((&known["workspace_id"], &known["iss"]), (&json!(account.workspace), &json!(ISSUER)));
    assert_eq!(known["exp"].as_i64().zip(known["iat"].as_i64()).map(|(end, start)| end - start), Some(3_600));
    let refresh_token = call(&platform, "/oauth/introspect", &question(&held["refresh_token"])).await.1;
    assert_eq!(refresh_token["token_type"], "refresh_token");

    assert_eq!(call(&platform, "/oauth/revoke", &question(&held["access_token"])).await.0, StatusCode::OK);
    assert!(!is_worth_something(&platform, &held).await);
    assert_eq!(
        call(&platform, "/oauth/introspect", &question(&held["access_token"])).await.1,
        json!({ "active": false })
    );
    let next = tokens(&platform, &refresh(&client, &text(&held["refresh_token"]))).await;
    assert!(is_worth_something(&platform, &next).await);
    assert_eq!(call(&platform, "/oauth/revoke", &question(&next["refresh_token"])).await.0, StatusCode::OK);
    assert!(!is_worth_something(&platform, &next).await);
    // What is over stays over, and that can be asked for again.
    assert_eq!(call(&platform, "/oauth/revoke", &question(&next["refresh_token"])).await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_find_out_by_themselves_what_the_provider_can_do() {
    let platform = Platform::start().await;
    let metadata = platform.client.get(platform.api("/.well-known/oauth-authorization-server"));
    let metadata = body(metadata, StatusCode::OK).await;
    assert_eq!(metadata["issuer"], ISSUER);
    assert_eq!(metadata["token_endpoint"], format!("{ISSUER}/oauth/token"));
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_is_worth_nothing_and_is_forgotten() {
    use crate::support::platform::eventually;
    use crate::support::statements::{do_again, execute};

    let platform = Platform::start().await;
    let account = platform.account().await;
    let client = public_client(&platform, &account).await;
    let browser = Browser::of_the_owner(&platform).await;
    let late = browser.code(&request(&client, "links:read"), &account.workspace).await;
    execute(&platform.config, "UPDATE oauth_grants SET expires_at = 1").await;
    let (_, answer) = call(&platform, "/oauth/token", &exchange(&client, &late)).await;
    assert_eq!(answer["error"], "invalid_grant");
    let held = acting(&browser, &client, "links:read", &account.workspace).await;
    execute(&platform.config, "UPDATE oauth_tokens SET expires_at = 1 WHERE kind = 'access'").await;
    assert!(!is_worth_something(&platform, &held).await);
    execute(&platform.config, "UPDATE oauth_tokens SET expires_at = 1").await;
    let (_, answer) = call(&platform, "/oauth/token", &refresh(&client, &text(&held["refresh_token"]))).await;
    assert_eq!(answer["error"], "invalid_grant");
    do_again(&platform.config, "forget_authorizations", "attempts = 0").await;
    let left = "UPDATE oauth_tokens SET replaced_at = 1 WHERE expires_at = 1";
    eventually("they are forgotten", || async { execute(&platform.config, left).await == 0 }).await;
}
