//! The events of a workspace, as its programs follow them: a page at a time, or as they are committed.
//!
//! Invariants: whoever follows receives every event of the workspace that fits, once and in order, or is told that some are no
//! longer kept; a follower whose right ends is let go; there are only so many followers.

use std::time::Duration;

use futures_util::stream::{self, Stream};
use tokio::sync::watch;
use tokio::time::Instant;

use super::ApiCore;
use super::followers::{FollowerPlace, Followers};
use super::metrics;
use super::principal::{Access, Principal};
use super::recorded_action::ActionKind;
use crate::domain::error::{Error, ErrorKind, FieldError, Result};
use crate::domain::event::Event;
use crate::domain::permission::{ListEvents, Operation};
use crate::infra::store::events::{self, EventFilter};

/// How often the stream is read where no word came of a commit, which other processes do not send.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// How often a follower is told how far it is while nothing happens for it.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often it is asked whether a follower may still follow.
const RIGHT_CHECKED_EVERY: Duration = Duration::from_secs(60);
/// The most events that a follower receives at once.
const BATCH_EVENTS_MAX: u64 = 500;
/// The most types that a request may name.
const TYPES_MAX: usize = 50;
/// The longest name of a type.
const TYPE_LENGTH_MAX: usize = 64;

/// Some events, and how far the follower has come with them.
#[derive(Debug, Clone, PartialEq)]
pub struct EventBatch {
    /// The next events that fit, in order; none where it only says how far it is.
    pub events: Vec<Event>,
    /// Every event up to this number that fits was received.
    pub position: i64,
}

/// Word of commits, and the places of followers.
#[derive(Clone)]
pub(super) struct Following {
    committed: watch::Sender<()>,
    followers: Followers,
}

/// How far one follower is.
struct Follower {
    core: ApiCore,
    filter: EventFilter,
    position: i64,
    told_at: Instant,
    checked_at: Instant,
    principal: Principal,
    word: watch::Receiver<()>,
    _place: FollowerPlace,
}

impl Default for Following {
    fn default() -> Self {
        Self { committed: watch::Sender::new(()), followers: Followers::of("events", metrics::event_followers) }
    }
}

impl Following {
    /// Tells the followers of this process that there is something new.
    pub(super) fn tell(&self) {
        self.committed.send_replace(());
    }
}

impl ApiCore {
    /// Changes whenever this process has committed events.
    #[must_use]
    pub fn word_of_events(&self) -> watch::Receiver<()> {
        self.following.committed.subscribe()
    }

    /// What events there are.
    #[must_use]
    pub fn event_types(&self) -> &[ActionKind] {
        &self.actions
    }

    /// The events of the workspace behind the number `after`, or from the oldest on that is kept, at most `limit` of them. `types`
    /// are names such as `link.created`, or `link.*`; all if there are none.
    ///
    /// # Errors
    /// `Invalid` for a name that no type can have; `Gone` if events behind `after` are no longer kept.
    pub async fn list_events(
        &self,
        access: &Access,
        types: Vec<String>,
        after: Option<i64>,
        limit: u64,
    ) -> Result<EventBatch> {
        let filter = filter(access, types)?;
        let after = match after {
            Some(after) => after,
            None => events::kept_from(self.store.reader()).await?,
        };
        self.require_kept(after).await?;
        self.read_events(&filter, after, limit).await
    }

