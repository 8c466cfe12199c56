//! From the records of a partition to what the store takes of each journal, and to what is no click.
//!
//! Invariant: of a journal, a position that is not above all before it has been there already, and is passed over.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use super::enricher::Enricher;
use crate::infra::bus::Received;
use crate::infra::click_store::{ClickBatch, JournalledClick};
use crate::infra::click_topic::{Content, Entry};
use crate::infra::journal::{JournalId, PlacedTally};

/// What some records come to.
#[derive(Default)]
pub(super) struct PreparedBatch {
    /// What to store of each journal.
    pub(super) batches: BTreeMap<JournalId, ClickBatch>,
    /// What is no click.
    pub(super) poison: Vec<Poison>,
    /// Clicks that came twice in this batch.
    pub(super) repeated: u64,
}

/// A journal and a position in it.
pub(super) type Place = (JournalId, u64);

/// A record that is no click.
pub(super) struct Poison {
    /// The record.
    pub(super) record: Received,
    /// Which it is, if anything says so.
    pub(super) place: Option<Place>,
    /// What is wrong with it.
    pub(super) reason: String,
}

impl PreparedBatch {
    /// Reads records in their order.
    pub(super) fn read(records: Vec<Received>, dead_topic: &str, enricher: &mut Enricher) -> Self {
        let mut prepared = Self::default();
        for record in records {
            if let Err((place, reason)) = prepared.add(&record, dead_topic, enricher) {
                prepared.poison.push(Poison { record, place, reason });
            }
        }
        prepared
    }

    /// Whether some writer says how many records there should be.
    pub(super) fn has_tally(&self) -> bool {
        self.batches.values().any(|batch| batch.tally.is_some())
    }

    /// Adds a record; for one that is no click, says which it is and why it is none.
    fn add(
        &mut self,
        record: &Received,
        dead_topic: &str,
        enricher: &mut Enricher,
    ) -> Result<(), (Option<Place>, String)> {
        let entry = Entry::read(record, dead_topic).map_err(|error| (None, error.to_string()))?;
        let Entry { journal, position, content } = entry;
        let Some(batch) = batch_for(&mut self.batches, journal, position) else {
            self.repeated += u64::from(matches!(content, Content::Record(_)));
            return Ok(());
        };
        let click = match content {
            Content::Tally(tally) => {
                batch.tally = Some(PlacedTally { position, tally });
                return Ok(());
            }
            Content::Record(payload) => enricher.read(payload).map_err(|error| error.to_string()),
            Content::Unknown(error) => Err(error.to_string()),
        };
        match click {
            Ok(click) => {
                batch.clicks.push(JournalledClick { position, click });
                Ok(())
            }
            Err(reason) => {
                batch.undecodable.push(position);
                Err((Some((journal, position)), reason))
            }
        }
    }
}

/// The batch of a journal, which then reaches to this position; none if it has been reached already.
fn batch_for(
    batches: &mut BTreeMap<JournalId, ClickBatch>,
    journal_id: JournalId,
    position: u64,
) -> Option<&mut ClickBatch> {
    match batches.entry(journal_id) {
        Slot::Vacant(vacant) => {
            let (clicks, undecodable) = (Vec::new(), Vec::new());
            Some(vacant.insert(ClickBatch { journal_id, through: position, clicks, undecodable, tally: None }))
        }
        Slot::Occupied(occupied) => {
            let batch = occupied.into_mut();
            let is_new = batch.through < position;
            batch.through = batch.through.max(position);
            is_new.then_some(batch)
        }
    }
}
