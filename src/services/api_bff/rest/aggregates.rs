//! What a page needs, in one answer: fixed lists of reads of `/v1`.

use axum::extract::{RawQuery, Request, State};
use axum::routing::get;
use axum::{Json, Router};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::Bff;
use super::gathering::{Asker, PARTS_MAX, Part, json_of};
use crate::domain::error::Error;
use crate::domain::id::{LinkId, WorkspaceId};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::services::api_bff::files;

/// How many rows a panel of the explorer shows.
const PANEL_ROWS: usize = 10;
/// How many links the palette shows.
const FOUND_MAX: usize = 8;
/// The longest text that is searched for, in characters.
const SEARCH_LENGTH_MAX: usize = 200;
/// What the explorer can ask for besides the totals and the series; each is a dimension of the breakdown.
const PANELS: [&str; 19] = [
    "link",
    "domain",
    "tag",
    "country",
    "region",
    "city",
    "referrer",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "device",
    "os",
    "browser",
    "language",
    "rule",
    "variant",
    "qr",
];

#[derive(Debug, Deserialize)]
struct WorkspacePath {
    workspace_id: WorkspaceId,
}

#[derive(Debug, Deserialize)]
struct LinkPath {
    workspace_id: WorkspaceId,
    link_id: LinkId,
}

pub(super) fn routes() -> Router<Bff> {
    Router::new()
        .route("/bff/boot", get(boot))
        .route("/bff/workspaces/{workspace_id}/home", get(home))
        .route("/bff/workspaces/{workspace_id}/links/{link_id}/overview", get(overview))
        .route("/bff/workspaces/{workspace_id}/analytics", get(analytics))
        .route("/bff/workspaces/{workspace_id}/search", get(search))
}

/// Who asks, where they belong, and what this installation can do: what every page needs before anything else.
async fn boot(State(bff): State<Bff>, request: Request) -> Result<Json<Value>, Problem> {
    let asker = Asker::of(&request.into_parts().0);
    let parts = vec![
        Part::new("me", "/v1/me"),
        Part::new("workspaces", "/v1/workspaces?limit=100"),
        Part::new("csrf", "/v1/auth/csrf-token"),
        Part::new("providers", "/v1/auth/providers"),
    ];
    let (gathered, is_set_up) = tokio::join!(asker.gather(&bff.api, parts), bff.core.is_bootstrapped());
    // Of somebody whose session cannot be looked up, nobody says that they have none.
    if is_failing(&gathered, "me") {
        return Err(Error::unavailable("who asks is not known").into());
    }
    let of = |part: &str, pointer: &str| {
        gathered.pointer(&format!("/parts/{part}/body{pointer}")).cloned().unwrap_or(Value::Null)
    };
    Ok(Json(json!({
        "user": of("me", "/user"),
        "session_id": of("me", "/session_id"),
        "csrf_token": of("csrf", "/csrf_token"),
        "workspaces": of("workspaces", "/data"),
        "providers": of("providers", "/data"),
        "open_registration": of("providers", "/open_registration"),
        "is_set_up": is_set_up?,
        "version": env!("CARGO_PKG_VERSION"),
        "scripts": files::scripts(),
    })))
}

/// Whether a part failed, and not by a refusal.
fn is_failing(gathered: &Value, part: &str) -> bool {
    gathered.pointer(&format!("/parts/{part}/status")).and_then(Value::as_u64).is_none_or(|status| status >= 500)
}

async fn home(
    State(bff): State<Bff>,
    Path(WorkspacePath { workspace_id }): Path<WorkspacePath>,
    request: Request,
) -> Json<Value> {
    let asker = Asker::of(&request.into_parts().0);
    let base = format!("/v1/workspaces/{workspace_id}");
    let mut parts = vec![
        Part::new("links", format!("{base}/links?limit=5")),
        Part::new("domains", format!("{base}/domains?limit=100")),
        Part::new("api_keys", format!("{base}/api-keys?limit=1")),
        Part::new("members", format!("{base}/members?limit=2")),
        Part::new("tags", format!("{base}/tags?limit=100")),
        Part::new("folders", format!("{base}/folders?limit=100")),
        Part::new("summary", format!("{base}/analytics/summary?compare=previous")),
    ];
    if let Some(person) = person(&asker, &bff.api).await {
        parts.push(Part::new("membership", format!("{base}/members/{person}")));
    }
    Json(asker.gather(&bff.api, parts).await)
}

/// The id of the person who asks, if it is one.
async fn person(asker: &Asker, api: &Router) -> Option<String> {
    let response = asker.ask(api, Method::GET, "/v1/me", None).await.ok()?;
    json_of(response).await.pointer("/user/id")?.as_str().map(str::to_owned)
}

async fn overview(
    State(bff): State<Bff>,
    Path(LinkPath { workspace_id, link_id }): Path<LinkPath>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let asker = Asker::of(&request.into_parts().0);
    let base = format!("/v1/workspaces/{workspace_id}");
    let mut filters = without(query.as_deref(), &["link", "parts"]);
    filters.push(("link".to_owned(), link_id.to_string()));
    let mut parts = vec![
        Part::new("link", format!("{base}/links/{link_id}")),
        Part::new("history", format!("{base}/links/{link_id}/history?limit=10")),
    ];
    parts.extend(reports(&base, &filters, &["country", "referrer", "device", "browser", "os", "rule", "variant"]));
    Ok(Json(asker.gather(&bff.api, parts).await))
}

