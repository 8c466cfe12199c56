//! What people do before they are in a workspace: sign in, register, and send what they were sent.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::mailbox;
use super::platform::{EMAIL, PASSWORD, Platform, body};

/// A request of nobody in particular.
pub fn post(platform: &Platform, path: &str, json: &Value) -> RequestBuilder {
    platform.client.post(platform.api(path)).json(json)
}

/// A request of whoever has this token.
pub fn of(platform: &Platform, token: &str, method: Method, path: &str) -> RequestBuilder {
    platform.client.request(method, platform.api(path)).bearer_auth(token)
}

/// A request to sign in.
pub fn sign_in(platform: &Platform, email: &str, password: &str) -> RequestBuilder {
    post(platform, "/v1/auth/sign-in", &json!({ "email": email, "password": password }))
}

/// The token of a new session.
pub async fn token(platform: &Platform, email: &str, password: &str) -> String {
    text(&body(sign_in(platform, email, password), StatusCode::OK).await["token"])
}

/// The first account of the platform, signed in.
pub async fn administrator(platform: &Platform) -> String {
    let person = json!({ "email": EMAIL, "password": PASSWORD });
    body(platform.bootstrap().json(&person), StatusCode::CREATED).await;
    token(platform, EMAIL, PASSWORD).await
}

/// Somebody who registers where anybody may, signed in.
pub async fn newcomer(platform: &Platform, email: &str) -> String {
    body(post(platform, "/v1/auth/registration", &json!({ "email": email })), StatusCode::ACCEPTED).await;
    let code = mailbox::code(platform, email, 1, "register_").await;
    let draft = json!({ "code": code, "name": "Ada", "password": PASSWORD });
    text(&body(post(platform, "/v1/auth/registration/confirm", &draft), StatusCode::CREATED).await["token"])
}

/// Whether a token is worth anything.
pub async fn is_signed_in(platform: &Platform, token: &str) -> bool {
    let response = of(platform, token, Method::GET, "/v1/me").send().await.expect("a response");
    response.status() == StatusCode::OK
}

/// The code of a problem that is answered with this status.
pub async fn problem(request: RequestBuilder, status: StatusCode) -> String {
    text(&body(request, status).await["code"])
}

/// A string that has to be there.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
