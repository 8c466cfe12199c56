//! An OpenID Connect provider within the test, with keys of its own: it signs whatever a test wants to have signed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use elido::config::Config;
use elido::config::sections::{AccessTokenCheck, OidcConfig};
use elido::runtime::clock;
use http::{HeaderMap, StatusCode};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Response;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::platform::Platform;

pub const CLIENT: &str = "elido";
pub const SECRET: &str = "a secret: with +signs";
/// What the settings of the tests call the provider.
pub const NAME: &str = "corporate";

/// Whom access tokens of the tests are for.
pub const AUDIENCE: &str = "https://links.example.com";

/// The claims of an access token for an hour. Of a program's own, where the subject is the program.
pub fn access_token_claims(provider: &IdentityProvider, subject: &str, scope: &str) -> Value {
    let now = seconds();
    json!({
        "iss": provider.issuer, "sub": subject, "aud": AUDIENCE, "exp": now + 3_600, "iat": now, "client_id": "an-app", "scope": scope,
    })
}

pub fn seconds() -> i64 {
    clock::now().as_micros() / 1_000_000
}

/// A key that signs.
pub struct Key {
    id: String,
    private: Vec<u8>,
    pub public: Vec<u8>,
}

/// A provider that runs until the test ends.
pub struct IdentityProvider {
    pub issuer: String,
    inner: Arc<Inner>,
}

struct Inner {
    issuer: String,
    keys: Mutex<Vec<Arc<Key>>>,
    /// What a code is worth: an ID token, for whoever has the verifier of this challenge.
    codes: Mutex<HashMap<String, (String, String)>>,
    /// How often keys were asked for.
    fetches: Mutex<u32>,
    /// What is answered about access tokens, by token.
    answers: Mutex<HashMap<String, Value>>,
    /// How often it was asked about one.
    questions: Mutex<u32>,
    says_who_it_is: bool,
}

/// A sign-in that is at the provider.
pub struct Begun {
    pub authorization: Url,
    pub cookie: String,
}

impl Key {
    pub fn new(id: &str) -> Self {
        let random = SystemRandom::new();
        let private = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private.as_ref(), &random).expect("a key");
        let public = pair.public_key().as_ref().to_vec();
        Self { id: id.to_owned(), private: private.as_ref().to_vec(), public }
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &EncodingKey::from_ec_der(&self.private)).expect("a token")
    }

    fn public_form(&self) -> Value {
        let (x, y) = self.public[1..].split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id, "x": x, "y": y })
    }
}

impl IdentityProvider {
    pub async fn start() -> Self {
        Self::start_with(false).await
    }

    /// One that says in its answers who it is, if asked to (RFC 9207).
    pub async fn start_with(says_who_it_is: bool) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let inner = Arc::new(Inner {
            issuer: issuer.clone(),
            keys: Mutex::new(vec![Arc::new(Key::new("first"))]),
            codes: Mutex::default(),
            fetches: Mutex::default(),
            answers: Mutex::default(),
            questions: Mutex::default(),
            says_who_it_is,
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys))
            .route("/token", post(redeem))
            .route("/introspect", post(introspect))
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { issuer, inner }
    }

    /// The key that signs now.
    pub fn key(&self) -> Arc<Key> {
        Arc::clone(self.inner.keys.lock().expect("keys").last().expect("a key"))
    }

    /// Signs with another key from now on.
    pub fn change_key(&self, id: &str) {
        *self.inner.keys.lock().expect("keys") = vec![Arc::new(Key::new(id))];
    }

    /// How often keys were asked for.
    pub fn fetches(&self) -> u32 {
        *self.inner.fetches.lock().expect("a number")
    }

    /// Answers so about an access token from now on.
    pub fn answer_about(&self, token: &str, answer: Value) {
        self.inner.answers.lock().expect("answers").insert(token.to_owned(), answer);
    }

    /// How often it was asked about access tokens.
    pub fn questions(&self) -> u32 {
        *self.inner.questions.lock().expect("a number")
    }

    /// The claims of an ID token for the person of this subject and address, who asked by this sign-in.
    pub fn claims(&self, begun: &Begun, subject: &str, email: &str) -> Value {
        let now = seconds();
        json!({
            "iss": self.issuer, "sub": subject, "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": begun.query("nonce"),
            "email": email, "email_verified": true, "name": "Ada Lovelace",
        })
    }

    /// A code that is worth this token.
    pub fn code_for(&self, begun: &Begun, id_token: String) -> String {
        let code = uuid::Uuid::new_v4().simple().to_string();
        let worth = (id_token, begun.query("code_challenge"));
        self.inner.codes.lock().expect("codes").insert(code.clone(), worth);
        code
    }

    /// A code that is worth an ID token with these claims.
    pub fn code(&self, begun: &Begun, claims: &Value) -> String {
        self.code_for(begun, self.key().sign(claims))
    }

    /// The whole sign-in of somebody.
    pub async fn sign_in(&self, platform: &Platform, subject: &str, email: &str) -> Response {
        self.sign_in_with(platform, subject, email, |_| {}).await
    }

    /// The same with other claims.
    pub async fn sign_in_with(
        &self,
        platform: &Platform,
        subject: &str,
        email: &str,
        change: impl FnOnce(&mut Value),
    ) -> Response {
        let begun = begin(platform, NAME).await;
        let mut claims = self.claims(&begun, subject, email);
        change(&mut claims);
        let code = self.code(&begun, &claims);
        begun.come_back(platform, &code).await
    }

    /// The settings that describe it.
    pub fn config(&self) -> OidcConfig {
        config(&self.issuer)
    }
}

