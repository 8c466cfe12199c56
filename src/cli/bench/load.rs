//! Drives the load: connections that ask, wait for the response and ask again.
//!
//! Invariant: a request that was sent is waited for, also past the end of the
//! run, so that what was answered is known exactly.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Request};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::net::TcpStream;

use super::histogram::Histogram;
use super::pace::{End, Pace};
use super::targets::{Choice, Targets};
use super::visitors::Visitors;
use crate::cli::exit::{Exit, Failure};

/// How long a response may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may take, and how long to wait before the next one is tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const RECONNECT_WAIT: Duration = Duration::from_millis(50);

/// A run to be.
pub(super) struct Load {
    pub(super) targets: Targets,
    pub(super) visitors: Visitors,
    pub(super) connections: usize,
    pub(super) threads: usize,
    pub(super) end: End,
    /// Requests per second; without it, each connection asks again as soon as it was answered.
    pub(super) rate: Option<f64>,
    pub(super) seed: u64,
}

/// What a run came to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Responses that redirected.
    pub(super) redirects: u64,
    /// The same by target.
    pub(super) by_target: Vec<u64>,
    /// Other answers, by status.
    pub(super) others: BTreeMap<u16, u64>,
    /// Requests without a response and connections that were not made, by what went wrong.
    pub(super) errors: BTreeMap<&'static str, u64>,
    /// How long answers took, in nanoseconds.
    pub(super) latencies: Histogram,
    /// How long the whole run took.
    pub(super) elapsed: Duration,
}

/// What all connections share.
struct Shared {
    pace: Pace,
    load: Load,
}

impl Load {
    /// Runs, and gives the targets back with what came of them.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub(super) async fn run(self) -> Result<(Tally, Targets), Failure> {
        let targets = self.targets.len();
        let threads = self.threads.min(self.connections).max(1);
        let shared = Arc::new(Shared { pace: Pace::begin(self.end, self.rate), load: self });
        let running = (0..threads).map(|thread| {
            let shared = Arc::clone(&shared);
            tokio::task::spawn_blocking(move || drive_thread(&shared, thread, threads))
        });
        let mut total = Tally { by_target: vec![0; targets], ..Tally::default() };
        for tally in join_all(running).await {
            total.add(tally.map_err(|error| Failure::new(Exit::Failure, error.to_string()))??);
        }
        total.elapsed = shared.pace.elapsed();
        match Arc::into_inner(shared) {
            Some(shared) => Ok((total, shared.load.targets)),
            None => Err(Failure::new(Exit::Failure, "a thread of the load did not end")),
        }
    }
}

/// Runs this thread's share of the connections on a runtime of its own, which costs least between a request and its response.
fn drive_thread(shared: &Shared, thread: usize, threads: usize) -> Result<Tally, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
    let connections = (0..shared.load.connections).filter(|number| number % threads == thread);
    let tallies = runtime.block_on(join_all(connections.map(|number| drive_connections(shared, number))));
    let mut total = Tally { by_target: vec![0; shared.load.targets.len()], ..Tally::default() };
    for tally in tallies {
        total.add(tally);
    }
    Ok(total)
}

/// One connection to each host, each replaced when it breaks, until the run is over.
async fn drive_connections(shared: &Shared, number: usize) -> Tally {
    let seed = shared.load.seed.wrapping_mul(1_000_003).wrapping_add(u64::try_from(number).unwrap_or(0));
    let mut generator = StdRng::seed_from_u64(seed);
    let mut client = Client { by_host: Vec::new() };
    let mut tally = Tally { by_target: vec![0; shared.load.targets.len()], ..Tally::default() };
    while let Some(due) = shared.pace.turn().await {
        let choice = (shared.load.targets.choose(&mut generator), shared.load.visitors.choose(&mut generator));
        let (Some(choice), Some(visitor)) = choice else { break };
        if due.elapsed() > ANSWER_TIMEOUT {
            shared.pace.failed();
            *tally.errors.entry("no free connection in time").or_default() += 1;
            continue;
        }
        let index = choice.index;
        match client.ask(choice, visitor).await {
            Ok(status) => tally.answered(index, status, due.elapsed()),
            Err(error) => {
                shared.pace.failed();
                *tally.errors.entry(error).or_default() += 1;
                tokio::time::sleep(RECONNECT_WAIT).await;
            }
        }
    }
    tally
}

