//! The real Ory Hydra and Ory Kratos, which `ELIDO_TEST_HYDRA_URLS` and `ELIDO_TEST_KRATOS_URLS` name (dev/services/hydra, dev/services/kratos).

use elido::config::sections::{AccessTokenCheck, OidcConfig};
use elido::domain::time::Timestamp;
use elido::infra::store::{Store, sessions};
use reqwest::header::USER_AGENT;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use url::Url;

use crate::ory_away::{sign_in_begins, signed_in};
use crate::support::cuttable_proxy::CuttableProxy;
use crate::support::database::is_embedded;
use crate::support::identity_provider::{self, Begun, NAME, begin, kept};
use crate::support::mailbox::letter;
use crate::support::oauth;
use crate::support::people::{newcomer, of, problem, text};
use crate::support::platform::{Account, PASSWORD, Platform, body, eventually};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const REDIRECT: &str = "http://localhost:8090/v1/auth/providers/corporate/callback";

/// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A server of Ory: its public and its admin address.
pub struct Server {
    pub public: String,
    pub admin: String,
}

/// The server that a variable names; on the embedded stores there need not be one.
pub fn server(variable: &str) -> Option<Server> {
    let Ok(urls) = std::env::var(variable) else {
        assert!(is_embedded(), "{variable} names the two addresses of a server");
        println!("SKIPPED: {variable} does not name a server");
        return None;
    };
    let (public, admin) = urls.split_once(' ').expect("two addresses");
    Some(Server { public: public.to_owned(), admin: admin.to_owned() })
}

pub fn unique(name: &str) -> String {
    format!("{name}-{}", uuid::Uuid::new_v4().simple())
}

/// A client of Hydra, with the secret `only-for-tests`.
pub async fn client(platform: &Platform, hydra: &Server, draft: Value) -> String {
    let request = platform.client.post(format!("{}/admin/clients", hydra.admin)).json(&draft);
    text(&body(request, StatusCode::CREATED).await["client_id"])
}

/// Settings for Hydra, with this client.
pub fn settings(hydra: &Server, client_id: &str) -> OidcConfig {
    OidcConfig {
        client_id: client_id.to_owned(),
        client_secret: "only-for-tests".into(),
        access_tokens: AccessTokenCheck::Introspection,
        introspection_url: format!("{}/admin/oauth2/introspect", hydra.admin),
        ..identity_provider::config(&hydra.public)
    }
}

pub fn web_client() -> Value {
    json!({
        "client_id": unique("web"), "client_secret": "only-for-tests", "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
        "scope": "openid email profile offline links:read", "token_endpoint_auth_method": "client_secret_basic",
    })
}

/// A browser at Hydra, which keeps its cookies and follows to wherever it is sent.
struct Browser<'a> {
    platform: &'a Platform,
    cookies: Vec<String>,
}

impl Browser<'_> {
    async fn go(&mut self, url: &str) -> Url {
        let request = self.platform.client.get(url).header("cookie", self.cookies.join("; "));
        let response = request.send().await.expect("a response");
        for value in response.headers().get_all("set-cookie") {
            let pair = value.to_str().expect("text").split(';').next().unwrap_or_default();
            self.cookies.push(pair.to_owned());
        }
        let location = response.headers().get("location").unwrap_or_else(|| panic!("no way on from {url}"));
        location.to_str().expect("text").parse().expect("a URL")
    }
}

/// What Hydra asks the pages of the installation, answered by its admin API.
async fn accept(platform: &Platform, hydra: &Server, what: &str, challenge: &str, answer: Value) -> String {
    let url = format!("{}/admin/oauth2/auth/requests/{what}/accept", hydra.admin);
    let request = platform.client.put(url).query(&[(format!("{what}_challenge"), challenge)]).json(&answer);
    text(&body(request, StatusCode::OK).await["redirect_to"])
}

