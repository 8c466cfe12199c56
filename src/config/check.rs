//! What no type can say: ranges, schemes, values that do not go together, files that are not there.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::Path;
use std::{fs, io};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustix::fs::{Access, access};
use secrecy::ExposeSecret;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::config_error::{ConfigError, quoted};
use super::load::Loaded;
use super::sections::{CacheConfig, Config, EdgeConfig, LinksConfig};
use super::{
    check_bus, check_click_store, check_domains, check_identity, check_mail, check_objects, check_tls, outbound_section,
};
use crate::domain::client_address::HOPS_MAX;
use crate::domain::url::FORBIDDEN_SCHEMES;

const HOUR_SECONDS: u64 = 60 * 60;
const DAY_SECONDS: u64 = 24 * HOUR_SECONDS;
const MEBIBYTE: u64 = 1024 * 1024;
const TEBIBYTE: u64 = MEBIBYTE * MEBIBYTE;

/// Looks at values alone, so that it does the same on every machine.
pub(super) fn values(loaded: &Loaded, errors: &mut Vec<ConfigError>) {
    let config = &loaded.config;
    let mut check = Check { loaded, errors };
    check.ranges();
    check.not_above(
        ("edge.journal.segment_bytes", config.edge.journal.segment_bytes),
        ("edge.journal.bytes_max", config.edge.journal.bytes_max),
    );
    check.listeners();
    check.web_address("api.public_url", &config.api.public_url);
    check.web_address("grpc.origin_url", &config.grpc.origin_url);
    check.web_address("links.default_domain_url", &config.links.default_domain_url);
    check.schemes("links.allowed_schemes", &config.links);
    check.workspace("links.default_domain_workspace", &config.links);
    check.database("database.url", config.database.url.expose_secret());
    check_click_store::values(&mut check, config);
    check.redis(&config.cache);
    check.telemetry();
    check_domains::values(&mut check, &config.domains);
    outbound_section::values(&mut check, &config.outbound);
    check_tls::values(&mut check, config);
    check_mail::values(&mut check, &config.mail);
    check_bus::values(&mut check, &config.bus);
    check_bus::hand_over(&mut check, config);
    check_objects::values(&mut check, &config.objects);
    check_identity::values(&mut check, &config.identity);
    check.key("audit.signing_key", config.audit.signing_key.expose_secret());
    check.key("identity.sealing_key", config.identity.sealing_key.expose_secret());
}

/// Looks at the files and folders that the settings name. Leaves nothing behind.
pub(super) fn files(loaded: &Loaded, errors: &mut Vec<ConfigError>) {
    let mut check = Check { loaded, errors };
    check.data_folder(&loaded.config.data_folder);
    let links = &loaded.config.links;
    check.readable_file(
        "geo.country_file",
        &loaded.config.geo.country_file,
        "Name a MaxMind-format file, or write nothing",
    );
    let fix = "Name a text file with a word a line, or write nothing";
    check.readable_file("links.reserved_words_file", &links.reserved_words_file, fix);
    check.readable_file("links.offensive_words_file", &links.offensive_words_file, fix);
    check_tls::files(&mut check, &loaded.config);
    check.journals(&loaded.config.edge);
}

/// RFC 3986, 3.1, in lower case.
fn is_scheme(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.');
    text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(is_inner)
}

/// Notes errors.
pub(super) struct Check<'a> {
    loaded: &'a Loaded,
    errors: &'a mut Vec<ConfigError>,
}

