//! The edge's origin in another process: both ends over a real socket.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use elido::config::Loaded;
use elido::config::sections::DatabaseConfig;
use elido::domain::id::{DomainId, LinkId};
use elido::domain::link::LinkRecord;
use elido::domain::permission::{CreateLink, Operation};
use elido::domain::rule::Rule;
use elido::http::idempotency::Idempotency;
use elido::infra::cache::invalidation::Invalidations;
use elido::infra::geo::GeoDatabase;
use elido::infra::grpc::v1::link_resolver_client::LinkResolverClient;
use elido::infra::grpc::v1::{ClaimClickRequest, ResolveLinkRequest};
use elido::infra::passwords::Passwords;
use elido::infra::store::{self, Store};
use elido::infra::user_agent::UserAgents;
use elido::roles::{Roles, start};
use elido::runtime::sockets;
use elido::runtime::tasks::Tasks;
use elido::services::api_core::rest::IdempotencyRecords;
use elido::services::api_core::{
    ApiCore, BootstrapDraft, DomainSettings, LinkDraft, Principal, Settings, WorkspaceDraft, grpc,
};
use elido::services::edge_redirect::GrpcOrigin;
use elido::services::edge_redirect::origin::Origin;
use tonic::Code;
use tonic::transport::ClientTlsConfig;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use url::Url;

use crate::support::platform::Platform;
use crate::support::ports::free_address;

/// Long enough for anything that answers at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// An api process: its use cases, and their listener.
struct Api {
    core: ApiCore,
    address: SocketAddr,
    listening: Tasks,
    _folder: tempfile::TempDir,
}

impl Api {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = DatabaseConfig { url: "sqlite:elido.db".into(), connections_max: 4, connect_timeout_ms: 10_000 };
        store::migrate(&config, folder.path()).await.expect("migrations");
        let store = Store::connect(&config, folder.path()).await.expect("a store");
        let settings = Settings {
            events_kept_for: std::time::Duration::from_secs(24 * 60 * 60),
            events_archived_for: None,
            default_domain_url: "http://go.example.com".parse().expect("a URL"),
            public_url: "http://api.example.com".parse().expect("a URL"),
            default_domain_workspace: None,
            deletion_grace: std::time::Duration::from_secs(60),
            domains: DomainSettings::new(&elido::config::defaults().expect("the defaults are valid")),
            destinations: elido::domain::destination_policy::DestinationPolicy::default(),
            slug_words: elido::domain::slug_words::SlugWords::default().into(),
            link_history: elido::config::defaults().expect("the defaults are valid").links.history(),
            lifetimes: elido::config::defaults().expect("the defaults are valid").edge.cache.lifetimes(),
            geo: GeoDatabase::unknown(),
            user_agents: UserAgents::new(),
        };
        let core = ApiCore::new(store, Invalidations::in_process(), Passwords::new(), Tasks::new(), settings);
        core.ensure_default_domain().await.expect("a default domain");
        let socket = sockets::bind(free_address()).expect("a free port");
        let address = socket.local_addr().expect("its address");
        let listening = listen(socket, &core);
        Self { core, address, listening, _folder: folder }
    }

    /// Ends the listener and starts another at the same address.
    async fn restart(&mut self) {
        self.listening.stop(PATIENCE).await.expect("the listener ends");
        self.listening = listen(sockets::bind(self.address).expect("the same port"), &self.core);
    }

    fn origin(&self) -> GrpcOrigin {
        GrpcOrigin::new(&self.url(), PATIENCE, ClientTlsConfig::new()).expect("an origin")
    }

    fn url(&self) -> Url {
        format!("http://{}", self.address).parse().expect("a URL")
    }

    async fn link(&self, draft: serde_json::Value) -> LinkRecord {
        let account = BootstrapDraft { email: "ada@example.com".to_owned(), password: "correct horse battery".into() };
        let user_id = self.core.bootstrap(account).await.expect("an account").id;
        let workspace = WorkspaceDraft { name: "Marketing".to_owned(), slug: "marketing".to_owned() };
        let workspace = self.core.create_workspace(user_id, workspace).await.expect("a workspace");
        let person = Principal::Person {
            user_id,
            session_id: elido::domain::id::SessionId::new(),
            is_admin: true,
            token_hash: Vec::new(),
        };
        let access = self.core.authorize(&person, workspace.id, &CreateLink::PERMISSION).await.expect("access");
        let draft: LinkDraft = serde_json::from_value(draft).expect("a draft");
        let slug = draft.slug.clone().expect("a slug");
        self.core.create_link(&access, draft).await.expect("a link");
        let domain = self.core.resolve_domain("go.example.com").await.expect("the domain").value.expect("a domain");
        self.core.resolve_link(domain.id, &slug).await.expect("a response").value.expect("the link")
    }
}

