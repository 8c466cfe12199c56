//! Raw clicks, newest first.

use std::sync::Arc;

use sqlx::QueryBuilder;
use sqlx::sqlite::SqliteConnection;

use super::condition::push_where;
use super::connection::ClickStore;
use super::reading::Reading;
use super::row::{COLUMNS, read};
use super::segments::{Segment, segments_of};
use super::thread::on_thread;
use crate::domain::id::WorkspaceId;
use crate::infra::click_store::columns::{Block, Damaged, Part, selected, selecting_parts};
use crate::infra::click_store::{ClickStoreError, Event, EventPosition, Selection};

impl ClickStore {
    /// At most `limit` of the selected clicks, newest first, those after `after` in that order.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn events(
        &self,
        selection: &Selection,
        after: Option<EventPosition>,
        limit: u32,
    ) -> Result<Vec<Event>, ClickStoreError> {
        let selection = Arc::new(selection.up_to(after));
        let mut reading = Reading::begin_question(self, selection.limits).await?;
        let mut events = not_packed(reading.connection(), &selection, after, limit).await?;
        let workspace_id = selection.workspace_id.as_uuid();
        let mut segments = segments_of(reading.connection(), workspace_id, selection.period).await?;
        segments.sort_by_key(|segment| segment.last_at);
        let limit = limit as usize;
        for segment in segments.iter().rev() {
            let is_full = events.len() >= limit;
            if is_full && events.last().is_none_or(|last| last.click.at.as_micros() > segment.last_at) {
                break;
            }
            reading.require_time()?;
            events.extend(packed(reading.connection(), segment, &selection, after, limit).await?);
            events.sort_by_key(|event| std::cmp::Reverse(event.position));
            events.truncate(limit);
        }
        Ok(events)
    }
}

async fn not_packed(
    connection: &mut SqliteConnection,
    selection: &Selection,
    after: Option<EventPosition>,
    limit: u32,
) -> Result<Vec<Event>, ClickStoreError> {
    let mut query = QueryBuilder::new(format!("SELECT {COLUMNS} FROM clicks"));
    push_where(&mut query, selection);
    if let Some(after) = after {
        // The plus keeps the comparison out of the choice of an index; the period has narrowed it already.
        query.push(" AND (+at, journal_id < 0, journal_id, position) < (").push_bind(after.at.as_micros());
        query.push(", ").push_bind(after.journal_id.as_u64().cast_signed() < 0);
        query.push(", ").push_bind(after.journal_id.as_u64().cast_signed());
        query.push(", ").push_bind(after.position.cast_signed()).push(")");
    }
    // The numbers of journals are unsigned, and those with the highest bit are negative here.
    query.push(" ORDER BY at DESC, journal_id < 0 DESC, journal_id DESC, position DESC LIMIT ").push_bind(limit);
    let rows = query.build().fetch_all(connection).await?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

async fn packed(
    connection: &mut SqliteConnection,
    segment: &Segment,
    selection: &Arc<Selection>,
    after: Option<EventPosition>,
    limit: usize,
) -> Result<Vec<Event>, ClickStoreError> {
    let parts = selecting_parts(selection);
    let block = segment.load(connection, &parts).await?;
    let asked = Arc::clone(selection);
    let (block, chosen) = on_thread(move || {
        let chosen = chosen(&block, &asked, after, limit);
        (block, chosen)
    })
    .await;
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let others: Vec<_> = Part::all().filter(|part| !parts.contains(part)).collect();
    let block = segment.load_into(connection, block, &others).await?;
    let workspace_id = selection.workspace_id;
    Ok(on_thread(move || events_at(&block, &chosen, workspace_id)).await?)
}

/// The places of the clicks that may be listed. Those of the same microsecond are in no particular order in a segment, so all of the
/// earliest are among them.
fn chosen(block: &Block, selection: &Selection, after: Option<EventPosition>, limit: usize) -> Vec<usize> {
    let is_after =
        |index: usize| after.is_none_or(|after| block.position(index).is_some_and(|position| position < after));
    let kept = selected(block, selection);
    let kept = kept.iter().enumerate().filter(|(_, kept)| **kept).map(|(index, _)| index);
    let mut chosen: Vec<usize> = kept.filter(|index| is_after(*index)).collect();
    let earliest = chosen.iter().rev().nth(limit.saturating_sub(1)).and_then(|index| block.at().get(*index)).copied();
    chosen.retain(|index| block.at().get(*index).copied() >= earliest);
    chosen
}

fn events_at(block: &Block, places: &[usize], workspace_id: WorkspaceId) -> Result<Vec<Event>, Damaged> {
    let event = |index: &usize| {
        let mut event = block.event(*index)?;
        event.click.workspace_id = Some(workspace_id);
        Ok(event)
    };
    places.iter().map(event).collect()
}
