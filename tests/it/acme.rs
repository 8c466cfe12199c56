//! Certificates that are ordered from a real authority, while visitors come and things break.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use elido::config::sections::AcmeChallengeKind;
use elido::config::{Config, Loaded};
use elido::infra::certificates::IssueCertificate;
use elido::infra::jobs::enqueue;
use elido::infra::store::{Store, domains};
use elido::roles::{Roles, Running, start};
use rustls::AlertDescription;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::authority::Authority;
use crate::support::cuttable_proxy::CuttableProxy;
use crate::support::database::is_embedded;
use crate::support::pebble::Pebble;
use crate::support::platform::{Account, PATIENCE, Platform, eventually};
use crate::support::statements::execute;
use crate::support::tls::{TlsClient, ask};

/// Domains that want a certificate at the same moment.
const DOMAINS: usize = 200;

/// A platform that orders the certificate of its default domain.
struct Certified {
    pebble: Pebble,
    platform: Platform,
    account: Account,
    host: String,
    address: IpAddr,
    client: TlsClient,
    folder: TempDir,
}

impl Certified {
    /// None without an authority.
    async fn start(change: impl FnOnce(&mut Config)) -> Option<Self> {
        Self::start_as(&format!("{}.example.test", uuid::Uuid::new_v4().simple()), change).await
    }

    async fn start_as(host: &str, change: impl FnOnce(&mut Config)) -> Option<Self> {
        let pebble = Pebble::find()?;
        let (address, folder) = (Pebble::address(), tempfile::tempdir().expect("a folder"));
        pebble.point(host, address).await;
        let starting = Platform::start_with(|config| {
            pebble.set(config, address);
            config.links.default_domain_url = format!("https://{host}").parse().expect("a URL");
            change(config);
        });
        let platform = Box::pin(starting).await;
        let account = platform.account().await;
        platform.create_link(&account, &json!({"destination_url": "https://example.com/", "slug": "known"})).await;
        let client = pebble.believer(folder.path()).await.forgetful();
        Some(Self { pebble, platform, account, host: host.to_owned(), address, client, folder })
    }

    fn over_tls(&self, address: IpAddr) -> SocketAddr {
        SocketAddr::new(address, self.pebble.value("tls_port").parse().expect("a port"))
    }

