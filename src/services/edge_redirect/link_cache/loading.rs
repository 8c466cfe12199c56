//! A cache in front of the origin: bounded, with lifetimes, one fetch a key
//! however many requests wait for it, and old values for when the origin is unavailable.
//!
//! Invariant: once a change of a key was received, no value that was read before it
//! is kept or given out, whether it is fresh, on its way, or comes later from
//! somewhere that was not told.

use std::collections::HashMap;
use std::future::Future;
use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Equivalent, Lifecycle, Weighter};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::super::metrics::{CacheMetrics, LinkSource};
use super::recent_changes::RecentChanges;
use crate::domain::change::Sequence;
use crate::runtime::clock::{self, MonotonicTime};
use crate::runtime::sync::{Mutex, MutexGuard};
use crate::runtime::tasks::Tasks;
use crate::services::edge_redirect::origin::OriginError;

/// How long an old value is given out after its refresh failed, before the next attempt.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How many absent keys are remembered.
const ABSENT_MAX: usize = 20_000;
/// How often one request fetches anew because a change overtook its fetch.
const FETCHES_MAX: usize = 5;

/// A value and how long it is believed.
#[derive(Debug)]
pub(in crate::services::edge_redirect) struct Cached<V> {
    pub(in crate::services::edge_redirect) value: V,
    pub(super) sequence: Sequence,
    weight: u64,
    believed_until: AtomicI64,
    doubted: AtomicBool,
}

/// What the cache knows of a key.
pub(super) enum Lookup<V> {
    /// A value that may be used.
    Fresh(Arc<Cached<V>>),
    /// A value whose time has passed; no change of it was received.
    Stale(Arc<Cached<V>>),
    /// A value that may have changed without our knowing.
    Doubted(Arc<Cached<V>>),
    /// There is no such thing.
    Absent,
    /// Nothing.
    Unknown,
}

/// A value that was fetched, or that there is none.
pub(super) struct Loaded<V> {
    pub(super) value: Option<V>,
    /// How far the log of changes went before it was read.
    pub(super) sequence: Sequence,
    /// Where it came from.
    pub(super) source: LinkSource,
    /// How much room it takes, in bytes.
    pub(super) bytes: usize,
    /// How long it is believed.
    pub(super) believed_until: MonotonicTime,
}

/// What a fetch brought to those who waited for it.
pub(super) struct FetchResult<V> {
    /// The value; none where there is no such thing.
    pub(super) value: Option<Arc<Cached<V>>>,
    /// Where it came from.
    pub(super) source: LinkSource,
}

/// How a fetch ended.
enum FetchOutcome<V> {
    Fetched(FetchResult<V>),
    /// What it brought had changed meanwhile.
    Overtaken,
    Failed(OriginError),
}

pub(super) struct LoadingCache<K, V> {
    present: Cache<K, Arc<Cached<V>>, ByBytes, DefaultHashBuilder, CountEvictions>,
    absent: Cache<K, Absence>,
    hashes: DefaultHashBuilder,
    state: Mutex<State<K, V>>,
    tasks: Tasks,
}

/// What has to change together, so that no change slips through between a look and a step.
struct State<K, V> {
    flights: HashMap<K, Flight<V>>,
    recent: RecentChanges,
}

#[derive(Clone, Copy)]
struct Absence {
    believed_until: MonotonicTime,
    sequence: Sequence,
}

/// One fetch on its way.
type Flight<V> = Arc<watch::Sender<Option<FetchOutcome<V>>>>;

/// Counts each value as its bytes, and as no less than its share of the entries, so that both bounds hold at once.
#[derive(Clone)]
struct ByBytes {
    weight_min: u64,
}

impl<K, V> Weighter<K, Arc<Cached<V>>> for ByBytes {
    fn weight(&self, _: &K, cached: &Arc<Cached<V>>) -> u64 {
        cached.weight.max(self.weight_min)
    }
}

/// Counts what leaves for want of room.
#[derive(Clone)]
struct CountEvictions;

impl<K, V> Lifecycle<K, V> for CountEvictions {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: K, _: V) {
        CacheMetrics::global().evictions.increment(1);
    }
}

impl<V> Cached<V> {
    fn is_believed(&self, now: MonotonicTime) -> bool {
        now.as_micros() < self.believed_until.load(Ordering::Relaxed)
    }

    fn believe_until(&self, time: MonotonicTime) {
        self.believed_until.store(time.as_micros(), Ordering::Relaxed);
    }

    fn is_doubted(&self) -> bool {
        self.doubted.load(Ordering::Relaxed)
    }

    fn doubt(&self) {
        self.doubted.store(true, Ordering::Relaxed);
        self.believe_until(MonotonicTime::LONG_AGO);
    }
}

impl<V> Clone for FetchResult<V> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), source: self.source }
    }
}

