//! A reader whose findings are told: what is damaged, what cannot be read, and how long records wait.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::reader::{Batch, JournalReader};
use super::reader_metrics::JournalReaderMetrics;
use super::segment::JournalId;

/// Reads the journals of a folder, and tells the log and the metrics what it finds.
pub struct WatchedReader {
    reader: JournalReader,
    /// What the log knows of journals that cannot be read.
    failures: HashMap<JournalId, String>,
}

impl WatchedReader {
    /// Reads the journals in this folder, which need not exist yet.
    #[must_use]
    pub fn open(root: &Path) -> Self {
        Self { reader: JournalReader::open(root), failures: HashMap::new() }
    }

    /// [`JournalReader::next_beside`].
    ///
    /// # Errors
    /// The folder of the journals cannot be read.
    pub fn next_beside(&mut self, busy: &BTreeSet<JournalId>, records_max: usize) -> io::Result<Option<Batch>> {
        let next = self.reader.next_beside(busy, records_max);
        self.report_damage();
        self.report_failures();
        next
    }

    /// Leaves a journal alone for a while whose records cannot be taken, and says why.
    pub fn put_off(&mut self, journal: JournalId, error: &io::Error) {
        self.reader.put_off(journal, error);
        self.report_failures();
    }

    /// The reader itself.
    pub fn reader(&mut self) -> &mut JournalReader {
        &mut self.reader
    }

    /// Whether some journal cannot be read now.
    #[must_use]
    pub fn has_failures(&self) -> bool {
        !self.failures.is_empty()
    }

    /// Says how old the oldest record is that waits; zero where none does.
    pub fn report_lag(lag: Duration) {
        JournalReaderMetrics::global().publish_lag_seconds.set(lag.as_secs_f64());
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
}