/// The open connections of one asker, by host.
struct Client {
    by_host: Vec<(HeaderValue, Connection)>,
}

/// An open connection, and the part of it that has to be polled for anything to move.
struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    driver: http1::Connection<TokioIo<TcpStream>, Empty<Bytes>>,
}

impl Client {
    /// Sends one request and waits for its response.
    async fn ask(&mut self, choice: Choice, visitor: &HeaderMap) -> Result<u16, &'static str> {
        let host = choice.host.clone();
        let position = self.by_host.iter().position(|(known, _)| *known == host);
        let mut connection = match position {
            Some(position) => self.by_host.swap_remove(position).1,
            None => connect(&host).await?,
        };
        let asked = tokio::time::timeout(ANSWER_TIMEOUT, connection.ask(choice, visitor)).await;
        let (status, is_open) = asked.map_err(|_| "no response in time")??;
        if is_open {
            self.by_host.push((host, connection));
        }
        Ok(status)
    }
}

impl Connection {
    /// The status of the response, and whether the connection takes another request.
    async fn ask(&mut self, choice: Choice, visitor: &HeaderMap) -> Result<(u16, bool), &'static str> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = choice.uri;
        *request.headers_mut() = visitor.clone();
        request.headers_mut().insert(HOST, choice.host);
        let sender = &mut self.sender;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(|_| "connection broken")?;
            let status = response.status().as_u16();
            let mut body = response.into_body();
            while let Some(frame) = body.frame().await {
                frame.map_err(|_| "answer broken off")?;
            }
            Ok((status, sender.ready().await.is_ok()))
        };
        let mut exchange = std::pin::pin!(exchange);
        tokio::select! {
            biased;
            answer = exchange.as_mut() => answer,
            // The connection may end together with its last response.
            _ = &mut self.driver => exchange.await,
        }
    }
}

async fn connect(host: &HeaderValue) -> Result<Connection, &'static str> {
    let address = host.to_str().map_err(|_| "no such host")?;
    let stream = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await;
    let stream = stream.map_err(|_| "no connection in time")?.map_err(|_| "no connection")?;
    stream.set_nodelay(true).map_err(|_| "no connection")?;
    let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| "no connection")?;
    Ok(Connection { sender, driver })
}

impl Tally {
    /// Requests that were answered, and those that failed.
    pub(super) fn requests(&self) -> u64 {
        self.latencies.total().saturating_add(self.errors.values().sum())
    }

    fn answered(&mut self, target: usize, status: u16, took: Duration) {
        self.latencies.record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        if !(300..400).contains(&status) {
            *self.others.entry(status).or_default() += 1;
            return;
        }
        self.redirects = self.redirects.saturating_add(1);
        if let Some(count) = self.by_target.get_mut(target) {
            *count = count.saturating_add(1);
        }
    }

