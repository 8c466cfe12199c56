//! What links are found by.

use crate::domain::folded_text::{fold, readable};
use crate::infra::store::links::{Link as Row, SEARCH_FORM};

/// Files a link under its slug, its destination as written and as read, and its title: folded, a line each.
pub(in crate::services::api_core) fn file(row: &mut Row) {
    let written = row.destination_url.as_str();
    let readable = readable(&row.destination_url);
    let readable = if readable == written { "" } else { &readable };
    let title = row.title.as_deref().unwrap_or_default();
    row.search_key = fold(&format!("{}\n{written}\n{readable}\n{title}", row.slug));
    row.search_form = SEARCH_FORM;
}
