//! `/.well-known/oauth-authorization-server`: what clients can know of the provider by themselves (RFC 8414).

use axum::Json;
use axum::extract::State;
use http::HeaderName;
use http::header::CACHE_CONTROL;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::pkce;
use crate::domain::role::Scope;
use crate::http::responses::PlainProblems;
use crate::services::identity::Identity;
use crate::services::identity::rest::IdentityApi;

/// How confidential clients prove themselves.
const BY_SECRET: [&str; 2] = ["client_secret_basic", "client_secret_post"];

/// What the provider is and can do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthAuthorizationServer)]
struct Metadata {
    /// Its name, which comes back with every code as `iss`.
    #[schema(example = "https://links.example.com")]
    issuer: String,
    /// Where people are sent.
    authorization_endpoint: String,
    /// Where codes and refresh tokens are exchanged.
    token_endpoint: String,
    /// Where tokens are ended.
    revocation_endpoint: String,
    /// Where tokens are looked up.
    introspection_endpoint: String,
    /// What may be asked for.
    scopes_supported: Vec<&'static str>,
    /// `code`.
    response_types_supported: [&'static str; 1],
    /// `query`.
    response_modes_supported: [&'static str; 1],
    /// What may be exchanged for tokens.
    grant_types_supported: [&'static str; 2],
    /// `S256`.
    code_challenge_methods_supported: [&'static str; 1],
    /// How clients prove themselves; `none` is for public ones.
    token_endpoint_auth_methods_supported: [&'static str; 3],
    /// The same for ending tokens.
    revocation_endpoint_auth_methods_supported: [&'static str; 3],
    /// The same for looking them up.
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    /// That `iss` comes with every answer (RFC 9207).
    authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    fn of(issuer: &str) -> Self {
        let at = |path: &str| format!("{issuer}/oauth/{path}");
        let [basic, post] = BY_SECRET;
        Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: at("authorize"),
            token_endpoint: at("token"),
            revocation_endpoint: at("revoke"),
            introspection_endpoint: at("introspect"),
            scopes_supported: Scope::ALL.iter().map(|scope| scope.as_str()).collect(),
            response_types_supported: ["code"],
            response_modes_supported: ["query"],
            grant_types_supported: ["authorization_code", "refresh_token"],
            code_challenge_methods_supported: [pkce::METHOD],
            token_endpoint_auth_methods_supported: ["none", basic, post],
            revocation_endpoint_auth_methods_supported: ["none", basic, post],
            introspection_endpoint_auth_methods_supported: BY_SECRET,
            authorization_response_iss_parameter_supported: true,
        }
    }
}

pub(super) fn routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new().routes(routes!(metadata))
}

/// Read what the OAuth2 provider can do
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", operation_id = "getAuthorizationServer", tag = "oauth",
    security(()),
    responses((status = 200, description = "What it can do.", body = Metadata), PlainProblems)
)]
async fn metadata(State(identity): State<Identity>) -> ([(HeaderName, &'static str); 1], Json<Metadata>) {
    ([(CACHE_CONTROL, "public, max-age=300")], Json(Metadata::of(identity.issuer())))
}
