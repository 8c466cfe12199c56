//! How many questions of one workspace are asked at once. Others of it wait for their turn, those of other workspaces do not.
//!
//! Invariant: nobody waits for longer than one question may take, and only so many wait. Whoever is dropped while waiting leaves nothing behind.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::ClickStoreError;
use crate::domain::id::WorkspaceId;

/// Questions of one workspace that wait.
const WAITING_MAX: usize = 256;

/// Whose turn it is. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    at_once: usize,
    wait_max: Duration,
    of_workspaces: Arc<Mutex<HashMap<WorkspaceId, OfWorkspace>>>,
}

/// The questions of one workspace.
#[derive(Debug)]
struct OfWorkspace {
    /// Those that are asked, and those that wait.
    questions: usize,
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
    /// `at_once` questions of each workspace; another waits for at most `wait_max`.
    pub(super) fn new(at_once: u32, wait_max: Duration) -> Self {
        Self { at_once: at_once as usize, wait_max, of_workspaces: Arc::default() }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// `TooManyQuestions` if it did not come in time, or too many wait already.
    pub(super) async fn wait(&self, workspace: WorkspaceId) -> Result<Turn, ClickStoreError> {
        let refused = || ClickStoreError::TooManyQuestions(self.at_once);
        let (place, free) = self.enter(workspace).ok_or_else(refused)?;
        match tokio::time::timeout(self.wait_max, free.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Turn { _permit: permit, _place: place }),
            _ => Err(refused()),
        }
    }

    fn enter(&self, workspace: WorkspaceId) -> Option<(Place, Arc<Semaphore>)> {
        let mut of_workspaces = self.of_workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        let none = || OfWorkspace { questions: 0, free: Arc::new(Semaphore::new(self.at_once)) };
        let own = of_workspaces.entry(workspace).or_insert_with(none);
        if own.questions >= self.at_once.saturating_add(WAITING_MAX) {
            return None;
        }
        own.questions += 1;
        Some((Place { turns: self.clone(), workspace }, Arc::clone(&own.free)))
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
    use futures_util::future::join_all;

    use super::*;
    use crate::infra::click_store::test_clicks::workspace;

    const SOON: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_workspace_that_asks_too_much_waits_for_itself_alone() {
        let turns = Turns::new(2, SOON);
        let (one, two) = (turns.wait(workspace(1)).await.expect("a turn"), turns.wait(workspace(1)).await);
        let refused = turns.wait(workspace(1)).await.expect_err("two are asked already");
        assert!(matches!(refused, ClickStoreError::TooManyQuestions(2)), "{refused}");
        turns.wait(workspace(2)).await.expect("nothing of another workspace holds it up");
        drop(one);
        turns.wait(workspace(1)).await.expect("a turn that came back");
        drop(two);
        assert!(turns.of_workspaces.lock().expect("no panic").is_empty(), "nothing is kept of those who have left");
    }

    #[tokio::test]
    async fn only_so_many_wait_and_whoever_goes_away_makes_room() {
        let turns = Turns::new(1, Duration::from_secs(60));
        let turn = turns.wait(workspace(1)).await.expect("a turn");
        for _ in 0..2 {
            let mut waiting = Box::pin(join_all((0..WAITING_MAX).map(|_| turns.wait(workspace(1)))));
            assert!(tokio::time::timeout(SOON, &mut waiting).await.is_err(), "they wait");
            turns.wait(workspace(1)).await.expect_err("one too many, who is told at once");
        }
        drop(turn);
        turns.wait(workspace(1)).await.expect("a turn");
    }
}