impl<V> Clone for FetchOutcome<V> {
    fn clone(&self) -> Self {
        match self {
            Self::Fetched(result) => Self::Fetched(result.clone()),
            Self::Overtaken => Self::Overtaken,
            Self::Failed(error) => Self::Failed(error.clone()),
        }
    }
}

impl<K, V> LoadingCache<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// An empty cache of at most so many entries and bytes, whose fetches run as tasks of `tasks`.
    pub(super) fn new(entries_max: usize, bytes_max: u64, tasks: Tasks) -> Self {
        let weight_min = bytes_max / u64::try_from(entries_max.max(1)).unwrap_or(u64::MAX);
        let hashes = DefaultHashBuilder::default();
        Self {
            present: Cache::with(
                entries_max,
                bytes_max,
                ByBytes { weight_min: weight_min.max(1) },
                hashes.clone(),
                CountEvictions,
            ),
            absent: Cache::new(ABSENT_MAX),
            hashes,
            state: Mutex::new(State { flights: HashMap::new(), recent: RecentChanges::default() }),
            tasks,
        }
    }

    /// What is known of a key. Allocates nothing.
    pub(super) fn get<Q>(&self, key: &Q, now: MonotonicTime) -> Lookup<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if let Some(cached) = self.present.get(key) {
            return match (cached.is_believed(now), cached.is_doubted()) {
                (true, _) => Lookup::Fresh(cached),
                (false, false) => Lookup::Stale(cached),
                (false, true) => Lookup::Doubted(cached),
            };
        }
        match self.absent.get(key) {
            Some(absence) if now < absence.believed_until => Lookup::Absent,
            _ => Lookup::Unknown,
        }
    }

    /// Fetches a key, or joins the fetch that is on its way, and waits at most `patience`. The fetch itself goes on.
    ///
    /// # Errors
    /// The origin is unavailable, or took longer.
    pub(super) async fn load<F>(
        self: &Arc<Self>,
        key: K,
        patience: Duration,
        fetch: impl Fn() -> F,
    ) -> Result<FetchResult<V>, OriginError>
    where
        F: Future<Output = Result<Loaded<V>, OriginError>> + Send + 'static,
    {
        let end = Instant::now() + patience;
        for _ in 0..FETCHES_MAX {
            let mut outcome = self.join_or_start(&key, &fetch);
            match timeout_at(end, outcome.wait_for(Option::is_some)).await {
                Ok(Ok(landed)) => match landed.clone() {
                    Some(FetchOutcome::Fetched(result)) => return Ok(result),
                    Some(FetchOutcome::Failed(error)) => return Err(error),
                    Some(FetchOutcome::Overtaken) | None => {}
                },
                Ok(Err(_)) => return Err(OriginError("the fetch was given up".into())),
                Err(_) => return Err(OriginError("no response in time".into())),
            }
        }
        Err(OriginError("it changes faster than it can be fetched".into()))
    }

    /// Sees to it that a fetch of the key is on its way, and waits for nothing.
    pub(super) fn refresh<F>(self: &Arc<Self>, key: K, fetch: impl Fn() -> F)
    where
        F: Future<Output = Result<Loaded<V>, OriginError>> + Send + 'static,
    {
        drop(self.join_or_start(&key, &fetch));
    }

    fn join_or_start<F>(self: &Arc<Self>, key: &K, fetch: &impl Fn() -> F) -> watch::Receiver<Option<FetchOutcome<V>>>
    where
        F: Future<Output = Result<Loaded<V>, OriginError>> + Send + 'static,
    {
        let (flight, is_new) = self.board(key);
        let receiver = flight.subscribe();
        if is_new {
            let (cache, key, fetch) = (Arc::clone(self), key.clone(), fetch());
            self.tasks.spawn_finite("origin-fetch", async move {
                let fetched = fetch.await;
                let outcome = cache.finish(&key, &flight, fetched);
                flight.send_replace(Some(outcome));
            });
        }
        receiver
    }

    /// The fetch of a key that is on its way, or a new one that the caller has to make; whether it is new.
    fn board(&self, key: &K) -> (Flight<V>, bool) {
        let mut state = self.lock();
        if let Some(flight) = state.flights.get(key) {
            return (Arc::clone(flight), false);
        }
        let flight = Flight::new(watch::Sender::new(None));
        state.flights.insert(key.clone(), Arc::clone(&flight));
        (flight, true)
    }

    /// Keeps what a fetch brought, unless it had changed meanwhile.
    fn finish(&self, key: &K, flight: &Flight<V>, fetched: Result<Loaded<V>, OriginError>) -> FetchOutcome<V> {
        let mut state = self.lock();
        if !state.flights.get(key).is_some_and(|current| Arc::ptr_eq(current, flight)) {
            // Its key, or everything, changed after it had begun.
            return FetchOutcome::Overtaken;
        }
        state.flights.remove(key);
        let loaded = match fetched {
            Ok(loaded) => loaded,
            Err(error) => {
                if let Some(cached) = self.present.get(key) {
                    cached.believe_until(clock::monotonic().plus(RETRY_AFTER));
                }
                return FetchOutcome::Failed(error);
            }
        };
        match self.keep(&state.recent, key, loaded) {
            Some(result) => FetchOutcome::Fetched(result),
            None => FetchOutcome::Overtaken,
        }
    }

    /// Keeps a value unless it is outdated or a newer one is there. None if it is outdated.
    fn keep(&self, recent: &RecentChanges, key: &K, loaded: Loaded<V>) -> Option<FetchResult<V>> {
        let Loaded { value, sequence, source, bytes, believed_until } = loaded;
        if recent.is_outdated(self.hashes.hash_one(key), sequence) {
            return None;
        }
        if let Some(kept) = self.present.get(key).filter(|kept| kept.sequence > sequence && !kept.is_doubted()) {
            return Some(FetchResult { value: Some(kept), source });
        }
        let Some(value) = value else {
            self.present.remove(key);
            self.absent.insert(key.clone(), Absence { believed_until, sequence });
            return Some(FetchResult { value: None, source });
        };
        let cached = Arc::new(Cached {
            value,
            sequence,
            weight: u64::try_from(bytes).unwrap_or(u64::MAX),
            believed_until: AtomicI64::new(believed_until.as_micros()),
            doubted: AtomicBool::new(false),
        });
        self.present.insert(key.clone(), Arc::clone(&cached));
        self.absent.remove(key);
        Some(FetchResult { value: Some(cached), source })
    }

    /// Takes in a value that nobody asked for, such as one that an earlier process knew.
    pub(super) fn offer(&self, key: &K, loaded: Loaded<V>) {
        let state = self.lock();
        self.keep(&state.recent, key, loaded);
    }

    /// Whether a value that somebody else read is known to have changed since.
    pub(super) fn is_outdated(&self, key: &K, sequence: Sequence) -> bool {
        self.lock().recent.is_outdated(self.hashes.hash_one(key), sequence)
    }

    /// A key changed: what was read before is forgotten, and what is on its way will be fetched anew. False if that was known.
    pub(super) fn invalidate(&self, key: &K, sequence: Sequence) -> bool {
        let mut state = self.lock();
        let is_news = state.recent.note_key(self.hashes.hash_one(key), sequence);
        if is_news {
            // Whoever asks from now on shall not wait for a fetch that began before the change.
            state.flights.remove(key);
            self.present.remove_if(key, |cached| cached.sequence < sequence);
            self.absent.remove_if(key, |absence| absence.sequence < sequence);
        }
        is_news
    }

    /// A key may have changed. Its old value still serves while the origin is unavailable.
    pub(super) fn doubt(&self, key: &K, sequence: Sequence) {
        let mut state = self.lock();
        if state.recent.note_key(self.hashes.hash_one(key), sequence) {
            state.flights.remove(key);
            self.absent.remove_if(key, |absence| absence.sequence < sequence);
            self.present.get(key).filter(|cached| cached.sequence < sequence).inspect(|cached| cached.doubt());
        }
    }

    /// What `is_wrong` points out changed, and no list of keys is fresh. False if that was known.
    pub(super) fn invalidate_where(&self, is_wrong: impl Fn(&K, &V) -> bool, sequence: Sequence) -> bool {
        let mut state = self.lock();
        let is_news = state.recent.note_everything(sequence);
        if is_news {
            state.flights.clear();
            self.absent.retain(|_, absence| absence.sequence >= sequence);
            self.present.retain(|key, cached| cached.sequence >= sequence || !is_wrong(key, &cached.value));
        }
        is_news
    }

    /// Everything that was read before may have changed. Old values still serve while the origin is unavailable. False if that
    /// was known.
    pub(super) fn doubt_before(&self, sequence: Sequence) -> bool {
        let mut state = self.lock();
        let is_news = state.recent.note_everything(sequence);
        if is_news {
            state.flights.clear();
            self.absent.retain(|_, absence| absence.sequence >= sequence);
            // What is of a later history than this log was read in one that no longer is.
            let is_right = |read_at: Sequence| read_at >= sequence && read_at.history() == sequence.history();
            self.present.iter().filter(|(_, cached)| !is_right(cached.sequence)).for_each(|(_, cached)| cached.doubt());
        }
        is_news
    }

    /// What is kept, in no order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (K, Arc<Cached<V>>)> {
        self.present.iter()
    }

    /// How many values are kept.
    pub(super) fn len(&self) -> usize {
        self.present.len()
    }

    /// What they weigh, in bytes; each counts for its share of the entries at least.
    pub(super) fn bytes(&self) -> u64 {
        self.present.weight()
    }

    fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, shuttle))]
mod model;
#[cfg(test)]
mod tests;
