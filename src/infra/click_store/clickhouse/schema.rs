//! The tables: made and changed by whoever comes first, with a ledger of what was done.
//!
//! Invariant: several may prepare the same database at once. A statement does nothing where it was done before, and is written into the
//! ledger afterwards. Replicas get tables together or not at all: a table of a single server beside one of replicas would be half of the clicks.

use std::time::Duration;

use clickhouse::Client;

use super::error::changed;
use crate::config::sections::ClickStoreConfig;
use crate::infra::click_store::ClickStoreError;

/// Names and texts, in their order.
const MIGRATIONS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/clickhouse_migrations.rs"));
const LEDGER: &str = "CREATE TABLE IF NOT EXISTS schema_changes{cluster} \
    (name String, at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')) ENGINE = {replicated}MergeTree ORDER BY at";
/// How the ledger writes for how long clicks are kept.
const RETENTION: &str = "retention ";
const SECONDS_PER_DAY: u64 = 24 * 60 * 60;
/// The longest that a statement may take: a cluster waits for its slowest replica.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What the tables are to be like.
pub(super) struct Schema {
    /// The name of the cluster; empty on a single server.
    cluster: String,
    database: String,
    retention_days: u32,
    orphan_retention_days: u32,
}

impl Schema {
    /// The tables of a database, as the settings want them.
    pub(super) fn of(config: &ClickStoreConfig, database: &str) -> Self {
        Self {
            cluster: config.cluster.clone(),
            database: database.to_owned(),
            retention_days: config.retention_days,
            orphan_retention_days: config.orphan_retention_days,
        }
    }

    /// Whether replicas share the tables.
    pub(super) fn is_replicated(&self) -> bool {
        !self.cluster.is_empty()
    }

    /// Brings the tables up to date.
    pub(super) async fn prepare(&self, client: &Client) -> Result<(), ClickStoreError> {
        self.refuse_lone_tables(client, "system.tables").await?;
        let mut done = ledger(client).await?;
        if MIGRATIONS.iter().any(|(name, _)| !done.iter().any(|done| done == name)) {
            // A replica that is unavailable may have tables of its own, and is asked before there are others.
            let everywhere = format!("clusterAllReplicas('{}', system.tables)", self.cluster);
            self.refuse_lone_tables(client, &everywhere).await?;
            execute(client, &self.filled(LEDGER)).await?;
            done = ledger(client).await?;
        }
        for (name, statements) in MIGRATIONS.iter().filter(|(name, _)| !done.iter().any(|done| done == name)) {
            for statement in self.statements(statements) {
                execute(client, &statement).await?;
            }
            note(client, name).await?;
        }
        let before = done.iter().rev().find_map(|name| name.strip_prefix(RETENTION)).unwrap_or_default();
        self.keep_for_days(client, before).await
    }

    /// Refuses tables that were made for a single server, where there are to be replicas. `source` is the table of tables.
    async fn refuse_lone_tables(&self, client: &Client, source: &str) -> Result<(), ClickStoreError> {
        if !self.is_replicated() {
            return Ok(());
        }
        let names = "('clicks', 'link_totals', 'schema_changes')";
        let question = format!(
            "SELECT DISTINCT name FROM {source} WHERE database = {{database:String}} AND name IN {names} \
             AND engine NOT LIKE 'Replicated%' ORDER BY name"
        );
        let lone = client.query_raw(&question).param("database", self.database.as_str()).fetch_all::<String>();
        match changed(TIMEOUT, lone).await?.as_slice() {
            [] => Ok(()),
            lone => Err(ClickStoreError::SingleServer(lone.join(", "))),
        }
    }

    /// Has the server delete what is older than is kept, unless it does so already.
    async fn keep_for_days(&self, client: &Client, before: &str) -> Result<(), ClickStoreError> {
        let wanted = self.retention();
        if wanted == before {
            return Ok(());
        }
        let change = if wanted.is_empty() { "REMOVE TTL".to_owned() } else { format!("MODIFY TTL {wanted}") };
        execute(client, &format!("ALTER TABLE clicks {change}")).await?;
        note(client, &format!("{RETENTION}{wanted}")).await
    }