/// `parts` names the panels, joined by commas; everything else is what `/v1` calls it.
async fn analytics(
    State(bff): State<Bff>,
    Path(WorkspacePath { workspace_id }): Path<WorkspacePath>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let asker = Asker::of(&request.into_parts().0);
    let panels = panels(query.as_deref())?;
    let filters = without(query.as_deref(), &["parts"]);
    let parts = reports(&format!("/v1/workspaces/{workspace_id}"), &filters, &panels);
    Ok(Json(asker.gather(&bff.api, parts).await))
}

async fn search(
    State(bff): State<Bff>,
    Path(WorkspacePath { workspace_id }): Path<WorkspacePath>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let asker = Asker::of(&request.into_parts().0);
    let mut pairs = form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes());
    let text = pairs.find(|(name, _)| name == "q").map(|(_, text)| text.into_owned()).unwrap_or_default();
    if text.trim().is_empty() || text.chars().count() > SEARCH_LENGTH_MAX {
        let message = format!("q has to be 1 to {SEARCH_LENGTH_MAX} characters long");
        return Err(Error::invalid_field("q", "invalid_length", message).into());
    }
    let text: String = form_urlencoded::byte_serialize(text.trim().as_bytes()).collect();
    let base = format!("/v1/workspaces/{workspace_id}");
    let parts = vec![Part::new("links", format!("{base}/links?limit={FOUND_MAX}&search={text}"))];
    Ok(Json(asker.gather(&bff.api, parts).await))
}

/// Totals, series and breakdowns of the same clicks. Only the series knows of intervals and zones.
fn reports(base: &str, filters: &[(String, String)], panels: &[&'static str]) -> Vec<Part> {
    let common: Vec<&(String, String)> =
        filters.iter().filter(|(name, _)| name != "interval" && name != "time_zone").collect();
    let written = |pairs: &[&(String, String)]| {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs.iter().map(|(k, v)| (k, v))).finish()
    };
    let (all, common) = (written(&filters.iter().collect::<Vec<_>>()), written(&common));
    let mut parts = vec![
        Part::new("summary", format!("{base}/analytics/summary?{common}")),
        Part::new("timeseries", format!("{base}/analytics/timeseries?{all}")),
    ];
    parts.extend(panels.iter().map(|panel| {
        Part::new(panel, format!("{base}/analytics/breakdown?dimension={panel}&limit={PANEL_ROWS}&{common}"))
    }));
    parts
}

fn panels(query: Option<&str>) -> Result<Vec<&'static str>, Error> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let Some((_, named)) = pairs.find(|(name, _)| name == "parts") else {
        return Ok(vec!["link", "country", "referrer", "device"]);
    };
    let found: Option<Vec<&'static str>> = named
        .split(',')
        .filter(|name| !name.is_empty())
        .map(|name| PANELS.into_iter().find(|panel| *panel == name))
        .collect();
    match found {
        Some(panels) if panels.len() + 2 <= PARTS_MAX => Ok(panels),
        _ => {
            let message = format!("parts names at most {} of {}", PARTS_MAX - 2, PANELS.join(", "));
            Err(Error::invalid_field("parts", "invalid_value", message))
        }
    }
}

fn without(query: Option<&str>, left_out: &[&str]) -> Vec<(String, String)> {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned();
    pairs.filter(|(name, _)| !left_out.contains(&name.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_are_named_and_few() {
        assert_eq!(panels(Some("from=x&parts=country,os")).expect("two"), ["country", "os"]);
        assert_eq!(panels(Some("parts=")).expect("none"), [""; 0]);
        assert!(panels(Some("parts=secrets")).is_err());
        assert!(panels(Some(&format!("parts={}", PANELS.join(",")))).is_err());
    }

    #[test]
    fn a_refusal_is_no_failure() {
        for (status, is_failure) in [(200, false), (401, false), (429, false), (503, true), (504, true)] {
            assert_eq!(is_failing(&json!({ "parts": { "me": { "status": status } } }), "me"), is_failure, "{status}");
        }
        assert!(is_failing(&json!({ "parts": {} }), "me"));
    }

    #[test]
    fn only_the_series_is_asked_for_in_a_zone() {
        let filters = without(Some("interval=day&time_zone=Europe/Kyiv&country=DE&parts=os"), &["parts"]);
        let paths: Vec<String> = reports("/b", &filters, &["os"]).into_iter().map(|part| part.path).collect();
        assert_eq!(paths[0], "/b/analytics/summary?country=DE");
        assert_eq!(paths[1], "/b/analytics/timeseries?interval=day&time_zone=Europe%2FKyiv&country=DE");
        assert_eq!(paths[2], "/b/analytics/breakdown?dimension=os&limit=10&country=DE");
    }
}