impl Begun {
    /// What the browser took along.
    pub fn query(&self, name: &str) -> String {
        let pair = self.authorization.query_pairs().find(|(key, _)| key == name);
        pair.unwrap_or_else(|| panic!("no {name} in {}", self.authorization)).1.into_owned()
    }

    /// The browser comes back with a code.
    pub async fn come_back(&self, platform: &Platform, code: &str) -> Response {
        self.come_back_with(platform, NAME, &[("code", code), ("state", &self.query("state"))]).await
    }

    /// The browser comes back from a provider with these parameters.
    pub async fn come_back_with(&self, platform: &Platform, provider: &str, query: &[(&str, &str)]) -> Response {
        let url = platform.api(&format!("/v1/auth/providers/{provider}/callback"));
        let request = platform.client.get(url).query(query).header("cookie", &self.cookie);
        request.send().await.expect("a response")
    }
}

/// A browser goes to a provider.
pub async fn begin(platform: &Platform, provider: &str) -> Begun {
    let url = platform.api(&format!("/v1/auth/providers/{provider}/sign-in"));
    let response = platform.client.get(url).send().await.expect("a response");
    assert_eq!(response.status(), StatusCode::SEE_OTHER, "{}", response.text().await.expect("a body"));
    let location = response.headers()["location"].to_str().expect("text").parse().expect("a URL");
    Begun { authorization: location, cookie: kept(&response, "elido_sign_in").expect("a cookie") }
}

/// What a browser sends back of a cookie that it was given.
pub fn kept(response: &Response, name: &str) -> Option<String> {
    let cookies = response.headers().get_all("set-cookie").into_iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.filter_map(|value| value.split(';').next()?.split_once('='));
    let mut kept = pairs.filter(|(known, value)| *known == name && !value.is_empty());
    kept.next().map(|(name, value)| format!("{name}={value}"))
}

/// Settings for a provider with this issuer, which lets everybody of example.com in.
pub fn config(issuer: &str) -> OidcConfig {
    OidcConfig {
        issuer: issuer.to_owned(),
        client_id: CLIENT.to_owned(),
        client_secret: SECRET.into(),
        scopes: "openid email profile".to_owned(),
        allowed_domains: "example.com".to_owned(),
        create_accounts: true,
        exclusive: false,
        role_claim: String::new(),
        roles: String::new(),
        access_tokens: AccessTokenCheck::Refused,
        audience: String::new(),
        introspection_url: String::new(),
        clients: String::new(),
    }
}

/// Describes a provider in the settings.
pub fn describe_in(config: &mut Config, provider: OidcConfig) {
    config.identity.oidc.insert(NAME.to_owned(), provider);
}

async fn describe(State(provider): State<Arc<Inner>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", provider.issuer);
    Json(json!({
        "issuer": provider.issuer, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
        "jwks_uri": at("/keys"), "introspection_endpoint": at("/introspect"), "authorization_response_iss_parameter_supported": provider.says_who_it_is,
    }))
}

async fn keys(State(provider): State<Arc<Inner>>) -> Json<Value> {
    *provider.fetches.lock().expect("a number") += 1;
    let keys = provider.keys.lock().expect("keys");
    let mut published: Vec<Value> = keys.iter().map(|key| key.public_form()).collect();
    // Of a kind that nobody knows, and a secret that is none.
    published.push(json!({ "kty": "XYZ", "kid": "new" }));
    published.push(json!({ "kty": "oct", "kid": "shared", "k": "c2VjcmV0" }));
    Json(json!({ "keys": published }))
}

async fn introspect(
    State(provider): State<Arc<Inner>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    *provider.questions.lock().expect("a number") += 1;
    if !is_client(&headers) {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" })));
    }
    let answer = provider.answers.lock().expect("answers").get(&form["token"]).cloned();
    (StatusCode::OK, Json(answer.unwrap_or(json!({ "active": false }))))
}

/// RFC 6749, section 2.3.1: both are encoded as in forms.
fn is_client(headers: &HeaderMap) -> bool {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let credentials = base64::engine::general_purpose::STANDARD.encode(format!("{CLIENT}:{}", encoded(SECRET)));
    headers["authorization"] == format!("Basic {credentials}")
}

async fn redeem(
    State(provider): State<Arc<Inner>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    if !is_client(&headers) {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" })));
    }
    let worth = provider.codes.lock().expect("codes").remove(&form["code"]);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    match worth {
        Some((id_token, wanted)) if wanted == challenge => {
            (StatusCode::OK, Json(json!({ "access_token": "x", "token_type": "Bearer", "id_token": id_token })))
        }
        _ => (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))),
    }
}
