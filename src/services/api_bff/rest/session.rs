//! `/bff/session`: how the dashboard signs in and out. The session is always in the cookie.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use http::request::Parts;
use http::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Bff;
use super::gathering::{Asker, json_of};
use super::sign_in::sign_in;
use crate::http::extract::Json;
use crate::http::problem::Problem;

/// Who signs in. The code of the second factor may come along, or follow with the challenge that the first answer names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    email: String,
    password: SecretString,
    #[serde(default)]
    totp: Option<SecretString>,
}

pub(super) fn routes() -> Router<Bff> {
    Router::new().route("/bff/session", post(begin).delete(end))
}

async fn begin(
    State(bff): State<Bff>,
    parts: Parts,
    Json(credentials): Json<Credentials>,
) -> Result<Response, Problem> {
    bff.cookie.check_site(&parts.headers)?;
    let asker = Asker::of(&parts).into_stranger();
    let first = sign_in(&asker, &bff, &credentials.email, &credentials.password).await?;
    let Some(code) = credentials.totp.filter(|_| first.status() == StatusCode::ACCEPTED) else { return Ok(first) };
    let challenge = json_of(first).await.get("challenge").cloned().unwrap_or(Value::Null);
    let body = json!({ "challenge": challenge, "code": code.expose_secret(), "cookie": true });
    Ok(asker.ask(&bff.api, Method::POST, "/v1/auth/sign-in/second-factor", Some(&body)).await?)
}

async fn end(State(bff): State<Bff>, parts: Parts) -> Result<Response, Problem> {
    Ok(Asker::of(&parts).ask(&bff.api, Method::POST, "/v1/auth/sign-out", None).await?)
}