impl Check<'_> {
    /// Notes an error in the value of `key`.
    pub(super) fn wrong(&mut self, key: &str, problem: impl Into<String>, fix: impl Into<String>) {
        self.errors.push(ConfigError::new(key, self.loaded.source_of(key), problem, fix));
    }

    /// Whether the value of `key` is in a file that could not be read, so that nothing can be said of it.
    pub(super) fn is_unread(&self, key: &str) -> bool {
        self.errors.iter().any(|error| error.key.strip_suffix("_file") == Some(key))
    }

    fn ranges(&mut self) {
        for (key, value, allowed) in ranges(&self.loaded.config) {
            if !allowed.contains(&value) {
                let fix = format!("Write a number from {} to {}", allowed.start(), allowed.end());
                self.wrong(key, format!("{value} is out of range"), fix);
            }
        }
    }

    fn not_above(&mut self, (low_key, low): (&str, u64), (high_key, high): (&str, u64)) {
        if low > high {
            let problem = format!("{low} is above {high_key}, which is {high}");
            self.wrong(low_key, problem, format!("Lower it, or raise {high_key}"));
        }
    }

    /// Each worker writes a segment and has another one ready; a journal without room for them writes nothing.
    fn journals(&mut self, edge: &EdgeConfig) {
        let workers =
            if edge.workers == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { edge.workers };
        let least =
            edge.journal.segment_bytes.saturating_mul(u64::try_from(workers).unwrap_or(u64::MAX)).saturating_mul(2);
        if edge.journal.bytes_max < least {
            let problem = format!("{workers} workers with two segments each need {least}");
            self.wrong(
                "edge.journal.bytes_max",
                problem,
                "Raise it, or lower edge.journal.segment_bytes or edge.workers",
            );
        }
    }

    fn listeners(&mut self) {
        let config = &self.loaded.config;
        let fixed = [
            ("api.listen", config.api.listen),
            ("edge.listen", config.edge.listen),
            ("grpc.listen", config.grpc.listen),
            ("internal.listen", config.internal.listen),
        ];
        let secured = config.edge.tls.listen.map(|address| ("edge.tls.listen", address));
        let listeners: Vec<_> = fixed.into_iter().chain(secured).collect();
        for (index, (key, address)) in listeners.iter().enumerate() {
            let earlier = listeners.iter().take(index).find(|(_, earlier)| collide(*earlier, *address));
            if let Some((other, _)) = earlier {
                let problem = format!("port {} is the port of {other} too", address.port());
                self.wrong(key, problem, "Give each listener a port of its own");
            }
        }
    }

    fn web_address(&mut self, key: &str, url: &Url) {
        if !matches!(url.scheme(), "http" | "https") {
            let problem = format!("{}: is no scheme for this", url.scheme());
            return self.wrong(key, problem, "Begin it with http:// or https://");
        }
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !bare || url.password().is_some() {
            let problem = "there is more in it than a host and a port";
            self.wrong(key, problem, format!("Write {}", url.origin().ascii_serialization()));
        }
    }

    fn schemes(&mut self, key: &str, links: &LinksConfig) {
        for scheme in links.schemes() {
            if FORBIDDEN_SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) {
                self.wrong(key, format!("{scheme} can run scripts or read files"), "Leave it out");
            } else if !is_scheme(scheme) {
                let problem = format!("{} is not the name of a scheme", quoted(scheme));
                self.wrong(
                    key,
                    problem,
                    "Write lower-case letters, digits, +, - and ., beginning with a letter: myapp",
                );
            }
        }
    }

    fn workspace(&mut self, key: &str, links: &LinksConfig) {
        let text = &links.default_domain_workspace;
        if !text.is_empty() && links.workspace().is_none() {
            let problem = format!("{} is not the id of a workspace", quoted(text));
            self.wrong(key, problem, "Write an id such as ws_01a209e18730708ab3e272629a4968a9, or nothing");
        }
    }

    /// The value is secret, so that messages must not repeat it.
    fn database(&mut self, key: &str, url: &str) {
        let right = "Write sqlite:FILE or postgres://user:password@host:5432/name";
        match url.split_once(':') {
            Some(("sqlite", file)) if file.is_empty() || file.starts_with("//") => {
                self.wrong(key, "there is no file name behind sqlite:", right);
            }
            Some(("sqlite", _)) => {}
            Some(("postgres" | "postgresql", _)) => {
                let complete = Url::parse(url).is_ok_and(|url| url.has_host() && url.path().len() > 1);
                if !complete {
                    self.wrong(key, "this PostgreSQL address lacks a host or a database name", right);
                }
            }
            _ => self.wrong(key, "the scheme is none of those that work here", right),
        }
    }

    /// The address is secret, so that messages must not repeat it.
    fn redis(&mut self, config: &CacheConfig) {
        let (key, url) = ("cache.url", config.url.expose_secret());
        let right =
            "Write redis://host:6379 or redis-cluster://host:6379, with rediss in place of redis for TLS, or nothing";
        let has_tls = match url.split_once("://") {
            None if url.is_empty() => false,
            Some(("redis" | "redis-cluster", _)) => false,
            Some(("rediss" | "rediss-cluster", _)) => true,
            _ => return self.wrong(key, "the scheme is none of those that work here", right),
        };
        if !url.is_empty() && !Url::parse(url).is_ok_and(|url| url.has_host()) {
            self.wrong(key, "this Redis address lacks a host, or its port is no number", right);
        }
        if !has_tls && !config.ca_file.as_os_str().is_empty() {
            let fix = "Begin it with rediss:// or rediss-cluster://, or empty cache.ca_file";
            self.wrong(key, "ca_file is no use without TLS", fix);
        }
    }

    /// The key is secret, so that messages must not repeat it.
    fn key(&mut self, key: &str, text: &str) {
        if !text.is_empty() && !STANDARD.decode(text.trim()).is_ok_and(|key| key.len() == 32) {
            let fix = "Write what openssl rand -base64 32 prints, or nothing";
            self.wrong(key, "these are not 32 bytes in base64", fix);
        }
    }

    fn telemetry(&mut self) {
        let endpoint = &self.loaded.config.telemetry.otlp_endpoint;
        let is_address = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        if !endpoint.is_empty() && !Url::parse(endpoint).is_ok_and(|url| is_address(&url)) {
            let fix = "Write an address such as http://127.0.0.1:4317, or nothing";
            self.wrong("telemetry.otlp_endpoint", format!("{} is no http address", quoted(endpoint)), fix);
        }
        let dsn = self.loaded.config.telemetry.sentry_dsn.expose_secret();
        if !dsn.is_empty() && dsn.parse::<sentry::types::Dsn>().is_err() {
            let fix = "Copy the DSN from the project's settings (https://KEY@HOST/PROJECT), or write nothing";
            self.wrong("telemetry.sentry_dsn", "the value is no DSN", fix);
        }
        let filter = &self.loaded.config.log.filter;
        if let Err(error) = EnvFilter::builder().parse(filter) {
            let problem = format!("{} is no filter ({error})", quoted(filter));
            self.wrong("log.filter", problem, "Write a level such as info, or elido=debug,warn");
        }
    }

    /// The folder is made at the first start, so that what has to be there now is a place to make it in.
    fn data_folder(&mut self, folder: &Path) {
        if folder.as_os_str().is_empty() {
            return self.wrong("data_folder", "there is no name", "Name a folder, such as data");
        }
        let here = Path::new(".");
        let existing = folder.ancestors().find(|ancestor| ancestor.symlink_metadata().is_ok()).unwrap_or(here);
        let name = quoted(&existing.display().to_string());
        let fix = "Name a folder that this process may write to";
        if !existing.is_dir() {
            self.wrong("data_folder", format!("{name} is not a folder"), fix);
        } else if let Err(error) = writable(existing, existing == folder) {
            self.wrong("data_folder", format!("{name} is not writable ({error})"), fix);
        }
    }

    /// An empty name is none.
    fn readable_file(&mut self, key: &str, file: &Path, fix: &str) {
        if file.as_os_str().is_empty() {
            return;
        }
        let name = quoted(&file.display().to_string());
        if file.is_dir() {
            self.wrong(key, format!("{name} is a folder"), fix);
        } else if let Err(error) = fs::File::open(file) {
            self.wrong(key, format!("{name} cannot be read ({error})"), fix);
        }
    }
}

