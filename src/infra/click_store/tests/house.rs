//! A store of each form, for one test alone.

use std::sync::atomic::{AtomicI64, Ordering};

use tempfile::TempDir;

use super::*;
use crate::config::sections::{ClickStoreConfig, DatabaseConfig};
use crate::infra::store::{self, Store};

/// A store, and what is needed to open it again.
pub(in crate::infra::click_store) struct House {
    pub(in crate::infra::click_store) store: ClickStore,
    pub(in crate::infra::click_store) config: ClickStoreConfig,
    pub(in crate::infra::click_store) database: Option<Store>,
    folder: TempDir,
    offset: AtomicI64,
}

/// One of each form that there is a server for.
pub(in crate::infra::click_store) async fn houses() -> Vec<House> {
    let mut houses = vec![House::embedded().await];
    houses.extend(House::on_server().await);
    houses
}

impl House {
    pub(super) async fn embedded() -> Self {
        let (folder, config) = (tempfile::tempdir().expect("a folder"), ClickStoreConfig::embedded("clicks.db"));
        let store = ClickStore::open(&config, folder.path()).await.expect("a store");
        Self { store, config, database: None, folder, offset: AtomicI64::new(0) }
    }

    /// A database of its own on the server that there is.
    pub(in crate::infra::click_store) async fn on_server() -> Option<Self> {
        let url = test_server::new_database().await?;
        let (folder, config) = (
            tempfile::tempdir().expect("a folder"),
            ClickStoreConfig { url: url.into(), ..ClickStoreConfig::embedded("") },
        );
        let database = DatabaseConfig { url: "sqlite:elido.db".into(), connections_max: 2, connect_timeout_ms: 5_000 };
        store::migrate(&database, folder.path()).await.expect("a schema");
        let database = Store::connect(&database, folder.path()).await.expect("a database");
        let store = ClickStore::connect(&config, database.clone()).expect("a store");
        Some(Self { store, config, database: Some(database), folder, offset: AtomicI64::new(0) })
    }

    /// As after the end of the process.
    pub(super) async fn open_again(&mut self) {
        self.store.close().await;
        self.store = match &self.database {
            Some(database) => ClickStore::connect(&self.config, database.clone()).expect("a store"),
            None => ClickStore::open(&self.config, self.folder.path()).await.expect("a store"),
        };
    }

    /// Stores a batch: from a journal, or as it comes over a bus.
    pub(in crate::infra::click_store) async fn put(&self, batch: &ClickBatch) -> Stored {
        if self.database.is_none() {
            return self.store.store(batch).await.expect("stored");
        }
        let first = self.offset.fetch_add(100_000, Ordering::Relaxed);
        let partition = HeldPartition { topic: "clicks".to_owned(), number: 0, fence: 1 };
        let partition_batch = PartitionBatch {
            partition,
            offsets: first..first + 100_000,
            batches: vec![batch.clone()],
            last_record: None,
        };
        self.store.store_partition_batch(&partition_batch).await.expect("stored")
    }

    /// Where its file is.
    pub(super) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The bytes of its database file.
    pub(super) fn files(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("clicks.db")).expect("a file")
    }

    /// As an earlier release would have left it.
    pub(super) async fn forget_last_migration(&self) {
        let url = format!("sqlite:{}", self.folder.path().join("clicks.db").display());
        let pool = sqlx::SqlitePool::connect(&url).await.expect("a connection");
        let forget = "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)";
        sqlx::query(forget).execute(&pool).await.expect("forgotten");
        pool.close().await;
    }
}
