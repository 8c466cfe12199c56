//! Reads lists of the API page by page.
//!
//! Invariant: only one page is held at a time.

use serde_json::Value;

use super::api_client::{ApiClient, Call};
use super::exit::{Exit, Failure};
use crate::http::pagination::LIMIT_MAX;

/// A list that is being read.
pub struct Pages<'a> {
    client: &'a ApiClient,
    path: &'a str,
    filters: Vec<(&'a str, String)>,
    next: Next,
}

enum Next {
    First,
    At(String),
    Nothing,
}

impl<'a> Pages<'a> {
    /// The list at `path`, from its beginning.
    #[must_use]
    pub fn new(client: &'a ApiClient, path: &'a str, filters: Vec<(&'a str, String)>) -> Self {
        Self { client, path, filters, next: Next::First }
    }

    /// At most `wanted` more items; `None` after the last page.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub async fn next(&mut self, wanted: u64) -> Result<Option<Vec<Value>>, Failure> {
        let mut query = self.filters.clone();
        match &self.next {
            Next::Nothing => return Ok(None),
            Next::First => {}
            Next::At(cursor) => query.push(("cursor", cursor.clone())),
        }
        if wanted == 0 {
            return Ok(None);
        }
        query.push(("limit", wanted.min(u64::from(LIMIT_MAX)).to_string()));
        let mut response = self.client.call(&Call::get(self.path, &query)).await?;
        self.next = match response.body.get("next_cursor") {
            Some(Value::String(cursor)) => Next::At(cursor.clone()),
            _ => Next::Nothing,
        };
        match response.body.get_mut("data").map(Value::take) {
            Some(Value::Array(items)) => Ok(Some(items)),
            _ => Err(Failure::new(Exit::Failure, "the server answered something that is no page of a list")),
        }
    }
}
