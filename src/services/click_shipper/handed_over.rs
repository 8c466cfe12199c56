//! Journals among the objects: what a process hands over whose disk ends with it.
//!
//! Invariant: a journal leaves the disk when all of it is among the objects; what is done twice in between is known to whoever reads the bus.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::metrics::ShipperMetrics;
use super::shipment::Shared;
use crate::domain::error::{Error, Result};
use crate::infra::journal::{JournalFile, JournalId};
use crate::infra::objects::{ObjectKey, ObjectKind, Objects};

/// The files of journals.
pub(super) const JOURNALS: ObjectKind = ObjectKind {
    name: "journals",
    content_type: "application/octet-stream",
    // Twice the largest segment.
    bytes_max: 2 * 1024 * 1024 * 1024,
    kept_for: Duration::MAX,
    ends_with_workspace: false,
};
/// The object that says that there is no other to come.
pub(super) const COMPLETE: &str = "complete";
/// How much of a file is in memory at a time, in bytes.
const PIECE_BYTES: usize = 1024 * 1024;

/// Puts every journal that nobody writes any more among the objects, and forgets it here. Returns how many.
///
/// # Errors
/// The first failure; journals after it are handed over all the same.
pub(super) async fn hand_over(shared: &Arc<Shared>, objects: &Objects) -> Result<u64> {
    let ended = shared.on_blocking_thread(|reader| reader.reader().ended()).await.map_err(Error::internal)?;
    let (mut count, mut first_error) = (0, None);
    for id in ended {
        match hand_over_one(shared, objects, id).await {
            Ok(()) => count += 1,
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    first_error.map_or(Ok(count), Err)
}

async fn hand_over_one(shared: &Arc<Shared>, objects: &Objects, id: JournalId) -> Result<()> {
    let files = shared.on_blocking_thread(move |reader| reader.reader().files(id)).await.map_err(Error::internal)?;
    for file in &files {
        objects.put(&key(id, &file.name)?, content(file).await?).await?;
    }
    objects.put(&key(id, COMPLETE)?, stream::empty()).await?;
    shared.on_blocking_thread(move |reader| reader.reader().forget(id, files)).await.map_err(Error::internal)?;
    ShipperMetrics::global().handed_over.increment(1);
    Ok(())
}

fn key(id: JournalId, name: &str) -> Result<ObjectKey> {
    ObjectKey::new(JOURNALS, &[&id.to_string(), name])
}

/// A file in pieces.
async fn content(file: &JournalFile) -> Result<impl Stream<Item = Result<Bytes>> + use<>> {
    let content = File::open(&file.path).await.map_err(Error::internal)?.take(file.bytes);
    Ok(stream::try_unfold(content, |mut content| async move {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        let mut limited = (&mut content).take(PIECE_BYTES as u64);
        limited.read_to_end(&mut piece).await.map_err(Error::internal)?;
        Ok((!piece.is_empty()).then(|| (Bytes::from(piece), content)))
    }))
}
