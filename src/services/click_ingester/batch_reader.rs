//! The blocking half of the ingester: reads the journal, decodes, looks up, enriches.

use std::collections::HashMap;
use std::io;

use super::dead_letters::DeadLetters;
use super::enrichment::enrich;
use super::metrics::{IngesterMetrics, JournalReaderMetrics};
use super::visitor::VisitorKeys;
use crate::domain::click::Click;
use crate::domain::time::Timestamp;
use crate::infra::click_store::{ClickBatch, EnrichedClick, JournalledClick};
use crate::infra::geo::GeoDatabase;
use crate::infra::journal::{Batch, JournalId, JournalReader};
use crate::infra::user_agent::UserAgents;
use crate::runtime::clock;

/// Reads and enriches.
pub(super) struct BatchReader {
    pub(super) reader: JournalReader,
    pub(super) geo: GeoDatabase,
    pub(super) user_agents: UserAgents,
    pub(super) dead_letters: DeadLetters,
    pub(super) keys: VisitorKeys,
    /// What the log knows of journals that cannot be read.
    pub(super) failures: HashMap<JournalId, String>,
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
        let next = self.reader.next(records_max);
        self.report_damage();
        self.report_failures();
        let Some(records) = next? else {
            self.keys.forget_past(clock::now());
            return Ok(None);
        };
        Ok(Some(self.prepare(records)))
    }

    fn report_damage(&mut self) {
        let damage = self.reader.take_damage();
        JournalReaderMetrics::global().corrupt_bytes.increment(damage.corrupt_bytes);
        for file in damage.files {
            tracing::warn!(
                file,
                "a click journal is damaged: clicks may be missing; bytes that are no record are kept in journal/damaged"
            );
        }
    }

    /// Whether some journal cannot be read now.
    pub(super) fn has_failures(&self) -> bool {
        !self.failures.is_empty()
    }

    /// Tells the log what has changed of the journals that cannot be read.
    fn report_failures(&mut self) {
        let now: HashMap<_, _> = self.reader.failures().map(|(id, failure)| (id, failure.error.clone())).collect();
        if now == self.failures {
            return;
        }
        for (journal, error) in now.iter().filter(|(id, error)| self.failures.get(id) != Some(error)) {
            tracing::error!(%journal, error, "a click journal cannot be read; the others are, and this one is tried again");
        }
        for journal in self.failures.keys().filter(|id| !now.contains_key(id)) {
            tracing::info!(%journal, "a click journal can be read again");
        }
        JournalReaderMetrics::global().unreadable.set(f64::from(u32::try_from(now.len()).unwrap_or(u32::MAX)));
        self.failures = now;
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
            match Click::decode(payload) {
                Ok(click) => clicks.clicks.push(JournalledClick { position, click: self.enrich(&click) }),
                Err(error) => {
                    clicks.undecodable.push(position);
                    self.keep_aside(&records, position, payload, &error.to_string());
                }
            }
        }
        let earliest = clicks.clicks.iter().map(|record| record.click.at).min();
        Taken { records, clicks, earliest }
    }

    fn enrich(&mut self, click: &Click<'_>) -> EnrichedClick {
        let location = self.geo.locate(click.address);
        let agent = self.user_agents.classify(click.user_agent);
        enrich(click, &location, &agent, self.keys.of_day(click.at))
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
