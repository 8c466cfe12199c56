//! Pages of lists, between the cursors of callers and the positions of the store.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::domain::error::{Error, Result};
use crate::domain::time::Timestamp;
use crate::http::pagination::{Cursor, Limit, Page, QueryFingerprint, SortKey};
use crate::services::api_core::{self, Position};

/// Which page of a list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many items a page may have.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100, default = 50, value_type = u32)]
    pub limit: Limit,
    /// `next_cursor` of the page before; the first page if absent.
    #[serde(default)]
    #[param(max_length = 4096)]
    pub cursor: Option<String>,
}

/// The page that a request asks for, with one item more, which only tells that there is more.
///
/// # Errors
/// Refuses a cursor that the same list did not give out.
pub fn requested_page(limit: Limit, cursor: Option<&str>, query: QueryFingerprint) -> Result<api_core::Page> {
    let after = cursor.map(|text| position(&Cursor::decode(text, query)?)).transpose()?;
    Ok(api_core::Page { after, limit: u64::from(limit.get()).saturating_add(1) })
}

fn position(cursor: &Cursor) -> Result<Position> {
    match cursor.sort_key {
        SortKey::Integer(micros) => Ok(Position { time: Timestamp::from_micros(micros), id: cursor.id }),
        _ => Err(no_cursor_of_this_list()),
    }
}

/// The number behind which a list goes on whose items have numbers; none for its first page.
///
/// # Errors
/// Refuses a cursor that the same list did not give out.
pub(in crate::services::api_core) fn requested_number(
    cursor: Option<&str>,
    query: QueryFingerprint,
) -> Result<Option<i64>> {
    let Some(cursor) = cursor else { return Ok(None) };
    match Cursor::decode(cursor, query)?.sort_key {
        SortKey::Integer(number) => Ok(Some(number)),
        _ => Err(no_cursor_of_this_list()),
    }
}

fn no_cursor_of_this_list() -> Error {
    Error::invalid_field("cursor", "invalid_cursor", "this is no cursor that this list gave out")
}

/// The page as callers read it. `position` is the time and the id by which an item is sorted.
pub fn page_of<T: Serialize>(
    items: Vec<T>,
    limit: Limit,
    query: QueryFingerprint,
    position: impl FnOnce(&T) -> (Timestamp, Uuid),
) -> Json<Page<T>> {
    let cursor = |item: &T| {
        let (time, id) = position(item);
        Cursor { sort_key: SortKey::Integer(time.as_micros()), id }
    };
    Json(Page::from_overfetched(items, limit, query, cursor))
}