pub fn parameter(url: &Url, name: &str) -> String {
    let pair = url.query_pairs().find(|(key, _)| key == name);
    pair.unwrap_or_else(|| panic!("no {name} in {url}")).1.into_owned()
}

/// Somebody signs in at Hydra and consents; where the browser is sent back to.
pub async fn at_hydra(platform: &Platform, hydra: &Server, authorization: &Url, subject: &str, claims: Value) -> Url {
    let mut browser = Browser { platform, cookies: Vec::new() };
    let login = browser.go(authorization.as_str()).await;
    let challenge = parameter(&login, "login_challenge");
    let on = accept(platform, hydra, "login", &challenge, json!({ "subject": subject })).await;
    let consent = browser.go(&on).await;
    let challenge = parameter(&consent, "consent_challenge");
    let scopes: Vec<String> = parameter(authorization, "scope").split(' ').map(str::to_owned).collect();
    let answer = json!({ "grant_scope": scopes, "session": { "id_token": claims } });
    let on = accept(platform, hydra, "consent", &challenge, answer).await;
    browser.go(&on).await
}

pub async fn sign_in(platform: &Platform, hydra: &Server, subject: &str, email: &str) -> (Begun, String, Response) {
    let begun = begin(platform, NAME).await;
    let claims = json!({ "email": email, "email_verified": true, "name": "Ada" });
    let back = at_hydra(platform, hydra, &begun.authorization, subject, claims).await;
    assert!(back.as_str().starts_with(REDIRECT), "{back}");
    let code = parameter(&back, "code");
    let response = begun.come_back(platform, &code).await;
    (begun, code, response)
}

