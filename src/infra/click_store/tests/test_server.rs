//! The server of the tests.

use clickhouse::Client;
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::config::sections::ClickStoreConfig;

/// The URL of a new database of the server that `ELIDO_TEST_CLICKHOUSE_URL` names; nothing where none is needed and none is named.
pub(in crate::infra::click_store) async fn new_database() -> Option<String> {
    #[allow(clippy::disallowed_methods, reason = "the server of the tests is no setting")]
    let (url, backends) = (std::env::var("ELIDO_TEST_CLICKHOUSE_URL"), std::env::var("ELIDO_TEST_BACKENDS"));
    let Some(url) = url.ok().filter(|url| !url.is_empty()) else {
        assert_ne!(backends.as_deref(), Ok("services"), "ELIDO_TEST_CLICKHOUSE_URL names a server");
        println!("SKIPPED: ELIDO_TEST_CLICKHOUSE_URL does not name a server");
        return None;
    };
    let name = format!("test_{}", Uuid::now_v7().simple());
    client(&url).query_raw(&format!("CREATE DATABASE {name}")).execute().await.expect("a new database");
    let (server, _) = url.rsplit_once('/').expect("a database");
    Some(format!("{server}/{name}"))
}

/// The server, asked directly.
pub(in crate::infra::click_store) fn client(url: &str) -> Client {
    let config = ClickStoreConfig { url: url.into(), ..ClickStoreConfig::embedded("") };
    let address = config.clickhouse().expect("an address");
    Client::default()
        .with_url(address.endpoint.as_str())
        .with_user(address.user)
        .with_password(address.password.expose_secret())
        .with_database(address.database)
}
