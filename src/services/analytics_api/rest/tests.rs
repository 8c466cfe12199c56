//! Analytics as callers see it: the real router on a real source of truth and a real click store.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::response::Response;
use axum::{Extension, Router};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use super::operations;
use crate::config::sections::{ClickStoreConfig, DatabaseConfig};
use crate::domain::click::ClickKind;
use crate::domain::id::{LinkId, SessionId, WorkspaceId};
use crate::domain::permission::{CreateLink, Operation};
use crate::domain::rule::AgentClass;
use crate::http::openapi;
use crate::infra::cache::invalidation::Invalidations;
use crate::infra::click_store::test_clicks::visit;
use crate::infra::click_store::{ClickBatch, ClickStore, EnrichedClick, JournalledClick};
use crate::infra::dns::Dns;
use crate::infra::geo::GeoDatabase;
use crate::infra::journal::JournalId;
use crate::infra::outbound::Outbound;
use crate::infra::passwords::Passwords;
use crate::infra::sealing::Sealing;
use crate::infra::store::{self, Store};
use crate::infra::user_agent::UserAgents;
use crate::runtime::tasks::Tasks;
use crate::services::analytics_api::{Analytics, Webhooks};
use crate::services::api_core::rest as core_rest;
use crate::services::api_core::{
    ApiCore, BootstrapDraft, DomainSettings, LinkDraft, Principal, ProcessingFacts, Settings, WorkspaceDraft,
};

/// A period that holds every sample.
const PERIOD: &str = "from=2096-08-29T00:00:00Z&to=2096-08-31T00:00:00Z";

struct House {
    folder: TempDir,
    core: ApiCore,
    clicks: ClickStore,
    principal: Principal,
    workspace: WorkspaceId,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = DatabaseConfig { url: "sqlite:elido.db".into(), connections_max: 2, connect_timeout_ms: 5_000 };
        store::migrate(&database, folder.path()).await.expect("a schema");
        let store = Store::connect(&database, folder.path()).await.expect("a database");
        let settings = Settings {
            events_kept_for: std::time::Duration::from_secs(24 * 60 * 60),
            events_archived_for: None,
            default_domain_url: "http://localhost:8080".parse().expect("a URL"),
            public_url: "http://api.example.com".parse().expect("a URL"),
            default_domain_workspace: None,
            deletion_grace: std::time::Duration::from_secs(60),
            domains: DomainSettings::new(&crate::config::defaults().expect("the defaults are valid")),
            destinations: crate::domain::destination_policy::DestinationPolicy::default(),
            slug_words: crate::domain::slug_words::SlugWords::default().into(),
            link_history: crate::config::defaults().expect("the defaults are valid").links.history(),
            lifetimes: crate::config::defaults().expect("the defaults are valid").edge.cache.lifetimes(),
            geo: GeoDatabase::unknown(),
            user_agents: UserAgents::new(),
        };
        let core = ApiCore::new(store, Invalidations::in_process(), Passwords::new(), Tasks::new(), settings);
        Box::pin(core.ensure_default_domain()).await.expect("a domain");
        let draft = BootstrapDraft { email: "ada@example.com".into(), password: "correct horse battery".into() };
        let user_id = core.bootstrap(draft).await.expect("an account").id;
        let draft = WorkspaceDraft { name: "Marketing".into(), slug: "marketing".into() };
        let workspace = core.create_workspace(user_id, draft).await.expect("a workspace").id;
        let principal =
            Principal::Person { user_id, session_id: SessionId::new(), is_admin: true, token_hash: Vec::new() };
        let config = ClickStoreConfig::embedded("clicks.db");
        let clicks = ClickStore::open(&config, folder.path()).await.expect("a click store");
        Self { folder, core, clicks, principal, workspace }
    }

    fn router(&self) -> Router {
        let config = crate::config::defaults().expect("the defaults are valid");
        let facts = ProcessingFacts::of(&config);
        drop(rustls::crypto::ring::default_provider().install_default());
        let outbound = Outbound::new(&config, Dns::new(&[], config.domains.dns_timeout())).expect("a client");
        let sealing = Sealing::keep_in(self.folder.path(), &config.identity.sealing_key).expect("a key");
        let analytics = Analytics::new(self.clicks.clone(), self.core.clone(), facts, Webhooks { outbound, sealing });
        Router::from(operations().with_state(analytics)).layer(Extension(self.principal.clone()))
    }

    async fn link(&self, tags: &[&str]) -> LinkId {
        let access =
            self.core.authorize(&self.principal, self.workspace, &CreateLink::PERMISSION).await.expect("access");
        let draft = json!({ "destination_url": "https://example.com/", "tags": tags });
        let draft: LinkDraft = serde_json::from_value(draft).expect("a draft");
        self.core.create_link(&access, draft).await.expect("a link").link.id
    }

    async fn store(&self, clicks: impl IntoIterator<Item = EnrichedClick>) {
        let clicks = clicks.into_iter().map(|click| EnrichedClick { workspace_id: Some(self.workspace), ..click });
        let clicks = (0..).zip(clicks).map(|(position, click)| JournalledClick { position, click }).collect();
        let batch = ClickBatch {
            journal_id: JournalId::from_u64(1),
            through: 100_000,
            clicks,
            undecodable: Vec::new(),
            tally: None,
        };
        self.clicks.store(&batch).await.expect("stored");
    }

    async fn get(&self, report: &str) -> Response {
        self.get_of(self.workspace, report).await
    }

    async fn get_of(&self, workspace: WorkspaceId, report: &str) -> Response {
        let uri = format!("/v1/workspaces/{workspace}/analytics/{report}");
        let request = Request::get(uri).body(Body::empty()).expect("a request");
        self.router().oneshot(request).await.expect("a response")
    }

    async fn ask(&self, report: &str) -> Value {
        let response = self.get(report).await;
        assert_eq!(response.status(), StatusCode::OK, "{report}");
        serde_json::from_str(&text(response).await).expect("JSON")
    }

    async fn errors(&self, report: &str) -> BTreeSet<String> {
        let response = self.get(report).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{report}");
        let problem: Value = serde_json::from_str(&text(response).await).expect("JSON");
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().filter_map(|error| error["pointer"].as_str()).map(String::from).collect()
    }
}

