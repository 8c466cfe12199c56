//! A cache in front of the origin: bounded, with lifetimes, one fetch a key
//! however many requests wait for it, and old values for when the origin is away.
//!
//! Invariant: a value whose fetch began before an invalidation of its key is
//! never kept after it.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Equivalent, Lifecycle, Weighter};
use tokio::sync::watch;

use super::breaker::Breaker;
use super::origin::OriginError;
use crate::domain::time::Timestamp;
use crate::runtime::clock;
use crate::runtime::tasks::Tasks;
use crate::telemetry::metrics::CacheMetrics;

/// So long a value whose refresh failed is believed before the origin is asked again.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How many absent keys are remembered.
const ABSENT_MAX: usize = 20_000;

/// A value and how long it is believed.
#[derive(Debug)]
pub(super) struct Cached<V> {
    pub(super) value: V,
    version: i64,
    weight: u64,
    believed_until: AtomicI64,
}

/// What the cache knows of a key.
pub(super) enum Lookup<V> {
    /// A value that may be used.
    Fresh(Arc<Cached<V>>),
    /// A value whose time has passed.
    Stale(Arc<Cached<V>>),
    /// There is no such thing.
    Absent,
    /// Nothing.
    Unknown,
}

/// A value from the origin.
pub(super) struct Loaded<V> {
    pub(super) value: V,
    /// Of two values of one key, the one with the higher version is right.
    pub(super) version: i64,
    /// How much room it takes, in bytes.
    pub(super) bytes: usize,
    /// How long it is believed.
    pub(super) lifetime: Duration,
}

/// Bounds and lifetimes.
pub(super) struct CacheLimits {
    /// Values kept.
    pub(super) entries_max: usize,
    /// Bytes kept.
    pub(super) bytes_max: u64,
    /// How long an absence is believed.
    pub(super) absent_lifetime: Duration,
    /// How long a fetch may take.
    pub(super) fetch_timeout: Duration,
}

pub(super) struct LoadingCache<K, V> {
    present: Cache<K, Arc<Cached<V>>, ByBytes, DefaultHashBuilder, CountEvictions>,
    absent: Cache<K, i64>,
    flights: Mutex<HashMap<K, Arc<Flight<V>>>>,
    breaker: Arc<Breaker>,
    limits: CacheLimits,
    tasks: Tasks,
}

type Outcome<V> = Result<Option<Arc<Cached<V>>>, OriginError>;

/// One fetch on its way.
struct Flight<V> {
    outcome: watch::Sender<Option<Outcome<V>>>,
    overtaken: AtomicBool,
}

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
    fn is_believed(&self, now: Timestamp) -> bool {
        now.as_micros() < self.believed_until.load(Ordering::Relaxed)
    }

    fn believe_until(&self, time: Timestamp) {
        self.believed_until.store(time.as_micros(), Ordering::Relaxed);
    }
}

