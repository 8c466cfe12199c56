//! The host names that an edge serves, on disk, so that the next process knows them from its first moment, with the origin away too.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::checked_file;
use super::handler::Edge;
use crate::runtime::tasks::Tasks;

/// The shortest time between two writes.
const PAUSE: Duration = Duration::from_secs(1);

/// Where the list is.
#[derive(Debug, Clone)]
pub struct HostsFile(pub PathBuf);

impl HostsFile {
    /// Gives `edge` what an earlier process knew. A missing or damaged file is none. Blocks.
    pub(super) fn restore(&self, edge: &Edge) {
        if let Some(kept) = checked_file::read(&self.0) {
            edge.cache.hosts().restore(kept);
        }
    }

    /// Writes the list whenever it has changed, until `tasks` are stopped.
    pub(super) fn keep(self, edge: Arc<Edge>, tasks: &Tasks) {
        let stopping = tasks.stopping();
        tasks.spawn("hosts-file", async move {
            while stopping.run_until_cancelled(edge.cache.hosts().changed()).await.is_some() {
                self.write_beside(&edge).await;
                stopping.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
            }
            self.write_beside(&edge).await;
        });
    }

    async fn write_beside(&self, edge: &Arc<Edge>) {
        let (edge, file) = (Arc::clone(edge), self.clone());
        let written = tokio::task::spawn_blocking(move || file.write(&edge)).await;
        if let Ok(Err(error)) = written {
            tracing::warn!(%error, "the list of host names could not be written; the last one stays");
        }
    }

    /// Writes what `edge` knows, wholly or not at all. Blocks.
    fn write(&self, edge: &Edge) -> io::Result<()> {
        match edge.cache.hosts().kept() {
            Some(kept) => checked_file::write(&self.0, &kept),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::services::edge_redirect::checked_file::decode;
    use crate::services::edge_redirect::link_cache::KeptHosts;

    proptest! {
        #[test]
        fn arbitrary_bytes_are_no_list(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode::<KeptHosts>(&bytes).is_none());
            let checksum = crc32fast::hash(&bytes).to_le_bytes();
            let _ = decode::<KeptHosts>(&[&checksum, bytes.as_slice()].concat());
        }
    }
}
