//! Which names there are, as a Bloom filter: a flood of random slugs ends here
//! and reaches neither the shared cache nor the source of truth.
//!
//! Invariants: a name that was listed, or whose change was received since, is never
//! taken for absent. A name that was made a moment ago may not have been received
//! of; a look-up a second goes on in spite of the filter for its sake.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use fastbloom::AtomicBloomFilter;
use futures_util::StreamExt;
use rand::RngCore;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::domain::name_key::NameKey;
use crate::runtime::token_bucket::{Decision, Rate, TokenBuckets};
use crate::services::edge_redirect::origin::{Origin, OriginError};

/// The share of absent names that pass the filter when it is full.
const FALSE_POSITIVES: f64 = 0.000_1;
/// How many names fit beyond a quarter more than there are.
const ROOM: u64 = 50_000;
/// Names that the filter excludes are looked up all the same so often a second, and so many at once.
const DOUBTS_PER_SECOND: u32 = 1;
const DOUBTS_AT_ONCE: u32 = 2;
/// After how long a filter is made anew, to be rid of names that are gone.
const LIFETIME: Duration = Duration::from_secs(60 * 60);
/// How long to wait after a list could not be had.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// The longest wait for the next piece of a list.
const PIECE_TIMEOUT: Duration = Duration::from_secs(10);

/// What the filter says of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may be there: look it up.
    Possible,
    /// It is not there.
    Absent,
}

/// The names of this moment.
pub(super) struct NameFilter {
    current: ArcSwapOption<Names>,
    next: ArcSwapOption<Names>,
    doubts: Option<TokenBuckets<()>>,
    started: Instant,
    /// How often what was received turned out to be incomplete.
    gaps: AtomicU64,
    wanted: Notify,
}

struct Names {
    key: NameKey,
    bits: AtomicBloomFilter,
    count: AtomicU64,
    count_max: u64,
}

impl Names {
    fn for_about(count: u64) -> Self {
        let mut key = [0; 16];
        rand::rng().fill_bytes(&mut key);
        let count_max = count.saturating_add(count / 4).saturating_add(ROOM);
        let expected = usize::try_from(count_max).unwrap_or(usize::MAX);
        Self {
            key: NameKey::new(key),
            bits: AtomicBloomFilter::with_false_pos(FALSE_POSITIVES).expected_items(expected),
            count: AtomicU64::new(0),
            count_max,
        }
    }

    fn insert(&self, hash: u64) {
        if !self.bits.insert_hash(hash) {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn is_full(&self) -> bool {
        self.count.load(Ordering::Relaxed) > self.count_max
    }
}

impl Default for NameFilter {
    fn default() -> Self {
        let doubts = Rate::new(DOUBTS_PER_SECOND, Duration::from_secs(1), DOUBTS_AT_ONCE);
        Self {
            current: ArcSwapOption::empty(),
            next: ArcSwapOption::empty(),
            doubts: doubts.map(|rate| TokenBuckets::new(rate, 1)),
            started: Instant::now(),
            gaps: AtomicU64::new(0),
            wanted: Notify::new(),
        }
    }
}

impl NameFilter {
    /// Judges a name. Everything is possible as long as there is no filter.
    pub(super) fn judge(&self, hash: impl Fn(&NameKey) -> u64) -> Verdict {
        match &*self.current.load() {
            Some(names) if !names.bits.contains_hash(hash(&names.key)) && !self.may_doubt() => Verdict::Absent,
            _ => Verdict::Possible,
        }
    }

    /// Whether a name is among those that are known; none is as long as there is no filter.
    pub(super) fn knows(&self, hash: impl Fn(&NameKey) -> u64) -> bool {
        self.current.load().as_ref().is_some_and(|names| names.bits.contains_hash(hash(&names.key)))
    }

    /// Whether there is a filter that a look-up has passed.
    pub(super) fn is_there(&self) -> bool {
        self.current.load().is_some()
    }

    fn may_doubt(&self) -> bool {
        let now = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let decision = self.doubts.as_ref().map(|doubts| doubts.take(&(), now));
        matches!(decision, Some(Decision::Allowed { .. }))
    }

    /// A name was made, changed or given up.
    pub(super) fn note(&self, hash: impl Fn(&NameKey) -> u64) {
        for names in [&*self.current.load(), &*self.next.load()].into_iter().flatten() {
            names.insert(hash(&names.key));
            if names.is_full() {
                self.wanted.notify_one();
            }
        }
    }

    /// Names may have been made unheard: there is no filter until it is made anew.
    pub(super) fn forget(&self) {
        self.gaps.fetch_add(1, Ordering::SeqCst);
        self.current.store(None);
        self.wanted.notify_one();
    }

    /// Makes filters from the origin's lists, the first one when [`Self::forget`] is first called, until the token is cancelled.
    pub(super) async fn keep(&self, origin: Arc<dyn Origin>, stopping: CancellationToken) {
        let work = async {
            self.wanted.notified().await;
            loop {
                if let Err(error) = self.make(&*origin).await {
                    tracing::debug!(%error, "the list of names could not be had; it is asked for again");
                    tokio::time::sleep(RETRY_AFTER).await;
                    continue;
                }
                // An error means that the time is up.
                drop(tokio::time::timeout(LIFETIME, self.wanted.notified()).await);
            }
        };
        stopping.run_until_cancelled(work).await;
    }

    async fn make(&self, origin: &dyn Origin) -> Result<(), OriginError> {
        let gaps = self.gaps.load(Ordering::SeqCst);
        let names = Arc::new(Names::for_about(origin.count_names().await?));
        // From here on changes go into it too, so that nothing made while the list is read is missed.
        self.next.store(Some(Arc::clone(&names)));
        let filled = fill(&names, origin).await;
        let made = filled.map(|()| self.current.store(Some(names)));
        self.next.store(None);
        made?;
        if self.gaps.load(Ordering::SeqCst) != gaps {
            self.current.store(None);
            return Err(OriginError("changes were missed meanwhile".into()));
        }
        Ok(())
    }
}

async fn fill(names: &Names, origin: &dyn Origin) -> Result<(), OriginError> {
    let mut pieces = origin.list_names(names.key).await?;
    loop {
        match tokio::time::timeout(PIECE_TIMEOUT, pieces.next()).await {
            Ok(Some(piece)) => piece?.into_iter().for_each(|hash| names.insert(hash)),
            Ok(None) => return Ok(()),
            Err(_) => return Err(OriginError("the list of names stopped".into())),
        }
    }
}
