//! Finds the domains that it is time to look at.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind, NewJob, enqueue_all};
use crate::services::api_core::ApiCore;
use crate::services::domain_manager::verification::VerifyDomain;

/// How many domains are found at one tick; the others wait for the next.
const DOMAINS_MAX: u64 = 1_000;

/// Finds the domains that it is time to look at.
#[derive(Debug, Default, Serialize, Deserialize)]
struct CheckDomains {}

impl JobKind for CheckDomains {
    const KIND: Kind = Kind::new("check_domains", Duration::from_secs(60)).concurrency(1);
}

impl CronKind for CheckDomains {
    const EVERY: Duration = Duration::from_secs(60);
}

pub(super) fn handlers(core: &ApiCore) -> Handlers {
    let core = core.clone();
    Handlers::default().on_tick(move |_: CheckDomains, attempt| {
        let core = core.clone();
        async move {
            let due = core.domains_to_check(DOMAINS_MAX).await?;
            let job = |(workspace_id, domain_id)| {
                let job = NewJob::of(&VerifyDomain { workspace_id, domain_id })?;
                Ok(job.unique(domain_id.to_string()).on(workspace_id.to_string()))
            };
            let jobs: Vec<NewJob> = due.into_iter().map(job).collect::<crate::domain::error::Result<_>>()?;
            let transaction = core.store().write().await?;
            enqueue_all(&transaction, jobs).await?;
            attempt.finish(&transaction).await?;
            Ok(transaction.commit().await?)
        }
    })
}
