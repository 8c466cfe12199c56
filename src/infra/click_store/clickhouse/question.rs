//! A question: its text, and the values in it, which never become part of the text.
//!
//! Invariant: no list is longer than what servers take of one value; one that would be goes as several.

use std::time::Duration;

use clickhouse::{Row, RowOwned, RowRead};

use super::connection::ClickStore;
use super::error::{asked, changed};
use crate::domain::query_limits::QueryLimits;
use crate::infra::click_store::ClickStoreError;

/// How much longer its answer may be on its way.
const MARGIN: Duration = Duration::from_secs(5);
/// The most memory that one question may take, in bytes.
const MEMORY_MAX: &str = "4000000000";

/// How long a list may be, in bytes as it is sent: below what a server takes of one value unless it is told otherwise (128 KiB,
/// `http_max_field_value_size`).
const LIST_BYTES_MAX: usize = 100 * 1024;

/// A value of a question.
#[derive(Debug, Clone)]
pub(super) enum Parameter {
    Text(String),
    Number(i64),
    Id(String),
    Texts(Vec<String>),
    Numbers(Vec<i64>),
    Ids(Vec<String>),
    Flags(Vec<bool>),
}

impl Parameter {
    const fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "String",
            Self::Number(_) => "Int64",
            Self::Id(_) => "UUID",
            Self::Texts(_) => "Array(String)",
            Self::Numbers(_) => "Array(Int64)",
            Self::Ids(_) => "Array(UUID)",
            Self::Flags(_) => "Array(Bool)",
        }
    }

    /// The same list in parts that are short enough, at least one; what is no list is one part.
    fn in_parts(self) -> Vec<Self> {
        // A text may have to be escaped, each byte by another. Values stand in quotation marks and have a comma between them.
        match self {
            Self::Texts(texts) => parts(texts, |text| 2 * text.len() + 3).into_iter().map(Self::Texts).collect(),
            Self::Ids(ids) => parts(ids, |id| id.len() + 3).into_iter().map(Self::Ids).collect(),
            Self::Numbers(numbers) => parts(numbers, |_| 21).into_iter().map(Self::Numbers).collect(),
            Self::Flags(flags) => parts(flags, |_| 6).into_iter().map(Self::Flags).collect(),
            value => vec![value],
        }
    }

    fn bind(&self, query: clickhouse::query::Query, name: &str) -> clickhouse::query::Query {
        match self {
            Self::Text(text) | Self::Id(text) => query.param(name, text),
            Self::Number(number) => query.param(name, number),
            Self::Texts(texts) | Self::Ids(texts) => query.param(name, texts),
            Self::Numbers(numbers) => query.param(name, numbers),
            Self::Flags(flags) => query.param(name, flags),
        }
    }
}

fn parts<T>(values: Vec<T>, length: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let (mut parts, mut part, mut bytes) = (Vec::new(), Vec::new(), 0);
    for value in values {
        let more = length(&value);
        if bytes + more > LIST_BYTES_MAX && !part.is_empty() {
            parts.push(std::mem::take(&mut part));
            bytes = 0;
        }
        bytes += more;
        part.push(value);
    }
    parts.push(part);
    parts
}

/// Text with values.
#[derive(Debug, Clone, Default)]
pub(super) struct Question {
    text: String,
    values: Vec<Parameter>,
    /// What it may take, where that is something of its workspace's own.
    limits: QueryLimits,
}

impl Question {
    /// Begins with this text.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Adds text, in which no value of a caller may stand.
    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value.
    pub(super) fn push_value(&mut self, value: Parameter) -> &mut Self {
        let place = self.place(value);
        self.push(&place)
    }

    /// Takes a value, and returns what stands for it in the text.
    pub(super) fn place(&mut self, value: Parameter) -> String {
        let place = format!("{{p{}:{}}}", self.values.len(), value.type_name());
        self.values.push(value);
        place
    }

    /// Gives it limits of its own.
    pub(super) fn limit(&mut self, limits: QueryLimits) {
        self.limits = limits;
    }

    /// Takes a list, and returns the condition that a column has one of its values.
    pub(super) fn is_one_of(&mut self, column: &str, list: Parameter) -> String {
        let conditions = list.in_parts().into_iter().map(|part| format!("{column} IN {}", self.place(part)));
        format!("({})", conditions.collect::<Vec<_>>().join(" OR "))
    }

    /// Takes a list, and returns what stands for the array of its values in the text.
    pub(super) fn array(&mut self, list: Parameter) -> String {
        let places = list.in_parts().into_iter().map(|part| self.place(part));
        format!("arrayConcat({})", places.collect::<Vec<_>>().join(", "))
    }

    /// Asks, within the limits of questions.
    pub(super) async fn ask<T>(&self, store: &ClickStore) -> Result<Vec<T>, ClickStoreError>
    where
        T: Row + RowOwned + RowRead,
    {
        self.ask_within(store, store.limits().with(self.limits).time).await
    }

    pub(super) async fn ask_within<T>(&self, store: &ClickStore, time_max: Duration) -> Result<Vec<T>, ClickStoreError>
    where
        T: Row + RowOwned + RowRead,
    {
        let clicks_max = store.limits().with(self.limits).clicks;
        let mut query = self.bound(store).await?;
        let settings = [
            ("max_execution_time", &*time_max.as_secs_f64().to_string()),
            ("timeout_overflow_mode", "throw"),
            ("max_memory_usage", MEMORY_MAX),
            ("max_rows_to_read", &*clicks_max.to_string()),
            ("read_overflow_mode", "throw"),
            ("join_use_nulls", "1"),
        ];
        for (name, value) in settings {
            query = query.with_setting(name, value);
        }
        asked(time_max + MARGIN, clicks_max, query.fetch_all::<T>()).await
    }

    /// Has the server do what the text says, for so long, with these settings.
    pub(super) async fn change(
        &self,
        store: &ClickStore,
        timeout: Duration,
        settings: &[(&str, &str)],
    ) -> Result<(), ClickStoreError> {
        let mut query = self.bound(store).await?;
        for (name, value) in settings {
            query = query.with_setting(*name, *value);
        }
        changed(timeout, query.execute()).await
    }

    async fn bound(&self, store: &ClickStore) -> Result<clickhouse::query::Query, ClickStoreError> {
        let query = store.client().await?.query_raw(&self.text);
        let named = self.values.iter().enumerate();
        Ok(named.fold(query, |query, (number, value)| value.bind(query, &format!("p{number}"))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_goes_in_parts_that_servers_take() {
        let ids = |count: usize| Parameter::Ids((0..count).map(|number| format!("{number:036}")).collect());
        let mut question = Question::default();
        assert_eq!(question.is_one_of("link_id", ids(0)), "(link_id IN {p0:Array(UUID)})");
        assert_eq!(question.is_one_of("link_id", ids(2_625)), "(link_id IN {p1:Array(UUID)})");
        let two = "(link_id IN {p2:Array(UUID)} OR link_id IN {p3:Array(UUID)})";
        assert_eq!(question.is_one_of("link_id", ids(2_626)), two);
        assert_eq!(question.array(ids(2_626)), "arrayConcat({p4:Array(UUID)}, {p5:Array(UUID)})");
        let long = Parameter::Texts(vec!["x".repeat(60_000); 3]);
        assert_eq!(long.in_parts().len(), 3);
    }
}
