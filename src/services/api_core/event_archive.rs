//! Events that are about to be forgotten, kept as files among the objects: one of each workspace and day.
//!
//! Invariants: an event is noted as archived only when the file that has it is there whole, and forgotten only after that. A file has all the
//! events of its workspace that the stream had from the first of a day up to the first of a later day. What was noted is not written again, so
//! that no worker that was slow puts half a day in the place of a whole one.

use std::ops::RangeInclusive;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{Stream, try_unfold};

use super::audit_export::json_lines;
use super::gzip::compressed;
use super::{ApiCore, metrics};
use crate::domain::error::{Error, Result};
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::infra::objects::{ObjectKey, ObjectKind};
use crate::infra::store::events::EventFilter;
use crate::infra::store::{event_archive, events};
use crate::runtime::deletion_clock;

/// Events in memory at a time.
const PAGE_EVENTS: u64 = 50;
/// A day, in microseconds.
const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
/// The folder of what concerns the instance and no workspace.
const INSTANCE: &str = "instance";

/// A day of the stream.
struct Day {
    /// Such as `2026-05-01`.
    date: String,
    /// The numbers of its events.
    range: RangeInclusive<i64>,
}

/// The files, each kept for so long after it was written. Events outlive what they tell of.
pub(super) const fn kind(kept_for: Duration) -> ObjectKind {
    ObjectKind {
        name: "event-archive",
        content_type: "application/gzip",
        bytes_max: 64 * 1024 * 1024 * 1024,
        kept_for,
        ends_with_workspace: false,
    }
}

impl ApiCore {
    /// Writes every day into files whose events have been kept long enough; nothing where events are not archived.
    pub(super) async fn archive_events(&self) -> Result<()> {
        let Some(kept_for) = self.settings.events_archived_for else { return Ok(()) };
        while let Some(day) = self.day_to_archive().await? {
            for owner in event_archive::owners(self.store.reader(), day.range.clone()).await? {
                let folder = owner.map_or_else(|| INSTANCE.to_owned(), |workspace| workspace.to_string());
                let key = ObjectKey::new(kind(kept_for), &[&folder, &format!("{}.ndjson.gz", day.date)])?;
                self.objects()?.put(&key, compressed(self.lines_of(owner, day.range.clone()))).await?;
            }
            let transaction = self.store.write().await?;
            event_archive::note_through(&transaction, *day.range.end()).await?;
            transaction.commit().await?;
            let archived = day.range.end().saturating_sub(*day.range.start()).saturating_add(1);
            metrics::events_archived().increment(u64::try_from(archived).unwrap_or(0));
        }
        Ok(())
    }

    /// The first day that is in no file yet, if it is over and its events have been kept long enough.
    async fn day_to_archive(&self) -> Result<Option<Day>> {
        let reader = self.store.reader();
        let before = events::kept_from(reader).await?.max(event_archive::through(reader).await?);
        let rest = before.saturating_add(1)..=i64::MAX;
        let page = events::list(reader, &EventFilter::default(), rest, 1).await?;
        let Some(first) = page.events.into_iter().next() else { return Ok(None) };
        let start = first.at.as_micros().div_euclid(DAY_MICROS).saturating_mul(DAY_MICROS);
        let end = Timestamp::from_micros(start.saturating_add(DAY_MICROS));
        if end > deletion_clock::now().minus(self.settings.events_kept_for) {
            return Ok(None);
        }
        let next = event_archive::first_since(reader, first.sequence, end).await?;
        let date = Timestamp::from_micros(start).to_utc().map(|date| date.format("%Y-%m-%d").to_string());
        let date = date.ok_or_else(|| Error::internal("an event beyond the calendar"))?;
        Ok(Some(Day { date, range: first.sequence..=next.saturating_sub(1) }))
    }

    /// The events of one owner as lines of JSON, with an error at the end if another worker was faster: its file has them all, and they may be
    /// forgotten by now.
    fn lines_of(
        &self,
        owner: Option<WorkspaceId>,
        range: RangeInclusive<i64>,
    ) -> impl Stream<Item = Result<Bytes>> + Send + use<> {
        let store = self.store.clone();
        let first = *range.start();
        try_unfold((store, range), move |(store, rest)| async move {
            let page = event_archive::list(store.reader(), owner, rest.clone(), PAGE_EVENTS).await?;
            match page.last().map(|event| event.sequence) {
                Some(last) => {
                    let rest = last.saturating_add(1)..=*rest.end();
                    Ok(Some((json_lines(&page)?, (store, rest))))
                }
                None if event_archive::through(store.reader()).await? < first => Ok(None),
                None => Err(Error::unavailable("another worker has archived these events")),
            }
        })
    }
}
