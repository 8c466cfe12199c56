//! The OpenAPI 3.1 document: its frame, and where it is read.

use axum::Router;
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use utoipa::openapi::extensions::{Extensions, ExtensionsBuilder};
use utoipa::openapi::schema::{ArrayItems, Object};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Schema, SecurityRequirement,
    ServerBuilder,
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::problem::{ProblemDocument, ProblemField};
use super::session_cookie;
use crate::domain::permission::{self, Caller};

/// The name of the security scheme that operations refer to.
pub const BEARER: &str = "bearer";
/// The name of the security scheme of browsers.
pub const COOKIE: &str = "session_cookie";

/// What the name of a page's schema begins with; the name of its items' follows.
const PAGE_PREFIX: &str = "Page_";

/// Where the document is served.
pub const DOCUMENT_PATH: &str = "/openapi.json";

const DESCRIPTION: &str = "\
Short links, smart-link rules and click analytics.

Times are RFC 3339 in UTC. Ids carry a prefix that names their kind. Lists are read in pages: pass `next_cursor` of one \
page as `cursor` of the next. Every failure is a problem document (RFC 9457) with a stable `code`; errors in a body are \
listed with JSON pointers. Unknown fields and parameters are refused. Only a request whose head is \
longer than 32 KiB is answered without a body, with 431: it was not read, so that it is no request of any operation.

`POST` and `PATCH` take an `Idempotency-Key`: the first response is kept for 24 hours and repeated for the same request under \
the same key. While the first request is under way the others are answered 409 with the code `idempotency_key_in_flight` and, as \
`Retry-After`, the time until the key is free again in case that the first was broken off. Single resources carry an `ETag`; send it back as `If-Match` so that no edit is lost.";

/// The frame that services add their operations to: information, server, security scheme, tags (name and description),
/// and the problem document.
#[must_use]
pub fn frame(public_url: &str, tags: &[(&str, &str)]) -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A session token, an API key that starts with `elido_`, or an access token of an identity provider.",
        ))
        .build();
    let cookie = ApiKeyValue::with_description(
        session_cookie::NAME.plain,
        "A session of a browser; `__Host-elido_session` where the API is reached by https. Requests that change something carry \
         `X-CSRF-Token` besides, and come from a page of this origin.",
    );
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Elido")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(DESCRIPTION))
                .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
                .build(),
        )
        .servers(Some([ServerBuilder::new().url(public_url.trim_end_matches('/')).build()]))
        .security(Some([BEARER, COOKIE].map(|name| SecurityRequirement::new::<_, [&str; 0], &str>(name, []))))
        .tags(Some(tags.iter().map(|(name, text)| TagBuilder::new().name(*name).description(Some(*text)).build())))
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme(BEARER, SecurityScheme::Http(bearer))
                .security_scheme(COOKIE, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)))
                .schema(ProblemDocument::name(), ProblemDocument::schema())
                .schema(ProblemField::name(), ProblemField::schema())
                .build(),
        ))
        .build()
}

/// Says of every operation who may do it, as the table of permissions has it: `x-caller`, and of those in a workspace
/// `x-required-scope`, `x-roles` and `x-api-keys`.
pub fn describe_permissions(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let operations =
            [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete, &mut item.head];
        for operation in operations.into_iter().flatten() {
            let permission = operation.operation_id.as_deref().and_then(permission::of_operation);
            if let Some(permission) = permission {
                operation.extensions.get_or_insert_default().merge(extensions(permission.caller));
            }
        }
    }
}

/// Refers from each page to its items, whose schema utoipa repeats within that of the page: whoever makes a client from the
/// document gets one type of each.
pub fn refer_to_items(document: &mut OpenApi) {
    let Some(components) = &mut document.components else { return };
    let mut items = Vec::new();
    for (name, schema) in &mut components.schemas {
        let Some(item_name) = name.strip_prefix(PAGE_PREFIX) else { continue };
        let RefOr::T(Schema::Object(page)) = schema else { continue };
        let Some(RefOr::T(Schema::Array(data))) = page.properties.get_mut("data") else { continue };
        let ArrayItems::RefOrSchema(item) = &mut data.items else { continue };
        let reference = Ref::from_schema_name(item_name).into();
        items.push((item_name.to_owned(), std::mem::replace(&mut **item, reference)));
    }
    for (name, schema) in items {
        components.schemas.entry(name).or_insert(schema);
    }
}

/// Gives each form of a tagged union a title, such as `ConditionCountries`: what clients made from the document call its type.
pub fn title_variants(document: &mut OpenApi) {
    let Some(components) = &mut document.components else { return };
    for (name, schema) in &mut components.schemas {
        let RefOr::T(Schema::OneOf(union)) = schema else { continue };
        for variant in &mut union.items {
            let RefOr::T(Schema::Object(variant)) = variant else { continue };
            variant.title = tag(variant).map(|tag| format!("{name}{}", in_camel_case(tag)));
        }
    }
}

/// The value that tells this form of a union from the others.
fn tag(variant: &Object) -> Option<&str> {
    variant.properties.values().find_map(|property| match property {
        RefOr::T(Schema::Object(Object { enum_values: Some(values), .. })) => match values.as_slice() {
            [serde_json::Value::String(tag)] => Some(tag.as_str()),
            _ => None,
        },
        _ => None,
    })
}

fn in_camel_case(snake_case: &str) -> String {
    let words = snake_case.split('_');
    words.flat_map(|word| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1))).collect()
}

fn extensions(caller: Caller) -> Extensions {
    let extensions = ExtensionsBuilder::new().add("x-caller", caller.as_str());
    let Caller::Member(right) = caller else { return extensions.build() };
    let roles: Vec<&str> = right.roles.iter().map(|role| role.as_str()).collect();
    extensions
        .add("x-required-scope", right.scope.as_str())
        .add("x-roles", roles)
        .add("x-api-keys", right.api_keys)
        .build()
}

/// Serves the finished document at `/openapi.json` and a page to browse it at `/docs`.
///
/// # Errors
/// When the document cannot be written as JSON.
pub fn routes(document: &OpenApi) -> serde_json::Result<Router> {
    let json = bytes::Bytes::from(document.to_pretty_json()?);
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=60")];
    let browser = SwaggerUi::new("/docs").config(Config::from(DOCUMENT_PATH));
    Ok(Router::new().route(DOCUMENT_PATH, get(move || async move { (headers, json) })).merge(browser))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use http::{Request, StatusCode};
    use tower::ServiceExt;

    #[tokio::test]
    async fn the_document_and_its_page_are_served() {
        let document = frame("https://api.example.com/", &[("links", "Short links.")]);
        let router = routes(&document).expect("a document");
        let ask = |path: &str| {
            let request = Request::get(path).body(Body::empty()).expect("a request");
            router.clone().oneshot(request)
        };
        let response = ask(DOCUMENT_PATH).await.expect("a response");
        let body = axum::body::to_bytes(response.into_body(), 1_000_000).await.expect("a body");
        let json: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(json["openapi"], "3.1.0");
        assert_eq!(json["servers"][0]["url"], "https://api.example.com");
        assert_eq!(json["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
        assert!(json["components"]["schemas"]["Problem"]["properties"]["request_id"].is_object());
        assert_eq!(ask("/docs/").await.expect("a response").status(), StatusCode::OK);
    }
}
