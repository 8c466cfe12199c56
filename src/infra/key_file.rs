//! Keys that the settings name, or that are kept in the data folder.
//!
//! Invariant: a key that is there is never replaced by a new one.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::RngCore;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use uuid::Uuid;

use crate::domain::error::{Error, Result};

/// How long a key is, in bytes.
pub(super) const KEY_BYTES: usize = 32;
/// Who may read and write the file.
const OWNER_ALONE: u32 = 0o600;

/// The key of the settings, 32 bytes in base64, or else the one in the file of this name in the data folder, which is made where there is
/// none.
///
/// # Errors
/// The file can be neither read nor written, or there is no key where one should be.
pub(super) fn read_or_make(data_folder: &Path, name: &str, configured: &SecretString) -> Result<SecretSlice<u8>> {
    let path = data_folder.join(name);
    let text = match configured.expose_secret().trim() {
        "" => kept_in(&path).map_err(|error| Error::internal(format!("{}: {error}", path.display())))?,
        text => text.to_owned(),
    };
    let key = STANDARD.decode(text.trim()).ok().filter(|key| key.len() == KEY_BYTES);
    key.map(SecretSlice::from).ok_or_else(|| Error::internal(format!("the {name} is not 32 bytes in base64")))
}

/// The text of the file. Of processes that make it at once, one wins.
fn kept_in(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path)?,
        text => return text,
    }
    fs::read_to_string(path)
}

fn make(path: &Path) -> io::Result<()> {
    let mut key = [0; KEY_BYTES];
    rand::rng().fill_bytes(&mut key);
    let unfinished = path.with_extension(format!("{}.unfinished", Uuid::new_v4().simple()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ALONE).open(&unfinished)?;
    file.write_all(format!("{}\n", STANDARD.encode(key)).as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&unfinished, path);
    fs::remove_file(&unfinished)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        // Whoever came second may be the first to use it, so that both see to it that it lasts.
        _ => {
            fs::File::open(path)?.sync_all()?;
            path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
        }
    }
}
