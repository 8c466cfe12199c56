//! Tells followers of links whose time is over.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::services::api_core::ApiCore;

/// How many links one transaction tells of; few enough that no writer waits for it noticeably.
const STEP: u64 = 100;

/// Tells of what has expired.
#[derive(Debug, Default, Serialize, Deserialize)]
struct EndLinks {}

impl JobKind for EndLinks {
    const KIND: Kind = Kind::new("end_links", Duration::from_secs(10 * 60)).concurrency(1);
}

impl CronKind for EndLinks {
    const EVERY: Duration = Duration::from_secs(60);
}

pub(super) fn handlers(core: &ApiCore) -> Handlers {
    let core = core.clone();
    Handlers::default().on_tick(move |_: EndLinks, _| {
        let core = core.clone();
        async move {
            while core.tell_of_some_expired_links(STEP).await? > 0 {}
            Ok(())
        }
    })
}
