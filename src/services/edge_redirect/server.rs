//! The accept loops: one thread and one single-threaded runtime a core, each
//! with its own listening socket and its own journal.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::certificates;
use super::change_log_follower;
use super::channel::{Channel, Protection};
use super::connection::{Connection, Protocols};
use super::handler::Edge;
use super::hosts_file::HostsFile;
use super::metrics::{BreakerMetrics, CacheMetrics, JournalMetrics};
use super::snapshot::SnapshotFile;
use crate::config::sections::{EdgeConfig, JournalConfig};
use crate::infra::cache::invalidation::Subscription;
use crate::infra::journal::{
    DiskFileSystem, FileSystem, Flushed, GroupCommit, JournalLimits, JournalState, Maintenance, UpkeepError, Writer,
};
use crate::runtime::clock;
use crate::runtime::connections::{ConnectionLimits, Connections};
use crate::runtime::scheduling;
use crate::runtime::tasks::Tasks;
use crate::telemetry::listener_metrics::EvictionMetrics;
use crate::telemetry::metric::gauge_value;

/// How long a worker waits before it accepts again after an error, such as running out of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);
/// When a worker ends: how often it tries to write what its journal still holds, and the pause between tries.
const LAST_FLUSHES: u32 = 10;
const FLUSH_PAUSE: Duration = Duration::from_millis(110);
/// How often the cache gauges are updated.
const GAUGE_INTERVAL: Duration = Duration::from_secs(1);

/// What an edge server needs.
pub struct EdgeServer {
    /// The request handler.
    pub edge: Arc<Edge>,
    /// Invalidation messages.
    pub invalidations: Subscription,
    /// The folder of the journals.
    pub journal_folder: PathBuf,
    /// The snapshot of hot links.
    pub snapshot: SnapshotFile,
    /// The list of host names.
    pub hosts: HostsFile,
    /// How long open connections get to finish when the edge stops.
    pub drain: Duration,
}

/// The sockets of an edge, one a worker of each kind.
#[derive(Default)]
pub struct EdgeSockets {
    /// Where requests come as they are.
    pub clear: Vec<StdListener>,
    /// Where they come over TLS; none where the edge speaks none.
    pub secured: Vec<StdListener>,
}

/// What one worker needs.
struct Worker {
    edge: Arc<Edge>,
    clear: StdListener,
    secured: Option<StdListener>,
    journal: Writer<DiskFileSystem>,
    limits: ConnectionLimits,
    proxy_protocol: bool,
    demands_tls: bool,
    drain: Duration,
    stopping: CancellationToken,
}

impl EdgeServer {
    /// Starts a worker for each socket, and the background tasks of the edge. Workers run until `tasks` are stopped.
    ///
    /// # Errors
    /// A thread or its runtime cannot be created.
    pub fn start(self, config: &EdgeConfig, sockets: EdgeSockets, tasks: &Tasks) -> io::Result<()> {
        self.snapshot.restore(&self.edge);
        self.hosts.restore(&self.edge);
        let mut secured = sockets.secured.into_iter();
        for clear in sockets.clear {
            let journal = Writer::new(DiskFileSystem, &self.journal_folder, limits(&config.journal));
            let interval = Duration::from_millis(config.journal.sync_interval_ms);
            keep_journal(Arc::clone(&self.edge), journal.maintenance(), interval, tasks);
            let worker = Worker {
                edge: Arc::clone(&self.edge),
                clear,
                secured: secured.next(),
                journal,
                limits: connection_limits(config),
                proxy_protocol: config.proxy_protocol,
                demands_tls: config.tls.redirect_http,
                drain: self.drain,
                stopping: tasks.stopping(),
            };
            start_worker(worker, tasks)?;
        }
        keep_snapshot(
            Arc::clone(&self.edge),
            self.snapshot,
            Duration::from_secs(config.cache.snapshot_interval_seconds),
            tasks,
        );
        self.hosts.keep(Arc::clone(&self.edge), tasks);
        keep_gauges(Arc::clone(&self.edge), tasks);
        certificates::keep(&self.edge, tasks);
        change_log_follower::listen(&self.edge, self.invalidations, tasks);
        Ok(())
    }
}

fn limits(config: &JournalConfig) -> JournalLimits {
    JournalLimits { segment_bytes: config.segment_bytes, bytes_max: config.bytes_max }
}