fn listen(socket: StdListener, core: &ApiCore) -> Tasks {
    let (tasks, core) = (Tasks::new(), core.clone());
    let listener = tokio::net::TcpListener::from_std(socket).expect("a listener");
    let stopping = tasks.stopping();
    let server = grpc::server(None).expect("a server");
    let idempotency = Idempotency::new(Arc::new(IdempotencyRecords::new(core.clone())), tasks.clone());
    tasks.spawn("grpc", async move {
        grpc::serve(server, listener, (core, idempotency), grpc::Beside::default(), stopping).await.expect("it serves");
    });
    tasks
}

fn rules() -> Vec<Rule> {
    let rules = serde_json::json!([
        {"name": "weekend", "conditions": [
            {"type": "time_windows", "time_zone": "Europe/Berlin", "any_of": [{"days": ["saturday"], "from": "10:00"}]},
            {"type": "countries", "any_of": ["DE", "AT"], "negate": true}
        ], "outcome": {"type": "destination", "destination_url": "https://example.com/weekend"}},
        {"name": "test", "conditions": [{"type": "bots", "negate": true}], "outcome": {"type": "split", "variants": [
            {"name": "A", "weight": 1, "destination_url": "https://example.com/a"},
            {"name": "B", "weight": 3, "destination_url": "https://example.com/b"}
        ]}}
    ]);
    serde_json::from_value(rules).expect("rules")
}

