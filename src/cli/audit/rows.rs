//! Reads rows of the audit trail as `elido audit export` writes them, one in memory at a time.

use std::io::{self, BufRead, Read};

use serde::de::DeserializeOwned;

use crate::domain::audit::{AuditEvent, ChainHead, Verifier};
use crate::services::api_core::AuditExportHeader;

/// The longest row, in bytes. A link whose rules use every limit to the full has about ten million.
const ROW_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What was read.
pub(super) struct RowsRead {
    /// What the first line says.
    pub(super) header: AuditExportHeader,
    /// How far the rows are whole.
    pub(super) reached: ChainHead,
    /// Where they are not.
    pub(super) broken: Option<String>,
}

/// Reads rows to their end, or to the first that is not as it was written. None if it does not begin as it should.
pub(super) fn read(reader: impl BufRead) -> io::Result<Option<RowsRead>> {
    let mut lines = Lines { reader, number: 0 };
    let Some(Ok(header)) = lines.next::<AuditExportHeader>()? else { return Ok(None) };
    let mut verifier = Verifier::new(header.chain, header.after);
    let broken = loop {
        match lines.next::<AuditEvent>()? {
            None => break verifier.finish(header.head).err().map(|broken| broken.to_string()),
            Some(Err(reason)) => break Some(reason),
            Some(Ok(row)) => {
                if let Err(broken) = verifier.read(&row) {
                    break Some(broken.to_string());
                }
            }
        }
    };
    Ok(Some(RowsRead { header, reached: verifier.reached(), broken }))
}

/// The lines of a file.
struct Lines<R> {
    reader: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// The next line; an inner error where it is not what it should be.
    fn next<T: DeserializeOwned>(&mut self) -> io::Result<Option<Result<T, String>>> {
        let mut line = Vec::new();
        self.reader.by_ref().take(ROW_BYTES_MAX).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        self.number = self.number.saturating_add(1);
        let number = self.number;
        let read = serde_json::from_slice(&line);
        Ok(Some(read.map_err(|error| format!("line {number} is no row of the trail: {error}"))))
    }
}
