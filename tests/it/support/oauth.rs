//! Programs that use the OAuth2 provider, and the browsers of the people whom they send there.

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::people::{post, text};
use super::platform::{Account, EMAIL, PASSWORD, Platform, body};

pub const REDIRECT_URI: &str = "https://app.example/callback";
/// Those of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// What the default settings say about where the API is.
pub const ISSUER: &str = "http://localhost:8090";

/// The fields of a form or of a query.
pub type Fields = Vec<(&'static str, String)>;

/// A browser that is signed in.
pub struct Browser<'a> {
    platform: &'a Platform,
    pub cookie: String,
}

/// A registered client.
#[derive(Clone)]
pub struct Client {
    pub id: String,
    pub secret: Option<String>,
}

impl<'a> Browser<'a> {
    pub async fn of(platform: &'a Platform, email: &str) -> Self {
        let credentials = json!({ "email": email, "password": PASSWORD, "cookie": true });
        let response = post(platform, "/v1/auth/sign-in", &credentials).send().await.expect("a response");
        assert_eq!(response.status(), StatusCode::OK);
        Self { platform, cookie: cookie_of(&response) }
    }

    /// The browser of whoever has this session already.
    pub fn with_session(platform: &'a Platform, account: &Account) -> Self {
        Self { platform, cookie: format!("elido_session={}", account.token) }
    }

    /// The browser that has this cookie.
    pub fn with_cookie(platform: &'a Platform, cookie: &str) -> Self {
        Self { platform, cookie: cookie.to_owned() }
    }

    /// The browser of the first account.
    pub async fn of_the_owner(platform: &'a Platform) -> Self {
        Self::of(platform, EMAIL).await
    }

    /// A request as the browser sends it for whichever page asks.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.platform.client.request(method, self.platform.api(path)).header("cookie", &self.cookie)
    }

    /// Follows a client to the page that asks.
    pub async fn ask(&self, request: &Fields) -> Response {
        self.request(Method::GET, "/oauth/authorize").query(request).send().await.expect("a response")
    }

    /// The form of the page, sent by the page itself.
    pub fn form(&self, page: &str, decision: &'static str, workspace: &str) -> RequestBuilder {
        let mut fields = fields_of(page);
        fields.retain(|(name, _)| name != "workspace");
        fields.push(("workspace".to_owned(), workspace.to_owned()));
        fields.push(("decision".to_owned(), decision.to_owned()));
        self.request(Method::POST, "/oauth/authorize").header("sec-fetch-site", "same-origin").form(&fields)
    }

    /// Lets a client do what it asks for, where it is not let already; returns where the browser is sent.
    pub async fn allow(&self, request: &Fields, workspace: &str) -> Url {
        let asked = self.ask(request).await;
        if asked.status() == StatusCode::SEE_OTHER {
            return location(&asked);
        }
        assert_eq!(asked.status(), StatusCode::OK);
        let page = asked.text().await.expect("a page");
        let answered = self.form(&page, "allow", workspace).send().await.expect("a response");
        assert_eq!(answered.status(), StatusCode::SEE_OTHER, "{}", answered.text().await.expect("a page"));
        location(&answered)
    }

    /// A code for a client.
    pub async fn code(&self, request: &Fields, workspace: &str) -> String {
        let url = self.allow(request, workspace).await;
        parameter(&url, "code").unwrap_or_else(|| panic!("no code: {url}"))
    }
}

/// Registers a client in the workspace of this account.
pub async fn register(platform: &Platform, account: &Account, draft: &Value) -> Client {
    let made = body(platform.of(account, Method::POST, "/oauth-clients").json(draft), StatusCode::CREATED).await;
    Client { id: text(&made["id"]), secret: made["client_secret"].as_str().map(str::to_owned) }
}

/// A client that can keep no secret.
pub async fn public_client(platform: &Platform, account: &Account) -> Client {
    register(platform, account, &draft(false)).await
}

/// A client with a secret.
pub async fn confidential_client(platform: &Platform, account: &Account) -> Client {
    register(platform, account, &draft(true)).await
}

pub fn draft(confidential: bool) -> Value {
    let scopes = ["links:read", "links:write", "members:read"];
    json!({ "name": "Test <app>", "redirect_uris": [REDIRECT_URI], "scopes": scopes, "confidential": confidential })
}

