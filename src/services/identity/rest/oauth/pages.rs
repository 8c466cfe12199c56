//! The pages of the provider. They run no script, load nothing, and are shown in no frame.

use std::sync::LazyLock;

use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::{HeaderValue, StatusCode};
use sha2::{Digest, Sha256};
use url::{Host, Url};

use crate::domain::error::Error;
use crate::domain::html::Escaped;
use crate::domain::role::Scope;
use crate::http::problem::Problem;
use crate::services::identity::oauth::ConsentQuestion;

const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:12vh auto;padding:0 1rem;color:#1c1c28;\
    background:#fff;overflow-wrap:anywhere}label,input,select{display:block;font:inherit;margin:.5rem 0}\
    input,select,button{font:inherit;padding:.5rem .75rem;border:1px solid #767687;border-radius:.4rem}button{margin:1rem .5rem 0 0}\
    @media(prefers-color-scheme:dark){body{color:#eee;background:#16161d}}";

/// What browsers let the pages do, up to where forms may lead.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    )
});

/// Where a form of a page may lead besides to us. Browsers look at redirects behind a form too.
pub(super) struct FormTarget(String);

impl FormTarget {
    /// Nowhere.
    pub(super) const NONE: Self = Self(String::new());

    /// To an address that a client has registered. A policy cannot name an IPv6 address, and of a program's own scheme no host.
    pub(super) fn of(redirect_uri: &str) -> Self {
        let Ok(url) = Url::parse(redirect_uri) else { return Self::NONE };
        match url.host() {
            Some(Host::Domain(_) | Host::Ipv4(_)) if url.origin().is_tuple() => {
                Self(format!(" {}", url.origin().ascii_serialization()))
            }
            _ => Self(format!(" {}:", url.scheme())),
        }
    }
}

/// Asks somebody to sign in. `request` is what they come back to.
pub(super) fn sign_in(status: StatusCode, problem: Option<&str>, request: &str, target: &FormTarget) -> Response {
    let body = format!(
        "{}<p>Sign in to go on.</p><form method=\"post\" action=\"sign-in\">{}\
         <label for=\"email\">Address</label><input id=\"email\" name=\"email\" type=\"email\" required autofocus \
         autocomplete=\"username\"><label for=\"password\">Password</label><input id=\"password\" name=\"password\" \
         type=\"password\" required autocomplete=\"current-password\"><button>Sign in</button></form>",
        alert(problem),
        hidden("request", request),
    );
    page(status, "Sign in to Elido", &body, target)
}

/// Asks for a code of the second factor.
pub(super) fn second_factor(
    status: StatusCode,
    problem: Option<&str>,
    (challenge, request): (&str, &str),
    target: &FormTarget,
) -> Response {
    let body = format!(
        "{}<form method=\"post\" action=\"sign-in\">{}{}<label for=\"code\">Code of your authenticator, or a recovery code</label>\
         <input id=\"code\" name=\"code\" required autofocus autocomplete=\"one-time-code\"><button>Go on</button></form>",
        alert(problem),
        hidden("request", request),
        hidden("challenge", challenge),
    );
    page(status, "Sign in to Elido", &body, target)
}

/// Asks whether a client may act for whoever is signed in. `fields` are those of the request, and `csrf_token` that of the session.
pub(super) fn consent(question: &ConsentQuestion, fields: &[(String, String)], csrf_token: &str) -> Response {
    let client = Escaped(&question.client_name);
    let scopes: String = question.scopes.iter().map(|scope| format!("<li>{}</li>", what(*scope))).collect();
    let fields: String = fields.iter().map(|(name, value)| hidden(name, value)).collect();
    let body = format!(
        "<p><strong>{client}</strong>, which the workspace {} has registered, wants to act for you, {}:</p><ul>{scopes}</ul>\
         <form method=\"post\" action=\"authorize\">{fields}{}{}<p>It can do no more than you can. You can take this back at any \
         time. You go back to {}.</p><button name=\"decision\" value=\"allow\">Allow</button>\
         <button name=\"decision\" value=\"deny\">Do not allow</button></form>",
        Escaped(&question.registered_by),
        Escaped(&question.email),
        hidden("csrf_token", csrf_token),
        workspaces(question),
        Escaped(&destination(&question.redirect_uri)),
    );
    let title = format!("Let {} act for you?", question.client_name);
    page(StatusCode::OK, &title, &body, &FormTarget::of(&question.redirect_uri))
}

/// Tells a person what went wrong, and sends them nowhere.
pub(super) fn failure(error: Error) -> Response {
    failure_of(error.into())
}

/// The same for what HTTP alone knows.
pub(super) fn failure_of(problem: Problem) -> Response {
    let detail = problem.to_document().detail;
    let page = page(problem.status(), "This does not work", &format!("<p>{}</p>", Escaped(&detail)), &FormTarget::NONE);
    // The headers and the log line are those of every failure.
    let (mut parts, _) = problem.into_response().into_parts();
    parts.headers.remove(CONTENT_TYPE);
    parts.headers.remove(CONTENT_LENGTH);
    (parts.headers, page).into_response()
}

fn workspaces(question: &ConsentQuestion) -> String {
    if let [(id, name)] = question.workspaces.as_slice() {
        let field = hidden("workspace", &id.to_string());
        return format!("{field}<p>In the workspace <strong>{}</strong>.</p>", Escaped(name));
    }
    let options = question.workspaces.iter();
    let options: String =
        options.map(|(id, name)| format!("<option value=\"{id}\">{}</option>", Escaped(name))).collect();
    format!(
        "<label for=\"workspace\">In the workspace</label><select id=\"workspace\" name=\"workspace\" required>\
         <option value=\"\">Choose one</option>{options}</select>"
    )
}

/// Where somebody goes back to, as they can recognise it.
fn destination(redirect_uri: &str) -> String {
    let Ok(url) = Url::parse(redirect_uri) else { return String::new() };
    match (url.scheme(), url.host_str()) {
        ("https", Some(host)) => host.to_owned(),
        ("http", _) => "a program on your own machine".to_owned(),
        (scheme, _) => format!("the program {scheme} on your own machine"),
    }
}

/// What a scope lets a program do.
const fn what(scope: Scope) -> &'static str {
    match scope {
        Scope::LinksRead => "read links and tags",
        Scope::LinksWrite => "create, change and delete links and tags",
        Scope::AnalyticsRead => "read who clicked on links",
        Scope::WorkspaceRead => "read the workspace and its domains",
        Scope::WorkspaceWrite => "change the workspace and its domains",
        Scope::MembersRead => "read who belongs to the workspace",
        Scope::MembersWrite => "remove people from the workspace, and take invitations back",
        Scope::KeysRead => "read API keys and OAuth2 clients, without their secrets",
        Scope::KeysWrite => "revoke API keys and delete OAuth2 clients",
        Scope::AuditRead => "read the audit trail",
        Scope::EventsRead => "follow what happens in the workspace",
    }
}

fn alert(problem: Option<&str>) -> String {
    problem.map(|problem| format!("<p role=\"alert\"><strong>{}</strong></p>", Escaped(problem))).unwrap_or_default()
}

fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", Escaped(name), Escaped(value))
}

fn page(status: StatusCode, title: &str, body: &str, FormTarget(target): &FormTarget) -> Response {
    let title = Escaped(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(format!("{}{target}", *POLICY)) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // With no-referrer, browsers would not say that a form is from here.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_lead_to_the_client_that_asks_and_to_nobody_else() {
        for (redirect_uri, target) in [
            ("https://example.com:8443/callback?a=b", " https://example.com:8443"),
            ("http://127.0.0.1:49152/callback", " http://127.0.0.1:49152"),
            ("http://[::1]:49152/callback", " http:"),
            ("com.example.app:/callback", " com.example.app:"),
            ("com.example.app://callback", " com.example.app:"),
        ] {
            assert_eq!(FormTarget::of(redirect_uri).0, target);
        }
    }

    #[test]
    fn nothing_that_a_client_says_becomes_markup() {
        let page = hidden("state", "\"><script>");
        assert!(!page.contains("<script>") && page.contains("&quot;&gt;&lt;script&gt;"), "{page}");
    }
}
