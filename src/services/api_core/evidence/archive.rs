//! The bytes of an archive, in order and a piece at a time: a compressed tape archive (`.tar.gz`).
//!
//! The rows are read twice: first to find out whether the chain is whole, and the length and the hash that have to stand before
//! them; then to write them. Invariant: what is written the second time is what was read the first, or the archive is not finished.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::stream::{Stream, StreamExt, iter, try_unfold};
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

use super::manifest::{ArchivedFile, ROWS_FILE};
use crate::domain::audit::{AuditEvent, Break, ChainHead, Verifier};
use crate::domain::error::{Error, Result};
use crate::domain::recorded::Chain;
use crate::domain::time::Timestamp;
use crate::infra::store::{Store, audit};
use crate::services::api_core::audit_export::{AuditExportHeader, json_lines};
use crate::services::api_core::gzip::compressed;

/// Rows in memory at a time.
const PAGE_ROWS: u64 = 200;
/// The length of everything in a tape archive is a multiple of this.
const BLOCK_BYTES: usize = 512;
/// Who may read the files.
const FILE_MODE: u32 = 0o644;

/// The rows of an archive.
#[derive(Clone)]
pub(super) struct Rows {
    pub(super) store: Store,
    /// The first line of the file.
    pub(super) header: AuditExportHeader,
}

/// What is known of the rows before they are written.
pub(super) struct Survey {
    pub(super) rows: u64,
    pub(super) actions: BTreeMap<String, u64>,
    pub(super) file: ArchivedFile,
}

/// A small file of an archive, all of it.
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) content: &'a [u8],
}

impl Rows {
    /// Reads the rows. The inner error says where the chain is broken.
    pub(super) async fn survey(&self) -> Result<std::result::Result<Survey, Break>> {
        let mut verifier = Verifier::new(self.header.chain, self.header.after);
        let (mut counted, mut actions, mut rows) = (Counted::default(), BTreeMap::new(), 0_u64);
        counted.update(&json_lines(std::slice::from_ref(&self.header))?);
        loop {
            let page = self.page(verifier.reached().sequence).await?;
            if page.is_empty() {
                break;
            }
            for row in &page {
                if let Err(broken) = verifier.read(row) {
                    return Ok(Err(broken));
                }
                let count: &mut u64 = actions.entry(row.action.clone()).or_default();
                *count = count.saturating_add(1);
                rows = rows.saturating_add(1);
            }
            counted.update(&json_lines(&page)?);
        }
        if let Err(broken) = verifier.finish(self.header.head) {
            return Ok(Err(broken));
        }
        Ok(Ok(Survey { rows, actions, file: counted.file() }))
    }

    async fn page(&self, after: i64) -> Result<Vec<AuditEvent>> {
        let (chain, until): (Chain, ChainHead) = (self.header.chain, self.header.head);
        audit::range(self.store.reader(), chain, after, until.sequence, PAGE_ROWS).await
    }

    /// The file in pieces, with an error at the end if it is not the one that was surveyed.
    fn lines(self, surveyed: ArchivedFile) -> impl Stream<Item = Result<Bytes>> + Send {
        let start = (self, None, Counted::default());
        try_unfold((start, surveyed), |((rows, reached, mut counted), surveyed)| async move {
            let (lines, reached) = match reached {
                None => (json_lines(std::slice::from_ref(&rows.header))?, rows.header.after.sequence),
                Some(reached) => {
                    let page = rows.page(reached).await?;
                    match page.last().map(|row| row.sequence) {
                        Some(last) => (json_lines(&page)?, last),
                        None if counted.file() == surveyed => return Ok(None),
                        None => return Err(Error::internal("the audit trail changed while it was read")),
                    }
                }
            };
            counted.update(&lines);
            Ok(Some((lines, ((rows, Some(reached), counted), surveyed))))
        })
    }
}

/// The archive: small files first, then the rows.
pub(super) fn archive(
    entries: &[Entry<'_>],
    rows: Rows,
    survey: &Survey,
) -> Result<impl Stream<Item = Result<Bytes>> + Send + use<>> {
    let written_at = rows.header.at;
    let mut begin = Vec::new();
    for entry in entries {
        begin.extend(head(entry.name, u64::try_from(entry.content.len()).unwrap_or(u64::MAX), written_at)?);
        begin.extend_from_slice(entry.content);
        begin.resize(begin.len().next_multiple_of(BLOCK_BYTES), 0);
    }
    begin.extend(head(ROWS_FILE, survey.file.bytes, written_at)?);
    let odd = usize::try_from(survey.file.bytes % BLOCK_BYTES as u64).unwrap_or(0);
    // The rest of the last block, and two empty ones that end an archive.
    let end = vec![0; (BLOCK_BYTES - odd) % BLOCK_BYTES + 2 * BLOCK_BYTES];
    let begin = iter([Ok(Bytes::from(begin))]);
    Ok(compressed(begin.chain(rows.lines(survey.file.clone())).chain(iter([Ok(Bytes::from(end))]))))
}

/// What stands before a file in a tape archive.
fn head(name: &str, bytes: u64, written_at: Timestamp) -> Result<Vec<u8>> {
    let mut header = Header::new_ustar();
    header.set_path(name).map_err(Error::internal)?;
    header.set_entry_type(EntryType::Regular);
    header.set_size(bytes);
    header.set_mode(FILE_MODE);
    header.set_mtime(u64::try_from(written_at.as_micros() / 1_000_000).unwrap_or(0));
    header.set_cksum();
    Ok(header.as_bytes().to_vec())
}

/// The length and the hash of a file, as far as it was read.
#[derive(Default)]
struct Counted {
    bytes: u64,
    hash: Sha256,
}

impl Counted {
    fn update(&mut self, piece: &[u8]) {
        self.bytes = self.bytes.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        self.hash.update(piece);
    }

    fn file(self) -> ArchivedFile {
        let sha256 = format!("{:x}", self.hash.finalize());
        ArchivedFile { name: ROWS_FILE.to_owned(), bytes: self.bytes, sha256 }
    }
}
