//! Which host names domains have: a list from the origin and what the log of changes has said since. It is asked when a host name is not
//! in the cache, and by whoever has to know of a name without waiting: TLS in front of the edge.
//!
//! Invariants: a change counts however early or late it comes, by its number. A name that is not on the list is nobody's only while
//! nothing can have been missed since the list was read; after a restart that is so as soon as there is a new list.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::domain::change::{AsOf, HostStanding, Sequence};
use crate::services::edge_redirect::origin::{HostList, Origin, OriginError};

/// After how long a list is read anew, to be rid of names that nobody has any more.
const LIFETIME: Duration = Duration::from_secs(60 * 60);
/// How long to wait after a list could not be had.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How many names that nobody has any more are remembered before the list is read anew.
const UNCLAIMED_MAX: usize = 10_000;

/// Whether this edge serves a host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It does: a domain that is in use has it.
    Yes,
    /// It does not.
    No,
    /// It has not heard of such a name, and may have missed something: it has just started, or was cut off from the log of changes.
    Unknown,
}

/// The list as it is kept across a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::services::edge_redirect) struct KeptHosts {
    sequence: Sequence,
    hosts: Vec<(Box<str>, HostStanding)>,
}

/// The host names of this moment.
#[derive(Default)]
pub(in crate::services::edge_redirect) struct KnownHosts {
    state: RwLock<State>,
    wanted: Notify,
    changed: Notify,
}

#[derive(Default)]
struct State {
    hosts: HashMap<Box<str>, Entry>,
    unclaimed: usize,
    /// How far the log had gone when the list was read.
    listed_at: Sequence,
    /// Whether nothing can have been missed since.
    is_complete: bool,
    /// How often what was received turned out to be incomplete.
    gaps: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    standing: HostStanding,
    sequence: Sequence,
}

impl KnownHosts {
    /// What a host name is, lower-case; `None` where that is not known.
    pub(super) fn standing(&self, host: &str) -> Option<HostStanding> {
        self.read(|state| match state.hosts.get(host) {
            Some(entry) => Some(entry.standing),
            None => state.is_complete.then_some(HostStanding::Unclaimed),
        })
    }

    /// Whether a host name, lower-case, is served.
    pub(in crate::services::edge_redirect) fn serves(&self, host: &str) -> Known {
        match self.standing(host) {
            Some(HostStanding::Served) => Known::Yes,
            Some(HostStanding::Withheld | HostStanding::Unclaimed) => Known::No,
            None => Known::Unknown,
        }
    }

    /// A host name changed, perhaps in a way that is not told.
    pub(super) fn note(&self, host: &str, standing: Option<HostStanding>, sequence: Sequence) {
        let Some(standing) = standing else { return self.forget() };
        let has_many_unclaimed = self.write(|state| {
            state.set(host.into(), Entry { standing, sequence });
            state.unclaimed > UNCLAIMED_MAX
        });
        if has_many_unclaimed {
            self.wanted.notify_one();
        }
        self.changed.notify_one();
    }

    /// Names may have changed unheard: the list is read anew.
    pub(super) fn forget(&self) {
        self.write(|state| {
            state.gaps += 1;
            state.is_complete = false;
        });
        self.wanted.notify_one();
    }

    /// Reads the origin's list, first when [`Self::forget`] is first called, until the token is cancelled.
    pub(super) async fn keep(&self, origin: Arc<dyn Origin>, stopping: CancellationToken) {
        let work = async {
            self.wanted.notified().await;
            loop {
                if let Err(error) = self.list(&*origin).await {
                    tracing::debug!(%error, "the list of host names could not be had; it is asked for again");
                    tokio::time::sleep(RETRY_AFTER).await;
                    continue;
                }
                // An error means that the time is up.
                drop(tokio::time::timeout(LIFETIME, self.wanted.notified()).await);
            }
        };
        stopping.run_until_cancelled(work).await;
    }

    async fn list(&self, origin: &dyn Origin) -> Result<(), OriginError> {
        let gaps = self.read(|state| state.gaps);
        let list = origin.list_hosts().await?;
        if self.write(|state| state.take(list, gaps)) {
            self.changed.notify_one();
            return Ok(());
        }
        Err(OriginError("changes were missed meanwhile".into()))
    }

    /// Waits until there is something to be kept for the next process.
    pub(in crate::services::edge_redirect) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The list, for the next process; none before there is one.
    pub(in crate::services::edge_redirect) fn kept(&self) -> Option<KeptHosts> {
        self.read(|state| {
            let hosts = state.hosts.iter().filter(|(_, entry)| entry.standing != HostStanding::Unclaimed);
            let hosts: Vec<_> = hosts.map(|(host, entry)| (host.clone(), entry.standing)).collect();
            let is_there = state.listed_at != Sequence::default();
            is_there.then_some(KeptHosts { sequence: state.listed_at, hosts })
        })
    }

    /// Takes in what an earlier process knew, until there is a new list.
    pub(in crate::services::edge_redirect) fn restore(&self, kept: KeptHosts) {
        self.write(|state| {
            state.listed_at = kept.sequence;
            for (host, standing) in kept.hosts {
                state.set(host, Entry { standing, sequence: kept.sequence });
            }
        });
    }

