//! How many questions of one workspace are asked at once. Others of it wait for their turn, those of other workspaces do not.
//!
//! Invariant: nobody waits for longer than one question may take, and only so many wait. Whoever is dropped while waiting leaves nothing behind.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::ClickStoreError;
use super::limits::QuestionLimits;
use crate::domain::id::WorkspaceId;

/// Questions of one workspace that wait.
const WAITING_MAX: usize = 256;

/// Whose turn it is. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns {
    of_workspaces: Arc<Mutex<HashMap<WorkspaceId, OfWorkspace>>>,
}

/// The questions of one workspace.
#[derive(Debug)]
struct OfWorkspace {
    /// Those that are asked, and those that wait.
    questions: usize,
    /// How many of them are asked at once.
    at_once: usize,
    free: Arc<Semaphore>,
}

/// The turn of one question, over when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _permit: OwnedSemaphorePermit,
    _place: Place,
}

/// The place of one question among those of its workspace.
#[derive(Debug)]
struct Place {
    turns: Turns,
    workspace: WorkspaceId,
}

impl Turns {
    /// Waits for a turn: so many questions of a workspace are asked at once, and another waits for as long as one may take.
    ///
    /// # Errors
    /// `TooManyQuestions` if it did not come in time, or too many wait already.
    pub(super) async fn wait(&self, workspace: WorkspaceId, limits: QuestionLimits) -> Result<Turn, ClickStoreError> {
        let at_once = limits.at_once as usize;
        let refused = || ClickStoreError::TooManyQuestions(at_once);
        let (place, free) = self.enter(workspace, at_once).ok_or_else(refused)?;
        match tokio::time::timeout(limits.time, free.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Turn { _permit: permit, _place: place }),
            _ => Err(refused()),
        }
    }

    fn enter(&self, workspace: WorkspaceId, at_once: usize) -> Option<(Place, Arc<Semaphore>)> {
        let mut of_workspaces = self.of_workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        let none = || OfWorkspace { questions: 0, at_once, free: Arc::new(Semaphore::new(at_once)) };
        let own = of_workspaces.entry(workspace).or_insert_with(none);
        own.allow(at_once);
        if own.questions >= at_once.saturating_add(WAITING_MAX) {
            return None;
        }
        own.questions += 1;
        Some((Place { turns: self.clone(), workspace }, Arc::clone(&own.free)))
    }
}

impl OfWorkspace {
    /// Follows a limit that was changed. Where it is lower, questions that are asked already are not disturbed, and later ones bring it down.
    fn allow(&mut self, at_once: usize) {
        if at_once > self.at_once {
            self.free.add_permits(at_once - self.at_once);
            self.at_once = at_once;
        } else {
            self.at_once -= self.free.forget_permits(self.at_once - at_once);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut of_workspaces = self.turns.of_workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = of_workspaces.get_mut(&self.workspace) {
            own.questions -= 1;
            if own.questions == 0 {
                of_workspaces.remove(&self.workspace);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::future::join_all;

    use super::*;
    use crate::infra::click_store::test_clicks::workspace;

    const SOON: Duration = Duration::from_millis(20);

    fn limits(at_once: u32, time: Duration) -> QuestionLimits {
        QuestionLimits { time, clicks: u64::MAX, at_once }
    }

    #[tokio::test]
    async fn a_workspace_that_asks_too_much_waits_for_itself_alone() {
        let (turns, limits) = (Turns::default(), limits(2, SOON));
        let one = turns.wait(workspace(1), limits).await.expect("a turn");
        let two = turns.wait(workspace(1), limits).await;
        let refused = turns.wait(workspace(1), limits).await.expect_err("two are asked already");
        assert!(matches!(refused, ClickStoreError::TooManyQuestions(2)), "{refused}");
        turns.wait(workspace(2), limits).await.expect("nothing of another workspace holds it up");
        drop(one);
        turns.wait(workspace(1), limits).await.expect("a turn that came back");
        drop(two);
        assert!(turns.of_workspaces.lock().expect("no panic").is_empty(), "nothing is kept of those who have left");
    }

    #[tokio::test]
    async fn only_so_many_wait_and_whoever_goes_away_makes_room() {
        let (turns, limits) = (Turns::default(), limits(1, Duration::from_secs(60)));
        let turn = turns.wait(workspace(1), limits).await.expect("a turn");
        for _ in 0..2 {
            let mut waiting = Box::pin(join_all((0..WAITING_MAX).map(|_| turns.wait(workspace(1), limits))));
            assert!(tokio::time::timeout(SOON, &mut waiting).await.is_err(), "they wait");
            turns.wait(workspace(1), limits).await.expect_err("one too many, who is told at once");
        }
        drop(turn);
        turns.wait(workspace(1), limits).await.expect("a turn");
    }

    #[tokio::test]
    async fn a_limit_that_was_changed_holds_for_those_who_ask_then() {
        let (turns, single, double) = (Turns::default(), limits(1, SOON), limits(2, SOON));
        let one = turns.wait(workspace(1), single).await.expect("a turn");
        let two = turns.wait(workspace(1), double).await.expect("there is room for a second");
        turns.wait(workspace(1), double).await.expect_err("two are asked already");
        turns.wait(workspace(1), single).await.expect_err("one too many are asked already");
        drop(one);
        turns.wait(workspace(1), single).await.expect_err("there is room for one");
        drop(two);
        turns.wait(workspace(1), single).await.expect("a turn");
    }
}
