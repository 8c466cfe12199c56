//! Single steps of the cache, and a model of many edges' worth of bad luck.

use std::sync::atomic::AtomicUsize;

use proptest::prelude::*;
use tokio::sync::Notify;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);
const FOR_EVER: MonotonicTime = MonotonicTime::NEVER;

fn cache() -> Arc<LoadingCache<String, u32>> {
    Arc::new(LoadingCache::new(100, 100_000, Tasks::new()))
}

fn loaded(value: u32, sequence: i64) -> Loaded<u32> {
    Loaded {
        value: Some(value),
        sequence: Sequence::new(sequence),
        source: LinkSource::Origin,
        bytes: 10,
        believed_until: FOR_EVER,
    }
}

fn missing(sequence: i64) -> Loaded<u32> {
    Loaded { value: None, ..loaded(0, sequence) }
}

fn key() -> String {
    "a".to_owned()
}

fn value(lookup: &Lookup<u32>) -> Option<u32> {
    match lookup {
        Lookup::Fresh(cached) | Lookup::Stale(cached) | Lookup::Doubted(cached) => Some(cached.value),
        Lookup::Absent | Lookup::Unknown => None,
    }
}

#[tokio::test]
async fn many_requests_for_one_key_make_one_fetch() {
    let (cache, fetches) = (cache(), Arc::new(AtomicUsize::new(0)));
    let fetch = || {
        let fetches = Arc::clone(&fetches);
        async move {
            fetches.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Ok(loaded(7, 1))
        }
    };
    let loads = (0..50).map(|_| cache.load(key(), PATIENCE, fetch));
    for result in futures_util::future::join_all(loads).await {
        assert_eq!(result.expect("a response").value.expect("a value").value, 7);
    }
    assert_eq!(fetches.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn who_waits_for_a_fetch_that_a_change_overtakes_gets_the_new_value() {
    let (cache, gate, fetches) = (cache(), Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let fetch = || {
        let (gate, number) = (Arc::clone(&gate), fetches.fetch_add(1, Ordering::Relaxed));
        async move {
            if number == 0 {
                gate.notified().await;
                return Ok(loaded(1, 1));
            }
            Ok(loaded(2, 2))
        }
    };
    let change = async {
        assert!(cache.invalidate(&key(), Sequence::new(2)));
        gate.notify_one();
    };
    let (result, ()) = tokio::join!(cache.load(key(), PATIENCE, fetch), change);
    assert_eq!(result.ok().and_then(|result| result.value).map(|cached| cached.value), Some(2));
    assert_eq!(value(&cache.get("a", clock::monotonic())), Some(2));
}

#[test]
fn an_older_value_never_replaces_a_newer_one() {
    let cache = cache();
    cache.offer(&key(), loaded(2, 2));
    cache.offer(&key(), loaded(1, 1));
    assert_eq!(value(&cache.get("a", clock::monotonic())), Some(2));
    cache.offer(&key(), missing(1));
    assert_eq!(value(&cache.get("a", clock::monotonic())), Some(2));
}

#[test]
fn absence_is_remembered_until_the_key_changes() {
    let cache = cache();
    cache.offer(&key(), missing(1));
    assert!(matches!(cache.get("a", clock::monotonic()), Lookup::Absent));
    assert!(cache.invalidate(&key(), Sequence::new(2)));
    assert!(matches!(cache.get("a", clock::monotonic()), Lookup::Unknown));
    assert!(!cache.invalidate(&key(), Sequence::new(2)), "received twice, known once");
}

#[tokio::test]
async fn a_failed_refresh_leaves_the_old_value_in_use_for_a_moment_and_in_doubt_afterwards() {
    let cache = cache();
    cache.offer(&key(), loaded(1, 1));
    cache.doubt_before(Sequence::new(5));
    assert!(matches!(cache.get("a", clock::monotonic()), Lookup::Doubted(_)));
    let failed = cache.load(key(), PATIENCE, || async { Err(OriginError("away".into())) }).await;
    assert!(failed.is_err());
    assert!(matches!(cache.get("a", clock::monotonic()), Lookup::Fresh(_)));
    assert!(matches!(cache.get("a", clock::monotonic().plus(RETRY_AFTER)), Lookup::Doubted(_)));
}

#[test]
fn doubt_keeps_values_for_bad_times_and_what_is_wrong_goes() {
    let cache = cache();
    cache.offer(&key(), loaded(1, 1));
    cache.doubt_before(Sequence::new(1));
    assert!(matches!(cache.get("a", clock::monotonic()), Lookup::Fresh(_)), "read when the log was that long");
    cache.invalidate_where(|_, value| *value == 2, Sequence::new(2));
    assert!(matches!(cache.get("a", clock::monotonic()), Lookup::Fresh(_)), "not meant");
    cache.invalidate_where(|_, value| *value == 1, Sequence::new(3));
    assert!(matches!(cache.get("a", clock::monotonic()), Lookup::Unknown));
}

/// Something that happens to an edge, the shared cache, or the source of truth between them.
#[derive(Debug, Clone)]
enum Event {
    /// An edit is committed; whether it also reaches the shared cache is luck.
    Edit { key: usize, deleted: bool, written_through: bool },
    /// The log of changes delivers the next few.
    Receive { count: usize },
    /// Word of some change comes, early, late or again.
    Word { which: prop::sample::Index },
    /// A fetch reads the source of truth, and lands later.
    Fetch { key: usize },
    /// A fetch reads the shared cache, and lands later.
    FetchShared { key: usize },
    /// A fetch lands; whether it fills the shared cache is luck.
    Land { which: prop::sample::Index, fills: bool },
    /// A key leaves for want of room.
    Evict { key: usize },
    /// The shared cache loses everything.
    Flush,
    /// The log was cut; what was read before is unknown.
    Cut,
    /// A visitor comes.
    Visit { key: usize },
}

const KEYS: usize = 3;

fn number(length: usize) -> i64 {
    i64::try_from(length).expect("a short log")
}

fn event() -> impl Strategy<Value = Event> {
    let key = 0..KEYS;
    let luck = any::<bool>();
    let which = any::<prop::sample::Index>();
    prop_oneof![
        3 => (key.clone(), luck, luck).prop_map(|(key, deleted, written_through)| Event::Edit { key, deleted, written_through }),
        3 => (1..4_usize).prop_map(|count| Event::Receive { count }),
        2 => which.clone().prop_map(|which| Event::Word { which }),
        3 => key.clone().prop_map(|key| Event::Fetch { key }),
        3 => key.clone().prop_map(|key| Event::FetchShared { key }),
        6 => (which, luck).prop_map(|(which, fills)| Event::Land { which, fills }),
        1 => key.clone().prop_map(|key| Event::Evict { key }),
        1 => Just(Event::Flush),
        1 => Just(Event::Cut),
        4 => key.prop_map(|key| Event::Visit { key }),
    ]
}

/// A version of a key: the number of the edit that made it, and whether that edit deleted it.
type Version = (i64, bool);

/// The world around one edge.
struct World {
    cache: LoadingCache<usize, i64>,
    log: Vec<(usize, bool)>,
    truth: [Version; KEYS],
    shared: [Option<(Version, i64)>; KEYS],
    on_their_way: Vec<(usize, Flight<i64>, Loaded<i64>)>,
    log_received: usize,
    received: [i64; KEYS],
}

impl World {
    fn new() -> Self {
        Self {
            cache: LoadingCache::new(2, 1_000, Tasks::new()),
            log: Vec::new(),
            truth: [(0, true); KEYS],
            shared: [None; KEYS],
            on_their_way: Vec::new(),
            log_received: 0,
            received: [0; KEYS],
        }
    }

    fn fill_shared(&mut self, key: usize, version: Version, sequence: i64) {
        if self.shared[key].is_none_or(|(_, there)| there <= sequence) {
            self.shared[key] = Some((version, sequence));
        }
    }

    fn receive_batch(&mut self, index: usize) {
        let (key, sequence) = (self.log[index].0, number(index) + 1);
        self.cache.invalidate(&key, Sequence::new(sequence));
        self.received[key] = self.received[key].max(sequence);
    }

    fn start(&mut self, key: usize, (number, deleted): Version, sequence: i64) {
        let loaded = Loaded {
            value: (!deleted).then_some(number),
            sequence: Sequence::new(sequence),
            source: LinkSource::Origin,
            bytes: 1,
            believed_until: FOR_EVER,
        };
        let (flight, is_new) = self.cache.board(&key);
        if is_new {
            self.on_their_way.push((key, flight, loaded));
        }
    }

    /// What those get who waited for the fetch; nothing if it was overtaken.
    fn finish(&mut self, place: usize, fills: bool) -> Option<Option<i64>> {
        let (key, flight, loaded) = self.on_their_way.remove(place);
        if let Some(number) = loaded.value.filter(|_| fills) {
            self.fill_shared(key, (number, false), loaded.sequence.number());
        }
        let FetchOutcome::Fetched(result) = self.cache.finish(&key, &flight, Ok(loaded)) else { return None };
        let response = result.value.map(|cached| cached.value);
        self.check(key, response);
        Some(response)
    }

    /// What is answered must be no older than the newest change of its key that was received.
    fn check(&self, key: usize, response: Option<i64>) {
        let received = self.received[key];
        match response {
            Some(number) => {
                assert!(number >= received, "edit {number} was answered after edit {received} was received");
            }
            None => {
                let deletions = (1_i64..).zip(&self.log).filter(|(_, edit)| **edit == (key, true));
                let newest = deletions.map(|(number, _)| number).last().unwrap_or_default();
                assert!(newest >= received, "absence was answered, and edit {received} was received");
            }
        }
    }

    fn happen(&mut self, event: Event) {
        let end = number(self.log.len());
        match event {
            Event::Edit { key, deleted, written_through } => {
                self.log.push((key, deleted));
                self.truth[key] = (end + 1, deleted);
                if written_through {
                    self.fill_shared(key, self.truth[key], end + 1);
                }
            }
            Event::Receive { count } => {
                for _ in 0..count.min(self.log.len() - self.log_received) {
                    self.receive_batch(self.log_received);
                    self.log_received += 1;
                }
            }
            Event::Word { which } if !self.log.is_empty() => self.receive_batch(which.index(self.log.len())),
            Event::Fetch { key } => self.start(key, self.truth[key], end),
            Event::FetchShared { key } => {
                let Some((version, sequence)) = self.shared[key] else { return };
                if !self.cache.is_outdated(&key, Sequence::new(sequence)) {
                    self.start(key, version, sequence);
                }
            }
            Event::Land { which, fills } if !self.on_their_way.is_empty() => {
                _ = self.finish(which.index(self.on_their_way.len()), fills);
            }
            Event::Evict { key } => drop(self.cache.present.remove(&key)),
            Event::Flush => self.shared = [None; KEYS],
            Event::Cut => {
                self.cache.doubt_before(Sequence::new(end));
                self.log_received = self.log.len();
            }
            Event::Visit { key } => match self.cache.get(&key, clock::monotonic()) {
                Lookup::Fresh(cached) | Lookup::Stale(cached) => self.check(key, Some(cached.value)),
                Lookup::Absent => self.check(key, None),
                Lookup::Doubted(_) | Lookup::Unknown => {}
            },
            Event::Word { .. } | Event::Land { .. } => {}
        }
    }

    /// Once everything is received, the next fetch of each key brings the truth.
    fn calm_down(&mut self) {
        self.happen(Event::Receive { count: self.log.len() });
        self.on_their_way.clear();
        self.cache.lock().flights.clear();
        for key in 0..KEYS {
            self.happen(Event::Fetch { key });
            let (edit, deleted) = self.truth[key];
            assert_eq!(self.finish(0, false), Some((!deleted).then_some(edit)), "key {key}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_older_than_what_was_heard_is_ever_answered(events in proptest::collection::vec(event(), 1..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let _inside = runtime.enter();
        let mut world = World::new();
        events.into_iter().for_each(|event| world.happen(event));
        world.calm_down();
    }
}