    /// How many host names are served.
    pub(in crate::services::edge_redirect) fn served(&self) -> usize {
        self.read(|state| state.hosts.values().filter(|entry| entry.standing == HostStanding::Served).count())
    }

    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, step: impl FnOnce(&mut State) -> T) -> T {
        step(&mut self.state.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    /// Takes in what a host name is, unless something newer is known of it.
    fn set(&mut self, host: Box<str>, entry: Entry) {
        let old = self.hosts.get(&host);
        if old.is_some_and(|old| old.sequence > entry.sequence) {
            return;
        }
        let counts =
            |entry: Option<&Entry>| usize::from(entry.is_some_and(|entry| entry.standing == HostStanding::Unclaimed));
        self.unclaimed = self.unclaimed + counts(Some(&entry)) - counts(old);
        self.hosts.insert(host, entry);
    }

    /// Puts a list in place of what is known, but for changes since it was read. False if some of these may have been missed, which began
    /// with `gaps` of them.
    fn take(&mut self, list: AsOf<HostList>, gaps: u64) -> bool {
        let AsOf { value, sequence } = list;
        let old = std::mem::take(&mut self.hosts);
        self.unclaimed = 0;
        for (host, standing) in value {
            self.set(host.into(), Entry { standing, sequence });
        }
        // What is of another history was true in one that no longer is.
        let is_newer = |entry: &Entry| entry.sequence > sequence && entry.sequence.history() == sequence.history();
        for (host, entry) in old.into_iter().filter(|(_, entry)| is_newer(entry)) {
            self.set(host, entry);
        }
        self.listed_at = sequence;
        self.is_complete = self.gaps == gaps;
        self.is_complete
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAMES: [&str; 4] = ["a.example", "b.example", "c.example", "d.example"];

    fn at(number: i64) -> Sequence {
        Sequence::new(number)
    }

    fn list(hosts: &[(&str, HostStanding)], sequence: i64) -> AsOf<HostList> {
        let value = hosts.iter().map(|(host, standing)| ((*host).to_owned(), *standing)).collect();
        AsOf { value, sequence: at(sequence) }
    }

    #[test]
    fn a_name_that_was_never_heard_of_is_nobodys_only_while_nothing_was_missed() {
        let hosts = KnownHosts::default();
        assert_eq!(hosts.serves("a.example"), Known::Unknown);
        assert!(hosts.write(|state| state.take(list(&[("a.example", HostStanding::Served)], 5), 0)));
        assert_eq!((hosts.serves("a.example"), hosts.serves("b.example")), (Known::Yes, Known::No));
        hosts.forget();
        assert_eq!((hosts.serves("a.example"), hosts.serves("b.example")), (Known::Yes, Known::Unknown));
        assert!(!hosts.write(|state| state.take(list(&[], 6), 0)), "something was missed while the list was read");
        assert_eq!(hosts.serves("a.example"), Known::Unknown);
    }

    #[test]
    fn the_next_process_knows_what_is_served_and_doubts_the_rest() {
        let before = KnownHosts::default();
        assert!(before.kept().is_none());
        let served = [("a.example", HostStanding::Served), ("b.example", HostStanding::Withheld)];
        before.write(|state| state.take(list(&served, 5), 0));
        before.note("c.example", Some(HostStanding::Served), at(6));
        before.note("a.example", Some(HostStanding::Unclaimed), at(7));
        let after = KnownHosts::default();
        after.restore(before.kept().expect("a list"));
        let known = NAMES.map(|name| after.serves(name));
        assert_eq!(known, [Known::Unknown, Known::No, Known::Yes, Known::Unknown]);
        assert_eq!(after.served(), 1);
    }

    fn standings() -> impl Strategy<Value = HostStanding> {
        prop_oneof![Just(HostStanding::Served), Just(HostStanding::Withheld), Just(HostStanding::Unclaimed)]
    }

    proptest! {
        /// Changes arrive twice, by message and by the log, in any order; the list is read somewhere in between.
        #[test]
        fn in_the_end_the_last_change_of_each_name_counts(
            changes in proptest::collection::vec((0..NAMES.len(), standings()), 0..40),
            listed in 0_usize..40,
            order in proptest::collection::vec(any::<proptest::sample::Index>(), 0..80),
        ) {
            let listed = listed.min(changes.len());
            let mut truth = [HostStanding::Unclaimed; NAMES.len()];
            for (name, standing) in &changes[..listed] {
                truth[*name] = *standing;
            }
            let owned = NAMES.iter().zip(truth).filter(|(_, standing)| *standing != HostStanding::Unclaimed);
            let owned: Vec<_> = owned.map(|(name, standing)| (*name, standing)).collect();
            let number = |index: usize| i64::try_from(index + 1).expect("a small number");
            let hosts = KnownHosts::default();
            let note = |index: usize| {
                let (name, standing) = changes[index];
                hosts.note(NAMES[name], Some(standing), at(number(index)));
            };
            if !changes.is_empty() {
                order.iter().for_each(|index| note(index.index(changes.len())));
            }
            let complete = hosts.write(|state| state.take(list(&owned, number(listed) - 1), 0));
            prop_assert!(complete);
            (listed..changes.len()).for_each(note);
            for (name, standing) in &changes[listed..] {
                truth[*name] = *standing;
            }
            for (name, standing) in NAMES.iter().zip(truth) {
                prop_assert_eq!(hosts.standing(name), Some(standing));
            }
            let unclaimed = hosts.read(|state| state.hosts.values().filter(|entry| entry.standing == HostStanding::Unclaimed).count());
            prop_assert_eq!(hosts.read(|state| state.unclaimed), unclaimed);
        }
    }
}
