//! A source of truth for one test alone, of the kind that `ELIDO_TEST_BACKENDS` names.

use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// The URL of an empty database: an SQLite file of the test's own folder (`embedded`, the default), or a new database of
/// the PostgreSQL server at `ELIDO_TEST_POSTGRES_URL` (`services`).
pub async fn of_its_own() -> SecretString {
    if is_embedded() {
        return "sqlite:elido.db".into();
    }
    new_postgres_database(&server()).await.into()
}

/// The PostgreSQL server of the tests.
pub fn server() -> String {
    std::env::var("ELIDO_TEST_POSTGRES_URL").expect("ELIDO_TEST_POSTGRES_URL names a server")
}

/// Whether the tests run on what needs no server.
pub fn is_embedded() -> bool {
    match std::env::var("ELIDO_TEST_BACKENDS").as_deref() {
        Err(_) | Ok("" | "embedded") => true,
        Ok("services") => false,
        Ok(other) => panic!("ELIDO_TEST_BACKENDS is embedded or services, not {other}"),
    }
}

/// The URL of a new database of this server.
pub async fn new_postgres_database(server: &str) -> String {
    new_database(server, "").await
}

/// The URL of a new database of this server, made with an option of `CREATE DATABASE`.
pub async fn new_database(server: &str, option: &str) -> String {
    let name = format!("test_{}", uuid::Uuid::new_v4().simple());
    let mut connection = PgConnection::connect(server).await.expect("the PostgreSQL server answers");
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name} {option}"))).await.expect("a new database");
    let mut url = url::Url::parse(server).expect("a URL");
    url.set_path(&name);
    url.into()
}