/// An access token that somebody lets a client of Hydra have, to read links for them.
async fn persons_token(platform: &Platform, hydra: &Server, client_id: &str, subject: &str) -> String {
    let mut authorization: Url = format!("{}/oauth2/auth", hydra.public).parse().expect("a URL");
    authorization.query_pairs_mut().extend_pairs([
        ("client_id", client_id),
        ("response_type", "code"),
        ("scope", "openid links:read"),
        ("redirect_uri", REDIRECT),
        ("state", "long enough to be a state"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    let back = at_hydra(platform, hydra, &authorization, subject, json!({})).await;
    let code = parameter(&back, "code");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let request = platform.client.post(format!("{}/oauth2/token", hydra.public));
    let request = request.basic_auth(client_id, Some("only-for-tests")).form(&form);
    text(&body(request, StatusCode::OK).await["access_token"])
}

pub fn read_links(platform: &Platform, account: &Account, token: &str) -> RequestBuilder {
    of(platform, token, Method::GET, &format!("/v1/workspaces/{}/links", account.workspace))
}

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_through_hydra() {
    let Some(hydra) = server("ELIDO_TEST_HYDRA_URLS") else { return };
    let mut platform = Platform::start().await;
    let id = client(&platform, &hydra, web_client()).await;
    platform.stop().await;
    platform.config.identity.oidc.insert(NAME.to_owned(), settings(&hydra, &id));
    platform.start_again().await;
    let subject = unique("ada");
    sign_in_begins(&platform).await;
    let (begun, code, response) = signed_in(&platform, &hydra, &subject, "ada@example.com").await;
    let cookie = kept(&response, "elido_session").expect("a session");
    let me = body(platform.client.get(platform.api("/v1/me")).header("cookie", cookie), StatusCode::OK).await;
    assert_eq!(me["user"]["email"], "ada@example.com");
    let token = persons_token(&platform, &hydra, &id, &subject).await;
    let by_token = body(of(&platform, &token, Method::GET, "/v1/me"), StatusCode::OK).await;
    assert_eq!((&by_token["type"], &by_token["user"]["id"]), (&json!("persons_token"), &me["user"]["id"]));
    assert_eq!(by_token["scopes"], json!(["links:read"]));
    assert_eq!(
        problem(of(&platform, &token, Method::GET, "/v1/auth/sessions"), StatusCode::FORBIDDEN).await,
        "session_required"
    );
    // The code was used; another one is of another sign-in.
    let again = begun.come_back(&platform, &code).await;
    assert_eq!(again.json::<Value>().await.expect("a problem")["code"], "provider_refused");
    let other = begin(&platform, NAME).await;
    let claims = json!({ "email": "ada@example.com", "email_verified": true });
    let back = at_hydra(&platform, &hydra, &other.authorization, &subject, claims).await;
    let injected = begin(&platform, NAME).await.come_back(&platform, &parameter(&back, "code")).await;
    assert_eq!(
        injected.json::<Value>().await.expect("a problem")["code"],
        "provider_refused",
        "its verifier is another"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_hydra_are_asked_about_until_they_are_revoked_or_hydra_is_away() {
    let Some(hydra) = server("ELIDO_TEST_HYDRA_URLS") else { return };
    let proxy = CuttableProxy::start(&hydra.admin.clone().into()).await;
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    let program = json!({
        "client_id": unique("program"), "client_secret": "only-for-tests", "grant_types": ["client_credentials"],
        "scope": "links:read links:write", "token_endpoint_auth_method": "client_secret_basic",
    });
    let program = client(&platform, &hydra, program).await;
    let web = client(&platform, &hydra, web_client()).await;
    platform.stop().await;
    let introspection_url = format!("{}admin/oauth2/introspect", proxy.url());
    let settings = OidcConfig {
        introspection_url,
        clients: format!("{program}: {} links:read", account.workspace),
        ..settings(&hydra, &web)
    };
    platform.config.identity.oidc.insert(NAME.to_owned(), settings);
    platform.start_again().await;
    let credentials = async || {
        let request = platform.client.post(format!("{}/oauth2/token", hydra.public));
        let request = request.basic_auth(&program, Some("only-for-tests"));
        let form = [("grant_type", "client_credentials"), ("scope", "links:read links:write")];
        text(&body(request.form(&form), StatusCode::OK).await["access_token"])
    };
    let token = credentials().await;
    body(read_links(&platform, &account, &token), StatusCode::OK).await;
    let link = json!({ "destination_url": "https://example.com/" });
    let write = of(&platform, &token, Method::POST, &format!("/v1/workspaces/{}/links", account.workspace)).json(&link);
    assert_eq!(problem(write, StatusCode::FORBIDDEN).await, "missing_scope");
    // Revoked: worth nothing once the answer that is kept has had its time.
    let revoke = platform.client.post(format!("{}/oauth2/revoke", hydra.public));
    let revoke = revoke.basic_auth(&program, Some("only-for-tests")).form(&[("token", &token)]);
    assert_eq!(revoke.send().await.expect("a response").status(), StatusCode::OK);
    eventually("the token is refused", || async {
        read_links(&platform, &account, &token).send().await.expect("a response").status() == StatusCode::UNAUTHORIZED
    })
    .await;

    let token = credentials().await;
    proxy.cut();
    let unavailable = body(read_links(&platform, &account, &token), StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(unavailable["code"], "provider_unavailable");
    assert!(text(&unavailable["detail"]).contains(NAME), "{unavailable}");
    body(read_links(&platform, &account, &account.token), StatusCode::OK).await;
    platform.sign_in().await;
    proxy.mend();
    eventually("the token counts", || async {
        read_links(&platform, &account, &token).send().await.expect("a response").status() == StatusCode::OK
    })
    .await;
}

/// Somebody whom Kratos knows, with a verified address if so.
pub async fn person(platform: &Platform, kratos: &Server, email: &str, is_verified: bool) -> String {
    let status = if is_verified { "completed" } else { "pending" };
    let address = json!({ "value": email, "verified": is_verified, "via": "email", "status": status });
    let draft = json!({
        "schema_id": "person", "traits": { "email": email, "name": "Ada" }, "verifiable_addresses": [address],
        "credentials": { "password": { "config": { "password": PASSWORD } } },
    });
    let request = platform.client.post(format!("{}/admin/identities", kratos.admin)).json(&draft);
    text(&body(request, StatusCode::CREATED).await["id"])
}

/// Signs somebody in at Kratos, as a program.
pub async fn session(platform: &Platform, kratos: &Server, email: &str) -> String {
    let flow = platform.client.get(format!("{}/self-service/login/api", kratos.public));
    let action = text(&body(flow, StatusCode::OK).await["ui"]["action"]);
    let answer = json!({ "method": "password", "identifier": email, "password": PASSWORD });
    text(&body(platform.client.post(action).json(&answer), StatusCode::OK).await["session_token"])
}

/// Signs somebody in at Kratos, as a browser; the value of its cookie.
async fn browser_session(platform: &Platform, kratos: &Server, email: &str) -> String {
    let flow = platform.client.get(format!("{}/self-service/login/browser", kratos.public));
    let flow = flow.header("accept", "application/json").send().await.expect("a response");
    let cookies: Vec<String> = flow
        .headers()
        .get_all("set-cookie")
        .into_iter()
        .filter_map(|value| value.to_str().ok()?.split(';').next().map(str::to_owned))
        .collect();
    let flow: Value = flow.json().await.expect("a flow");
    let nodes = flow["ui"]["nodes"].as_array().expect("nodes");
    let csrf = nodes.iter().find(|node| node["attributes"]["name"] == "csrf_token").expect("a token");
    let answer = json!({
        "method": "password", "identifier": email, "password": PASSWORD, "csrf_token": csrf["attributes"]["value"],
    });
    let request = platform.client.post(text(&flow["ui"]["action"])).json(&answer).header("cookie", cookies.join("; "));
    let response = request.header("accept", "application/json").send().await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK);
    kept(&response, "ory_kratos_session").expect("a session")
}

pub fn me(platform: &Platform, header: (&str, &str)) -> RequestBuilder {
    platform.client.get(platform.api("/v1/me")).header(header.0, header.1)
}

async fn start_with_kratos(url: &str) -> Platform {
    Platform::start_with(|config| {
        config.identity.open_registration = true;
        config.identity.kratos.public_url = url.to_owned();
        config.identity.kratos.allowed_domains = "example.com".to_owned();
        config.identity.kratos.create_accounts = true;
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_of_kratos_count_until_they_end_on_either_side() {
    let Some(kratos) = server("ELIDO_TEST_KRATOS_URLS") else { return };
    let platform = start_with_kratos(&kratos.public).await;
    let (email, stranger) = (format!("{}@example.com", unique("ada")), format!("{}@example.com", unique("eve")));
    person(&platform, &kratos, &email, true).await;
    person(&platform, &kratos, &stranger, false).await;
    let token = session(&platform, &kratos, &email).await;
    let header = ("x-session-token", token.as_str());
    let ada = body(me(&platform, header).header(USER_AGENT, FIREFOX), StatusCode::OK).await;
    assert_eq!((&ada["user"]["email"], &ada["user"]["email_verified"]), (&json!(email), &json!(true)));
    let sessions = platform.client.get(platform.api("/v1/auth/sessions")).header(header.0, header.1);
    let sessions = body(sessions, StatusCode::OK).await;
    assert_eq!((&sessions["data"][0]["provider"], &sessions["data"][1]), (&json!("kratos"), &Value::Null));
    assert_eq!(sessions["data"][0]["address"], "127.0.0.1");
    assert_eq!(sessions["data"][0]["user_agent"], FIREFOX);
    let slug = unique("w").chars().take(20).collect::<String>();
    let workspace = platform.client.post(platform.api("/v1/workspaces")).header(header.0, header.1);
    body(workspace.json(&json!({ "name": "Test", "slug": slug })), StatusCode::CREATED).await;

    // An address that Kratos has not verified leads nowhere; a token that nobody gave out is refused.
    let theirs = session(&platform, &kratos, &stranger).await;
    let refused = problem(me(&platform, ("x-session-token", &theirs)), StatusCode::FORBIDDEN).await;
    assert_eq!(refused, "email_not_verified");
    problem(me(&platform, ("x-session-token", "ory_st_nobodys")), StatusCode::UNAUTHORIZED).await;

    // Ended at Kratos: worth nothing once the answer that is kept has had its time.
    let body_of_end = json!({ "session_token": token });
    let end = platform.client.delete(format!("{}/self-service/logout/api", kratos.public)).json(&body_of_end);
    assert_eq!(end.send().await.expect("a response").status(), StatusCode::NO_CONTENT);
    eventually("the session is refused", || async {
        me(&platform, header).send().await.expect("a response").status() == StatusCode::UNAUTHORIZED
    })
    .await;

    // Ended here, from another session: refused at once, though Kratos still knows it.
    let (first, second) = (session(&platform, &kratos, &email).await, session(&platform, &kratos, &email).await);
    let (first, second) = (("x-session-token", first.as_str()), ("x-session-token", second.as_str()));
    let id = text(&body(me(&platform, first), StatusCode::OK).await["session_id"]);
    body(me(&platform, second), StatusCode::OK).await;
    let end = platform.client.delete(platform.api(&format!("/v1/auth/sessions/{id}"))).header(second.0, second.1);
    body(end, StatusCode::NO_CONTENT).await;
    problem(me(&platform, first), StatusCode::UNAUTHORIZED).await;
    let known = platform.client.get(format!("{}/sessions/whoami", kratos.public)).header(first.0, first.1);
    body(known, StatusCode::OK).await;

    // Signing out ends it at Kratos too.
    let out = platform.client.post(platform.api("/v1/auth/sign-out")).header(second.0, second.1);
    body(out, StatusCode::NO_CONTENT).await;
    let known = platform.client.get(format!("{}/sessions/whoami", kratos.public)).header(second.0, second.1);
    body(known, StatusCode::UNAUTHORIZED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_of_kratos_is_guarded_as_our_own_is() {
    let Some(kratos) = server("ELIDO_TEST_KRATOS_URLS") else { return };
    let platform = start_with_kratos(&kratos.public).await;
    let email = format!("{}@example.com", unique("ada"));
    person(&platform, &kratos, &email, true).await;
    let cookie = browser_session(&platform, &kratos, &email).await;
    body(me(&platform, ("cookie", &cookie)), StatusCode::OK).await;
    let draft = json!({ "name": "Test", "slug": unique("w").chars().take(20).collect::<String>() });
    let create = || platform.client.post(platform.api("/v1/workspaces")).header("cookie", &cookie).json(&draft);
    assert_eq!(problem(create(), StatusCode::FORBIDDEN).await, "csrf_token_needed");
    let csrf = platform.client.get(platform.api("/v1/auth/csrf-token")).header("cookie", &cookie);
    let csrf = text(&body(csrf, StatusCode::OK).await["csrf_token"]);
    let from_elsewhere = create().header("x-csrf-token", &csrf).header("sec-fetch-site", "cross-site");
    assert_eq!(problem(from_elsewhere, StatusCode::FORBIDDEN).await, "cross_site_request");
    body(create().header("x-csrf-token", &csrf), StatusCode::CREATED).await;
    let out = platform.client.post(platform.api("/v1/auth/sign-out")).header("cookie", &cookie);
    body(out.header("x-csrf-token", &csrf), StatusCode::NO_CONTENT).await;
    let known = platform.client.get(format!("{}/sessions/whoami", kratos.public)).header("cookie", &cookie);
    body(known, StatusCode::UNAUTHORIZED).await;
    problem(me(&platform, ("cookie", &cookie)), StatusCode::UNAUTHORIZED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_kratos_everything_else_goes_on() {
    let Some(kratos) = server("ELIDO_TEST_KRATOS_URLS") else { return };
    let proxy = CuttableProxy::start(&kratos.public.clone().into()).await;
    let platform = start_with_kratos(&proxy.url()).await;
    let account = platform.account().await;
    let link = json!({ "destination_url": "https://example.com/", "slug": "here" });
    platform.create_link(&account, &link).await;
    let email = format!("{}@example.com", unique("ada"));
    person(&platform, &kratos, &email, true).await;
    let (token, cookie) =
        (session(&platform, &kratos, &email).await, browser_session(&platform, &kratos, &email).await);
    proxy.cut();
    for header in [("x-session-token", token.as_str()), ("cookie", cookie.as_str())] {
        let unavailable = body(me(&platform, header), StatusCode::SERVICE_UNAVAILABLE).await;
        assert_eq!(unavailable["code"], "provider_unavailable");
        assert!(text(&unavailable["detail"]).contains("kratos"), "{unavailable}");
    }
    // A browser with a cookie of Kratos signs in with a password.
    let credentials = json!({ "email": "new@example.com", "password": PASSWORD });
    newcomer(&platform, "new@example.com").await;
    let sign_in = platform.client.post(platform.api("/v1/auth/sign-in")).json(&credentials).header("cookie", &cookie);
    body(sign_in, StatusCode::OK).await;
    platform.read(&account, "/links").await;
    assert_eq!(platform.visit("/here").await.status(), StatusCode::FOUND);
    proxy.mend();
    eventually("the session counts", || async {
        me(&platform, ("x-session-token", &token)).send().await.expect("a response").status() == StatusCode::OK
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_says_with_what_somebody_signed_in_at_kratos_and_something_new_is_told() {
    let Some(kratos) = server("ELIDO_TEST_KRATOS_URLS") else { return };
    let platform = start_with_kratos(&kratos.public).await;
    let email = format!("{}@example.com", unique("ada"));
    person(&platform, &kratos, &email, true).await;
    let program = session(&platform, &kratos, &email).await;
    let program = ("x-session-token", program.as_str());
    let browser = browser_session(&platform, &kratos, &email).await;
    let long = format!("Reporting/1.0 {}", "x".repeat(1_000));
    body(me(&platform, program).header(USER_AGENT, &long), StatusCode::OK).await;
    body(me(&platform, ("cookie", &browser)).header(USER_AGENT, FIREFOX), StatusCode::OK).await;
    // What it is used with later is not what it began with.
    body(me(&platform, ("cookie", &browser)).header(USER_AGENT, "curl/8.5.0"), StatusCode::OK).await;
    let sessions = platform.client.get(platform.api("/v1/auth/sessions")).header(program.0, program.1);
    let sessions = body(sessions, StatusCode::OK).await["data"].clone();
    assert_eq!((&sessions[0]["user_agent"], &sessions[0]["provider"]), (&json!(FIREFOX), &json!("kratos")));
    assert_eq!(sessions[1]["user_agent"], long[..255]);
    assert_eq!(sessions.as_array().map(Vec::len), Some(2));
    let told = letter(&platform, &email, 1).await;
    assert!(told.contains("Firefox on Linux from the address 127.0.0.1"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_kratos_prolongs_goes_on_and_one_that_was_ended_here_does_not() {
    let Some(kratos) = server("ELIDO_TEST_KRATOS_URLS") else { return };
    let platform = start_with_kratos(&kratos.public).await;
    let email = format!("{}@example.com", unique("ada"));
    person(&platform, &kratos, &email, true).await;
    let (ended, kept) = (session(&platform, &kratos, &email).await, session(&platform, &kratos, &email).await);
    let (ended, kept) = (("x-session-token", ended.as_str()), ("x-session-token", kept.as_str()));
    let id = text(&body(me(&platform, ended), StatusCode::OK).await["session_id"]);
    body(me(&platform, kept), StatusCode::OK).await;
    let sessions = async || {
        let sessions = platform.client.get(platform.api("/v1/auth/sessions")).header(kept.0, kept.1);
        body(sessions, StatusCode::OK).await["data"].clone()
    };
    let end = platform.client.delete(platform.api(&format!("/v1/auth/sessions/{id}"))).header(kept.0, kept.1);
    body(end, StatusCode::NO_CONTENT).await;
    let before = text(&sessions().await[0]["expires_at"]);
    for header in [ended, kept] {
        let known = platform.client.get(format!("{}/sessions/whoami", kratos.public)).header(header.0, header.1);
        let there = text(&body(known, StatusCode::OK).await["id"]);
        let prolong = platform.client.patch(format!("{}/admin/sessions/{there}/extend", kratos.admin));
        assert!(prolong.send().await.expect("a response").status().is_success());
    }
    eventually("it goes on for longer here too", || async { text(&sessions().await[0]["expires_at"]) > before }).await;
    problem(me(&platform, ended), StatusCode::UNAUTHORIZED).await;

    // Whatever time it is here: what has run out by itself comes back while Kratos has it go on, and what was ended does not.
    let store = Store::connect(&platform.config.database, &platform.config.data_folder).await.expect("a store");
    let transaction = store.write().await.expect("a transaction");
    sessions::delete_expired(&transaction, Timestamp::LATEST).await.expect("they are forgotten");
    transaction.commit().await.expect("a commit");
    store.close().await;
    problem(me(&platform, ended), StatusCode::UNAUTHORIZED).await;
    body(me(&platform, kept), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_in_at_kratos_alone_lets_a_program_act_for_them() {
    let Some(kratos) = server("ELIDO_TEST_KRATOS_URLS") else { return };
    let platform = start_with_kratos(&kratos.public).await;
    let email = format!("{}@example.com", unique("ada"));
    person(&platform, &kratos, &email, true).await;
    let token = session(&platform, &kratos, &email).await;
    let as_owner = |method: Method, path: &str| {
        platform.client.request(method, platform.api(path)).header("x-session-token", &token)
    };
    let workspace = json!({ "name": "Test", "slug": unique("w").chars().take(20).collect::<String>() });
    let workspace = body(as_owner(Method::POST, "/v1/workspaces").json(&workspace), StatusCode::CREATED).await;
    let workspace = text(&workspace["id"]);
    let clients = format!("/v1/workspaces/{workspace}/oauth-clients");
    let registered = body(as_owner(Method::POST, &clients).json(&oauth::draft(false)), StatusCode::CREATED).await;
    let client = oauth::Client { id: text(&registered["id"]), secret: None };

    let cookie = browser_session(&platform, &kratos, &email).await;
    let browser = oauth::Browser::with_cookie(&platform, &cookie);
    let request = oauth::request(&client, "links:read");
    let page = browser.ask(&request).await.text().await.expect("a page");
    let mut fields = oauth::fields_of(&page);
    fields.retain(|(name, _)| name != "workspace");
    fields.push(("workspace".to_owned(), workspace.clone()));
    fields.push(("decision".to_owned(), "allow".to_owned()));
    let forged = browser.request(Method::POST, "/oauth/authorize").header("sec-fetch-site", "cross-site");
    let forged = forged.form(&fields).send().await.expect("a response");
    assert_eq!(forged.status(), StatusCode::FORBIDDEN, "another site decides nothing");
    let given = oauth::acting(&browser, &client, "links:read", &workspace).await;
    platform.read(&oauth::program(&given, &workspace), "/links").await;

    // A session that is over asks for a password, and decides nothing.
    let gone = oauth::Browser::with_cookie(&platform, "ory_kratos_session=nobodys");
    let asked = gone.ask(&request).await.text().await.expect("a page");
    assert!(asked.contains("type=\"password\""), "{asked}");
}
