//! A question: its text, and the values in it, which never become part of the text.

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
