//! The edge role: edge-redirect.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;

use super::platform::Platform;
use super::readiness::{Condition, Readiness};
use super::start_error::StartError;
use super::tls_ask;
use crate::config::{Config, ConfigError, Loaded};
use crate::infra::certificates::{CertificateFiles, Handshakes};
use crate::infra::grpc::tls;
use crate::runtime::tasks::Tasks;
use crate::services::edge_redirect::origin::Origin;
use crate::services::edge_redirect::{
    Edge, EdgeCertificates, EdgeParts, EdgeServer, EdgeSockets, GrpcOrigin, HostsFile, KeptCertificates, SnapshotFile,
};

/// Starts edge-redirect on these sockets. `fetches` runs its questions to the origin, which outlive a visitor's patience. Without the
/// api role beside it, the origin is another process. Returns what the edge answers on the internal listener.
pub(super) async fn start(
    platform: &Platform,
    origin: Option<Arc<dyn Origin>>,
    sockets: EdgeSockets,
    readiness: &mut Readiness,
    (tasks, fetches): (&Tasks, &Tasks),
) -> Result<Router, StartError> {
    let config = platform.config();
    let shared = platform.shared_links().await?;
    let parts = EdgeParts {
        origin: origin.map_or_else(|| remote_origin(platform.loaded()), Ok)?,
        shared: shared.clone(),
        geo: platform.geo().await?,
        agents: platform.user_agents().await,
        passwords: platform.passwords().await,
        unknown_host: config.links.unknown_host,
        certificates: certificates(platform.loaded())?,
        tasks: fetches.clone(),
    };
    let edge = Arc::new(Edge::new(&config.edge, parts));
    let server = EdgeServer {
        edge: Arc::clone(&edge),
        invalidations: platform.invalidations().await?.subscribe(),
        journal_folder: config.journal_folder(),
        snapshot: snapshot_file(config),
        hosts: HostsFile(config.data_folder.join("edge").join("hosts.snapshot")),
        drain: Duration::from_secs(config.shutdown.drain_seconds),
    };
    server.start(&config.edge, sockets, tasks)?;
    // Known links are served without the origin, so an edge without it is degraded and still ready.
    let for_origin = Arc::clone(&edge);
    if let Some(shared) = shared {
        readiness.add("redis", move || {
            let redis = shared.redis().clone();
            async move { degraded_if(redis.is_unavailable().await) }
        });
    }
    readiness.add("origin", move || std::future::ready(degraded_if(for_origin.is_origin_unavailable())));
    let asked = Arc::clone(&edge);
    readiness.add("click_journal", move || std::future::ready(degraded_if(edge.is_journal_sick())));
    Ok(tls_ask::router(asked))
}

fn degraded_if(failing: bool) -> Condition {
    if failing { Condition::Degraded } else { Condition::Up }
}

/// Where the links are that an edge knew.
pub(super) fn snapshot_file(config: &Config) -> SnapshotFile {
    SnapshotFile(config.data_folder.join("edge").join("links.snapshot"))
}

/// What is shown over TLS, and answered to authorities.
fn certificates(loaded: &Loaded) -> Result<EdgeCertificates, StartError> {
    let config = &loaded.config;
    let handshakes = Handshakes::new().map_err(io::Error::other)?;
    let file = || KeptCertificates(config.data_folder.join("edge").join("certificates"));
    let files = certificate_files(&handshakes, loaded)?;
    Ok(EdgeCertificates::new(handshakes, files, config.acme.is_on().then(file)))
}

/// The operator's own certificate, if there is one.
fn certificate_files(handshakes: &Handshakes, loaded: &Loaded) -> Result<Option<CertificateFiles>, StartError> {
    let config = &loaded.config.edge.tls;
    if config.listen.is_none() || config.certificate_file.as_os_str().is_empty() {
        return Ok(None);
    }
    let files = CertificateFiles::open(handshakes, &config.certificate_file, &config.key_file);
    Ok(Some(files.map_err(|error| {
        let key = "edge.tls.certificate_file";
        ConfigError::new(key, loaded.source_of(key), error.to_string(), "Name a certificate and its own key")
    })?))
}

fn remote_origin(loaded: &Loaded) -> Result<Arc<dyn Origin>, StartError> {
    let config = &loaded.config;
    let deadline = Duration::from_millis(config.edge.cache.origin_timeout_ms);
    let certificates = tls::client(&config.grpc)?;
    let origin = GrpcOrigin::new(&config.grpc.origin_url, deadline, certificates).map_err(|error| {
        let key = "grpc.origin_url";
        ConfigError::new(
            key,
            loaded.source_of(key),
            tls::with_reason(error).to_string(),
            "Name an address such as http://127.0.0.1:50051",
        )
    })?;
    Ok(Arc::new(origin))
}