    /// Visits the link over a new connection, and returns the certificate that was shown.
    async fn visit(&self, address: IpAddr) -> io::Result<CertificateDer<'static>> {
        let mut stream = self.client.connect(self.over_tls(address), &self.host).await?;
        let request = format!("GET /known HTTP/1.1\r\nhost: {}\r\n\r\n", self.host);
        let answer = ask(&mut stream, &request).await;
        assert!(answer.starts_with("HTTP/1.1 302"), "{answer}");
        let shown = stream.get_ref().1.peer_certificates().expect("certificates");
        Ok(shown[0].clone().into_owned())
    }

    /// Visits until there is a certificate: other tests order many at the same authority, and no visitor waits for ever.
    async fn first_visit(&self, address: IpAddr) -> CertificateDer<'static> {
        let shown = RefCell::new(None);
        eventually("a certificate is shown", || async {
            let visit = self.visit(address).await;
            assert!(visit.is_ok() || is_unrecognized(&visit), "{visit:?}");
            shown.replace(visit.ok());
            shown.borrow().is_some()
        })
        .await;
        shown.into_inner().expect("a certificate")
    }

    async fn certificate(&self) -> Value {
        self.platform.read(&self.account, "/domains").await["data"][0]["certificate"].clone()
    }

    async fn becomes(&self, state: &str) -> Value {
        eventually(state, || async { self.certificate().await["state"] == state }).await;
        self.certificate().await
    }

    /// Has the certificate ordered once more, as when its time has come.
    async fn order_again(&self) {
        execute(&self.platform.config, "UPDATE domains SET certificate_renew_at = 1").await;
        let store = Store::connect(&self.platform.config.database, &self.platform.config.data_folder);
        let store = store.await.expect("a store");
        let domain = domains::find_default(store.reader()).await.expect("an answer").expect("a domain");
        let transaction = store.write().await.expect("a transaction");
        enqueue(&transaction, IssueCertificate::job(domain.id).expect("a job")).await.expect("it is enqueued");
        transaction.commit().await.expect("it is committed");
        store.close().await;
    }

    /// A process of the workers role alone.
    fn worker(&self, sealing_key: &str) -> Child {
        let config = &self.platform.config;
        let settings = [
            ("DATA_FOLDER", self.folder.path().join(uuid::Uuid::new_v4().to_string()).display().to_string()),
            ("DATABASE__URL", config.database.url.expose_secret().to_owned()),
            ("INTERNAL__LISTEN", "127.0.0.1:0".to_owned()),
            ("IDENTITY__SEALING_KEY", sealing_key.to_owned()),
            ("ACME__DIRECTORY_URL", config.acme.directory_url.clone()),
            ("ACME__CA_FILE", config.acme.ca_file.display().to_string()),
        ];
        Command::new(env!("CARGO_BIN_EXE_elido"))
            .args(["run", "--role", "workers"])
            .current_dir(self.folder.path())
            .envs(settings.map(|(name, value)| (format!("ELIDO_{name}"), value)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a worker")
    }

    /// Another edge of the same platform, in a process of its own as far as it knows.
    async fn edge(&self, address: IpAddr) -> Running {
        let mut config = self.platform.config.clone();
        self.pebble.set(&mut config, address);
        config.data_folder = self.folder.path().join(address.to_string());
        config.grpc.origin_url = self.platform.grpc().parse().expect("a URL");
        start(&Loaded { config, entries: Vec::new() }, roles("edge")).await.expect("the edge starts")
    }
}

fn roles(names: &str) -> Roles {
    names.parse().expect("roles")
}

fn is_unrecognized(result: &io::Result<CertificateDer<'static>>) -> bool {
    let Some(error) = result.as_ref().err().and_then(io::Error::get_ref) else { return false };
    let alert = rustls::Error::AlertReceived(AlertDescription::UnrecognisedName);
    error.downcast_ref::<rustls::Error>() == Some(&alert)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_visitors_wait_for_the_certificate_which_is_ordered_once() {
    let Some(mut certified) = Certified::start(|_| {}).await else { return };
    assert_eq!(certified.certificate().await, Value::Null);
    let visits = (0..10).map(|_| certified.first_visit(certified.address));
    let shown = futures_util::future::join_all(visits).await;
    assert!(shown.iter().all(|certificate| *certificate == shown[0]), "one order");
    let told = certified.becomes("issued").await;
    assert!(told["not_after"].is_string() && told["error"].is_null(), "{told}");
    let unknown = certified.client.connect(certified.over_tls(certified.address), "unknown.example.test").await;
    assert!(is_unrecognized(&unknown.map(|_| shown[0].clone())), "nobody's host");

    let file = certified.platform.config.data_folder.join("edge").join("certificates");
    eventually("the certificate is written down", || async { file.exists() }).await;
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).expect("the file").permissions());
    assert_eq!(mode & 0o777, 0o600);
    if is_embedded() {
        let database = fs::read(certified.platform.config.data_folder.join("elido.db")).expect("the database");
        let key = b"PRIVATE KEY";
        assert!(!database.windows(key.len()).any(|window| window == key), "keys are sealed");
    }
    certified.platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_edge_shows_the_same_certificate_and_both_go_on_without_the_rest() {
    let Some(mut certified) = Certified::start(|_| {}).await else { return };
    let first = certified.first_visit(certified.address).await;
    let address = Pebble::address();
    let second = certified.edge(address).await;
    assert_eq!(certified.first_visit(address).await, first);
    eventually("the second edge has written it down", || async {
        certified.folder.path().join(address.to_string()).join("edge/certificates").exists()
    })
    .await;

    let origin = certified.platform.grpc();
    certified.platform.stop().await;
    assert_eq!(certified.visit(address).await.expect("known without the origin"), first);
    assert!(second.stop().await);
    let mut config = certified.platform.config.clone();
    certified.pebble.set(&mut config, address);
    config.data_folder = certified.folder.path().join(address.to_string());
    config.grpc.origin_url = origin.parse().expect("a URL");
    let again = start(&Loaded { config, entries: Vec::new() }, roles("edge")).await.expect("the edge starts");
    assert_eq!(certified.visit(address).await.expect("known after a restart"), first);
    let unknown = certified.client.connect(certified.over_tls(address), "unknown.example.test").await;
    assert!(unknown.is_err(), "nobody's host");
    assert!(again.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_proves_a_host_to_an_authority_that_wants_an_account_of_its_own() {
    let Some(pebble) = Pebble::find() else { return };
    let (id, key) = (pebble.value("account_key_id").to_owned(), pebble.value("account_key").to_owned());
    let certified = Certified::start(|config| {
        config.acme.challenge = AcmeChallengeKind::TlsAlpn01;
        config.acme.external_account_id = id;
        config.acme.external_account_key = key.into();
    });
    let Some(mut certified) = certified.await else { return };
    certified.first_visit(certified.address).await;
    certified.platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_handshake_fails_while_a_certificate_is_renewed() {
    let Some(mut certified) = Certified::start(|_| {}).await else { return };
    let first = certified.first_visit(certified.address).await;
    certified.becomes("issued").await;
    let is_over = AtomicBool::new(false);
    let visits = AtomicUsize::new(0);
    let load = async {
        while !is_over.load(Ordering::Relaxed) {
            certified.visit(certified.address).await.expect("no handshake fails");
            visits.fetch_add(1, Ordering::Relaxed);
        }
    };
    let renewal = async {
        certified.order_again().await;
        let is_new = || async { certified.visit(certified.address).await.expect("no handshake fails") != first };
        eventually("the new certificate is shown", is_new).await;
        is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(load, renewal);
    assert!(visits.load(Ordering::Relaxed) > 0);
    certified.platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_refuses_is_not_asked_again_at_once() {
    let Some(mut certified) = Certified::start_as("blocked.example", |_| {}).await else { return };
    let refused = certified.visit(certified.address).await;
    assert!(is_unrecognized(&refused), "{refused:?}");
    let told = certified.becomes("failing").await;
    assert!(told["error"].as_str().expect("a reason").contains("refuses"), "{told}");
    for _ in 0..5 {
        assert!(certified.visit(certified.address).await.is_err());
    }
    let failures = "UPDATE domains SET certificate_failures = certificate_failures WHERE certificate_failures = 1";
    assert_eq!(execute(&certified.platform.config, failures).await, 1, "one order was made");
    certified.platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_the_authority_cannot_reach_is_told_of() {
    let Some(pebble) = Pebble::find() else { return };
    let Some(mut certified) = Certified::start(|_| {}).await else { return };
    pebble.point(&certified.host, Pebble::address()).await;
    assert!(certified.visit(certified.address).await.is_err());
    let told = certified.becomes("failing").await;
    assert!(told["error"].as_str().expect("a reason").contains("refuses"), "{told}");
    certified.platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_go_on_when_an_authority_is_back() {
    let Some(pebble) = Pebble::find() else { return };
    let proxy = CuttableProxy::start(&pebble.value("directory").to_owned().into()).await;
    let directory = proxy.url();
    let Some(mut certified) = Certified::start(|config| config.acme.directory_url = directory).await else { return };
    proxy.cut();
    assert!(is_unrecognized(&certified.visit(certified.address).await));
    let told = certified.becomes("failing").await;
    assert!(told["error"].as_str().expect("a reason").contains("not available"), "{told}");
    proxy.mend();
    certified.becomes("issued").await;
    certified.first_visit(certified.address).await;
    certified.platform.stop().await;
}

/// A server that asks everybody to come back in an hour, and counts who came.
async fn busy_authority(
    folder: &std::path::Path,
    thinks_for: Duration,
) -> (SocketAddr, std::path::PathBuf, Arc<AtomicUsize>) {
    let authority = Authority::new(folder, "busy");
    let signed = authority.sign("127.0.0.1");
    let chain = CertificateDer::pem_file_iter(&signed.certificate).expect("a file").collect::<Result<_, _>>();
    let key = PrivateKeyDer::from_pem_file(&signed.key).expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain.expect("a certificate"), key)
        .expect("a pair");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let visits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&visits);
    #[allow(clippy::disallowed_methods, reason = "the server is no part of the platform")]
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            drop(stream.read(&mut request).await);
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(thinks_for).await;
            let answer = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 3600\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            drop(stream.write_all(answer).await);
            drop(stream.shutdown().await);
        }
    });
    (address, authority.file(), visits)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_has_too_much_to_do_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (address, ca_file, visits) = busy_authority(folder.path(), Duration::ZERO).await;
    let certified = Certified::start(|config| {
        config.acme.directory_url = format!("https://{address}/dir");
        config.acme.ca_file = ca_file;
    });
    let Some(mut certified) = certified.await else { return };
    assert!(is_unrecognized(&certified.visit(certified.address).await));
    let told = certified.becomes("failing").await;
    assert!(told["error"].as_str().expect("a reason").contains("left alone for 3600 s"), "{told}");
    // Whoever asks for the order all the same: the pause is the account's, and none of them makes it longer.
    let config = &certified.platform.config;
    assert_eq!(execute(config, "UPDATE acme_accounts SET created_at = paused_until").await, 1);
    for _ in 0..3 {
        execute(config, "UPDATE domains SET certificate_error = NULL, certificate_next_order_at = NULL").await;
        let as_if_its_time_had_come = "UPDATE jobs SET run_at = 1 WHERE kind = 'issue_certificate' AND state = 'ready'";
        eventually("the job waits", || async { execute(config, as_if_its_time_had_come).await == 1 }).await;
        eventually("the order is put off", || async { certified.certificate().await["error"] != Value::Null }).await;
    }
    let as_before = "UPDATE acme_accounts SET created_at = paused_until WHERE created_at = paused_until";
    assert_eq!(execute(config, as_before).await, 1, "the pause ends when it was to end");
    assert_eq!(visits.load(Ordering::SeqCst), 1, "it was asked once");
    certified.platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_certificate_is_not_taken_for_a_client_that_is_silent() {
    let folder = tempfile::tempdir().expect("a folder");
    let (address, ca_file, visits) = busy_authority(folder.path(), Duration::from_secs(4)).await;
    let certified = Certified::start(|config| {
        config.acme.directory_url = format!("https://{address}/dir");
        config.acme.ca_file = ca_file;
        config.edge.header_timeout_seconds = 1;
    });
    let Some(mut certified) = certified.await else { return };
    assert!(is_unrecognized(&certified.visit(certified.address).await), "it is told what became of the order");
    assert_eq!(visits.load(Ordering::SeqCst), 1);
    certified.platform.stop().await;
}

/// Host names of domains that nobody had before.
async fn add_domains(config: &Config, count: usize) -> Vec<String> {
    let run = uuid::Uuid::new_v4().simple().to_string();
    let hosts: Vec<String> = (0..count).map(|number| format!("d{number}-{}.example.test", &run[..8])).collect();
    let id = if is_embedded() { "randomblob(16)" } else { "gen_random_uuid()" };
    for host in &hosts {
        let sql = format!(
            "INSERT INTO domains (id, workspace_id, hostname, is_default, case_sensitive, enabled, version, created_at, updated_at)
            SELECT {id}, (SELECT id FROM workspaces LIMIT 1), '{host}', NOT is_default, case_sensitive, enabled, 1, created_at, updated_at
            FROM domains WHERE is_default"
        );
        assert_eq!(execute(config, &sql).await, 1);
    }
    hosts
}

#[tokio::test(flavor = "multi_thread")]
async fn many_domains_at_once_get_a_certificate_each() {
    let Some(mut certified) = Certified::start(|_| {}).await else { return };
    certified.platform.stop().await;
    let hosts = add_domains(&certified.platform.config, DOMAINS).await;
    for host in &hosts {
        certified.pebble.point(host, certified.address).await;
    }
    certified.platform.start_again().await;
    let (client, address) = (&certified.client, certified.over_tls(certified.address));
    let visits = hosts.iter().map(|host| async move {
        while client.connect(address, host).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    tokio::time::timeout(15 * PATIENCE, futures_util::future::join_all(visits)).await.expect("a certificate each");
    certified.platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_worker_is_killed_is_taken_up_by_another() {
    if is_embedded() {
        println!("SKIPPED: this is about a database that several processes share");
        return;
    }
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let Some(mut certified) = Certified::start(|config| config.identity.sealing_key = key.into()).await else { return };
    certified.platform.stop().await;
    certified.platform.start_again_as(roles("edge,api")).await;
    let silent = Pebble::address();
    let port = certified.pebble.value("http_port").parse().expect("a port");
    let listener = TcpListener::bind(SocketAddr::new(silent, port)).await.expect("a free port");
    certified.pebble.point(&certified.host, silent).await;
    assert!(
        certified.client.connect(certified.over_tls(certified.address), &certified.host).await.is_err(),
        "nobody orders"
    );

    let mut first = certified.worker(key);
    let looked = tokio::time::timeout(3 * PATIENCE, listener.accept()).await.expect("the authority looks");
    first.kill().expect("it is killed");
    first.wait().expect("its end");
    drop(looked);
    certified.pebble.point(&certified.host, certified.address).await;
    let mut second = certified.worker(key);
    let issued = async {
        while certified.certificate().await["state"] != "issued" {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(5 * PATIENCE, issued).await.expect("the second worker has it issued");
    certified.first_visit(certified.address).await;
    second.kill().expect("it is killed");
    second.wait().expect("its end");
    certified.platform.stop().await;
}