/// What a client sends a person to the provider with.
pub fn request(client: &Client, scope: &str) -> Fields {
    vec![
        ("response_type", "code".to_owned()),
        ("client_id", client.id.clone()),
        ("redirect_uri", REDIRECT_URI.to_owned()),
        ("scope", scope.to_owned()),
        ("state", "a state & more".to_owned()),
        ("code_challenge", CHALLENGE.to_owned()),
        ("code_challenge_method", "S256".to_owned()),
    ]
}

/// The same fields, with another value of one; without it, if there is none.
pub fn with(fields: &Fields, name: &'static str, value: Option<&str>) -> Fields {
    let mut fields: Fields = fields.iter().filter(|(other, _)| *other != name).cloned().collect();
    fields.extend(value.map(|value| (name, value.to_owned())));
    fields
}

/// What a client exchanges a code with.
pub fn exchange(client: &Client, code: &str) -> Fields {
    let fields = vec![
        ("grant_type", "authorization_code".to_owned()),
        ("code", code.to_owned()),
        ("redirect_uri", REDIRECT_URI.to_owned()),
        ("code_verifier", VERIFIER.to_owned()),
    ];
    as_client(client, fields)
}

/// What a client asks for new tokens with.
pub fn refresh(client: &Client, token: &str) -> Fields {
    as_client(client, vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", token.to_owned())])
}

/// The fields, and those that prove the client.
pub fn as_client(client: &Client, mut fields: Fields) -> Fields {
    fields.push(("client_id", client.id.clone()));
    fields.extend(client.secret.clone().map(|secret| ("client_secret", secret)));
    fields
}

/// What an operation of clients answers.
pub async fn call(platform: &Platform, path: &str, fields: &Fields) -> (StatusCode, Value) {
    let response = platform.client.post(platform.api(path)).form(fields).send().await.expect("a response");
    let status = response.status();
    (status, response.json().await.unwrap_or(Value::Null))
}

/// The tokens that a form is exchanged for.
pub async fn tokens(platform: &Platform, fields: &Fields) -> Value {
    let (status, tokens) = call(platform, "/oauth/token", fields).await;
    assert_eq!(status, StatusCode::OK, "{tokens}");
    tokens
}

/// The code of the error that a form is answered with.
pub async fn refusal(platform: &Platform, fields: &Fields) -> String {
    let (status, answer) = call(platform, "/oauth/token", fields).await;
    assert!(status.is_client_error(), "{status} {answer}");
    text(&answer["error"])
}

/// Tokens by which a client acts in a workspace for whoever sits in front of the browser.
pub async fn acting(browser: &Browser<'_>, client: &Client, scope: &str, workspace: &str) -> Value {
    let code = browser.code(&request(client, scope), workspace).await;
    tokens(browser.platform, &exchange(client, &code)).await
}

/// An account that sends the access token of these.
pub fn program(tokens: &Value, workspace: &str) -> Account {
    Account { token: text(&tokens["access_token"]), workspace: workspace.to_owned() }
}

/// Whether an access token is worth anything.
pub async fn is_worth_something(platform: &Platform, tokens: &Value) -> bool {
    let me = platform.client.get(platform.api("/v1/me")).bearer_auth(text(&tokens["access_token"]));
    me.send().await.expect("a response").status() == StatusCode::OK
}

/// What a browser sends back of the cookie that it was given.
pub fn cookie_of(response: &Response) -> String {
    let header = response.headers()["set-cookie"].to_str().expect("text");
    header.split(';').next().unwrap_or_default().to_owned()
}

/// Where a response sends a browser.
pub fn location(response: &Response) -> Url {
    response.headers()["location"].to_str().expect("text").parse().expect("a URL")
}

/// A parameter of a URL.
pub fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
}

/// The hidden fields of a page.
pub fn fields_of(page: &str) -> Vec<(String, String)> {
    let value = |input: &str, name: &str| {
        let rest = input.split_once(&format!("{name}=\"")).map(|(_, rest)| rest)?;
        let text = rest.split_once('"').map(|(text, _)| text)?;
        Some(
            text.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&amp;", "&"),
        )
    };
    let inputs = page.split("<input type=\"hidden\" ").skip(1).filter_map(|rest| rest.split_once('>'));
    inputs.filter_map(|(input, _)| value(input, "name").zip(value(input, "value"))).collect()
}
