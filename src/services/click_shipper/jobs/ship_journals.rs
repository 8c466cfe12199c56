//! Ships journals that processes have handed over.
//!
//! Invariant: a journal leaves the objects when the brokers have taken all of it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::domain::error::{Error, Result};
use crate::infra::bus::{Bus, Producer, Topic};
use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::infra::journal::{ArrivingJournal, JournalId, ShippingLock};
use crate::infra::objects::{ObjectInfo, ObjectKey, ObjectKind, Objects};
use crate::runtime::clock;
use crate::services::click_shipper::handed_over::{COMPLETE, JOURNALS};
use crate::services::click_shipper::{ClickShipper, ShipError};

/// What in a journal was no record, or too long for the brokers.
const REMAINS: ObjectKind = ObjectKind { name: "journal-remains", ..JOURNALS };
/// The folders of [`crate::infra::journal`] for such things.
const REMAINS_FOLDERS: [&str; 2] = ["damaged", "undelivered"];
/// After so long, nobody is at it any more, and what is there of a journal is all that there will be.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(10 * 60);
/// Objects that are listed at once.
const PAGE_OBJECTS: usize = 1_000;
/// How long the brokers may take over one journal.
const SHIPPING_TIMEOUT: Duration = Duration::from_secs(20 * 60);

/// Ships what was handed over.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ShipJournals {}

impl JobKind for ShipJournals {
    const KIND: Kind = Kind::new("ship_journals", Duration::from_secs(60 * 60)).concurrency(1);
}

impl CronKind for ShipJournals {
    const EVERY: Duration = Duration::from_secs(10);
}

/// How it is done: with this folder in between, to this topic.
#[must_use]
pub(super) fn handlers(objects: &Objects, folder: &Path, bus: &Bus, clicks: &Topic) -> Handlers {
    let way = Way { objects: objects.clone(), folder: folder.to_path_buf(), bus: bus.clone(), clicks: clicks.clone() };
    Handlers::default().on_tick(move |_: ShipJournals, _| {
        let way = way.clone();
        async move { Ok(way.ship().await?) }
    })
}

/// From the objects to the bus.
#[derive(Clone)]
struct Way {
    objects: Objects,
    /// Where journals are while they are shipped. Nobody else uses it.
    folder: PathBuf,
    bus: Bus,
    clicks: Topic,
}

impl Way {
    /// Ships what is whole, or will not be.
    async fn ship(&self) -> Result<()> {
        // An attempt that was held up past its lease may go on beside this one: without the lock, each would take what the other has
        // removed for shipped.
        let Some(turn) = ShippingLock::try_take(&self.folder).map_err(Error::internal)? else { return Ok(()) };
        ArrivingJournal::forget_all(&self.folder).map_err(Error::internal)?;
        let mut first_error = None;
        for (id, parts) in journals(&self.objects).await?.into_iter().filter(|(_, parts)| is_ready(parts)) {
            // One that cannot be shipped now keeps no other from it.
            match self.ship_one(&turn, id, &parts).await {
                Ok(records) => tracing::info!(journal = %id, records, "shipped a journal that was handed over"),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    async fn ship_one(&self, turn: &ShippingLock, id: JournalId, parts: &[ObjectInfo]) -> Result<u64> {
        self.take_in(id, parts).await?;
        let shipper = ClickShipper::new(&self.folder, Producer::new(self.bus.clone(), self.clicks.clone()));
        let records = shipper.ship_once(turn, SHIPPING_TIMEOUT).await.map_err(failed)?;
        if self.folder.join(id.to_string()).try_exists().map_err(Error::internal)? {
            return Err(Error::internal(format!("the journal {id} that was handed over cannot be read")));
        }
        self.keep_remains().await?;
        for part in parts {
            self.objects.delete(&part.key).await?;
        }
        Ok(records)
    }

    /// Makes a journal of the folder of its parts.
    async fn take_in(&self, id: JournalId, parts: &[ObjectInfo]) -> Result<()> {
        let arriving = ArrivingJournal::begin(&self.folder, id).map_err(Error::internal)?;
        for part in parts.iter().filter(|part| part.key.file_name() != COMPLETE) {
            let mut file = File::create(arriving.path(part.key.file_name())).await.map_err(Error::internal)?;
            let mut pieces = self.objects.get(&part.key).await?.pieces;
            while let Some(piece) = pieces.try_next().await? {
                file.write_all(&piece).await.map_err(Error::internal)?;
            }
            file.flush().await.map_err(Error::internal)?;
        }
        arriving.finish().map_err(Error::internal)
    }

    /// Puts what could not be shipped among the objects, where an operator finds it: the disk of this process may end with it too.
    async fn keep_remains(&self) -> Result<()> {
        for name in REMAINS_FOLDERS {
            for path in files_in(&self.folder.join(name)).map_err(Error::internal)? {
                let Some(file_name) = path.file_name().and_then(|name| name.to_str()) else { continue };
                let bytes = tokio::fs::read(&path).await.map_err(Error::internal)?;
                let content = stream::once(std::future::ready(Ok(Bytes::from(bytes)))).boxed();
                self.objects.put(&ObjectKey::new(REMAINS, &[name, file_name])?, content).await?;
                tokio::fs::remove_file(&path).await.map_err(Error::internal)?;
            }
        }
        Ok(())
    }
}

fn failed(error: ShipError) -> Error {
    match error {
        ShipError::Late(_) => Error::unavailable(error),
        ShipError::Unreadable(_) => Error::internal(error),
    }
}

/// The journals among the objects, and the parts of each.
async fn journals(objects: &Objects) -> Result<BTreeMap<JournalId, Vec<ObjectInfo>>> {
    let mut found = BTreeMap::<_, Vec<_>>::new();
    let mut place = None;
    loop {
        let page = objects.list(JOURNALS, place.as_ref(), PAGE_OBJECTS).await?;
        for object in page.objects {
            if let Some(id) = object.key.parent().and_then(JournalId::from_name) {
                found.entry(id).or_default().push(object);
            }
        }
        place = page.next;
        if place.is_none() {
            return Ok(found);
        }
    }
}

fn is_ready(parts: &[ObjectInfo]) -> bool {
    let is_complete = parts.iter().any(|part| part.key.file_name() == COMPLETE);
    let newest = parts.iter().map(|part| part.put_at).max();
    is_complete || newest.is_some_and(|put_at| clock::now().since(put_at) > GIVEN_UP_AFTER)
}

fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