/// A folder that is there already is tried for real, which also finds a read-only disk under generous rights.
fn writable(folder: &Path, try_it: bool) -> io::Result<()> {
    access(folder, Access::WRITE_OK | Access::EXEC_OK)?;
    if try_it {
        let probe = folder.join(format!(".write-check-{}", std::process::id()));
        fs::write(&probe, "")?;
        fs::remove_file(&probe)?;
    }
    Ok(())
}

/// Whether both cannot be listened on at once. Port 0 means any free one.
fn collide(left: SocketAddr, right: SocketAddr) -> bool {
    let same_place = left.ip() == right.ip() || left.ip().is_unspecified() || right.ip().is_unspecified();
    left.port() == right.port() && left.port() != 0 && same_place
}

/// Every number with the values that it may have.
fn ranges(config: &Config) -> [(&'static str, u64, RangeInclusive<u64>); 54] {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let hops_max = count(HOPS_MAX);
    let (edge, cache, journal) = (&config.edge, &config.edge.cache, &config.edge.journal);
    let (api, links, database, ingester) = (&config.api, &config.links, &config.database, &config.ingester);
    [
        ("edge.workers", count(edge.workers), 0..=1024),
        ("edge.trusted_proxy_hops", count(edge.trusted_proxy_hops), 0..=hops_max),
        ("edge.rate_limit_per_second", edge.rate_limit_per_second.into(), 0..=1_000_000),
        ("edge.rate_limit_burst", edge.rate_limit_burst.into(), 1..=1_000_000),
        ("edge.header_timeout_seconds", edge.header_timeout_seconds, 1..=HOUR_SECONDS),
        ("edge.connections_max", edge.connections_max.into(), 1..=1_000_000),
        ("edge.connections_per_address_max", edge.connections_per_address_max.into(), 0..=1_000_000),
        ("edge.cache.entries_max", count(cache.entries_max), 1..=100_000_000),
        ("edge.cache.bytes_max", cache.bytes_max, MEBIBYTE..=TEBIBYTE),
        ("edge.cache.ttl_with_rules_seconds", cache.ttl_with_rules_seconds, 1..=DAY_SECONDS),
        ("edge.cache.ttl_plain_seconds", cache.ttl_plain_seconds, 1..=DAY_SECONDS),
        ("edge.cache.ttl_missing_seconds", cache.ttl_missing_seconds, 1..=HOUR_SECONDS),
        ("edge.cache.origin_timeout_ms", cache.origin_timeout_ms, 1..=60_000),
        ("edge.cache.refresh_timeout_ms", cache.refresh_timeout_ms, 1..=60_000),
        ("edge.cache.snapshot_interval_seconds", cache.snapshot_interval_seconds, 1..=DAY_SECONDS),
        ("edge.journal.segment_bytes", journal.segment_bytes, MEBIBYTE..=1024 * MEBIBYTE),
        ("edge.journal.bytes_max", journal.bytes_max, MEBIBYTE..=TEBIBYTE),
        ("edge.journal.sync_interval_ms", journal.sync_interval_ms, 1..=60_000),
        ("bus.partitions", config.bus.partitions, 1..=10_000),
        ("bus.replication", config.bus.replication, 1..=32),
        ("api.trusted_proxy_hops", count(api.trusted_proxy_hops), 0..=hops_max),
        ("api.body_bytes_max", count(api.body_bytes_max), 1024..=1024 * MEBIBYTE),
        ("api.request_timeout_seconds", api.request_timeout_seconds, 1..=HOUR_SECONDS),
        ("api.rate_limit_per_minute", api.rate_limit_per_minute.into(), 1..=100_000_000),
        ("api.rate_limit_burst", api.rate_limit_burst.into(), 1..=1_000_000),
        ("api.workspace_rate_limit_per_minute", api.workspace_rate_limit_per_minute.into(), 1..=100_000_000),
        ("api.workspace_rate_limit_burst", api.workspace_rate_limit_burst.into(), 1..=1_000_000),
        ("api.key_rate_limit_per_minute_max", api.key_rate_limit_per_minute_max.into(), 1..=100_000_000),
        ("api.workspace_deletion_days", api.workspace_deletion_days.into(), 0..=3650),
        ("api.workspaces_per_owner_max", api.workspaces_per_owner_max.into(), 1..=1_000_000),
        ("api.session_hours", api.session_hours.into(), 1..=8760),
        ("domains.dns_timeout_ms", config.domains.dns_timeout_ms, 10..=30_000),
        ("domains.check_interval_seconds", config.domains.check_interval_seconds, 60..=30 * DAY_SECONDS),
        ("domains.quarantine_after_seconds", config.domains.quarantine_after_seconds, 0..=30 * DAY_SECONDS),
        ("domains.per_workspace_max", config.domains.per_workspace_max.into(), 1..=1_000),
        ("cache.timeout_ms", config.cache.timeout_ms, 1..=10_000),
        ("links.history_versions_max", links.history_versions_max.into(), 2..=10_000),
        ("links.history_days", links.history_days.into(), 1..=36_500),
        ("links.undo_minutes", links.undo_minutes.into(), 1..=10_080),
        ("links.deleted_days", links.deleted_days.into(), 1..=3650),
        ("database.connections_max", database.connections_max.into(), 1..=1000),
        ("database.connect_timeout_ms", database.connect_timeout_ms, 1..=600_000),
        ("events.retention_days", config.events.retention_days.into(), 1..=3_650),
        ("events.archive_days", config.events.archive_days.into(), 0..=36_500),
        ("click_store.retention_days", config.click_store.retention_days.into(), 0..=36_500),
        ("click_store.orphan_retention_days", config.click_store.orphan_retention_days.into(), 0..=36_500),
        ("click_store.query_seconds_max", config.click_store.query_seconds_max.into(), 1..=600),
        ("click_store.query_clicks_max", config.click_store.query_clicks_max, 1_000_000..=1_000_000_000_000),
        ("click_store.queries_per_workspace_max", config.click_store.queries_per_workspace_max.into(), 1..=64),
        ("ingester.batch_clicks_max", count(ingester.batch_clicks_max), 1..=100_000),
        ("ingester.batch_interval_ms", ingester.batch_interval_ms, 1..=60_000),
        ("startup.wait_seconds", config.startup.wait_seconds, 0..=DAY_SECONDS),
        ("shutdown.balancer_wait_ms", config.shutdown.balancer_wait_ms, 0..=600_000),
        ("shutdown.drain_seconds", config.shutdown.drain_seconds, 1..=HOUR_SECONDS),
    ]
}