fn connection_limits(config: &EdgeConfig) -> ConnectionLimits {
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    // Behind a proxy all connections have its address.
    let is_direct = config.trusted_proxy_hops == 0 && !config.proxy_protocol;
    ConnectionLimits {
        connections_max: count(config.connections_max),
        per_address_max: if is_direct { count(config.connections_per_address_max) } else { 0 },
        silence_max: Duration::from_secs(config.header_timeout_seconds),
    }
}

/// Runs a worker on its own thread, and a task that ends when the thread does.
fn start_worker(worker: Worker, tasks: &Tasks) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (ended, end) = oneshot::channel::<()>();
    std::thread::Builder::new().name("edge-worker".into()).spawn(move || {
        if let Err(error) = scheduling::take_turns() {
            tracing::debug!(%error, "this system lets no thread say how it is scheduled: workers interrupt others more often");
        }
        runtime.block_on(worker.run());
        drop(ended);
    })?;
    tasks.spawn("edge-worker", async move { drop(end.await) });
    Ok(())
}

impl Worker {
    async fn run(self) {
        let Ok(clear) = TcpListener::from_std(self.clear) else { return };
        let Ok(secured) = self.secured.map(TcpListener::from_std).transpose() else { return };
        let journal = Arc::new(GroupCommit::new(self.journal));
        let evictions = EvictionMetrics::of("edge");
        let places = Connections::new(self.limits, move |reason| evictions.count(reason));
        let (upkeep, connections) = (Tasks::new(), Tasks::new());
        let (flushing, report) = (Arc::clone(&journal), report_flush(Arc::clone(&self.edge)));
        upkeep.spawn("journal-flusher", async move { flushing.run(report).await });
        let watching = Arc::clone(&places);
        upkeep.spawn("connection-watch", async move { watching.watch().await });
        let protocols = Protocols::new(connections.clone());
        loop {
            let (accepted, is_over_tls) = tokio::select! {
                accepted = clear.accept() => (accepted, false),
                accepted = accept(secured.as_ref()) => (accepted, true),
                () = self.stopping.cancelled() => break,
                // Without its upkeep a worker would answer nobody; its end is seen by the process, which stops.
                _ = upkeep.failed() => return,
            };
            let Ok((stream, peer)) = accepted else {
                tokio::time::sleep(ACCEPT_RETRY).await;
                continue;
            };
            let Some(admitted) = self.stopping.run_until_cancelled(places.admit(peer.ip())).await else { break };
            let Some(open) = admitted else { continue };
            let (edge, journal) = (Arc::clone(&self.edge), Arc::clone(&journal));
            let protection = if self.demands_tls { Protection::Demanded } else { Protection::None };
            let channel = Channel { peer: peer.ip(), protection };
            let connection = Connection { edge, journal, channel, proxy_protocol: self.proxy_protocol, open };
            let protocols = protocols.clone();
            connections.spawn_finite("connection", async move {
                connection.serve(stream, &protocols, is_over_tls).await;
            });
        }
        drop((clear, secured));
        places.stop();
        // Connections that are still open after the drain are cut; their clicks were written before any answer.
        drop(connections.stop(self.drain).await);
        finish(self.edge, &journal).await;
    }
}

/// The next connection of a socket; never one where there is no socket.
async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

/// Writes what is left, and counts what the disk refuses to the end.
async fn finish<F: FileSystem>(edge: Arc<Edge>, journal: &GroupCommit<F>) {
    let mut report = report_flush(edge);
    journal.append_tally();
    for _ in 0..LAST_FLUSHES {
        let flushed = journal.flush();
        report(flushed);
        if flushed.waiting == 0 {
            return;
        }
        tokio::time::sleep(FLUSH_PAUSE).await;
    }
    let dropped = journal.give_up();
    JournalMetrics::global().drops_failing.increment(dropped);
    tracing::error!(dropped, "the disk takes no clicks: those that waited in memory are lost");
}

/// Counts flushes, and logs the journal's state when it changes.
fn report_flush(edge: Arc<Edge>) -> impl FnMut(Flushed) {
    let metrics = JournalMetrics::global();
    let mut last = JournalState::Healthy;
    move |flushed| {
        metrics.answered.increment(flushed.appended);
        metrics.records.increment(flushed.records);
        if flushed.state == JournalState::Full {
            metrics.drops_full.increment(flushed.dropped);
        } else {
            metrics.drops_failing.increment(flushed.dropped);
        }
        if flushed.state != last {
            tell_state(flushed);
            edge.journals.writing_changed(last, flushed.state);
            last = flushed.state;
        }
    }
}

