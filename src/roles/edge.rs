//! The edge role: edge-redirect.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;

use super::edge_certificates::certificates;
use super::platform::Platform;
use super::readiness::{Condition, Readiness};
use super::start_error::StartError;
use super::tls_ask;
use crate::config::{ConfigError, Loaded};
use crate::infra::grpc::tls;
use crate::runtime::tasks::Tasks;
use crate::services::edge_redirect::origin::Origin;
use crate::services::edge_redirect::{Edge, EdgeParts, EdgeServer, EdgeSockets, GrpcOrigin, HostsFile, SnapshotFile};

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
        snapshot: SnapshotFile::of(&config.data_folder),
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
    let (asked, for_space) = (Arc::clone(&edge), Arc::clone(&edge));
    readiness.add("click_journal_space", move || std::future::ready(degraded_if(for_space.is_journal_full())));
    readiness.add("click_journal", move || std::future::ready(degraded_if(edge.is_journal_sick())));
    Ok(tls_ask::router(asked))
}

fn degraded_if(failing: bool) -> Condition {
    if failing { Condition::Degraded } else { Condition::Up }
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
