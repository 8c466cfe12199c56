//! The words that slugs must not be or hold: from the files that the settings name, or those that come along.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::platform::Platform;
use super::start_error::StartError;
use crate::config::ConfigError;
use crate::domain::slug_words::SlugWords;

/// The longest list, in bytes.
const BYTES_MAX: u64 = 1024 * 1024;

/// Reads the lists.
///
/// # Errors
/// A file cannot be read, or is too long.
pub(super) fn load(platform: &Platform) -> Result<SlugWords, StartError> {
    let links = &platform.config().links;
    let reserved = list(platform, "links.reserved_words_file", &links.reserved_words_file)?;
    let offensive = list(platform, "links.offensive_words_file", &links.offensive_words_file)?;
    Ok(SlugWords::new(reserved.as_deref(), offensive.as_deref()))
}

fn list(platform: &Platform, key: &str, file: &Path) -> Result<Option<String>, StartError> {
    if file.as_os_str().is_empty() {
        return Ok(None);
    }
    let unreadable = |error: io::Error| {
        let fix = "Name a text file in UTF-8 of at most a mebibyte, or nothing";
        ConfigError::new(key, platform.loaded().source_of(key), error.to_string(), fix)
    };
    read(file).map(Some).map_err(|error| unreadable(error).into())
}

fn read(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(file)?.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > BYTES_MAX { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(text) }
}