impl<K, V> LoadingCache<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// An empty cache whose fetches run as tasks of `tasks`.
    pub(super) fn new(limits: CacheLimits, breaker: Arc<Breaker>, tasks: Tasks) -> Self {
        let weight_min = limits.bytes_max / u64::try_from(limits.entries_max.max(1)).unwrap_or(u64::MAX);
        Self {
            present: Cache::with(
                limits.entries_max,
                limits.bytes_max,
                ByBytes { weight_min: weight_min.max(1) },
                DefaultHashBuilder::default(),
                CountEvictions,
            ),
            absent: Cache::new(ABSENT_MAX),
            flights: Mutex::default(),
            breaker,
            limits,
            tasks,
        }
    }

    /// What is known of a key. Allocates nothing.
    pub(super) fn get<Q>(&self, key: &Q, now: Timestamp) -> Lookup<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if let Some(cached) = self.present.get(key) {
            return if cached.is_believed(now) { Lookup::Fresh(cached) } else { Lookup::Stale(cached) };
        }
        match self.absent.get(key) {
            Some(believed_until) if now.as_micros() < believed_until => Lookup::Absent,
            _ => Lookup::Unknown,
        }
    }

    /// Fetches a key, or joins the fetch that is on its way, and waits at most `patience`. The fetch itself goes on.
    ///
    /// # Errors
    /// The origin is away, or took longer.
    pub(super) async fn load<F>(self: &Arc<Self>, key: K, patience: Duration, fetch: impl FnOnce() -> F) -> Outcome<V>
    where
        F: Future<Output = Result<Option<Loaded<V>>, OriginError>> + Send + 'static,
    {
        let mut outcome = self.join_or_start(key, fetch);
        let waited = tokio::time::timeout(patience, outcome.wait_for(Option::is_some)).await;
        match waited {
            Ok(Ok(outcome)) => outcome.clone().unwrap_or(Ok(None)),
            Ok(Err(_)) => Err(OriginError("the fetch was given up".into())),
            Err(_) => Err(OriginError("no answer in time".into())),
        }
    }

    fn join_or_start<F>(self: &Arc<Self>, key: K, fetch: impl FnOnce() -> F) -> watch::Receiver<Option<Outcome<V>>>
    where
        F: Future<Output = Result<Option<Loaded<V>>, OriginError>> + Send + 'static,
    {
        let mut flights = self.flights();
        if let Some(flight) = flights.get(&key) {
            return flight.outcome.subscribe();
        }
        let (outcome, receiver) = watch::channel(None);
        let flight = Arc::new(Flight { outcome, overtaken: AtomicBool::new(false) });
        flights.insert(key.clone(), Arc::clone(&flight));
        drop(flights);
        let (cache, fetch) = (Arc::clone(self), fetch());
        self.tasks.spawn_finite("origin-fetch", async move {
            let fetched = cache.guarded(fetch).await;
            let outcome = cache.land(&key, &flight, fetched);
            flight.outcome.send_replace(Some(outcome));
        });
        receiver
    }

    /// Runs a fetch under its deadline and the breaker.
    async fn guarded<T>(&self, fetch: impl Future<Output = Result<T, OriginError>>) -> Result<T, OriginError> {
        if !self.breaker.allows(clock::now()) {
            return Err(OriginError("it failed just now".into()));
        }
        let fetched = tokio::time::timeout(self.limits.fetch_timeout, fetch).await;
        let fetched = fetched.unwrap_or_else(|_| Err(OriginError("no answer in time".into())));
        match &fetched {
            Ok(_) => self.breaker.succeeded(),
            Err(_) => self.breaker.failed(clock::now()),
        }
        fetched
    }

    /// Keeps what a fetch brought, unless the key was invalidated while it was on its way.
    fn land(&self, key: &K, flight: &Arc<Flight<V>>, fetched: Result<Option<Loaded<V>>, OriginError>) -> Outcome<V> {
        let mut flights = self.flights();
        let overtaken = flight.overtaken.load(Ordering::Relaxed);
        if !overtaken {
            flights.remove(key);
        }
        let now = clock::now();
        count(&fetched);
        match fetched {
            Ok(Some(loaded)) if overtaken => Ok(Some(Arc::new(cached(loaded, now)))),
            Ok(Some(loaded)) => Ok(Some(self.keep(key, loaded, now))),
            Ok(None) => {
                if !overtaken {
                    self.present.remove(key);
                    self.absent.insert(key.clone(), now.plus(self.limits.absent_lifetime).as_micros());
                }
                Ok(None)
            }
            Err(error) => {
                if let Some(cached) = self.present.get(key) {
                    cached.believe_until(now.plus(RETRY_AFTER));
                }
                Err(error)
            }
        }
    }

    fn keep(&self, key: &K, loaded: Loaded<V>, now: Timestamp) -> Arc<Cached<V>> {
        let believed_until = now.plus(loaded.lifetime);
        match self.present.get(key) {
            Some(kept) if kept.version > loaded.version => {
                kept.believe_until(believed_until);
                kept
            }
            _ => {
                let cached = Arc::new(cached(loaded, now));
                self.present.insert(key.clone(), Arc::clone(&cached));
                self.absent.remove(key);
                cached
            }
        }
    }

    /// Keeps a value that is not believed: good enough while the origin is away.
    pub(super) fn keep_stale(&self, key: &K, loaded: Loaded<V>) {
        self.keep(key, Loaded { lifetime: Duration::ZERO, ..loaded }, Timestamp::from_micros(0));
    }

    /// Forgets a key, and whatever fetch of it is on its way.
    pub(super) fn invalidate<Q>(&self, key: &Q)
    where
        Q: Hash + Equivalent<K> + ?Sized,
        K: std::borrow::Borrow<K>,
    {
        let mut flights = self.flights();
        flights.retain(|flying, flight| {
            let hit = key.equivalent(flying);
            flight.overtaken.fetch_or(hit, Ordering::Relaxed);
            !hit
        });
        self.present.remove(key);
        self.absent.remove(key);
    }

    /// Forgets the values that `is_wrong` points out, and every absence and fetch.
    pub(super) fn invalidate_where(&self, is_wrong: impl Fn(&V) -> bool) {
        let mut flights = self.flights();
        flights.drain().for_each(|(_, flight)| flight.overtaken.store(true, Ordering::Relaxed));
        self.present.retain(|_, cached| !is_wrong(&cached.value));
        self.absent.clear();
    }

    /// Stops believing everything. Old values still serve while the origin is away.
    pub(super) fn doubt_everything(&self) {
        self.invalidate_where(|_| false);
        self.present.iter().for_each(|(_, cached)| cached.believe_until(Timestamp::from_micros(0)));
    }

    /// What is kept, in no order.
    pub(super) fn values(&self) -> impl Iterator<Item = Arc<Cached<V>>> {
        self.present.iter().map(|(_, cached)| cached)
    }

    /// How many values are kept.
    pub(super) fn len(&self) -> usize {
        self.present.len()
    }

    /// What they weigh, in bytes; each counts for its share of the entries at least.
    pub(super) fn bytes(&self) -> u64 {
        self.present.weight()
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<K, Arc<Flight<V>>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count<T>(fetched: &Result<Option<T>, OriginError>) {
    let metrics = CacheMetrics::global();
    match fetched {
        Ok(Some(_)) => metrics.origin_found.increment(1),
        Ok(None) => metrics.origin_missing.increment(1),
        Err(_) => metrics.origin_failed.increment(1),
    }
}

fn cached<V>(loaded: Loaded<V>, now: Timestamp) -> Cached<V> {
    let believed_until = now.plus(loaded.lifetime).as_micros();
    Cached {
        value: loaded.value,
        version: loaded.version,
        weight: u64::try_from(loaded.bytes).unwrap_or(u64::MAX),
        believed_until: AtomicI64::new(believed_until),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio::sync::Notify;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn cache() -> Arc<LoadingCache<String, u32>> {
        let limits = CacheLimits {
            entries_max: 100,
            bytes_max: 100_000,
            absent_lifetime: Duration::from_secs(100),
            fetch_timeout: PATIENCE,
        };
        Arc::new(LoadingCache::new(limits, Arc::default(), Tasks::new()))
    }

    fn loaded(value: u32, version: i64) -> Loaded<u32> {
        Loaded { value, version, bytes: 10, lifetime: Duration::from_secs(100) }
    }

    fn value(lookup: &Lookup<u32>) -> Option<u32> {
        match lookup {
            Lookup::Fresh(cached) | Lookup::Stale(cached) => Some(cached.value),
            Lookup::Absent | Lookup::Unknown => None,
        }
    }

    #[tokio::test]
    async fn many_requests_for_one_key_make_one_fetch() {
        let (cache, fetches) = (cache(), Arc::new(AtomicUsize::new(0)));
        let loads = (0..50).map(|_| {
            let fetches = Arc::clone(&fetches);
            cache.load("a".to_owned(), PATIENCE, move || async move {
                fetches.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok(Some(loaded(7, 1)))
            })
        });
        for outcome in futures_util::future::join_all(loads).await {
            assert_eq!(outcome.expect("an answer").expect("a value").value, 7);
        }
        assert_eq!(fetches.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_fetch_that_began_before_an_edit_is_not_kept_after_it() {
        let (cache, gate) = (cache(), Arc::new(Notify::new()));
        let slow = {
            let gate = Arc::clone(&gate);
            cache.load("a".to_owned(), PATIENCE, move || async move {
                gate.notified().await;
                Ok(Some(loaded(1, 1)))
            })
        };
        let edit = async {
            cache.invalidate("a");
            gate.notify_one();
        };
        let (outcome, ()) = tokio::join!(slow, edit);
        assert!(outcome.is_ok());
        assert!(matches!(cache.get("a", clock::now()), Lookup::Unknown));
    }

    #[tokio::test]
    async fn an_older_version_never_replaces_a_newer_one() {
        let cache = cache();
        cache.load("a".to_owned(), PATIENCE, || async { Ok(Some(loaded(2, 2))) }).await.expect("an answer");
        cache.load("a".to_owned(), PATIENCE, || async { Ok(Some(loaded(1, 1))) }).await.expect("an answer");
        assert_eq!(value(&cache.get("a", clock::now())), Some(2));
    }

    #[tokio::test]
    async fn absence_is_remembered_until_the_key_is_invalidated() {
        let cache = cache();
        cache.load("a".to_owned(), PATIENCE, || async { Ok(None) }).await.expect("an answer");
        assert!(matches!(cache.get("a", clock::now()), Lookup::Absent));
        cache.invalidate("a");
        assert!(matches!(cache.get("a", clock::now()), Lookup::Unknown));
    }

    #[tokio::test]
    async fn a_failed_refresh_leaves_the_old_value_in_use_for_a_moment() {
        let cache = cache();
        cache.keep_stale(&"a".to_owned(), loaded(1, 1));
        assert!(matches!(cache.get("a", clock::now()), Lookup::Stale(_)));
        let failed = cache.load("a".to_owned(), PATIENCE, || async { Err(OriginError("away".into())) }).await;
        assert!(failed.is_err());
        assert!(matches!(cache.get("a", clock::now()), Lookup::Fresh(_)));
    }

    #[tokio::test]
    async fn doubt_keeps_values_for_bad_times_and_a_deleted_workspace_keeps_none() {
        let cache = cache();
        cache.load("a".to_owned(), PATIENCE, || async { Ok(Some(loaded(1, 1))) }).await.expect("an answer");
        cache.doubt_everything();
        assert!(matches!(cache.get("a", clock::now()), Lookup::Stale(_)));
        cache.invalidate_where(|value| *value == 1);
        assert!(matches!(cache.get("a", clock::now()), Lookup::Unknown));
    }
}