async fn text(response: Response) -> String {
    let body = axum::body::to_bytes(response.into_body(), 10_000_000).await.expect("a body");
    String::from_utf8(body.to_vec()).expect("text")
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn people_are_counted_and_the_rest_when_it_is_asked_for() {
    let house = House::new().await;
    house
        .store([
            visit(0),
            EnrichedClick { visitor: Some(1), ..visit(1) },
            EnrichedClick { agent: AgentClass::Bot, ..visit(2) },
            EnrichedClick { agent: AgentClass::Preview, ..visit(3) },
            EnrichedClick { prefetch: true, ..visit(4) },
            EnrichedClick { head: true, ..visit(5) },
            EnrichedClick { kind: ClickKind::Missing, status: 404, link_id: None, slug: "typo".into(), ..visit(6) },
        ])
        .await;
    for (query, clicks) in [
        ("", 2),
        ("&include=bots", 3),
        ("&include=bots,previews&include=prefetches,heads", 6),
        ("&agent=bot&agent=preview", 2),
        ("&kind=missing", 1),
        ("&kind=missing&kind=redirect", 3),
        ("&country=DE&device=mobile&utm_source=letter", 2),
        ("&country=FR", 0),
        ("&variant=", 2),
        ("&qr=false", 0),
    ] {
        let summary = house.ask(&format!("summary?{PERIOD}{query}")).await;
        assert_eq!(summary["clicks"], clicks, "{query}");
    }
    let summary = house.ask(&format!("summary?{PERIOD}&compare=previous")).await;
    assert_eq!(summary["visitors"], 2);
    assert_eq!(summary["previous"]["to"], summary["from"]);
    let orphans = house.ask(&format!("breakdown?{PERIOD}&dimension=slug&kind=missing")).await;
    assert_eq!(orphans["data"], json!([{ "value": "typo", "clicks": 1, "visitors": 1 }]));
}

#[tokio::test]
async fn a_funnel_counts_scans_then_those_by_people_then_those_that_were_sent_on() {
    let house = House::new().await;
    let gone = EnrichedClick { kind: ClickKind::Gone, status: 410, ..visit(6) };
    house
        .store([
            visit(0),
            visit(1),
            EnrichedClick { visitor: Some(1), country: Some("FR".into()), ..visit(2) },
            EnrichedClick { agent: AgentClass::Bot, ..visit(3) },
            EnrichedClick { head: true, ..visit(4) },
            EnrichedClick { qr: false, ..visit(5) },
            gone,
        ])
        .await;
    let funnel = house.ask(&format!("funnel?{PERIOD}")).await;
    let steps = ["scans", "by_people", "redirected", "visitors"].map(|step| funnel[step].as_u64().expect("a number"));
    assert_eq!(steps, [6, 4, 3, 2], "{funnel}");
    assert_eq!(house.ask(&format!("funnel?{PERIOD}&country=FR")).await["scans"], 1);
    let errors = house.errors(&format!("funnel?{PERIOD}&kind=gone&agent=bot&qr=true&include=bots")).await;
    assert_eq!(errors, names(&["kind", "agent", "qr", "include"]));
}

#[tokio::test]
async fn a_series_has_every_day_of_the_time_zone() {
    let house = House::new().await;
    house.store([visit(0)]).await;
    let series = house.ask(&format!("timeseries?{PERIOD}&time_zone=Asia/Kolkata")).await;
    let points = series["data"].as_array().expect("points");
    let starts: Vec<_> = points.iter().map(|point| point["start"].as_str().expect("a time")).collect();
    let expected = ["2096-08-28T18:30:00.000000Z", "2096-08-29T18:30:00.000000Z", "2096-08-30T18:30:00.000000Z"];
    assert_eq!(starts, expected);
    assert_eq!(points.iter().filter_map(|point| point["clicks"].as_u64()).sum::<u64>(), 1);
    assert_eq!((&series["time_zone"], &series["interval"]), (&json!("Asia/Kolkata"), &json!("day")));
}

#[tokio::test]
async fn tags_of_links_count_and_filter() {
    let house = House::new().await;
    let (summer, both) = (house.link(&["Summer"]).await, house.link(&["Summer", "Sale"]).await);
    let on = |link, offset| EnrichedClick { link_id: Some(link), ..visit(offset) };
    house.store([on(summer, 0), on(both, 1), on(both, 2), visit(3)]).await;
    let breakdown = house.ask(&format!("breakdown?{PERIOD}&dimension=tag")).await;
    let lines: Vec<_> = breakdown["data"]
        .as_array()
        .expect("values")
        .iter()
        .map(|item| (item["value"].as_str(), item["clicks"].as_u64()))
        .collect();
    assert_eq!(lines, [(Some("Summer"), Some(3)), (Some("Sale"), Some(2)), (None, Some(1))]);
    assert_eq!(house.ask(&format!("summary?{PERIOD}&tag=SALE")).await["clicks"], 2);
    assert_eq!(house.ask(&format!("summary?{PERIOD}&tag=winter")).await["clicks"], 0);
    assert_eq!(house.ask(&format!("summary?{PERIOD}&tag=summer&link={both}")).await["clicks"], 2);
}

#[tokio::test]
async fn pages_of_raw_clicks_hold_each_click_once() {
    let house = House::new().await;
    house.store((0..25).map(|offset| visit(offset / 3))).await;
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = house.ask(&format!("events?{PERIOD}&limit=10{cursor}")).await;
        ids.extend(page["data"].as_array().expect("clicks").iter().map(|click| click["id"].to_string()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(ids.len(), 25);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 25);
    let errors = house.errors(&format!("events?{PERIOD}&limit=10&country=DE{cursor}")).await;
    assert_eq!(errors, names(&["cursor"]), "a cursor of other filters");
}

#[tokio::test]
async fn exports_are_files_with_every_click() {
    let house = House::new().await;
    house.store([EnrichedClick { slug: "=1+1".into(), ..visit(0) }, visit(1)]).await;
    let csv = house.get(&format!("export?{PERIOD}")).await;
    assert_eq!(csv.headers()["content-type"], "text/csv; charset=utf-8");
    assert_eq!(csv.headers()["content-disposition"], "attachment; filename=\"clicks.csv\"");
    let csv = text(csv).await;
    assert_eq!(csv.lines().count(), 3);
    assert!(csv.starts_with("id,at,kind") && csv.contains(",'=1+1,"), "{csv}");
    let lines = text(house.get(&format!("export?{PERIOD}&format=ndjson")).await).await;
    let slugs: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON")["slug"].clone())
        .collect();
    assert_eq!(slugs, [json!("sale"), json!("=1+1")]);
}

#[tokio::test]
async fn errors_name_their_parameters() {
    let house = House::new().await;
    let link = "link=dom_0190b8f20000700080000000000000aa";
    assert_eq!(
        house.errors(&format!("summary?{link}&country=Germany&include=all")).await,
        names(&["link", "country", "include"])
    );
    for (report, parameter) in [
        ("summary?contry=DE", "contry"),
        ("summary?compare=last", "compare"),
        ("summary?from=yesterday", "from"),
        ("summary?from=2026-05-02T00:00:00Z&to=2026-05-01T00:00:00Z", "from"),
        ("timeseries?time_zone=Berlin", "time_zone"),
        ("timeseries?interval=second", "interval"),
        ("timeseries?interval=minute", "interval"),
        ("breakdown", "dimension"),
        ("breakdown?dimension=visitor", "dimension"),
        ("breakdown?dimension=country&limit=0", "limit"),
        ("events?cursor=x", "cursor"),
        ("export?format=xlsx", "format"),
    ] {
        assert_eq!(house.errors(report).await, names(&[parameter]), "{report}");
    }
}

#[tokio::test]
async fn the_workspace_of_somebody_else_is_not_there() {
    let house = House::new().await;
    for report in ["summary", "timeseries", "breakdown?dimension=link", "events", "export"] {
        let response = house.get_of(WorkspaceId::new(), report).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{report}");
    }
}

#[test]
fn the_document_is_complete() {
    let operations = operations().into_openapi();
    let mut document = openapi::frame("http://localhost:8090", &[]);
    document.merge(core_rest::operations().into_openapi());
    document.merge(operations);
    let document = serde_json::to_value(&document).expect("a document");
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let parameters = document
        .pointer("/paths/~1v1~1workspaces~1{workspace_id}~1analytics~1breakdown/get/parameters")
        .and_then(Value::as_array)
        .expect("parameters");
    let named = |name: &str| parameters.iter().find(|parameter| parameter["name"] == name).expect("a parameter");
    assert_eq!(named("dimension")["required"], true);
    assert_eq!(named("limit")["required"], false);
    assert!(named("dimension")["schema"]["enum"].as_array().is_some_and(|names| names.contains(&json!("tag"))));
    assert_eq!(named("country")["schema"]["type"], "array");
}

fn collect_references(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            references.extend(fields.get("$ref").and_then(Value::as_str).map(String::from));
            fields.values().for_each(|value| collect_references(value, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, references)),
        _ => {}
    }
}