    /// The events of the workspace behind the number `after`, or from now on, as they are committed, until the caller's right
    /// ends.
    ///
    /// # Errors
    /// As [`ApiCore::list_events`], and later as the last item; `RateLimited` if there are too many followers.
    pub async fn follow_events(
        &self,
        principal: Principal,
        access: &Access,
        types: Vec<String>,
        after: Option<i64>,
    ) -> Result<impl Stream<Item = Result<EventBatch>> + Send + 'static> {
        let filter = filter(access, types)?;
        let place = self.following.followers.enter(access.workspace_id())?;
        let position = match after {
            Some(after) => after,
            None => events::last(self.store.reader()).await?,
        };
        self.require_kept(position).await?;
        let now = Instant::now();
        let follower = Follower {
            core: self.clone(),
            filter,
            position,
            told_at: now,
            checked_at: now,
            principal,
            word: self.following.committed.subscribe(),
            _place: place,
        };
        Ok(stream::unfold(Some(follower), |follower| async move {
            let mut follower = follower?;
            match follower.next().await {
                Ok(batch) => Some((Ok(batch), Some(follower))),
                Err(error) => Some((Err(error), None)),
            }
        }))
    }

    /// Refuses a position behind which events are missing, and says where to go on.
    async fn require_kept(&self, after: i64) -> Result<()> {
        let reader = self.store.reader();
        let kept_from = events::kept_from(reader).await?;
        if after < kept_from {
            let message = format!(
                "Events up to {kept_from} are no longer kept. Read what you need of the resources themselves, and go on with \
                 after={kept_from}."
            );
            return Err(gone("events_gone", message, kept_from));
        }
        let last = events::last(reader).await?;
        if after > last {
            let message = format!(
                "The last event is {last}: this instance was restored from a copy that is older than what you received. Read \
                 what you need of the resources themselves, and go on with after={last}."
            );
            return Err(gone("events_rewound", message, last));
        }
        Ok(())
    }

    async fn read_events(&self, filter: &EventFilter, after: i64, limit: u64) -> Result<EventBatch> {
        let reader = self.store.reader();
        // Asked before, so that all events up to there are read, whatever is committed meanwhile.
        let last = events::last(reader).await?;
        if last <= after {
            return Ok(EventBatch { events: Vec::new(), position: after });
        }
        let page = events::list(reader, filter, after.saturating_add(1)..=last, limit).await?;
        Ok(EventBatch { events: page.events, position: page.through })
    }
}

impl Follower {
    /// The next events, or how far the follower is, if nothing happens for some time.
    async fn next(&mut self) -> Result<EventBatch> {
        loop {
            self.require_right().await?;
            // Before reading, so that a commit meanwhile is not missed.
            self.word.mark_unchanged();
            match self.core.read_events(&self.filter, self.position, BATCH_EVENTS_MAX).await {
                Ok(batch) => {
                    if batch.position > self.position {
                        // What was deleted while it was read would be missing without a word.
                        self.core.require_kept(self.position).await?;
                    }
                    self.position = batch.position;
                    if !batch.events.is_empty() || self.told_at.elapsed() >= HEARTBEAT {
                        self.told_at = Instant::now();
                        return Ok(batch);
                    }
                }
                // The source of truth comes back, and the follower need not know.
                Err(error) if error.kind == ErrorKind::Unavailable => {}
                Err(error) => return Err(error),
            }
            // An error of the wait means that it took its time.
            drop(tokio::time::timeout(POLL_INTERVAL, self.word.changed()).await);
        }
    }

    async fn require_right(&mut self) -> Result<()> {
        if self.checked_at.elapsed() < RIGHT_CHECKED_EVERY {
            return Ok(());
        }
        self.checked_at = Instant::now();
        let workspace = self.filter.workspace.ok_or_else(|| Error::internal("a follower without a workspace"))?;
        match self.core.require_still(&self.principal, workspace, &ListEvents::PERMISSION).await {
            Err(error) if error.kind == ErrorKind::Unavailable => Ok(()),
            result => result.map(drop),
        }
    }
}

fn filter(access: &Access, types: Vec<String>) -> Result<EventFilter> {
    let refused = |message: String| Error::invalid_field("types", "invalid_value", message);
    if types.len() > TYPES_MAX {
        return Err(refused(format!("at most {TYPES_MAX} types at once")));
    }
    if let Some(wrong) = types.iter().find(|name| !is_pattern(name)) {
        let shown: String = wrong.chars().take(TYPE_LENGTH_MAX).collect();
        return Err(refused(format!("{shown:?} is neither a type such as link.created nor link.*")));
    }
    Ok(EventFilter { workspace: Some(access.workspace_id()), types })
}

fn is_pattern(name: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    name.len() <= TYPE_LENGTH_MAX
        && name.split_once('.').is_some_and(|(object, verb)| is_word(object) && (verb == "*" || is_word(verb)))
}

fn gone(code: &'static str, message: String, go_on: i64) -> Error {
    let field = FieldError { pointer: "after".to_owned(), code, message: format!("go on with {go_on}") };
    Error { fields: vec![field], ..Error::new(ErrorKind::Gone, code, message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_in_full_or_by_what_they_are_about() {
        for name in ["link.created", "link.*", "api_key.revoked"] {
            assert!(is_pattern(name), "{name}");
        }
        for name in ["", "*", "link", "link.", ".created", "Link.created", "link.*.x", "link.%", &"a".repeat(65)] {
            assert!(!is_pattern(name), "{name}");
        }
    }
}