    /// What the table says of when to delete; empty if it never does. The server keeps such a time in 32 bits, so that one outside of them is
    /// the last or the first that it can write: it would come round to a time that is long over, or far ahead.
    fn retention(&self) -> String {
        let after = |days: u32| {
            let seconds = u64::from(days) * SECONDS_PER_DAY;
            let end = format!("intDiv(toUnixTimestamp64Micro(at), 1000000) + {seconds}");
            format!("toDateTime(toUInt32(greatest(1, least({}, {end}))), 'UTC') DELETE", u32::MAX)
        };
        let clicks = (self.retention_days > 0).then(|| after(self.retention_days));
        let orphans = (self.orphan_retention_days > 0)
            .then(|| format!("{} WHERE link_id IS NULL", after(self.orphan_retention_days)));
        clicks.into_iter().chain(orphans).collect::<Vec<_>>().join(", ")
    }

    fn statements(&self, text: &str) -> Vec<String> {
        let statements = text.split(";\n").map(str::trim).filter(|statement| !statement.is_empty());
        statements.map(|statement| self.filled(statement)).collect()
    }

    fn filled(&self, statement: &str) -> String {
        let (cluster, replicated) = match self.cluster.as_str() {
            "" => (String::new(), ""),
            name => (format!(" ON CLUSTER '{name}'"), "Replicated"),
        };
        statement.replace("{cluster}", &cluster).replace("{replicated}", replicated)
    }
}

/// What was done so far; nothing where there is no ledger yet.
async fn ledger(client: &Client) -> Result<Vec<String>, ClickStoreError> {
    let question = "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = 'schema_changes'";
    if changed(TIMEOUT, client.query_raw(question).fetch_one::<u64>()).await? == 0 {
        return Ok(Vec::new());
    }
    let done = client.query_raw("SELECT name FROM schema_changes ORDER BY at, name").fetch_all::<String>();
    changed(TIMEOUT, done).await
}

async fn execute(client: &Client, statement: &str) -> Result<(), ClickStoreError> {
    changed(TIMEOUT, client.query_raw(statement).execute()).await
}

async fn note(client: &Client, name: &str) -> Result<(), ClickStoreError> {
    let noted = client.query_raw("INSERT INTO schema_changes (name) SELECT {name:String}").param("name", name);
    // Another change may be noted again after an earlier one, and is no repetition.
    changed(TIMEOUT, noted.with_setting("async_insert", "0").with_setting("insert_deduplicate", "0").execute()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(cluster: &str, retention_days: u32, orphan_retention_days: u32) -> Schema {
        Schema { cluster: cluster.to_owned(), database: "links".to_owned(), retention_days, orphan_retention_days }
    }

    /// No cluster runs beside the tests: what it would be told is told here.
    #[test]
    fn the_tables_of_a_cluster_are_made_on_all_replicas() {
        let schema = schema("links", 400, 30);
        let (_, first) = MIGRATIONS[0];
        let heads = |statement: &String| {
            let is_head = |line: &&str| ["CREATE", "ENGINE", "ORDER"].iter().any(|word| line.starts_with(word));
            statement.lines().filter(is_head).collect::<Vec<_>>().join("\n")
        };
        let told: Vec<_> = schema.statements(first).iter().map(heads).chain([schema.filled(LEDGER)]).collect();
        insta::assert_snapshot!(told.join("\n\n"), @"
        CREATE TABLE IF NOT EXISTS clicks ON CLUSTER 'links' (
        ENGINE = ReplicatedMergeTree
        ORDER BY (workspace_id, link_id, at)

        CREATE TABLE IF NOT EXISTS link_totals ON CLUSTER 'links' (
        ENGINE = ReplicatedAggregatingMergeTree
        ORDER BY (workspace_id, link_id)

        CREATE MATERIALIZED VIEW IF NOT EXISTS link_totals_of_clicks ON CLUSTER 'links' TO link_totals AS

        CREATE TABLE IF NOT EXISTS schema_changes ON CLUSTER 'links' (name String, at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')) ENGINE = ReplicatedMergeTree ORDER BY at
        ");
    }

    #[test]
    fn the_table_says_when_clicks_are_deleted() {
        assert_eq!(schema("", 0, 0).retention(), "");
        let after = |seconds: u64| {
            format!(
                "toDateTime(toUInt32(greatest(1, least(4294967295, intDiv(toUnixTimestamp64Micro(at), 1000000) + {seconds}))), 'UTC') DELETE"
            )
        };
        let orphans = format!("{} WHERE link_id IS NULL", after(2_592_000));
        assert_eq!(schema("", 0, 30).retention(), orphans);
        assert_eq!(schema("", 365, 30).retention(), format!("{}, {orphans}", after(31_536_000)));
    }
}
