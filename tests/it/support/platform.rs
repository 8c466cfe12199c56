//! The platform as a test starts it: in this process, on free ports, with data of its own.

use std::net::SocketAddr;
use std::time::Duration;

use elido::config::{Config, Loaded};
use elido::roles::{Roles, Running, start};
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{cache, schema, settings};

/// Long enough for a busy machine; a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);
pub const EMAIL: &str = "owner@example.com";
pub const PASSWORD: &str = "correct horse battery staple";

/// Some roles of the platform, running.
pub struct Platform {
    running: Option<Running>,
    pub config: Config,
    pub client: Client,
    _folder: TempDir,
}

/// A signed-in person with a workspace.
pub struct Account {
    pub token: String,
    pub workspace: String,
}

impl Platform {
    /// Every role.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Every role, with other settings.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        // An error means that another test of this process has installed it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = settings::defaults();
        config.data_folder = folder.path().to_path_buf();
        config.database.url = schema::database_of_its_own(folder.path()).await;
        config.cache = cache::of_its_own();
        let anywhere: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        config.edge.listen = anywhere;
        config.api.listen = anywhere;
        config.internal.listen = anywhere;
        config.grpc.listen = anywhere;
        config.edge.workers = 2;
        config.edge.journal.segment_bytes = 256 * 1024;
        // Without optimisation the tables of user agents take seconds to load.
        config.edge.cache.origin_timeout_ms = 30_000;
        // After it a visitor is answered what was so before a change.
        config.edge.cache.refresh_timeout_ms = 3_000;
        // Many that write at once wait for one another, and three tests at once for the disk.
        config.database.connect_timeout_ms = 30_000;
        config.api.request_timeout_seconds = 120;
        change(&mut config);
        let client = Client::builder().redirect(redirect::Policy::none()).timeout(PATIENCE).build().expect("a client");
        let mut platform = Self { running: None, config, client, _folder: folder };
        platform.start_again().await;
        platform
    }

    /// Starts on the data that is there.
    pub async fn start_again(&mut self) {
        self.start_again_as(Roles::all()).await;
    }

    /// Starts some roles on the data that is there.
    pub async fn start_again_as(&mut self, roles: Roles) {
        let loaded = Loaded { config: self.config.clone(), entries: Vec::new() };
        self.running = Some(Box::pin(start(&loaded, roles)).await.expect("the platform starts"));
    }

    /// Drains and ends.
    pub async fn stop(&mut self) {
        let running = self.running.take().expect("it runs");
        assert!(running.stop().await, "everything ended in time");
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("it runs")
    }

    /// A URL of the redirect listener.
    pub fn edge(&self, path: &str) -> String {
        format!("http://{}{path}", self.running().addresses().edge.expect("the edge role"))
    }

    /// Where redirects are answered over TLS.
    pub fn edge_over_tls(&self) -> SocketAddr {
        self.running().addresses().edge_over_tls.expect("a listener for TLS")
    }

    /// A URL of the API.
    pub fn api(&self, path: &str) -> String {
        format!("http://{}{path}", self.running().addresses().api.expect("the api role"))
    }

    /// A URL of the internal listener.
    pub fn internal(&self, path: &str) -> String {
        format!("http://{}{path}", self.running().addresses().internal.expect("an internal listener"))
    }

    /// Where edges of other processes ask.
    pub fn grpc(&self) -> String {
        format!("http://{}", self.running().addresses().grpc.expect("the api role"))
    }

    /// Visits a path of the default domain, as somebody with nothing special about them.
    pub async fn visit(&self, path: &str) -> Response {
        self.client.get(self.edge(path)).header("host", "localhost").send().await.expect("a response")
    }

    /// A request for the first account, with the secret of the data folder if it is still there.
    pub fn bootstrap(&self) -> RequestBuilder {
        let secret = std::fs::read_to_string(self.config.data_folder.join("bootstrap-secret")).unwrap_or_default();
        self.client.post(self.internal("/internal/admin/bootstrap")).bearer_auth(secret.trim())
    }

    /// The first account, signed in, with a workspace.
    pub async fn account(&self) -> Account {
        let person = json!({ "email": EMAIL, "password": PASSWORD });
        let bootstrap = self.bootstrap().json(&person);
        assert_eq!(bootstrap.send().await.expect("a response").status(), StatusCode::CREATED);
        self.sign_in().await
    }

    /// The first account, signed in once more, with another workspace.
    pub async fn sign_in(&self) -> Account {
        let person = json!({ "email": EMAIL, "password": PASSWORD });
        let session = self.client.post(self.api("/v1/auth/sign-in")).json(&person);
        let session = body(session, StatusCode::OK).await;
        let token = session["token"].as_str().expect("a token").to_owned();
        let slug = format!("w{}", uuid::Uuid::new_v4().simple());
        let workspace = self.client.post(self.api("/v1/workspaces")).bearer_auth(&token);
        let workspace = body(workspace.json(&json!({ "name": "Test", "slug": slug })), StatusCode::CREATED).await;
        Account { token, workspace: workspace["id"].as_str().expect("an id").to_owned() }
    }

    /// A request of this account to a path below its workspace.
    pub fn of(&self, account: &Account, method: reqwest::Method, path: &str) -> RequestBuilder {
        let url = self.api(&format!("/v1/workspaces/{}{path}", account.workspace));
        self.client.request(method, url).bearer_auth(&account.token)
    }

    /// Creates a link and returns it.
    pub async fn create_link(&self, account: &Account, link: &Value) -> Value {
        body(self.of(account, reqwest::Method::POST, "/links").json(link), StatusCode::CREATED).await
    }

    /// Reads a path below the workspace.
    pub async fn read(&self, account: &Account, path: &str) -> Value {
        body(self.of(account, reqwest::Method::GET, path), StatusCode::OK).await
    }
}

/// Sends a request that must answer with this status, and returns its body.
pub async fn body(request: RequestBuilder, status: StatusCode) -> Value {
    let response = request.send().await.expect("a response");
    let answered = response.status();
    let text = response.text().await.expect("a body");
    assert_eq!(answered, status, "{text}");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// Waits until a condition holds; asks again in short steps.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "in time: {what}");
}
