//! How many connections to the source of truth a process has, and how many of them are at work.

use std::sync::Arc;

use sea_orm::{DatabaseBackend, DatabaseConnection};

use super::Store;
use crate::telemetry::metric::{Metric, gauge_value};
use crate::telemetry::refresh_also;

const CONNECTIONS: Metric = Metric::gauge(
    "elido_database_connections",
    &["state"],
    "Connections of this process to the source of truth, by whether somebody uses them.",
);

impl Store {
    /// From now on the metrics of the process say how many connections are in use and idle, for as long as anybody has the store.
    pub fn count_connections(&self) {
        let in_use = CONNECTIONS.register_gauge(&[("state", "in_use")]);
        let idle = CONNECTIONS.register_gauge(&[("state", "idle")]);
        let pools = Arc::downgrade(&self.pools);
        refresh_also(move || {
            let Some(pools) = pools.upgrade() else { return };
            let (open, resting) = pools.iter().map(counts).fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
            in_use.set(gauge_value(open.saturating_sub(resting)));
            idle.set(gauge_value(resting));
        });
    }
}

/// The pools that are counted. PostgreSQL has one for reads and writes.
pub(super) fn counted(reader: &DatabaseConnection, writer: &DatabaseConnection) -> Arc<[DatabaseConnection]> {
    match reader.get_database_backend() {
        DatabaseBackend::Sqlite => Arc::from([reader.clone(), writer.clone()]),
        _ => Arc::from([reader.clone()]),
    }
}

/// How many connections of a pool are open, and how many of those are idle.
fn counts(pool: &DatabaseConnection) -> (u64, u64) {
    let (open, idle) = match pool.get_database_backend() {
        DatabaseBackend::Sqlite => {
            let pool = pool.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle())
        }
        _ => {
            let pool = pool.get_postgres_connection_pool();
            (pool.size(), pool.num_idle())
        }
    };
    (u64::from(open), idle as u64)
}
