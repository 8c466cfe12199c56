//! Who follows something of a workspace over a connection that stays open. Invariant: there are only so many of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::WorkspaceId;

/// Followers of one process at once, and of one workspace among them.
const FOLLOWERS_MAX: usize = 1_024;
const FOLLOWERS_OF_WORKSPACE_MAX: usize = 64;

/// Those who follow one thing. Clones share them.
#[derive(Clone)]
pub struct Followers {
    /// What they follow, as clients are told.
    what: &'static str,
    of_workspaces: Arc<Mutex<HashMap<WorkspaceId, usize>>>,
    /// Told how many there are.
    counted: fn(usize),
}

/// The place of one follower, free again when it is dropped.
pub struct FollowerPlace {
    followers: Followers,
    workspace: WorkspaceId,
}

impl Followers {
    /// Nobody yet. `counted` is told how many there are whenever that changes.
    #[must_use]
    pub fn of(what: &'static str, counted: fn(usize)) -> Self {
        Self { what, of_workspaces: Arc::default(), counted }
    }

    /// One more.
    ///
    /// # Errors
    /// `RateLimited` if there are too many.
    pub fn enter(&self, workspace: WorkspaceId) -> Result<FollowerPlace> {
        let mut followers = self.of_workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = followers.values().sum();
        let own = followers.entry(workspace).or_default();
        if all >= FOLLOWERS_MAX || *own >= FOLLOWERS_OF_WORKSPACE_MAX {
            let message = format!(
                "A workspace has at most {FOLLOWERS_OF_WORKSPACE_MAX} followers of {} at once, and a process {FOLLOWERS_MAX}. End one, or \
                 ask for pages.",
                self.what
            );
            let refusal = Error::new(ErrorKind::RateLimited, "too_many_followers", message);
            return Err(Error { retry_after: Some(Duration::from_secs(10)), ..refusal });
        }
        *own = own.saturating_add(1);
        (self.counted)(all.saturating_add(1));
        Ok(FollowerPlace { followers: self.clone(), workspace })
    }
}

impl Drop for FollowerPlace {
    fn drop(&mut self) {
        let mut followers = self.followers.of_workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = followers.get_mut(&self.workspace) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                followers.remove(&self.workspace);
            }
        }
        (self.followers.counted)(followers.values().sum());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_only_so_many_followers_and_places_come_back() {
        let followers = Followers::of("events", |_| {});
        let workspace = WorkspaceId::new();
        let places: Vec<FollowerPlace> =
            (0..FOLLOWERS_OF_WORKSPACE_MAX).map(|_| followers.enter(workspace).expect("a place")).collect();
        assert_eq!(followers.enter(workspace).err().map(|error| error.code), Some("too_many_followers"));
        assert!(followers.enter(WorkspaceId::new()).is_ok(), "others are not kept out");
        drop(places);
        assert!(followers.enter(workspace).is_ok());
    }
}
