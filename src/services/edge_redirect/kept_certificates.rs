//! The certificates that an edge knows, on disk, for the next process: so that a restarted edge shakes hands even while the origin
//! is unavailable.
//!
//! Invariant: the file holds private keys, and only the user that the process runs as can read it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::handler::Edge;
use super::link_cache::Kept;
use crate::domain::certificate::IssuedCertificate;
use crate::domain::change::{AsOf, Sequence};
use crate::infra::certificates::Handshakes;

/// Version of the form. A file of another form is as good as none.
const FORM: u32 = 1;
/// Read and written by the owner alone.
const MODE: u32 = 0o600;

/// Where the certificates are kept.
#[derive(Debug, Clone)]
pub struct KeptCertificates(pub PathBuf);

#[derive(Serialize, Deserialize)]
struct Content {
    form: u32,
    certificates: Vec<(Box<str>, Sequence, IssuedCertificate)>,
}

impl KeptCertificates {
    /// Writes what `edge` knows, wholly or not at all; nothing if it knows what `last` says. Returns what it knows. Blocks.
    ///
    /// # Errors
    /// As the file system says; the last file is still there.
    pub(super) fn write(&self, edge: &Edge, last: Option<u32>) -> io::Result<u32> {
        let mut kept = edge.cache.kept_certificates();
        kept.sort_by(|left, right| left.key.cmp(&right.key));
        let certificates = kept.into_iter().map(|kept| (kept.key, kept.record.sequence, kept.record.value)).collect();
        let bytes = rmp_serde::to_vec_named(&Content { form: FORM, certificates }).map_err(io::Error::other)?;
        let checksum = crc32fast::hash(&bytes);
        if last == Some(checksum) {
            return Ok(checksum);
        }
        if let Some(folder) = self.0.parent() {
            fs::create_dir_all(folder)?;
        }
        let beside = self.0.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(&beside)?;
        file.write_all(&checksum.to_le_bytes())?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&beside, &self.0)?;
        Ok(checksum)
    }

    /// Gives `edge` what an earlier process knew. A missing or damaged file is none. Blocks.
    pub(super) fn restore(&self, edge: &Edge, handshakes: &Handshakes) {
        let Some(content) = fs::read(&self.0).ok().as_deref().and_then(decode) else { return };
        let kept = content.certificates.into_iter();
        let kept = kept.map(|(key, sequence, value)| Kept { key, record: AsOf { value, sequence } }).collect();
        edge.cache.restore_certificates(handshakes, kept);
    }
}

fn decode(bytes: &[u8]) -> Option<Content> {
    let (checksum, bytes) = bytes.split_first_chunk()?;
    if crc32fast::hash(bytes).to_le_bytes() != *checksum {
        return None;
    }
    rmp_serde::from_slice(bytes).ok().filter(|content: &Content| content.form == FORM)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn arbitrary_bytes_are_no_certificates(bytes in proptest::collection::vec(any::<u8>(), 0..200), sound in any::<bool>()) {
            let checksum = crc32fast::hash(&bytes).to_le_bytes();
            let bytes = if sound { [&checksum, bytes.as_slice()].concat() } else { bytes };
            prop_assert!(decode(&bytes).is_none_or(|content| content.certificates.is_empty()));
        }
    }
}
