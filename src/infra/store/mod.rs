//! The source of truth, on SQLite or PostgreSQL, chosen by the scheme of `database.url`.
//!
//! Repositories are functions over a [`Connection`], so they run in or out of a
//! transaction. Invariants: a writing transaction takes the write lock of
//! SQLite at its start; every query on a tenant's table starts from the
//! workspace; no statement runs without a time limit; `sea_orm` and `sqlx`
//! are not named outside this folder.

pub mod api_keys;
pub mod audit;
pub mod bulk_edits;
pub mod certificates;
pub mod change_requests;
pub mod changes;
pub mod click_exports;
pub mod click_inserts;
pub mod click_partitions;
pub mod click_replays;
pub mod columns;
mod connect;
mod connection;
mod connection_metrics;
pub mod deleted_links;
pub mod domains;
mod entities;
mod error;
pub mod event_archive;
pub mod event_consumers;
pub mod events;
pub mod evidence_exports;
pub mod external_identities;
pub mod external_sessions;
pub mod folders;
pub mod freeze_windows;
mod health;
pub mod idempotency_keys;
pub mod invitations;
pub mod jobs;
pub mod known_devices;
pub mod known_networks;
pub mod link_clicks;
pub mod link_comments;
pub mod link_versions;
pub mod links;
pub mod mail_tokens;
mod migrations;
mod new_jobs;
mod numbers;
pub mod oauth_clients;
pub mod oauth_consents;
pub mod oauth_grants;
pub mod oauth_tokens;
pub mod page;
mod page_bytes;
pub mod provided_memberships;
pub mod purged_workspaces;
pub mod query_limits;
mod releases;
pub mod report_schedules;
pub mod sessions;
pub mod setup_tokens;
pub mod shares;
pub mod sign_in_challenges;
pub mod tags;
mod text_pattern;
pub mod totp;
pub mod users;
pub mod utm_templates;
pub mod views;
pub mod workspaces;

pub use connect::file;
pub use connection::{Connection, Reader, Transaction};
pub use error::is_contended;
pub use migrations::{MigrationStatus, is_new_file, migrate, migrations_status};
pub use new_jobs::NewJobs;

use std::path::Path;
use std::sync::Arc;

use sea_orm::{DatabaseConnection, SqliteTransactionMode, TransactionOptions, TransactionTrait};

use crate::config::sections::DatabaseConfig;
use crate::domain::error::{Error, Result};
use crate::infra::sqlite::OpenedFile;

/// Connections to the source of truth; cheap to clone.
#[derive(Clone)]
pub struct Store {
    reader: Reader,
    writer: DatabaseConnection,
    /// `None` where a server keeps the database.
    file: Option<Arc<OpenedFile>>,
    new_jobs: NewJobs,
    /// What metrics look at for as long as the store is there.
    pools: Arc<[DatabaseConnection]>,
}

impl Store {
    /// Opens the database; `data_folder` is where a relative SQLite path starts. Run [`migrate`] first.
    ///
    /// # Errors
    /// `Invalid` if the address makes no sense; `Unavailable` if nobody answers there.
    pub async fn connect(config: &DatabaseConfig, data_folder: &Path) -> Result<Self> {
        let pools = connect::open(config, data_folder).await?;
        let new_jobs = NewJobs::new(pools.listener);
        let counted = connection_metrics::counted(&pools.reader, &pools.writer);
        let (reader, file) = (Reader::new(pools.reader), pools.file.map(Arc::new));
        Ok(Self { reader, writer: pools.writer, file, new_jobs, pools: counted })
    }

    /// For single reads.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Whether one transaction that writes keeps all others waiting.
    #[must_use]
    pub fn has_one_writer(&self) -> bool {
        self.file.is_some()
    }

    /// Begins a transaction that may write. Dropping it without a commit undoes it.
    ///
    /// # Errors
    /// `Unavailable` if no connection is free in time, the database is unavailable, or its file was removed or replaced.
    pub async fn write(&self) -> Result<Transaction> {
        if let Some(file) = &self.file {
            file.require_in_place().map_err(Error::unavailable)?;
        }
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = connection::in_time(self.writer.begin_with_options(options)).await?;
        Ok(Transaction::new(transaction, self.new_jobs.clone()))
    }

    /// Tells of jobs that were enqueued.
    #[must_use]
    pub fn new_jobs(&self) -> &NewJobs {
        &self.new_jobs
    }

    /// Closes every connection, after the statements that are running.
    pub async fn close(&self) {
        self.new_jobs.close().await;
        for connection in [self.reader.inner(), &self.writer] {
            if let Err(error) = connection.clone().close().await {
                tracing::warn!(%error, "The database connections did not close cleanly.");
            }
        }
    }
}