/// Logs the new state of a worker's journal.
fn tell_state(flushed: Flushed) {
    let waiting = flushed.waiting;
    match flushed.state {
        JournalState::Healthy => tracing::info!("the click journal takes clicks again"),
        JournalState::Full => {
            tracing::error!(
                waiting,
                "the click journal is full, or its disk: clicks wait in memory, and are dropped where that is full as well"
            );
        }
        JournalState::Failing => {
            tracing::error!(
                waiting,
                "the disk of the click journal fails: clicks wait in memory, and are dropped where that is full"
            );
        }
    }
}

fn keep_journal(edge: Arc<Edge>, maintenance: Maintenance<DiskFileSystem>, interval: Duration, tasks: &Tasks) {
    let stopping = tasks.stopping();
    let maintenance = Arc::new(maintenance);
    tasks.spawn("journal-upkeep", async move {
        let mut last = Upkept::default();
        while !stopping.is_cancelled() {
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                () = maintenance.wanted() => {}
                () = stopping.cancelled() => {}
            }
            let maintenance = Arc::clone(&maintenance);
            let run = tokio::task::spawn_blocking(move || (maintenance.run(), maintenance.bytes())).await;
            let Ok((upkeep, bytes)) = run else { continue };
            report_upkeep(&edge, upkeep, &mut last);
            if let Ok(bytes) = bytes {
                JournalMetrics::global().bytes.set(gauge_value(bytes));
            }
        }
    });
}

/// How the upkeep of a journal went.
#[derive(Default)]
struct Upkept {
    state: JournalState,
    failure: Option<String>,
}

impl Upkept {
    fn new(error: Option<&UpkeepError>) -> Self {
        let state = match error {
            None => JournalState::Healthy,
            Some(error) if error.is_full() => JournalState::Full,
            Some(_) => JournalState::Failing,
        };
        Self { state, failure: error.map(ToString::to_string) }
    }
}

/// Updates readiness, and logs when the failure begins, changes or ends.
fn report_upkeep(edge: &Edge, upkeep: Result<(), UpkeepError>, last: &mut Upkept) {
    let error = upkeep.err();
    if matches!(error, Some(UpkeepError::NotSynced(_))) {
        JournalMetrics::global().sync_failures.increment(1);
    }
    let upkept = Upkept::new(error.as_ref());
    if upkept.failure == last.failure {
        return;
    }
    match &upkept.failure {
        Some(failure) => tracing::error!("{failure}"),
        None => tracing::info!("the click journal is synced, and has its next segment ready again"),
    }
    edge.journals.upkeep_changed(last.state, upkept.state);
    *last = upkept;
}

fn keep_snapshot(edge: Arc<Edge>, file: SnapshotFile, interval: Duration, tasks: &Tasks) {
    let stopping = tasks.stopping();
    tasks.spawn("link-snapshot", async move {
        while !stopping.is_cancelled() {
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                () = stopping.cancelled() => {}
            }
            let (edge, file) = (Arc::clone(&edge), file.clone());
            let written = tokio::task::spawn_blocking(move || file.write(&edge)).await;
            if let Ok(Err(error)) = written {
                tracing::warn!(%error, "the snapshot of hot links could not be written; the last one stays");
            }
        }
    });
}

fn keep_gauges(edge: Arc<Edge>, tasks: &Tasks) {
    let stopping = tasks.stopping();
    tasks.spawn("cache-gauges", async move {
        let metrics = CacheMetrics::global();
        let (origin, redis) = (BreakerMetrics::of("origin"), BreakerMetrics::of("redis"));
        let mut ticks = tokio::time::interval(GAUGE_INTERVAL);
        while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
            metrics.size.set(gauge_value(edge.cache.len() as u64));
            metrics.bytes.set(gauge_value(edge.cache.bytes()));
            metrics.hosts.set(gauge_value(edge.cache.hosts().served() as u64));
            let now = clock::monotonic();
            origin.set(edge.cache.origin_breaker(now));
            if let Some(shared) = edge.cache.shared() {
                redis.set(shared.redis().breaker().state(now));
            }
        }
    });
}
