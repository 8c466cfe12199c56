//! A certificate that the operator keeps in two files.
//!
//! Invariant: while the files hold no pair, as in the middle of their replacement, the last pair is shown.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use arc_swap::ArcSwap;

use super::{Certified, Handshakes, Unusable};

/// The pair in two files.
pub struct CertificateFiles {
    handshakes: Handshakes,
    certificate: PathBuf,
    key: PathBuf,
    current: ArcSwap<Read>,
}

/// What was in the files.
struct Read {
    chain: Vec<u8>,
    key: Vec<u8>,
    certified: Arc<Certified>,
}

impl CertificateFiles {
    /// Reads the files. Blocks.
    ///
    /// # Errors
    /// One cannot be read, or they are no pair; the message names the file.
    pub fn open(handshakes: &Handshakes, certificate: &Path, key: &Path) -> io::Result<Self> {
        let read = read(handshakes, certificate, key, None)?;
        let read = read.ok_or_else(|| io::Error::other("nothing was read"))?;
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        Ok(Self { handshakes: handshakes.clone(), certificate, key, current: ArcSwap::from_pointee(read) })
    }

    /// The pair that was read last.
    #[must_use]
    pub fn current(&self) -> Arc<Certified> {
        Arc::clone(&self.current.load().certified)
    }

    /// Reads the files again. Returns whether there is another pair in them. Blocks.
    ///
    /// # Errors
    /// As for [`Self::open`]; the last pair stays.
    pub fn reload(&self) -> io::Result<bool> {
        let last = self.current.load();
        let read = read(&self.handshakes, &self.certificate, &self.key, Some(&last))?;
        let is_new = read.is_some();
        if let Some(read) = read {
            self.current.store(Arc::new(read));
        }
        Ok(is_new)
    }
}

/// The pair in the files; `None` if it is the last one.
fn read(handshakes: &Handshakes, certificate: &Path, key: &Path, last: Option<&Read>) -> io::Result<Option<Read>> {
    let named = |file: &Path, error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", file.display()));
    let chain = fs::read(certificate).map_err(|error| named(certificate, error))?;
    let key = fs::read(key).map_err(|error| named(key, error))?;
    if last.is_some_and(|last| last.chain == chain && last.key == key) {
        return Ok(None);
    }
    let certified = Certified::from_pem(handshakes, &chain, &key);
    let certified = certified.map_err(|error: Unusable| named(certificate, io::Error::other(error.to_string())))?;
    Ok(Some(Read { chain, key, certified: Arc::new(certified) }))
}
