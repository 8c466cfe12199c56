//! Connections whose every statement has a time limit, also when the network swallows the response.
//!
//! Invariant: a transaction in which a statement has failed, other than by a value that is taken, commits nothing and runs
//! nothing more: the database may have undone it already, and what follows would be written without it.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, SqlErr, Statement,
};

use crate::domain::error::Result;

pub use sea_orm::ConnectionTrait as Connection;

/// The longest that one statement may take.
pub(super) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection, a pool or a transaction whose statements end in time.
pub struct Timed<C> {
    inner: C,
    /// Whether a statement has failed, where later ones belong to the same whole.
    failed: Option<AtomicBool>,
}

/// For single reads.
pub type Reader = Timed<DatabaseConnection>;

/// A transaction that may write. Dropping it undoes it.
pub type Transaction = Timed<DatabaseTransaction>;

impl<C> Timed<C> {
    pub(super) const fn inner(&self) -> &C {
        &self.inner
    }

    async fn run<T>(
        &self,
        statement: impl Future<Output = std::result::Result<T, DbErr>>,
    ) -> std::result::Result<T, DbErr> {
        self.check()?;
        let result = in_time(statement).await;
        if let (Some(failed), Err(error)) = (&self.failed, &result)
            && !matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
        {
            failed.store(true, Ordering::Relaxed);
        }
        result
    }

    fn check(&self) -> std::result::Result<(), DbErr> {
        match &self.failed {
            Some(failed) if failed.load(Ordering::Relaxed) => {
                Err(DbErr::Conn(RuntimeErr::Internal("an earlier statement of the transaction failed".to_owned())))
            }
            _ => Ok(()),
        }
    }
}

impl Reader {
    pub(super) const fn new(pool: DatabaseConnection) -> Self {
        Self { inner: pool, failed: None }
    }
}

impl Clone for Reader {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone())
    }
}

impl Transaction {
    pub(super) const fn new(transaction: DatabaseTransaction) -> Self {
        Self { inner: transaction, failed: Some(AtomicBool::new(false)) }
    }

    /// Makes everything of this transaction true at once.
    ///
    /// # Errors
    /// `Unavailable` if a statement of it failed, or if the database became unavailable; what became of it is then not known.
    pub async fn commit(self) -> Result<()> {
        self.check()?;
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
        self.run(self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> std::result::Result<ExecResult, DbErr> {
        self.run(self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> std::result::Result<Option<QueryResult>, DbErr> {
        self.run(self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> std::result::Result<Vec<QueryResult>, DbErr> {
        self.run(self.inner.query_all_raw(statement)).await
    }
}
