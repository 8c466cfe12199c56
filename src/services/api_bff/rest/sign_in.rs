//! Signing in by `/v1`, for those who come with a password and those who have just set the instance up.

use axum::body::Body;
use http::{Method, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::Bff;
use super::gathering::Asker;
use crate::http::problem::Problem;

/// Signs somebody in whose session goes into the cookie.
pub(super) async fn sign_in(
    asker: &Asker,
    bff: &Bff,
    email: &str,
    password: &SecretString,
) -> Result<Response<Body>, Problem> {
    let body = json!({ "email": email, "password": password.expose_secret(), "cookie": true });
    Ok(asker.ask(&bff.api, Method::POST, "/v1/auth/sign-in", Some(&body)).await?)
}
