//! What a test does to the source of truth behind the back of the platform.

use elido::config::Config;
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};

use super::database::is_embedded;
use super::platform::eventually;

/// Runs statements behind the back of whoever uses the source of truth of these settings; returns how many rows they changed.
pub async fn execute(config: &Config, sql: &str) -> u64 {
    let sql = AssertSqlSafe(sql.to_owned());
    if is_embedded() {
        let url = format!("sqlite:{}", config.data_folder.join("elido.db").display());
        SqliteConnection::connect(&url).await.expect("the file").execute(sql).await.expect("it is done").rows_affected()
    } else {
        let url = config.database.url.expose_secret();
        PgConnection::connect(url).await.expect("the server").execute(sql).await.expect("it is done").rows_affected()
    }
}

/// Has the workers do once more what they do from time to time, with these changes of its job. A tick is there once: the next one may be on its way.
pub async fn do_again(config: &Config, kind: &str, changes: &str) {
    let again = format!(
        "UPDATE jobs SET state = 'ready', {changes} \
         WHERE id = (SELECT id FROM jobs WHERE kind = '{kind}' AND state = 'done' ORDER BY finished_at DESC, id DESC LIMIT 1) \
         AND NOT EXISTS (SELECT 1 FROM jobs WHERE kind = '{kind}' AND state IN ('ready', 'running'))"
    );
    eventually("it was done before", || async { execute(config, &again).await == 1 }).await;
}
