//! The mail that the platform of a test has put into its folder.

use std::path::PathBuf;

use super::platform::{Platform, eventually};

/// The letters to an address, oldest first.
pub fn letters(platform: &Platform, to: &str) -> Vec<String> {
    let folder = platform.config.data_folder.join("mail");
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    paths.sort();
    // Long lines are folded.
    let letters = paths.iter().filter_map(|path| Some(std::fs::read_to_string(path).ok()?.replace("=\r\n", "")));
    letters.filter(|letter| letter.lines().any(|line| line == format!("To: {to}"))).collect()
}

/// Waits until this many letters have come to an address, and returns the last.
pub async fn letter(platform: &Platform, to: &str, number: usize) -> String {
    eventually("a letter", || async { letters(platform, to).len() >= number }).await;
    letters(platform, to).swap_remove(number - 1)
}

/// The code with this beginning in that letter.
pub async fn code(platform: &Platform, to: &str, number: usize, prefix: &str) -> String {
    let letter = letter(platform, to, number).await;
    let code = letter.lines().map(str::trim).find(|line| line.starts_with(prefix));
    code.unwrap_or_else(|| panic!("no code: {letter}")).to_owned()
}