#[tokio::test]
async fn an_edge_elsewhere_gets_the_same_answers() {
    let api = Api::start().await;
    let origin = api.origin();
    let domain = api.core.resolve_domain("anything.example.net").await.expect("the default domain");
    assert_eq!(origin.resolve_domain("anything.example.net").await, Ok(domain.clone()));
    assert_eq!(origin.list_hosts().await, Ok(api.core.list_hosts().await.expect("the hosts")));
    let domain = domain.value.expect("the default domain");

    let draft = serde_json::json!({
        "destination_url": "https://example.com/ü", "slug": "spring", "title": "Spring", "rules": rules(),
        "expires_at": "2027-01-01T00:00:00Z", "forward_query": "visitor_wins"
    });
    let link = api.link(draft).await;
    assert_eq!(link.rules, rules());
    let resolved = async |domain, slug| origin.resolve_link(domain, slug).await.expect("a response").value;
    assert_eq!(resolved(domain.id, "spring").await, Some(link));
    assert_eq!(resolved(domain.id, "autumn").await, None);
    assert_eq!(resolved(DomainId::new(), "spring").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_in_a_process_of_its_own_redirects_also_while_the_api_is_away() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    let link = serde_json::json!({"destination_url": "https://example.com/", "slug": "known", "rules": rules()});
    platform.create_link(&account, &link).await;

    let folder = tempfile::tempdir().expect("a folder");
    let mut config = platform.config.clone();
    config.data_folder = folder.path().to_path_buf();
    config.grpc.origin_url = platform.grpc().parse().expect("a URL");
    // The first link with rules about bots waits for the table of user agents, which takes long without optimisation.
    config.edge.cache.origin_timeout_ms = 30_000;
    let roles: Roles = "edge".parse().expect("a role");
    let edge = start(&Loaded { config, entries: Vec::new() }, roles).await.expect("the edge starts");
    let address = edge.addresses().edge.expect("the edge role");
    let visit = |slug: &str| platform.client.get(format!("http://{address}/{slug}")).header("host", "localhost").send();

    assert_eq!(visit("known").await.expect("a response").status(), 302);
    assert_eq!(visit("unknown").await.expect("a response").status(), 404);
    let (known, never_seen) = (visit("known"), visit("never-seen"));
    platform.stop().await;
    assert_eq!(known.await.expect("a response").status(), 302);
    assert_eq!(never_seen.await.expect("a response").status(), 503);
    assert!(edge.stop().await, "everything ended in time");
}

#[tokio::test]
async fn clicks_are_claimed_exactly() {
    let api = Api::start().await;
    let draft = serde_json::json!({"destination_url": "https://example.com/", "slug": "few", "max_clicks": 5});
    let link = api.link(draft).await.id;
    let (one, another) = (api.origin(), api.origin());
    let claims = (0..12).map(|number| if number % 2 == 0 { one.claim_click(link) } else { another.claim_click(link) });
    let claimed = futures_util::future::join_all(claims).await;
    assert_eq!(claimed.iter().filter(|claim| **claim == Ok(true)).count(), 5);
    assert_eq!(claimed.iter().filter(|claim| **claim == Ok(false)).count(), 7);
    assert_eq!(one.claim_click(LinkId::new()).await, Ok(false));
}

#[tokio::test]
async fn a_question_survives_a_restart_of_the_other_end() {
    let mut api = Api::start().await;
    let origin = api.origin();
    let domain = origin.resolve_domain("go.example.com").await.expect("a response");
    api.restart().await;
    assert_eq!(origin.resolve_domain("go.example.com").await, Ok(domain));
}

#[tokio::test]
async fn an_origin_is_found_that_comes_later() {
    let mut api = Api::start().await;
    let origin = api.origin();
    api.listening.stop(PATIENCE).await.expect("the listener ends");
    assert!(origin.resolve_domain("go.example.com").await.is_err());
    api.restart().await;
    assert!(origin.resolve_domain("go.example.com").await.is_ok());
}

#[tokio::test]
async fn an_origin_that_says_nothing_costs_the_deadline_and_no_more() {
    // The kernel takes the connection; nobody ever reads from it.
    let silent = StdListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", silent.local_addr().expect("its address")).parse().expect("a URL");
    let origin = GrpcOrigin::new(&url, Duration::from_millis(50), ClientTlsConfig::new()).expect("an origin");
    let responses = async {
        assert!(origin.resolve_domain("go.example.com").await.is_err());
        assert!(origin.resolve_link(DomainId::new(), "spring").await.is_err());
        assert!(origin.claim_click(LinkId::new()).await.is_err());
    };
    tokio::time::timeout(PATIENCE, responses).await.expect("an end");
}

#[tokio::test]
async fn errors_of_a_caller_are_its_own() {
    let api = Api::start().await;
    let mut client = LinkResolverClient::connect(api.url().to_string()).await.expect("a connection");
    let malformed = client.claim_click(ClaimClickRequest { link_id: "lnk_1".to_owned(), only_ask: false }).await;
    assert_eq!(malformed.expect_err("a refusal").code(), Code::InvalidArgument);
    let request = ResolveLinkRequest { domain_id: DomainId::new().to_string(), slug: "x".repeat(100_000) };
    assert_eq!(client.resolve_link(request).await.expect_err("a refusal").code(), Code::OutOfRange);
}

#[tokio::test]
async fn a_lost_database_is_a_failure_without_its_details() {
    let api = Api::start().await;
    api.core.store().close().await;
    let error = api.origin().resolve_domain("go.example.com").await.expect_err("a failure").to_string();
    assert!(error.contains("unavailable") || error.contains("internal_error"), "{error}");
    assert!(!error.to_lowercase().contains("sql"), "{error}");
}

#[tokio::test]
async fn the_listener_says_that_it_serves() {
    let api = Api::start().await;
    let channel = tonic::transport::Endpoint::from_shared(api.url().to_string()).expect("an endpoint");
    let mut health = HealthClient::new(channel.connect().await.expect("a connection"));
    for service in ["", "elido.v1.LinkResolver"] {
        let response = health.check(HealthCheckRequest { service: service.to_owned() }).await.expect("a response");
        assert_eq!(response.into_inner().status(), ServingStatus::Serving);
    }
}

#[tokio::test]
async fn a_dying_origin_is_not_asked_twice_as_often() {
    const QUESTIONS: u32 = 100;
    // Whoever connects is hung up on, as by a process that dies again and again.
    let dying = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", dying.local_addr().expect("its address")).parse().expect("a URL");
    let origin = GrpcOrigin::new(&url, PATIENCE, ClientTlsConfig::new()).expect("an origin");
    let mut connections = 0;
    let asking = async {
        for _ in 0..QUESTIONS {
            origin.resolve_domain("go.example.com").await.expect_err("a failure");
        }
    };
    tokio::pin!(asking);
    loop {
        tokio::select! {
            accepted = dying.accept() => {
                drop(accepted.expect("a connection"));
                connections += 1;
            }
            () = &mut asking => break,
        }
    }
    assert!((QUESTIONS..QUESTIONS * 5 / 4).contains(&connections), "{connections}");
}
