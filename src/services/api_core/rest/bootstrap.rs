//! The first administrator, on the internal listener.

use std::net::IpAddr;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{StatusCode, header};

use crate::http::extract::Json;
use crate::http::problem::Problem;
use crate::services::api_core::{ApiCore, BootstrapDraft, NewAccount};

/// `POST /internal/admin/bootstrap`. Never serve this where the world can reach it: whoever comes first owns the instance.
pub fn internal_router(core: ApiCore) -> Router {
    let router = Router::new().route("/internal/admin/bootstrap", post(bootstrap)).with_state(core);
    router.layer(from_fn(for_this_network))
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

async fn bootstrap(
    State(core): State<ApiCore>,
    Json(draft): Json<BootstrapDraft>,
) -> Result<(StatusCode, axum::Json<NewAccount>), Problem> {
    Ok((StatusCode::CREATED, axum::Json(core.bootstrap(draft).await?)))
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
