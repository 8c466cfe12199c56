//! `/bff/status`: how this process is and what it depends on, for administrators of the instance.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use http::Method;
use http::request::Parts;
use serde_json::Value;

use super::Bff;
use super::gathering::{Asker, json_of};
use crate::domain::error::{Error, ErrorKind};
use crate::http::problem::Problem;

pub(super) fn routes() -> Router<Bff> {
    Router::new().route("/bff/status", get(status))
}

async fn status(State(bff): State<Bff>, parts: Parts) -> Result<Json<Value>, Problem> {
    let me = json_of(Asker::of(&parts).ask(&bff.api, Method::GET, "/v1/me", None).await?).await;
    if me.pointer("/user/is_admin") != Some(&Value::Bool(true)) || me.get("type") != Some(&"person".into()) {
        let message = "Only administrators of the instance see how it is.";
        return Err(Error::new(ErrorKind::Forbidden, "instance_admin_only", message).into());
    }
    let starting = || Error::new(ErrorKind::Unavailable, "starting", "The process is starting. Try again.");
    Ok(Json(bff.status.now().await.ok_or_else(starting)?))
}
