//! Connections whose every statement has a time limit, also when the network swallows the response.

use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement,
};

use crate::domain::error::Result;

pub use sea_orm::ConnectionTrait as Connection;

/// The longest that one statement may take.
pub(super) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection, a pool or a transaction whose statements end in time.
pub struct Timed<C> {
    inner: C,
}

/// For single reads.
pub type Reader = Timed<DatabaseConnection>;

/// A transaction that may write. Dropping it undoes it.
pub type Transaction = Timed<DatabaseTransaction>;

impl<C> Timed<C> {
    pub(super) const fn new(inner: C) -> Self {
        Self { inner }
    }

    pub(super) const fn inner(&self) -> &C {
        &self.inner
    }
}

impl Clone for Reader {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl Transaction {
    /// Makes everything of this transaction true at once.
    ///
    /// # Errors
    /// `Unavailable` if the database went away; what became of the transaction is then not known.
    pub async fn commit(self) -> Result<()> {
        in_time(self.inner.commit()).await?;
        Ok(())
    }
}

/// Ends what takes longer than a statement may.
pub(super) async fn in_time<T>(
    statement: impl Future<Output = std::result::Result<T, DbErr>>,
) -> std::result::Result<T, DbErr> {
    tokio::time::timeout(STATEMENT_TIMEOUT, statement)
        .await
        .unwrap_or_else(|_| Err(DbErr::Conn(RuntimeErr::Internal(format!("no response within {STATEMENT_TIMEOUT:?}")))))
}

#[async_trait]
impl<C: Connection + Send> Connection for Timed<C> {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> std::result::Result<ExecResult, DbErr> {
        in_time(self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> std::result::Result<ExecResult, DbErr> {
        in_time(self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> std::result::Result<Option<QueryResult>, DbErr> {
        in_time(self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> std::result::Result<Vec<QueryResult>, DbErr> {
        in_time(self.inner.query_all_raw(statement)).await
    }
}
