//! Checks evidence exports: the signature first, then that the rows are those that were signed, and whole.
//!
//! Invariant: nothing that an archive says is believed before its signature by a key that the caller trusts was checked.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use tar::{Archive, Entries, Entry, EntryType};

use super::rows;
use super::verify::{Signed, Verdict};
use crate::cli::exit::{Exit, Failure};
use crate::infra::signing::{PublicKey, SIGNATURE_BYTES};
use crate::services::api_core::{EvidenceManifest, MANIFEST_FILE, ROWS_FILE, SIGNATURE_FILE};

/// The longest manifest, in bytes.
const MANIFEST_BYTES_MAX: usize = 1024 * 1024;

/// How compressed files begin (RFC 1952).
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Checks an archive with the keys that the caller trusts.
///
/// # Errors
/// It is no evidence export, or no key is given.
pub(super) fn verify(path: &Path, file: File, trusted: &[PublicKey]) -> Result<Verdict, Failure> {
    let source = path.display().to_string();
    let mut archive = Archive::new(GzDecoder::new(BufReader::new(file)));
    let no_archive = |reason: &dyn std::fmt::Display| {
        Failure::new(Exit::Failure, format!("{source} is no evidence export: {reason}"))
    };
    let mut entries = archive.entries().map_err(|error| no_archive(&error))?;
    let bytes = whole(&mut entries, MANIFEST_FILE, MANIFEST_BYTES_MAX).map_err(|error| no_archive(&error))?;
    let signature = whole(&mut entries, SIGNATURE_FILE, SIGNATURE_BYTES).map_err(|error| no_archive(&error))?;
    let manifest: EvidenceManifest = serde_json::from_slice(&bytes).map_err(|error| no_archive(&error))?;
    if trusted.is_empty() {
        return Err(Failure::new(Exit::Usage, no_key(&source, &manifest)));
    }
    let (chain, from) = (manifest.chain, manifest.after);
    let verdict = |reached, broken, signed| Verdict { source: source.clone(), chain, reached, broken, signed };
    let Some(key) = trusted.iter().find(|key| key.is_signature(&bytes, &signature)) else {
        return Ok(verdict(from, Some("it is signed by none of the keys that were given".to_owned()), None));
    };
    let signed = Signed { instance: manifest.instance.clone(), written_at: manifest.written_at, public_key: *key };
    Ok(match check_rows(&mut entries, &manifest) {
        Ok(None) => verdict(manifest.through, None, Some(signed)),
        Ok(Some(reason)) => verdict(from, Some(reason), Some(signed)),
        Err(error) => verdict(from, Some(format!("the archive cannot be read to its end: {error}")), Some(signed)),
    })
}

fn no_key(source: &str, manifest: &EvidenceManifest) -> String {
    let EvidenceManifest { instance, public_key, .. } = manifest;
    format!(
        "{source} says that it is signed with {public_key}. Give the key that you trust with --public-key; {instance} shows its own at \
         {instance}.well-known/elido-evidence-key"
    )
}

/// Why the rows are not those of the manifest, if they are not.
fn check_rows(entries: &mut Entries<'_, impl Read>, manifest: &EvidenceManifest) -> io::Result<Option<String>> {
    let mut hashing = Hashing { reader: next(entries, ROWS_FILE)?, bytes: 0, hash: Sha256::new() };
    let Some(read) = rows::read(BufReader::new(&mut hashing))? else {
        return Ok(Some(format!("{ROWS_FILE} does not begin as `elido audit export` writes it")));
    };
    if read.broken.is_some() {
        return Ok(read.broken);
    }
    let (bytes, sha256) = (hashing.bytes, format!("{:x}", hashing.hash.finalize()));
    let header = read.header;
    let is_same = (header.chain, header.after, header.head) == (manifest.chain, manifest.after, manifest.through);
    if !is_same || (bytes, &sha256) != (manifest.file.bytes, &manifest.file.sha256) {
        return Ok(Some(format!("{ROWS_FILE} is not the file that was signed")));
    }
    match entries.next() {
        None => Ok(None),
        Some(_) => Ok(Some("there is a file in it that was not signed".to_owned())),
    }
}

/// A small file, all of it.
fn whole(entries: &mut Entries<'_, impl Read>, name: &str, bytes_max: usize) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    let entry = next(entries, name)?;
    if entry.size() > limit {
        return Err(io::Error::other(format!("{name} is longer than {bytes_max} bytes")));
    }
    let mut content = Vec::new();
    entry.take(limit).read_to_end(&mut content)?;
    Ok(content)
}

/// The next file, which must be the one of this name.
fn next<'a, R: Read>(entries: &mut Entries<'a, R>, name: &str) -> io::Result<Entry<'a, R>> {
    let missing = || io::Error::other(format!("{name} is not where it should be"));
    let entry = entries.next().ok_or_else(missing)??;
    let is_it = entry.header().entry_type() == EntryType::Regular && *entry.path_bytes() == *name.as_bytes();
    is_it.then_some(entry).ok_or_else(missing)
}

/// Counts and hashes what is read through it.
struct Hashing<R> {
    reader: R,
    bytes: u64,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        self.bytes = self.bytes.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}
