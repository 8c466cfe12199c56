//! Asks a question once more if its connection turned out to be dead, as after a restart of the other end.
//!
//! Invariant: over ten seconds there are at most [`RESERVE_PER_SECOND`] × 10 second attempts, and one more for every five
//! answers, so that an origin that is dying is not asked twice as often.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use tonic::{Code, Status};
use tower::retry::budget::{Budget, TpsBudget};

/// How long a response counts.
const WINDOW: Duration = Duration::from_secs(10);
/// Second attempts that need no answers before them.
const RESERVE_PER_SECOND: u32 = 1;
/// Second attempts that a response makes room for.
const RETRIES_PER_ANSWER: f32 = 0.2;

/// How many questions may be asked again.
pub(super) struct RetryBudget(TpsBudget);

impl Default for RetryBudget {
    fn default() -> Self {
        Self(TpsBudget::new(WINDOW, RESERVE_PER_SECOND, RETRIES_PER_ANSWER))
    }
}

impl RetryBudget {
    /// Asks, and once more if there is room and the question reached nobody. For questions that change nothing.
    pub(super) async fn ask<T, F>(&self, mut question: impl FnMut() -> F) -> Result<T, Status>
    where
        F: Future<Output = Result<T, Status>>,
    {
        match question().await {
            Ok(response) => {
                self.0.deposit();
                Ok(response)
            }
            Err(status) if is_dead_connection(&status) && self.0.withdraw() => question().await,
            Err(status) => Err(status),
        }
    }
}

/// Whether it was the connection that failed. What the other end itself answers has no cause on this side.
fn is_dead_connection(status: &Status) -> bool {
    status.code() == Code::Unavailable && status.source().is_some()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn cut() -> Status {
        let mut status = Status::unavailable("cut");
        status.set_source(Arc::new(io::Error::from(io::ErrorKind::ConnectionReset)));
        status
    }

    /// Asks `questions` times, and says how often it arrived at the other end.
    async fn arrived(budget: &RetryBudget, questions: u32, response: impl Fn() -> Result<(), Status>) -> u32 {
        let received = AtomicU32::new(0);
        for _ in 0..questions {
            let question = || {
                received.fetch_add(1, Ordering::Relaxed);
                std::future::ready(response())
            };
            drop(budget.ask(question).await);
        }
        received.into_inner()
    }

    #[tokio::test]
    async fn a_dying_origin_is_hardly_asked_more_often_than_a_healthy_one() {
        let budget = RetryBudget::default();
        let reserve = RESERVE_PER_SECOND * 10;
        assert_eq!(arrived(&budget, 1_000, || Err(cut())).await, 1_000 + reserve);
    }

    #[tokio::test]
    async fn answers_make_room() {
        let budget = RetryBudget::default();
        assert_eq!(arrived(&budget, 100, || Ok(())).await, 100);
        let room = arrived(&budget, 1_000, || Err(cut())).await - 1_000;
        assert_eq!(room, 100 / 5 + RESERVE_PER_SECOND * 10);
    }

    #[tokio::test]
    async fn an_answer_is_no_reason_to_ask_again() {
        let budget = RetryBudget::default();
        assert_eq!(arrived(&budget, 10, || Err(Status::unavailable("the database is unavailable"))).await, 10);
        assert_eq!(arrived(&budget, 10, || Err(Status::deadline_exceeded("too late"))).await, 10);
    }
}
