//! Databases that have their schema already: it is made once for all tests of a process, and each gets a copy.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use elido::config::sections::DatabaseConfig;
use elido::infra::store;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use super::database::{is_embedded, new_database, new_postgres_database, of_its_own, server};
use super::settings::defaults;

const FILE: &str = "elido.db";

/// The URL of a database of the kind of [`of_its_own`], in which nothing but the schema is.
pub async fn database_of_its_own(data_folder: &Path) -> SecretString {
    if is_embedded() { copied_file(data_folder).await } else { copied_database().await }
}

async fn copied_file(data_folder: &Path) -> SecretString {
    // Its bytes, because nobody would remove a file that lives as long as the process.
    static MADE: OnceCell<Vec<u8>> = OnceCell::const_new();
    let made = MADE.get_or_init(async || {
        let folder = tempfile::tempdir().expect("a folder");
        migrate(of_its_own().await, folder.path()).await;
        std::fs::read(folder.path().join(FILE)).expect("a database")
    });
    let made = made.await;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(data_folder.join(FILE));
    file.and_then(|mut file| file.write_all(made)).expect("a copy of the database");
    of_its_own().await
}

async fn copied_database() -> SecretString {
    static MADE: OnceCell<String> = OnceCell::const_new();
    let made = MADE.get_or_init(async || {
        let url = new_postgres_database(&server()).await;
        migrate(url.clone().into(), Path::new("")).await;
        url::Url::parse(&url).expect("a URL").path().trim_start_matches('/').to_owned()
    });
    new_database(&server(), &format!("TEMPLATE {}", made.await)).await.into()
}

async fn migrate(url: SecretString, data_folder: &Path) {
    let config = DatabaseConfig { url, connect_timeout_ms: 30_000, ..defaults().database };
    store::migrate(&config, data_folder).await.expect("a schema");
}
