//! A server that can be killed.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use reqwest::{Client, redirect};
use serde_json::{Value, json};

/// Long enough for a busy machine; a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The executable, running every role on a folder.
pub struct Server {
    child: Child,
    /// Its data folder.
    pub data: PathBuf,
    /// Where it redirects.
    pub redirects: String,
    /// Where its API is.
    pub api: String,
    /// Where its internal listener is.
    pub internal: String,
}

impl Server {
    /// Starts it, with these variables besides the usual ones.
    pub fn start(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let mut child = launch(folder, variables);
        let lines = BufReader::new(child.stderr.take().expect("standard error")).lines().map_while(Result::ok);
        let mut lines = lines.inspect(|line| eprintln!("{line}"));
        let mut address_of = |what: &str| {
            let line = lines.by_ref().find(|line| line.trim_start().starts_with(what)).expect("the welcome");
            let url = line.split_whitespace().last().expect("a URL").to_owned();
            url.rsplit_once('/').expect("a path").0.to_owned()
        };
        let (redirects, api, internal) = (address_of("redirects"), address_of("API"), address_of("internal"));
        // Somebody has to read what the process says, or it would stop to wait.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, data: folder.join("data"), redirects, api, internal }
    }

    /// SIGTERM: drain, ship everything, end well.
    pub fn terminate(mut self) {
        ask_to_stop(&self.child);
        assert!(self.child.wait().expect("an end").success());
    }

    /// From now on no file can be written, or all can again.
    pub fn allow_writing(&self, allowed: bool) {
        let limit = if allowed { "--fsize=unlimited" } else { "--fsize=0:unlimited" };
        let pid = self.child.id().to_string();
        assert!(Command::new("prlimit").args(["--pid", &pid, limit]).status().expect("a limit").success());
    }

    /// SIGKILL: no handler, no drain.
    pub fn kill(mut self) {
        self.child.kill().expect("a signal");
        self.child.wait().expect("an end");
    }
}

/// Asks a process to stop as soon as it says anything, and tells how it ended.
pub fn stop_while_it_starts(folder: &Path) -> ExitStatus {
    let mut child = launch(folder, &[]);
    let mut lines = BufReader::new(child.stderr.take().expect("standard error")).lines();
    lines.next().expect("a line").expect("text");
    ask_to_stop(&child);
    lines.map_while(Result::ok).for_each(drop);
    child.wait().expect("an end")
}

fn ask_to_stop(child: &Child) {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("a signal").success());
}

fn launch(folder: &Path, variables: &[(&str, &str)]) -> Child {
    // A write beyond the limit of file sizes shall be an error and not the end of the process.
    Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" run --role all", env!("CARGO_BIN_EXE_elido")])
        .current_dir(folder)
        .env("ELIDO_DATA_FOLDER", folder.join("data"))
        .env("ELIDO_EDGE__LISTEN", "127.0.0.1:0")
        .env("ELIDO_API__LISTEN", "127.0.0.1:0")
        .env("ELIDO_INTERNAL__LISTEN", "127.0.0.1:0")
        .env("ELIDO_GRPC__LISTEN", "127.0.0.1:0")
        .env("ELIDO_EDGE__WORKERS", "2")
        // A process that has only just started, without optimisation, takes its time.
        .env("ELIDO_EDGE__CACHE__ORIGIN_TIMEOUT_MS", "30000")
        .env("ELIDO_DATABASE__CONNECT_TIMEOUT_MS", "30000")
        .env("ELIDO_EDGE__JOURNAL__SEGMENT_BYTES", "1048576")
        .envs(variables.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the executable starts")
}

/// A test that fails leaves no process behind.
impl Drop for Server {
    fn drop(&mut self) {
        // An error means that it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A client that follows no redirect.
pub fn client() -> Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder().redirect(redirect::Policy::none()).timeout(PATIENCE).build().expect("a client")
}

/// Posts, and returns what a success answers.
pub async fn post(client: &Client, url: String, token: Option<&str>, body: Value) -> Value {
    let request = client.post(url).json(&body);
    let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
    let response = request.send().await.expect("a response");
    assert!(response.status().is_success(), "{}", response.status());
    response.json().await.expect("JSON")
}

/// The first account, signed in, with a workspace: its token and the workspace's id.
pub async fn account(client: &Client, server: &Server) -> (String, String) {
    let person = json!({ "email": "owner@example.com", "password": "correct horse battery staple" });
    let secret = std::fs::read_to_string(server.data.join("bootstrap-secret")).expect("a secret");
    let url = format!("{}/internal/admin/bootstrap", server.internal);
    post(client, url, Some(secret.trim()), person.clone()).await;
    let session = post(client, format!("{}/v1/auth/sign-in", server.api), None, person).await;
    let token = session["token"].as_str().expect("a token").to_owned();
    let workspace = json!({ "name": "Crash", "slug": "crash" });
    let workspace = post(client, format!("{}/v1/workspaces", server.api), Some(&token), workspace).await;
    let workspace = workspace["id"].as_str().expect("an id").to_owned();
    (token, workspace)
}
