//! `/bff/setup`: the first administrator, their workspace and their session.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json as Answer, Router};
use http::StatusCode;
use http::header::SET_COOKIE;
use http::request::Parts;

use super::Bff;
use super::gathering::Asker;
use super::sign_in::sign_in;
use crate::http::extract::Json;
use crate::http::problem::Problem;
use crate::services::api_core::SetupDraft;

pub(super) fn routes() -> Router<Bff> {
    Router::new().route("/bff/setup", post(set_up))
}

/// Whoever set the instance up is signed in where that works; where it does not, they sign in like anybody else.
async fn set_up(State(bff): State<Bff>, parts: Parts, Json(draft): Json<SetupDraft>) -> Result<Response, Problem> {
    bff.cookie.check_site(&parts.headers)?;
    let (email, password) = (draft.email.clone(), draft.password.clone());
    let made = bff.core.set_up(draft).await?;
    let session = sign_in(&Asker::of(&parts).into_stranger(), &bff, &email, &password).await?;
    let mut response = (StatusCode::CREATED, Answer(made)).into_response();
    for cookie in session.headers().get_all(SET_COOKIE) {
        response.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    Ok(response)
}
