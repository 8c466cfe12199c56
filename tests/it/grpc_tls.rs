//! Certificates between the edge and the api role.

use std::path::{Path, PathBuf};
use std::time::Duration;

use elido::config::Loaded;
use elido::config::sections::GrpcConfig;
use elido::infra::grpc::tls;
use elido::roles::{Roles, start};
use elido::services::edge_redirect::GrpcOrigin;
use elido::services::edge_redirect::origin::Origin;
use serde_json::json;

use crate::support::authority::Authority;
use crate::support::platform::Platform;

const PATIENCE: Duration = Duration::from_secs(30);

/// A platform whose listener asks for certificates of an authority, and the settings of an edge that has one.
async fn platform(folder: &Path) -> (Platform, GrpcConfig) {
    let authority = Authority::new(folder, "ours");
    let (listener, edge) = (authority.sign("127.0.0.1"), authority.sign("edge"));
    let platform = Platform::start_with(|config| {
        config.grpc.tls_certificate_file = listener.certificate;
        config.grpc.tls_key_file = listener.key;
        config.grpc.tls_client_ca_file = authority.file();
    })
    .await;
    let mut settings = platform.config.grpc.clone();
    settings.origin_url = platform.grpc().replace("http://", "https://").parse().expect("a URL");
    settings.origin_ca_file = authority.file();
    settings.origin_certificate_file = edge.certificate;
    settings.origin_key_file = edge.key;
    (platform, settings)
}

async fn is_let_in(settings: &GrpcConfig) -> bool {
    let tls = tls::client(settings).expect("readable files");
    let origin = GrpcOrigin::new(&settings.origin_url, PATIENCE, tls).expect("an origin");
    origin.resolve_domain("localhost").await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_clients_of_the_authority_are_let_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_platform, settings) = platform(folder.path()).await;
    assert!(is_let_in(&settings).await);

    let none = PathBuf::new();
    let nobody =
        GrpcConfig { origin_certificate_file: none.clone(), origin_key_file: none.clone(), ..settings.clone() };
    assert!(!is_let_in(&nobody).await, "a client without a certificate");

    let strangers = Authority::new(folder.path(), "strangers");
    let stranger = strangers.sign("edge");
    let certificates =
        GrpcConfig { origin_certificate_file: stranger.certificate, origin_key_file: stranger.key, ..settings.clone() };
    assert!(!is_let_in(&certificates).await, "a client of another authority");

    let mut plain = settings.clone();
    plain.origin_url.set_scheme("http").expect("a scheme");
    assert!(!is_let_in(&plain).await, "a client without TLS");

    let distrustful = GrpcConfig { origin_ca_file: strangers.file(), ..settings.clone() };
    assert!(!is_let_in(&distrustful).await, "a listener of another authority");
    let publicly = GrpcConfig { origin_ca_file: none, ..settings };
    assert!(!is_let_in(&publicly).await, "an authority that no browser knows");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_redirects_over_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let (platform, settings) = platform(folder.path()).await;
    let account = platform.account().await;
    platform.create_link(&account, &json!({"destination_url": "https://example.com/", "slug": "known"})).await;

    let mut config = platform.config.clone();
    config.data_folder = folder.path().join("edge");
    config.grpc = settings;
    let roles: Roles = "edge".parse().expect("a role");
    let edge = start(&Loaded { config, entries: Vec::new() }, roles).await.expect("the edge starts");
    let url = format!("http://{}/known", edge.addresses().edge.expect("the edge role"));
    let response = platform.client.get(url).header("host", "localhost").send().await.expect("a response");
    assert_eq!(response.status(), 302);
    assert!(edge.stop().await, "everything ended in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_another_certificate_keeps_the_process_from_starting() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new(folder.path(), "ours");
    let (one, other) = (authority.sign("127.0.0.1"), authority.sign("edge"));
    let platform = Platform::start().await;
    let mut config = platform.config.clone();
    config.data_folder = folder.path().join("second");
    config.grpc.tls_certificate_file = one.certificate;
    config.grpc.tls_key_file = other.key;
    let roles: Roles = "api".parse().expect("a role");
    let error = start(&Loaded { config, entries: Vec::new() }, roles).await.err().expect("a refusal").to_string();
    assert!(error.to_lowercase().contains("key"), "{error}");
}
