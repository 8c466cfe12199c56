//! What a test does to the source of truth behind the back of the platform.

use elido::config::Config;
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};

use super::database::is_embedded;

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
