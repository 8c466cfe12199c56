//! Forgets jobs that ended long ago.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::handlers::Handlers;
use super::kind::{CronKind, JobKind, Kind};
use crate::domain::error::Result;
use crate::domain::job::JobState;
use crate::infra::store::{Store, jobs};
use crate::runtime::clock;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long jobs that were done can be read.
const DONE_KEPT_FOR: Duration = DAY;
/// How long jobs that were given up can be read and tried again.
const DEAD_KEPT_FOR: Duration = DAY.saturating_mul(30);
/// How many one transaction forgets; few enough that no writer waits for it noticeably.
const STEP: i64 = 2_000;

/// Forgets jobs that ended long ago.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ForgetJobs {}

impl JobKind for ForgetJobs {
    const KIND: Kind = Kind::new("forget_jobs", Duration::from_secs(600)).concurrency(1);
}

impl CronKind for ForgetJobs {
    const EVERY: Duration = Duration::from_secs(600);
}

/// How it is done.
#[must_use]
pub fn handlers(store: &Store) -> Handlers {
    let store = store.clone();
    Handlers::default().on_tick(move |_: ForgetJobs, _| {
        let store = store.clone();
        async move {
            forget(&store, JobState::Done, DONE_KEPT_FOR).await?;
            Ok(forget(&store, JobState::Dead, DEAD_KEPT_FOR).await?)
        }
    })
}

async fn forget(store: &Store, state: JobState, kept_for: Duration) -> Result<()> {
    loop {
        let transaction = store.write().await?;
        let forgotten = jobs::delete_finished(&transaction, state, clock::now().minus(kept_for), STEP).await?;
        transaction.commit().await?;
        if forgotten == 0 {
            return Ok(());
        }
    }
}
