//! The log of changes, as edges follow it, and the names that there are.
//!
//! Invariants: a follower receives every change exactly once and in order, or is
//! told up to where it cannot know. It receives nothing while the source of truth
//! is unavailable. Where somebody has received more than there is, commits were lost, and
//! the log begins a new history.

use std::time::Duration;

use futures_util::stream::{self, Stream};
use tokio::time::{Instant, sleep};

use super::ApiCore;
use crate::domain::change::{ChangeBatch, Sequence};
use crate::domain::error::Result;
use crate::domain::id::{DomainId, LinkId};
use crate::domain::name_key::NameKey;
use crate::infra::store::{changes, deleted_links, domains, links};
use crate::runtime::clock;

/// How often the log is read for a follower.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How often a follower is told that nothing happened.
const HEARTBEAT: Duration = Duration::from_millis(300);
/// How many changes a follower receives at once.
const BATCH_CHANGES_MAX: u64 = 200;
/// How long changes are kept for followers that come back. What edges share with each other must not be older.
pub const CHANGES_KEPT_FOR: Duration = Duration::from_secs(15 * 60);
/// How many links are read at once for the list of names.
const NAMES_PAGE: u64 = 10_000;

/// How far one follower is.
struct Follower {
    core: ApiCore,
    asked: Option<Sequence>,
    received: Option<Sequence>,
    last_word: Instant,
}

/// How far the list of names is. A link that is deleted meanwhile stands among the later ones, or edges hear of it.
enum NamesPosition {
    Hosts,
    /// The links behind this one.
    Links(LinkId),
    /// The deleted links behind this one that keep their slugs.
    DeletedLinks(LinkId),
}

impl ApiCore {
    /// Begins a new history of changes where the database is not what it was when the last one was written.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn begin_history(&self) -> Result<()> {
        let transaction = self.store.write().await?;
        changes::begin(&transaction, clock::now()).await?;
        transaction.commit().await
    }

    /// Begins a new history of changes, because `received` is beyond the end of this one.
    async fn renew_history(&self, received: Sequence) -> Result<()> {
        let transaction = self.store.write().await?;
        // Another follower may have seen to it meanwhile.
        if changes::last(&transaction).await? < received {
            changes::renew(&transaction, received, clock::now()).await?;
            transaction.commit().await?;
            tracing::error!(
                received = received.number(),
                "the database has lost changes that edges have received; edges ask for everything anew"
            );
        }
        Ok(())
    }

    /// The log after `sequence`, or from its oldest change on, without an end.
    pub fn follow_changes(&self, sequence: Option<Sequence>) -> impl Stream<Item = ChangeBatch> + Send + 'static {
        let follower = Follower { core: self.clone(), asked: sequence, received: None, last_word: Instant::now() };
        stream::unfold(follower, |mut follower| async move {
            loop {
                // A source of truth that is unavailable makes no changes; the follower notices the silence.
                if let Ok(Some(batch)) = follower.next().await {
                    follower.last_word = Instant::now();
                    return Some((batch, follower));
                }
                sleep(POLL_INTERVAL).await;
            }
        })
    }

    /// Hashes of every host name and slug, some thousands at once.
    pub fn list_names(&self, key: NameKey) -> impl Stream<Item = Result<Vec<u64>>> + Send + 'static {
        let state = Some((self.clone(), NamesPosition::Hosts));
        stream::try_unfold(state, move |state| async move {
            let Some((core, position)) = state else { return Ok(None) };
            let (hashes, next) = core.next_names(key, position).await?;
            Ok(Some((hashes, next.map(|next| (core, next)))))
        })
    }

    /// About how many names there are.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn count_names(&self) -> Result<u64> {
        let reader = self.store.reader();
        Ok(links::count(reader).await?.saturating_add(deleted_links::count_keeping(reader).await?))
    }

    async fn host_hashes(&self, key: NameKey) -> Result<Vec<u64>> {
        // Edges of this release know host names by their own list; those of the one before look for them here.
        let hosts = domains::owned_hosts(self.store.reader()).await?;
        Ok(hosts.iter().map(|(hostname, _)| key.host(hostname)).collect())
    }

    /// The names at a position of the list, and the position behind them.
    async fn next_names(&self, key: NameKey, position: NamesPosition) -> Result<(Vec<u64>, Option<NamesPosition>)> {
        let first = LinkId::from_uuid(uuid::Uuid::nil());
        let reader = self.store.reader();
        match position {
            NamesPosition::Hosts => Ok((self.host_hashes(key).await?, Some(NamesPosition::Links(first)))),
            NamesPosition::Links(after) => {
                let names = links::names_after(reader, after, NAMES_PAGE).await?;
                let next =
                    names.last().map_or(NamesPosition::DeletedLinks(first), |(id, _, _)| NamesPosition::Links(*id));
                Ok((link_hashes(key, &names), Some(next)))
            }
            NamesPosition::DeletedLinks(after) => {
                let names = deleted_links::names_after(reader, after, NAMES_PAGE).await?;
                let next = names.last().map(|(id, _, _)| NamesPosition::DeletedLinks(*id));
                Ok((link_hashes(key, &names), next))
            }
        }
    }
}

fn link_hashes(key: NameKey, names: &[(LinkId, DomainId, String)]) -> Vec<u64> {
    names.iter().map(|(_, domain, slug)| key.link(*domain, slug)).collect()
}

impl Follower {
    /// What the follower has to receive now, if anything.
    async fn next(&mut self) -> Result<Option<ChangeBatch>> {
        let Some(received) = self.received else { return self.begin().await.map(Some) };
        let changes = changes::after(self.core.store.reader(), received, BATCH_CHANGES_MAX).await?;
        match changes.first() {
            // The log was cut behind the follower's back, or is another one than it was.
            Some(first) if first.sequence != received.next() => self.begin().await.map(Some),
            None if self.last_word.elapsed() < HEARTBEAT => Ok(None),
            None if self.is_another_history(received).await? => self.begin().await.map(Some),
            _ => {
                let sequence = changes.last().map_or(received, |last| last.sequence);
                self.received = Some(sequence);
                Ok(Some(ChangeBatch { sequence, unknown_before: None, changes }))
            }
        }
    }

    /// Whether the log no longer goes on from what was received.
    async fn is_another_history(&self, received: Sequence) -> Result<bool> {
        let last = changes::last(self.core.store.reader()).await?;
        if last < received {
            self.core.renew_history(received).await?;
        }
        Ok(last < received || last.history() != received.history())
    }

    /// Goes on where the follower was, or where the log begins.
    async fn begin(&mut self) -> Result<ChangeBatch> {
        let reader = self.core.store.reader();
        let mut last = changes::last(reader).await?;
        if let Some(asked) = self.asked.filter(|asked| *asked > last && asked.is_plausible(clock::now())) {
            self.core.renew_history(asked).await?;
            last = changes::last(reader).await?;
        }
        let kept_from = changes::kept_from(reader).await?;
        let known = self.asked.take().filter(|sequence| (kept_from..=last).contains(sequence));
        let sequence = known.unwrap_or(kept_from);
        self.received = Some(sequence);
        let unknown_before = if known.is_some() { None } else { Some(sequence) };
        Ok(ChangeBatch { sequence, unknown_before, changes: Vec::new() })
    }
}
