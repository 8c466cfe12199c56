//! The blocking half of the ingester: reads the journal, decodes, looks up, enriches.

use std::collections::BTreeSet;
use std::io;

use super::dead_letters::{DeadLetters, Undecodable};
use super::enricher::Enricher;
use super::metrics::IngesterMetrics;
use crate::domain::time::Timestamp;
use crate::infra::click_store::{ClickBatch, JournalledClick};
use crate::infra::journal::{Batch, JournalId, WatchedReader};

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
        while let Some(records) = self.reader.next_beside(&BTreeSet::new(), records_max)? {
            let journal = records.journal();
            match self.prepare(records) {
                Ok(taken) => return Ok(Some(taken)),
                // Its records come again, and other journals go on.
                Err(error) => self.reader.put_off(journal, &error),
            }
        }
        self.enricher.forget_past();
        Ok(None)
    }

    fn prepare(&mut self, records: Batch) -> io::Result<Taken> {
        let mut dead = Vec::new();
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
                    dead.push(Undecodable { position, payload, error: error.to_string() });
                }
            }
        }
        self.keep_aside(records.journal(), &dead)?;
        let earliest = clicks.clicks.iter().map(|record| record.click.at).min();
        Ok(Taken { records, clicks, earliest })
    }

    fn keep_aside(&self, journal: JournalId, dead: &[Undecodable<'_>]) -> io::Result<()> {
        self.dead_letters.keep(journal, dead)?;
        IngesterMetrics::global().undecodable.increment(dead.len() as u64);
        for Undecodable { position, error, .. } in dead {
            tracing::warn!(%journal, position, error, "a journal record is no click: it is kept aside");
        }
        Ok(())
    }
}
