//! The links that an edge knows, on disk, for the next process: so that a
//! restarted edge serves them even while the origin is unavailable.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::checked_file;
use super::handler::Edge;
use super::link_cache::{Kept, LinkKey};
use crate::domain::change::{AsOf, Sequence};
use crate::domain::link::DomainRecord;
use crate::infra::cache::packed_link::{PackedLink, pack_link};

/// Version of the form. A snapshot of another form is as good as none.
const FORM: u32 = 2;

/// Where the snapshot is.
#[derive(Debug, Clone)]
pub struct SnapshotFile(pub PathBuf);

#[derive(Serialize, Deserialize)]
struct Snapshot {
    form: u32,
    domains: Vec<(Box<str>, Sequence, DomainRecord)>,
    links: Vec<(Sequence, Bytes)>,
}

impl SnapshotFile {
    /// The one of the process with this data folder.
    #[must_use]
    pub fn of(data_folder: &Path) -> Self {
        Self(data_folder.join("edge").join("links.snapshot"))
    }

    /// Writes what `edge` knows, wholly or not at all. Blocks.
    ///
    /// # Errors
    /// As the file system says; the last snapshot is still there.
    pub fn write(&self, edge: &Edge) -> io::Result<()> {
        let (domains, links) = edge.cache.kept();
        let domains = domains.into_iter().map(|kept| (kept.key, kept.record.sequence, kept.record.value)).collect();
        let links = links.iter().filter_map(|kept| {
            pack_link(&kept.record.value).ok().map(|link| (kept.record.sequence, Bytes::from(link)))
        });
        let links = links.collect();
        checked_file::write(&self.0, &Snapshot { form: FORM, domains, links })
    }

    /// Whether an earlier process knew a link. Blocks.
    #[must_use]
    pub fn knows_links(&self) -> bool {
        std::fs::read(&self.0).ok().as_deref().and_then(decode).is_some_and(|snapshot| !snapshot.links.is_empty())
    }

    /// Gives `edge` what an earlier process knew, and says how many links those are. A missing or damaged snapshot is none. Blocks.
    pub fn restore(&self, edge: &Edge) -> usize {
        let Some(snapshot) = std::fs::read(&self.0).ok().as_deref().and_then(decode) else { return 0 };
        let count = snapshot.links.len();
        let domains = snapshot.domains.into_iter();
        let domains = domains.map(|(key, sequence, value)| Kept { key, record: AsOf { value, sequence } }).collect();
        let links = snapshot.links.iter().filter_map(|(sequence, link)| {
            let value = PackedLink::read(link).and_then(|link| link.to_record()).ok()?;
            let key = LinkKey { domain: value.domain_id, slug: (*value.slug).into() };
            Some(Kept { key, record: AsOf { value, sequence: *sequence } })
        });
        edge.cache.restore(domains, links.collect());
        count
    }
}

fn decode(bytes: &[u8]) -> Option<Snapshot> {
    checked_file::decode(bytes).filter(|snapshot: &Snapshot| snapshot.form == FORM)
}

/// Reads a snapshot of these bytes behind a right checksum, with every link in it.
#[cfg(fuzzing)]
pub(super) fn read_anything(bytes: &[u8]) {
    let checksum = crc32fast::hash(bytes).to_le_bytes();
    let Some(snapshot) = decode(&[&checksum, bytes].concat()) else { return };
    for (_, link) in &snapshot.links {
        drop(PackedLink::read(link).and_then(|link| link.to_record()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn arbitrary_bytes_are_no_snapshot(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode(&bytes).is_none());
        }

        #[test]
        fn even_with_a_right_checksum_arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let checksum = crc32fast::hash(&bytes).to_le_bytes();
            let _ = decode(&[&checksum, bytes.as_slice()].concat());
        }
    }
}
