//! Enqueues the kinds that are due from time to time, each once a tick over all processes.
//!
//! Invariants: of ticks that pass while no worker runs, only the last is made up for. While the job of one tick is not done, the
//! next tick adds none.

use std::collections::HashMap;
use std::time::Duration;

use super::new_job::{NewJob, enqueue};
use super::shared::Shared;
use crate::domain::error::Result;
use crate::domain::time::Timestamp;
use crate::infra::store::jobs;
use crate::runtime::clock;

/// How often it looks at the clock.
const INTERVAL: Duration = Duration::from_secs(1);
/// The unique key of a job of a tick.
const UNIQUE_KEY: &str = "tick";

impl Shared {
    /// Enqueues what is due until the process stops.
    pub(super) async fn keep_schedule(&self) {
        let mut seen = HashMap::new();
        let ticking = async {
            loop {
                self.tell("jobs that are due could not be enqueued", self.enqueue_ticks(&mut seen).await);
                tokio::time::sleep(INTERVAL).await;
            }
        };
        self.stopping.run_until_cancelled(ticking).await;
    }

    /// Enqueues every kind that has come to a tick since it was `seen`.
    async fn enqueue_ticks(&self, seen: &mut HashMap<&'static str, Timestamp>) -> Result<()> {
        for handler in &self.handlers {
            let Some((every, payload)) = &handler.cron else { continue };
            let tick = tick_at(clock::now(), *every);
            if seen.get(handler.kind.name) == Some(&tick) {
                continue;
            }
            let transaction = self.store.write().await?;
            if jobs::advance_schedule(&transaction, handler.kind.name, tick, *every).await? {
                let job = NewJob::with_payload(handler.kind, payload.clone()).unique(UNIQUE_KEY);
                enqueue(&transaction, job).await?;
            }
            transaction.commit().await?;
            seen.insert(handler.kind.name, tick);
        }
        Ok(())
    }
}

/// The last tick that is not after `now`.
fn tick_at(now: Timestamp, every: Duration) -> Timestamp {
    let every = i64::try_from(every.as_micros()).unwrap_or(i64::MAX).max(1);
    Timestamp::from_micros(now.as_micros().div_euclid(every).saturating_mul(every))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_tick_is_a_whole_multiple_that_has_begun(now in 0_i64..4_000_000_000_000_000, seconds in 1_u64..1_000_000) {
            let every = Duration::from_secs(seconds);
            let tick = tick_at(Timestamp::from_micros(now), every);
            prop_assert_eq!(tick.as_micros() % i64::try_from(every.as_micros()).expect("small"), 0);
            prop_assert!(tick.as_micros() <= now && Timestamp::from_micros(now) < tick.plus(every));
        }
    }
}
