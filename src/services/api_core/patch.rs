//! Edits in which an absent field stays as it is and `null` clears.

use serde::{Deserialize, Deserializer};

/// Reads a field that is there: `Some(None)` for `null`. Together with `#[serde(default)]`, `None` means absent.
pub(in crate::services) fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
