//! Deletes objects that were kept for as long as their kind says, those of workspaces that are gone for good, and what puts left behind that were
//! broken off.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ObjectInfo, ObjectKind, Objects, metrics};
use crate::domain::error::Result;
use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::infra::store::{Store, purged_workspaces};
use crate::runtime::deletion_clock;

/// Objects in memory at a time.
const PAGE_OBJECTS: usize = 1_000;
/// After so long, nobody is at it any more.
const UNFINISHED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Deletes objects that were kept for long enough.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ForgetObjects {}

impl JobKind for ForgetObjects {
    const KIND: Kind = Kind::new("forget_objects", Duration::from_secs(30 * 60)).concurrency(1);
}

impl CronKind for ForgetObjects {
    const EVERY: Duration = Duration::from_secs(60 * 60);
}

/// How it is done, for objects of these kinds; `store` knows which workspaces are gone.
#[must_use]
pub fn handlers(objects: &Objects, store: &Store, kinds: Vec<ObjectKind>) -> Handlers {
    let (objects, store, kinds) = (objects.clone(), store.clone(), Arc::new(kinds));
    Handlers::default().on_tick(move |_: ForgetObjects, _| {
        let (objects, store, kinds) = (objects.clone(), store.clone(), Arc::clone(&kinds));
        async move {
            for kind in kinds.iter() {
                forget(&objects, &store, *kind).await?;
            }
            let left = objects.forget_unfinished(deletion_clock::now().minus(UNFINISHED_FOR)).await?;
            if left > 0 {
                tracing::info!(files = left, "removed unfinished uploads");
            }
            Ok(())
        }
    })
}

async fn forget(objects: &Objects, store: &Store, kind: ObjectKind) -> Result<()> {
    let (end, forgotten) = (deletion_clock::now().minus(kind.kept_for), metrics::forgotten(kind.name));
    let mut place = None;
    loop {
        let page = objects.list(kind, place.as_ref(), PAGE_OBJECTS).await?;
        let workspaces: HashSet<_> = page.objects.iter().filter_map(|object| object.key.workspace()).collect();
        let purged = purged_workspaces::among(store.reader(), workspaces).await?;
        let is_over = |object: &&ObjectInfo| {
            object.put_at < end || object.key.workspace().is_some_and(|workspace| purged.contains(&workspace))
        };
        for object in page.objects.iter().filter(is_over) {
            objects.delete(&object.key).await?;
            forgotten.increment(1);
        }
        place = page.next;
        if place.is_none() {
            return Ok(());
        }
    }
}
