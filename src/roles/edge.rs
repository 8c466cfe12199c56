//! The edge role: edge-redirect.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use super::platform::Platform;
use super::readiness::{Condition, Readiness};
use super::running::StartError;
use crate::config::Config;
use crate::runtime::tasks::Tasks;
use crate::services::edge_redirect::origin::Origin;
use crate::services::edge_redirect::{Edge, EdgeParts, EdgeServer, SnapshotFile};

/// Starts edge-redirect on these sockets. `fetches` runs its questions to the origin, which outlive a visitor's patience.
pub(super) fn start(
    config: &Config,
    platform: &Platform,
    origin: Arc<dyn Origin>,
    sockets: Vec<TcpListener>,
    readiness: &mut Readiness,
    (tasks, fetches): (&Tasks, &Tasks),
) -> Result<(), StartError> {
    let parts = EdgeParts {
        origin,
        shared: platform.shared_links.clone(),
        geo: platform.geo.clone(),
        agents: platform.agents.clone(),
        passwords: platform.passwords.clone(),
        tasks: fetches.clone(),
    };
    let edge = Arc::new(Edge::new(&config.edge, parts));
    let server = EdgeServer {
        edge: Arc::clone(&edge),
        invalidations: platform.invalidations.subscribe(),
        journal_folder: config.journal_folder(),
        snapshot: snapshot_file(config),
        drain: Duration::from_secs(config.shutdown.drain_seconds),
    };
    server.start(&config.edge, sockets, tasks)?;
    // Known links are served without the origin, so an edge without it is degraded and still ready.
    let for_origin = Arc::clone(&edge);
    if let Some(shared) = platform.shared_links.clone() {
        readiness.add("redis", move || {
            let redis = shared.redis().clone();
            async move { degraded_if(redis.is_away().await) }
        });
    }
    readiness.add("origin", move || std::future::ready(degraded_if(for_origin.is_origin_away())));
    readiness.add("click_journal", move || std::future::ready(degraded_if(edge.is_journal_sick())));
    Ok(())
}

fn degraded_if(ailing: bool) -> Condition {
    if ailing { Condition::Degraded } else { Condition::Up }
}

/// Where the links are that an edge knew.
pub(super) fn snapshot_file(config: &Config) -> SnapshotFile {
    SnapshotFile(config.data_folder.join("edge").join("links.snapshot"))
}
