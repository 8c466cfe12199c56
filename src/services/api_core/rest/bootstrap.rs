//! The first administrator, on the internal listener.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{StatusCode, header};
use secrecy::ExposeSecret;

use crate::domain::client_address::TrustedProxies;
use crate::domain::error::{Error, Result};
use crate::http::extract::Json;
use crate::http::problem::Problem;
use crate::http::{client_address, request_id};
use crate::infra::bootstrap_secret::BootstrapSecret;
use crate::services::api_core::{ApiCore, BootstrapDraft, NewAccount};

#[derive(Clone)]
struct Bootstrap {
    core: ApiCore,
    secret: Option<Arc<BootstrapSecret>>,
    data_folder: Arc<Path>,
}

/// `POST /internal/admin/bootstrap`, for who knows the secret in the data folder. Serve it on the internal listener alone.
///
/// # Errors
/// The store does not answer, or the secret can be neither read nor written.
pub async fn internal_router(core: ApiCore, data_folder: &Path) -> Result<Router> {
    let secret = if core.is_bootstrapped().await? {
        BootstrapSecret::remove_from(data_folder);
        None
    } else {
        let kept = BootstrapSecret::keep_in(data_folder)
            .map_err(|error| Error::internal(format!("the bootstrap secret: {error}")))?;
        Some(Arc::new(kept))
    };
    let state = Bootstrap { core, secret, data_folder: data_folder.into() };
    let router = Router::new()
        .route("/internal/admin/bootstrap", post(bootstrap))
        .route("/internal/admin/setup-token", post(make_setup_token));
    let guarded = router.layer(from_fn_with_state(state.clone(), with_secret)).layer(from_fn(for_this_network));
    // The audit trail tells where the first account was made from.
    let known = from_fn_with_state(TrustedProxies::default(), client_address::find);
    Ok(guarded.layer(known).layer(from_fn(request_id::name_and_trace)).with_state(state))
}

/// A page of the world may give its own name the address of this machine, and then ask in a visitor's browser. No browser
/// sends such a page's request under an address or a name of this network.
async fn for_this_network(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if is_of_this_network(host) {
        return next.run(request).await;
    }
    Problem::new(
        StatusCode::MISDIRECTED_REQUEST,
        "host_not_allowed",
        "The first account is made under an IP address, localhost, or a name of the cluster.",
    )
    .into_response()
}

fn is_of_this_network(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    let is_cluster_name = [".svc", ".cluster.local", ".internal"].iter().any(|end| name.ends_with(end));
    address.parse::<IpAddr>().is_ok() || (!name.is_empty() && !name.contains('.')) || is_cluster_name
}

/// Asks for the secret, as long as there is something to make.
async fn with_secret(
    State(bootstrap): State<Bootstrap>,
    request: Request,
    next: Next,
) -> std::result::Result<Response, Problem> {
    let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let secret = bearer.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let is_known = bootstrap.secret.as_ref().is_some_and(|known| known.matches(secret));
    if is_known || bootstrap.core.is_bootstrapped().await? {
        return Ok(next.run(request).await);
    }
    Err(Problem::new(
        StatusCode::UNAUTHORIZED,
        "bootstrap_secret_needed",
        "The first account is made with the secret in the file bootstrap-secret of the data folder of this process: send it as \
         Authorization: Bearer, as `elido admin bootstrap` does.",
    ))
}

async fn bootstrap(
    State(bootstrap): State<Bootstrap>,
    Json(draft): Json<BootstrapDraft>,
) -> std::result::Result<(StatusCode, axum::Json<NewAccount>), Problem> {
    let account = bootstrap.core.bootstrap(draft).await?;
    BootstrapSecret::remove_from(&bootstrap.data_folder);
    Ok((StatusCode::CREATED, axum::Json(account)))
}

async fn make_setup_token(
    State(bootstrap): State<Bootstrap>,
) -> std::result::Result<(StatusCode, axum::Json<serde_json::Value>), Problem> {
    let made = bootstrap.core.make_setup_token().await?;
    let body = serde_json::json!({ "token": made.token.expose_secret(), "expires_at": made.expires_at });
    Ok((StatusCode::CREATED, axum::Json(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_network_make_the_first_account() {
        for host in
            ["127.0.0.1:8081", "[::1]:8081", "localhost", "localhost:8081", "elido-api", "elido-api.elido.svc:8081"]
        {
            assert!(is_of_this_network(host), "{host}");
        }
        for host in ["", "evil.example", "evil.example:8081", "127.0.0.1.evil.example"] {
            assert!(!is_of_this_network(host), "{host}");
        }
    }
}
