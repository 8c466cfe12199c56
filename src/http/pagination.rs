//! Lists in pages, by an opaque cursor.
//!
//! Invariants: a cursor holds where the last page ended and nothing that grants
//! a right; every query starts from the caller's workspace all the same. A
//! cursor made for other filters or another order is refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::error::Error;

/// The most items of one page.
pub const LIMIT_MAX: u32 = 100;
/// Items of a page where the request does not say.
pub const LIMIT_DEFAULT: u32 = 50;
/// Version of the cursor's form, its first element.
const FORM: u8 = 1;
/// The longest cursor read, in characters.
const CURSOR_LENGTH_MAX: usize = 4096;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the order asked for.
    pub data: Vec<T>,
    /// Where the next page starts; `null` on the last one.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// How many items a page may have: 1 to 100, 50 where the request does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(value_type = u32, minimum = 1, maximum = 100, default = 50)]
pub struct Limit(u32);

impl Limit {
    /// This many items, if a page may have them.
    #[must_use]
    pub const fn new(items: u32) -> Option<Self> {
        match items {
            1..=LIMIT_MAX => Some(Self(items)),
            _ => None,
        }
    }

    /// The number of items.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(LIMIT_DEFAULT)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let limit = text.parse().ok().and_then(Self::new);
        limit.ok_or_else(|| serde::de::Error::custom(format!("a page has 1 to {LIMIT_MAX} items")))
    }
}

/// What a list is sorted by, taken from the last item of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SortKey {
    /// The item has no value there.
    Nothing,
    /// A number, or a time in microseconds.
    Integer(i64),
    /// A text.
    Text(String),
}

/// Where a page ended: the last item's sort key, and its id among equals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// What the list is sorted by.
    pub sort_key: SortKey,
    /// The id of the last item.
    pub id: Uuid,
}

/// Tells queries apart: a cursor goes on with the query it came from and with no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryFingerprint(u64);

impl QueryFingerprint {
    /// Made from everything that decides what the list holds and in which order: its name, workspace, filters and sort.
    #[must_use]
    pub fn of(query: &impl Serialize) -> Self {
        let canonical = serde_json::to_vec(query).unwrap_or_default();
        let digest = Sha256::digest(canonical);
        let first = digest.first_chunk::<8>().copied().unwrap_or_default();
        Self(u64::from_be_bytes(first))
    }
}

impl Cursor {
    /// The text that clients hand back.
    #[must_use]
    pub fn encode(&self, query: QueryFingerprint) -> String {
        let form = (FORM, query.0, &self.sort_key, self.id.as_u128().to_be_bytes());
        // Encoding numbers and texts into memory cannot fail; an empty cursor would be refused when it comes back.
        URL_SAFE_NO_PAD.encode(rmp_serde::to_vec(&form).unwrap_or_default())
    }

    /// Reads a cursor that `query` gave out.
    ///
    /// # Errors
    /// Refuses anything else, naming the parameter `cursor`.
    pub fn decode(text: &str, query: QueryFingerprint) -> Result<Self, Error> {
        let refused = |message| Error::invalid_field("cursor", "invalid_cursor", message);
        let (form, fingerprint, sort_key, id) =
            decode_form(text).ok_or_else(|| refused("this is no cursor that a list gave out"))?;
        if form != FORM || fingerprint != query.0 {
            return Err(refused("this cursor belongs to a list with other filters or another order"));
        }
        Ok(Self { sort_key, id: Uuid::from_bytes(id) })
    }
}

fn decode_form(text: &str) -> Option<(u8, u64, SortKey, [u8; 16])> {
    if text.len() > CURSOR_LENGTH_MAX {
        return None;
    }
    rmp_serde::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

impl<T> Page<T> {
    /// A page from up to `limit` + 1 items: the one too many only tells that there is more.
    #[must_use]
    pub fn from_overfetched(
        mut items: Vec<T>,
        limit: Limit,
        query: QueryFingerprint,
        cursor_of: impl FnOnce(&T) -> Cursor,
    ) -> Self {
        let page_length = usize::try_from(limit.get()).unwrap_or(usize::MAX);
        let has_more = items.len() > page_length;
        items.truncate(page_length);
        Self::new(items, has_more, query, cursor_of)
    }

    /// A page of these items; `has_more` says whether there are others behind them.
    #[must_use]
    pub fn new(items: Vec<T>, has_more: bool, query: QueryFingerprint, cursor_of: impl FnOnce(&T) -> Cursor) -> Self {
        let next_cursor = items.last().filter(|_| has_more).map(|last| cursor_of(last).encode(query));
        Self { data: items, next_cursor }
    }

    /// The same page with every item turned into its outer form.
    #[must_use]
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        Page { data: self.data.into_iter().map(turn).collect(), next_cursor: self.next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::extract::parse_query;
    use proptest::prelude::*;

    fn sort_keys() -> impl Strategy<Value = SortKey> {
        prop_oneof![
            Just(SortKey::Nothing),
            any::<i64>().prop_map(SortKey::Integer),
            any::<String>().prop_map(SortKey::Text),
        ]
    }

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_left(sort_key in sort_keys(), id in any::<u128>()) {
            let cursor = Cursor { sort_key, id: Uuid::from_u128(id) };
            let query = QueryFingerprint::of(&("links", "ws_1"));
            prop_assert_eq!(Cursor::decode(&cursor.encode(query), query).ok(), Some(cursor));
        }

        #[test]
        fn arbitrary_text_is_refused_and_never_panics(text in any::<String>(), bytes in any::<Vec<u8>>()) {
            let query = QueryFingerprint::of(&"links");
            prop_assert!(Cursor::decode(&text, query).is_err());
            prop_assert!(Cursor::decode(&URL_SAFE_NO_PAD.encode(bytes), query).is_err());
        }
    }

    #[test]
    fn a_cursor_of_another_query_is_refused() {
        let cursor = Cursor { sort_key: SortKey::Integer(7), id: Uuid::nil() };
        let text = cursor.encode(QueryFingerprint::of(&("links", "tag=a")));
        assert!(Cursor::decode(&text, QueryFingerprint::of(&("links", "tag=b"))).is_err());
    }

    #[test]
    fn only_a_full_page_with_more_behind_it_has_a_cursor() {
        let query = QueryFingerprint::of(&"numbers");
        let limit = Limit(2);
        let cursor_of = |number: &i64| Cursor { sort_key: SortKey::Integer(*number), id: Uuid::nil() };
        assert_eq!(Page::from_overfetched(vec![1, 2], limit, query, cursor_of).next_cursor, None);
        let page = Page::from_overfetched(vec![1, 2, 3], limit, query, cursor_of);
        assert_eq!(page.data, [1, 2]);
        let cursor = Cursor::decode(&page.next_cursor.expect("a next page"), query).expect("its own cursor");
        assert_eq!(cursor.sort_key, SortKey::Integer(2));
    }

    #[test]
    fn limits_outside_the_range_are_refused() {
        #[derive(Debug, Deserialize)]
        struct List {
            #[serde(default)]
            limit: Limit,
        }
        assert_eq!(parse_query::<List>("").expect("a default").limit.get(), 50);
        assert_eq!(parse_query::<List>("limit=100").expect("the most").limit.get(), 100);
        for query in ["limit=0", "limit=101", "limit=-1", "limit=", "limit=1.5"] {
            assert_eq!(parse_query::<List>(query).expect_err("out of range").fields[0].pointer, "limit");
        }
    }
}
