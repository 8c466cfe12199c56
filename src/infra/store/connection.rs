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

use super::new_jobs::NewJobs;
use crate::domain::error::Result;

pub use sea_orm::ConnectionTrait as Connection;

/// The longest that one statement may take.
pub(super) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection, a pool or a transaction whose statements end in time.
pub struct Timed<C> {
    inner: C,
    /// What is known of the whole to which the statements belong, where there is one.
    whole: Option<Whole>,
}

/// What is known of a transaction.
struct Whole {
    /// Whether a statement has failed.
    failed: AtomicBool,
    /// Whether a job was enqueued.
    has_jobs: AtomicBool,
    /// Who is told of jobs once they are committed.
    new_jobs: NewJobs,
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
        if let (Some(whole), Err(error)) = (&self.whole, &result)
            && !matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
        {
            whole.failed.store(true, Ordering::Relaxed);
        }
        result
    }

    fn check(&self) -> std::result::Result<(), DbErr> {
        match &self.whole {
            Some(whole) if whole.failed.load(Ordering::Relaxed) => {
                Err(DbErr::Conn(RuntimeErr::Internal("an earlier statement of the transaction failed".to_owned())))
            }
            _ => Ok(()),
        }
    }
}

impl Reader {
    pub(super) const fn new(pool: DatabaseConnection) -> Self {
        Self { inner: pool, whole: None }
    }
}

impl Clone for Reader {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone())
    }
}

impl Transaction {
    pub(super) const fn new(transaction: DatabaseTransaction, new_jobs: NewJobs) -> Self {
        let whole = Whole { failed: AtomicBool::new(false), has_jobs: AtomicBool::new(false), new_jobs };
        Self { inner: transaction, whole: Some(whole) }
    }

    /// Notes that a job was enqueued, so that workers look for it after the commit. True for the first one.
    pub(super) fn note_job(&self) -> bool {
        self.whole.as_ref().is_some_and(|whole| !whole.has_jobs.swap(true, Ordering::Relaxed))
    }

    /// Makes everything of this transaction true at once.
    ///
    /// # Errors
    /// `Unavailable` if a statement of it failed, or if the database became unavailable; what became of it is then not known.
    pub async fn commit(self) -> Result<()> {
        self.check()?;
        in_time(self.inner.commit()).await?;
        if let Some(whole) = self.whole.filter(|whole| whole.has_jobs.load(Ordering::Relaxed)) {
            whole.new_jobs.tell();
        }
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
