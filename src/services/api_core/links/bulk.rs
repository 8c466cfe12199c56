//! What becomes of each item of a request that has many.

use super::draft::{BULK_ITEMS_MAX, BULK_PASSWORDS_MAX};
use super::view::Link;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::LinkChangeId;

/// A link that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    /// The link.
    pub link: Link,
    /// Whether it was there already.
    pub existed: bool,
}

/// What became of the items of a request that changes links, and the change that can be undone as a whole.
#[derive(Debug)]
pub struct Changed<T> {
    /// The change.
    pub change_id: LinkChangeId,
    /// One result an item.
    pub results: Vec<BulkItem<T>>,
}

/// What became of one item: its errors concern it alone, and the other items are done all the same.
pub type BulkItem<T> = Result<T>;

/// # Errors
/// `TooLarge` if a request has more items than allowed; `Invalid` if it has none.
pub(super) fn check_length(items: usize) -> Result<()> {
    if items == 0 {
        return Err(Error::new(ErrorKind::Invalid, "empty_bulk", "There is nothing to do."));
    }
    if items > BULK_ITEMS_MAX {
        let message = format!("One request takes at most {BULK_ITEMS_MAX} items.");
        return Err(Error::new(ErrorKind::TooLarge, "bulk_too_large", message));
    }
    Ok(())
}

/// # Errors
/// `TooLarge` if more items of a request set a password than allowed.
pub(super) fn check_passwords(passwords: usize) -> Result<()> {
    if passwords > BULK_PASSWORDS_MAX {
        let message = format!("At most {BULK_PASSWORDS_MAX} items of one request may set a password.");
        return Err(Error::new(ErrorKind::TooLarge, "too_many_passwords", message));
    }
    Ok(())
}

/// Where the errors of an item point: into the list of a bulk request, or into the whole body of a single one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The body is the item.
    Single,
    /// The item is one of a list.
    Bulk,
}

impl Place {
    pub(super) fn pointer(self, index: usize, within: &str) -> String {
        match self {
            Self::Single => String::new(),
            Self::Bulk => format!("/links/{index}{within}"),
        }
    }
}

/// The only result of a request with one item.
pub(super) fn only<T>(results: Vec<BulkItem<T>>) -> Result<T> {
    results.into_iter().next().unwrap_or_else(|| Err(Error::internal("a request without a result")))
}
