//! The blocking half of the ingester: reads the journal, decodes, looks up, enriches.

use std::collections::BTreeSet;
use std::io;

use super::dead_letters::DeadLetters;
use super::enricher::Enricher;
use super::metrics::IngesterMetrics;
use crate::domain::time::Timestamp;
use crate::infra::click_store::{ClickBatch, JournalledClick};
use crate::infra::journal::{Batch, WatchedReader};

/// Reads and enriches.
pub(super) struct BatchReader {
    pub(super) reader: WatchedReader,
    pub(super) enricher: Enricher,
    pub(super) dead_letters: DeadLetters,
}

/// Some records of the journal, ready for the store.
pub(super) struct Taken {
    /// What to acknowledge once they are stored.
    pub(super) records: Batch,
    /// What to store.
    pub(super) clicks: ClickBatch,
    /// When the earliest of them was answered.
    pub(super) earliest: Option<Timestamp>,
}

impl BatchReader {
    /// The next records of the journal, at most `records_max`; none when there are none now.
    pub(super) fn take(&mut self, records_max: usize) -> io::Result<Option<Taken>> {
        let Some(records) = self.reader.next_beside(&BTreeSet::new(), records_max)? else {
            self.enricher.forget_past();
            return Ok(None);
        };
        Ok(Some(self.prepare(records)))
    }

    fn prepare(&mut self, records: Batch) -> Taken {
        let mut clicks = ClickBatch {
            journal_id: records.journal(),
            through: records.tally().map_or(0, |placed| placed.position),
            clicks: Vec::with_capacity(records.len()),
            undecodable: Vec::new(),
            tally: records.tally(),
        };
        for (position, payload) in records.records() {
            clicks.through = clicks.through.max(position);
            match self.enricher.read(payload) {
                Ok(click) => clicks.clicks.push(JournalledClick { position, click }),
                Err(error) => {
                    clicks.undecodable.push(position);
                    self.keep_aside(&records, position, payload, &error.to_string());
                }
            }
        }
        let earliest = clicks.clicks.iter().map(|record| record.click.at).min();
        Taken { records, clicks, earliest }
    }

    fn keep_aside(&self, records: &Batch, position: u64, payload: &[u8], error: &str) {
        let metrics = IngesterMetrics::global();
        let journal = records.journal();
        let kept = self.dead_letters.keep(journal, position, payload, error);
        let (counter, fate) = match &kept {
            Ok(true) => (&metrics.undecodable, "kept aside"),
            Ok(false) => (&metrics.dropped_full, "dropped, because the file for such records is full"),
            Err(_) => (&metrics.dropped_unwritable, "dropped, because the file for such records cannot be written"),
        };
        counter.increment(1);
        let failure = kept.err().map(tracing::field::display);
        tracing::warn!(%journal, position, error, failure, "a journal record is no click: {fate}");
    }
}