    fn add(&mut self, other: Self) {
        self.redirects = self.redirects.saturating_add(other.redirects);
        for (count, more) in self.by_target.iter_mut().zip(&other.by_target) {
            *count = count.saturating_add(*more);
        }
        for (status, count) in other.others {
            *self.others.entry(status).or_default() += count;
        }
        for (error, count) in other.errors {
            *self.errors.entry(error).or_default() += count;
        }
        self.latencies.merge(&other.latencies);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::targets::Selection;
    use crate::http::server::{ListenerSettings, serve};
    use crate::runtime::tasks::Tasks;
    use axum::Router;
    use axum::extract::Path;
    use axum::response::Redirect;
    use axum::routing::get;
    use std::sync::Mutex;
    use tokio::net::TcpListener;
    use url::Url;

    /// A listener that redirects everything but `/missing` and remembers what it was asked for.
    async fn listener() -> (String, Arc<Mutex<BTreeMap<String, u64>>>, Tasks) {
        let asked = Arc::new(Mutex::new(BTreeMap::new()));
        let seen = Arc::clone(&asked);
        let answer = async move |Path(slug): Path<String>, headers: HeaderMap| {
            let visitor = headers[http::header::USER_AGENT].to_str().expect("text").to_owned();
            *seen.lock().expect("no panic under the lock").entry(format!("{slug} {visitor}")).or_default() += 1;
            if slug == "missing" { Err(http::StatusCode::NOT_FOUND) } else { Ok(Redirect::to("https://example.com/")) }
        };
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("its address");
        let tasks = Tasks::new();
        let settings = ListenerSettings {
            name: "test",
            connections_max: 100,
            per_address_max: 0,
            header_timeout: Duration::from_secs(60),
            proxy_protocol: false,
        };
        let router = Router::new().route("/{slug}", get(answer));
        tasks.spawn("listener", serve(socket, router, settings, tasks.clone()));
        (format!("http://{address}"), asked, tasks)
    }

    fn load(base: &str, slugs: &[&str], end: End) -> Load {
        let urls: Vec<Url> = slugs.iter().map(|slug| Url::parse(&format!("{base}/{slug}")).expect("a URL")).collect();
        let base = Url::parse(base).expect("a URL");
        Load {
            targets: Targets::read(&urls, None, &base, Selection::default()).expect("targets"),
            visitors: Visitors::read(None).expect("a visitor"),
            connections: 8,
            threads: 2,
            end,
            rate: None,
            seed: 7,
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_answer_is_counted_where_it_belongs() {
        let (base, asked, _tasks) = listener().await;
        let (tally, _) = load(&base, &["a", "b", "missing"], End::Requests(3000)).run().await.expect("a run");
        let asked = asked.lock().expect("no panic under the lock");
        assert_eq!(asked.values().sum::<u64>(), 3000);
        assert_eq!(tally.by_target, [asked["a elido-bench"], asked["b elido-bench"], 0]);
        assert_eq!(tally.redirects, asked["a elido-bench"] + asked["b elido-bench"]);
        assert_eq!(tally.others, BTreeMap::from([(404, asked["missing elido-bench"])]));
        assert_eq!((tally.errors.len(), tally.requests()), (0, 3000));
        assert!(tally.latencies.quantile(0.5) > 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_run_by_time_ends_and_leaves_no_request_without_its_answer() {
        let (base, asked, _tasks) = listener().await;
        let (tally, _) = load(&base, &["a"], End::After(Duration::from_millis(50))).run().await.expect("a run");
        assert_eq!(tally.redirects, asked.lock().expect("no panic under the lock").values().sum::<u64>());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_rate_decides_how_many_are_asked() {
        let (base, asked, _tasks) = listener().await;
        let end = End::After(Duration::from_millis(200));
        let (tally, _) = Load { rate: Some(1000.0), ..load(&base, &["a"], end) }.run().await.expect("a run");
        assert_eq!((tally.redirects, tally.errors.len()), (200, 0));
        assert_eq!(asked.lock().expect("no panic under the lock").values().sum::<u64>(), 200);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_answer_is_timed_from_when_its_request_was_due() {
        let (base, _, _tasks) = listener().await;
        // All are due at once, and one connection asks for them one after the other.
        let run = Load { rate: Some(1e9), connections: 1, ..load(&base, &["a"], End::Requests(500)) };
        let (tally, _) = run.run().await.expect("a run");
        assert_eq!(tally.redirects, 500);
        assert!(Duration::from_nanos(tally.latencies.quantile(1.0)) > tally.elapsed / 2);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn random_slugs_are_new_each_time() {
        let (base, asked, _tasks) = listener().await;
        let mut run = load(&base, &["a"], End::Requests(1000));
        let url = Url::parse(&base).expect("a URL");
        let selection = Selection { random_slugs: true, ..Selection::default() };
        run.targets = Targets::read(std::slice::from_ref(&url), None, &url, selection).expect("targets");
        let (tally, _) = run.run().await.expect("a run");
        assert_eq!(tally.redirects, 1000);
        assert!(asked.lock().expect("no panic under the lock").len() > 990);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_server_that_is_not_there_is_an_error_and_not_an_answer() {
        let (base, _, tasks) = listener().await;
        assert_eq!(tasks.stop(Duration::from_secs(30)).await, Ok(()));
        let (tally, _) = load(&base, &["a"], End::Requests(10)).run().await.expect("a run");
        assert_eq!((tally.redirects, tally.errors.get("no connection")), (0, Some(&10)));
    }
}
