//! The settings of the click store.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

/// The click store.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClickStoreConfig {
    /// Where enriched clicks are kept: sqlite:FILE (relative to data_folder), or clickhouse://user:password@host:8123/database, or
    /// clickhouses:// with TLS.
    pub url: SecretString,
    /// The name of the ClickHouse cluster whose replicas keep the clicks. Empty means a single server.
    pub cluster: String,
    /// A PEM file with the authority to believe, for clickhouses://. Empty means those that browsers know.
    pub ca_file: PathBuf,
    /// How many days raw clicks are kept; 0 means for ever.
    pub retention_days: u32,
    /// How many days visits are kept that belong to no link; 0 means as long as other clicks.
    pub orphan_retention_days: u32,
    /// How many seconds one question of a report may take.
    pub query_seconds_max: u32,
    /// How many clicks one question of a report may go through.
    pub query_clicks_max: u64,
    /// How many questions of one workspace a process asks at once; others of it wait.
    pub queries_per_workspace_max: u32,
}

/// What the address of a ClickHouse server says.
#[derive(Debug, Clone)]
pub struct ClickHouseAddress {
    /// Its HTTP interface, such as `http://host:8123`.
    pub endpoint: Url,
    /// Whether it is spoken to over TLS.
    pub tls: bool,
    /// Who asks.
    pub user: String,
    /// Their password.
    pub password: SecretString,
    /// The database with the clicks.
    pub database: String,
}

impl ClickStoreConfig {
    /// A file that keeps clicks for ever.
    #[must_use]
    pub fn embedded(file: &str) -> Self {
        Self {
            url: format!("sqlite:{file}").into(),
            cluster: String::new(),
            ca_file: PathBuf::new(),
            retention_days: 0,
            orphan_retention_days: 0,
            query_seconds_max: 10,
            query_clicks_max: 20_000_000_000,
            queries_per_workspace_max: 4,
        }
    }

    /// Whether the clicks are to be kept in ClickHouse.
    #[must_use]
    pub fn is_clickhouse(&self) -> bool {
        let url = self.url.expose_secret();
        url.starts_with("clickhouse://") || url.starts_with("clickhouses://")
    }

    /// The parts of the address; `None` if it is not one of ClickHouse, or not whole, which the check of the settings refuses.
    #[must_use]
    pub fn clickhouse(&self) -> Option<ClickHouseAddress> {
        let url = Url::parse(self.url.expose_secret()).ok()?;
        let (scheme, tls, port) = match url.scheme() {
            "clickhouse" => ("http", false, 8123),
            "clickhouses" => ("https", true, 8443),
            _ => return None,
        };
        let database = url.path().strip_prefix('/').filter(|name| is_name(name))?.to_owned();
        if url.query().is_some() || url.fragment().is_some() {
            return None;
        }
        let endpoint = format!("{scheme}://{}:{}", url.host_str()?, url.port().unwrap_or(port));
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        Some(ClickHouseAddress {
            endpoint: Url::parse(&endpoint).ok()?,
            tls,
            user: if url.username().is_empty() { "default".to_owned() } else { decoded(url.username()) },
            password: decoded(url.password().unwrap_or_default()).into(),
            database,
        })
    }
}

/// Whether a text is a name that needs no quotes in SQL, or one with the macros, hyphens and dots that names of clusters have.
pub(super) fn is_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=200).contains(&text.len()) && text.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address_of(url: &str) -> Option<ClickHouseAddress> {
        ClickStoreConfig { url: url.into(), ..ClickStoreConfig::embedded("") }.clickhouse()
    }

    #[test]
    fn an_address_has_its_parts_and_their_defaults() {
        let plain = address_of("clickhouse://me:a%40b@house:9000/clicks").expect("an address");
        assert_eq!(plain.endpoint.as_str(), "http://house:9000/");
        assert_eq!((plain.user.as_str(), plain.password.expose_secret()), ("me", "a@b"));
        assert_eq!((plain.database.as_str(), plain.tls), ("clicks", false));
        let secured = address_of("clickhouses://house/clicks").expect("an address");
        assert_eq!((secured.endpoint.as_str(), secured.user.as_str()), ("https://house:8443/", "default"));
        assert!(secured.tls);
    }

    #[test]
    fn what_lacks_a_part_is_no_address() {
        for url in [
            "clickhouse://house",
            "clickhouse://house/",
            "clickhouse:///clicks",
            "clickhouse://house/a/b",
            "clickhouse://house/a?b=c",
            "sqlite:clicks.db",
        ] {
            assert!(address_of(url).is_none(), "{url}");
        }
    }
}
