//! What objects are called: the name of their kind, and a few plain names behind it.
//!
//! Invariant: names consist of what every file system and every bucket takes literally, so that none leads elsewhere.

use std::fmt;
use std::iter;
use std::time::Duration;

use crate::domain::error::{Error, Result};
use crate::domain::id::WorkspaceId;

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 100;
/// How many names there may be behind that of the kind.
const NAMES_MAX: usize = 4;

/// What sort of object it is. Services declare theirs beside what puts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectKind {
    /// The first part of the names: lower-case words with hyphens, for ever.
    pub name: &'static str,
    /// The media type.
    pub content_type: &'static str,
    /// The most bytes that an object may have.
    pub bytes_max: u64,
    /// For how long an object is kept after it was put.
    pub kept_for: Duration,
    /// Whether an object goes when the workspace is gone whose id is the first of its names.
    pub ends_with_workspace: bool,
}

/// What one object is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectKey {
    kind: ObjectKind,
    names: Vec<String>,
}

impl ObjectKey {
    /// An object of this kind with these names, one to four of them, each of 1 to 100 letters, digits, hyphens, underscores and points, and
    /// not beginning with a point. The last is what a file of it is called.
    ///
    /// # Errors
    /// `Internal` if a name has anything else in it.
    pub fn new(kind: ObjectKind, names: &[&str]) -> Result<Self> {
        if !(1..=NAMES_MAX).contains(&names.len()) || !names.iter().all(|name| is_plain(name)) {
            return Err(Error::internal(format!("{names:?} are no names of an object of the kind {}", kind.name)));
        }
        Ok(Self { kind, names: names.iter().map(|&name| name.to_owned()).collect() })
    }

    /// What sort of object it is.
    #[must_use]
    pub const fn kind(&self) -> ObjectKind {
        self.kind
    }

    /// What a file of it is called.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.names.last().map_or(self.kind.name, String::as_str)
    }

    /// The name before that of the file; none where there is only one.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        self.names.iter().rev().nth(1).map(String::as_str)
    }

    /// The workspace with which it ends, if it does.
    pub(super) fn workspace(&self) -> Option<WorkspaceId> {
        let owner = self.names.first().filter(|_| self.kind.ends_with_workspace);
        owner.and_then(|name| name.parse().ok())
    }

    /// Every part of the name, that of the kind first.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        iter::once(self.kind.name).chain(self.names.iter().map(String::as_str))
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.kind.name, self.names.join("/"))
    }
}

fn is_plain(name: &str) -> bool {
    let is_literal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(is_literal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KIND: ObjectKind = ObjectKind {
        name: "tests",
        content_type: "text/plain",
        bytes_max: 10,
        kept_for: Duration::from_secs(1),
        ends_with_workspace: true,
    };

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in ["", ".", "..", "../a", "a/b", "a\\b", ".hidden", "a b", "ä", "a#1", "a%2f", "a\0"] {
            assert!(ObjectKey::new(KIND, &["fine", name]).is_err(), "{name}");
        }
        assert!(ObjectKey::new(KIND, &[]).is_err());
        assert!(ObjectKey::new(KIND, &["a"; NAMES_MAX + 1]).is_err());
        assert!(ObjectKey::new(KIND, &[&"a".repeat(NAME_BYTES_MAX + 1)]).is_err());
        let key = ObjectKey::new(KIND, &["ws_1", "export.tar.gz"]).expect("plain names");
        assert_eq!((key.to_string().as_str(), key.file_name()), ("tests/ws_1/export.tar.gz", "export.tar.gz"));
    }

    #[test]
    fn an_object_ends_with_the_workspace_that_it_is_of() {
        let workspace = WorkspaceId::new();
        let of = |kind, name: &str| ObjectKey::new(kind, &[name, "file"]).expect("plain names").workspace();
        assert_eq!(of(KIND, &workspace.to_string()), Some(workspace));
        assert_eq!(of(KIND, "instance"), None);
        assert_eq!(of(ObjectKind { ends_with_workspace: false, ..KIND }, &workspace.to_string()), None);
    }

    proptest! {
        #[test]
        fn a_name_that_is_taken_stays_one_step_below_its_kind(name in "(\\PC|\\.|/|\\\\){0,8}") {
            if ObjectKey::new(KIND, &[&name]).is_ok() {
                let path = std::path::Path::new("tests").join(&name);
                prop_assert_eq!(path.components().count(), 2);
                prop_assert_eq!(path.file_name().and_then(|name| name.to_str()), Some(name.as_str()));
            }
        }
    }
}
