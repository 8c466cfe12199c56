//! Every setting, as config/elido.default.toml documents it. Keys, units and defaults are there; both change together.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use url::Url;

pub use super::acme_section::{AcmeChallengeKind, AcmeConfig};
use super::bus_section::BusConfig;
pub use super::click_store_section::{ClickHouseAddress, ClickStoreConfig};
pub use super::domains_section::DomainsConfig;
pub use super::identity_sections::{AccessTokenCheck, ClientRule, IdentityConfig, KratosConfig, OidcConfig, RoleRule};
pub use super::outbound_section::OutboundConfig;
use crate::domain::client_address::{ForwardedHeader, TrustedProxies};
use crate::domain::id::WorkspaceId;
use crate::domain::link::LinkLifetimes;
use crate::domain::link_version::LinkHistory;

/// All settings of one process.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where files live: databases, the click journal, snapshots.
    pub data_folder: PathBuf,
    /// The edge: redirects.
    pub edge: EdgeConfig,
    /// The REST API.
    pub api: ApiConfig,
    /// The authority that certificates of the edge come from.
    pub acme: AcmeConfig,
    /// The gRPC listener and how edges reach it.
    pub grpc: GrpcConfig,
    /// The internal listener.
    pub internal: InternalConfig,
    /// What the processes of one deployment share.
    pub cache: CacheConfig,
    /// Where events are published for programs outside.
    pub bus: BusConfig,
    /// Links in general.
    pub links: LinksConfig,
    /// Domains that workspaces bring along.
    pub domains: DomainsConfig,
    /// Requests to addresses that people name.
    pub outbound: OutboundConfig,
    /// The source of truth.
    pub database: DatabaseConfig,
    /// The stream of events.
    pub events: EventsConfig,
    /// The audit trail.
    pub audit: AuditConfig,
    /// The click store.
    pub click_store: ClickStoreConfig,
    /// The click ingester.
    pub ingester: IngesterConfig,
    /// Mail to people.
    pub mail: MailConfig,
    /// Files that are too large for a database.
    pub objects: ObjectsConfig,
    /// Accounts and how people prove who they are.
    pub identity: IdentityConfig,
    /// Where addresses are looked up.
    pub geo: GeoConfig,
    /// Log lines.
    pub log: LogConfig,
    /// Traces and error reports.
    pub telemetry: TelemetryConfig,
    /// How a process begins.
    pub startup: StartupConfig,
    /// How a process ends.
    pub shutdown: ShutdownConfig,
}

impl Config {
    /// Where the click journals of this host live.
    #[must_use]
    pub fn journal_folder(&self) -> PathBuf {
        self.data_folder.join("journal")
    }

    /// The same settings for an installation that keeps everything in this folder.
    #[must_use]
    pub fn on_its_own_disk(mut self, data_folder: &Path) -> Self {
        self.data_folder = data_folder.to_path_buf();
        self.database.url = "sqlite:elido.db".into();
        self.click_store.url = "sqlite:clicks.db".into();
        self.objects.url = "folder:objects".to_owned();
        self
    }
}

/// The edge: redirects.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeConfig {
    /// Where redirects are answered.
    pub listen: SocketAddr,
    /// Accept loops, each on a thread of its own; 0 means one per core.
    pub workers: usize,
    /// How many proxies in front of the edge may be believed: the visitor's address is that many entries from the right of
    /// `forwarded_header`. 0 means that the header is ignored.
    pub trusted_proxy_hops: usize,
    /// Where these proxies write it: "x-forwarded-for" or "forwarded" (RFC 7239).
    pub forwarded_header: ForwardedHeader,
    /// Whether every connection comes from a proxy that begins it with a PROXY protocol header, version 1 or 2.
    pub proxy_protocol: bool,
    /// Requests per second and address, and how many may come at once; 0 turns the limit off.
    pub rate_limit_per_second: u32,
    /// As above.
    pub rate_limit_burst: u32,
    /// How long a connection may take to send a request's head, and may idle between requests, in seconds.
    pub header_timeout_seconds: u64,
    /// Connections per worker. Where there are more, those that were silent for longest are ended.
    pub connections_max: u32,
    /// Connections per worker and address, or /64 of IPv6; 0 means no such limit. Not counted behind trusted proxies.
    pub connections_per_address_max: u32,
    /// Redirects over TLS.
    pub tls: EdgeTlsConfig,
    /// The in-process link cache of the edge.
    pub cache: EdgeCacheConfig,
    /// The click journal.
    pub journal: JournalConfig,
}

/// Redirects over TLS.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeTlsConfig {
    /// Where redirects are answered over TLS. Empty means nowhere.
    #[serde(deserialize_with = "address_or_empty")]
    pub listen: Option<SocketAddr>,
    /// PEM files: a certificate with its chain, and its key. A new pair is taken up without a restart. Empty means none.
    pub certificate_file: PathBuf,
    /// As above.
    pub key_file: PathBuf,
    /// Whether visitors of `edge.listen` are sent to https:// where their host is that of a domain.
    pub redirect_http: bool,
}

/// The in-process link cache of the edge.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeCacheConfig {
    /// Bounds of the in-process link cache; whichever is reached first.
    pub entries_max: usize,
    /// As above.
    pub bytes_max: u64,
    /// How long a link is believed, in seconds: with rules, without, and when there is no such link.
    pub ttl_with_rules_seconds: u64,
    /// As above.
    pub ttl_plain_seconds: u64,
    /// As above.
    pub ttl_missing_seconds: u64,
    /// How long a visitor of an unknown link waits for the origin, and of a known one whose time has passed, in milliseconds.
    pub origin_timeout_ms: u64,
    /// As above.
    pub refresh_timeout_ms: u64,
    /// How often the hot links are written to disk for the next start, in seconds.
    pub snapshot_interval_seconds: u64,
}

impl EdgeConfig {
    /// Which proxies are believed about addresses.
    #[must_use]
    pub const fn trusted_proxies(&self) -> TrustedProxies {
        TrustedProxies { hops: self.trusted_proxy_hops, header: self.forwarded_header }
    }
}

impl ApiConfig {
    /// How long a session lasts.
    #[must_use]
    pub fn session_lifetime(&self) -> Duration {
        Duration::from_secs(u64::from(self.session_hours) * 60 * 60)
    }

    /// How long the deletion of a workspace can be undone.
    #[must_use]
    pub fn deletion_grace(&self) -> Duration {
        Duration::from_secs(u64::from(self.workspace_deletion_days) * 24 * 60 * 60)
    }

    /// Which proxies are believed about addresses.
    #[must_use]
    pub const fn trusted_proxies(&self) -> TrustedProxies {
        TrustedProxies { hops: self.trusted_proxy_hops, header: self.forwarded_header }
    }
}

impl EdgeCacheConfig {
    /// How long what was read of a link is believed.
    #[must_use]
    pub const fn lifetimes(&self) -> LinkLifetimes {
        LinkLifetimes {
            plain: Duration::from_secs(self.ttl_plain_seconds),
            with_rules: Duration::from_secs(self.ttl_with_rules_seconds),
            missing: Duration::from_secs(self.ttl_missing_seconds),
        }
    }
}

/// An address to listen on, or nothing.
fn address_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |_| D::Error::custom(format!("{text:?} is no address with a port, such as \"0.0.0.0:8443\""));
    text.parse().map(Some).map_err(wrong)
}

/// The click journal.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalConfig {
    /// One segment file, in bytes, and all of them together. At the cap clicks are dropped and counted.
    pub segment_bytes: u64,
    /// As above.
    pub bytes_max: u64,
    /// How often written clicks are forced to the disk, in milliseconds: what a power cut may take.
    pub sync_interval_ms: u64,
    /// Whether what the bus has not taken when the process ends goes to the objects, because the disk ends with the process. Workers ship it
    /// from there.
    pub hand_over: bool,
}

/// The REST API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiConfig {
    /// Where the API is answered.
    pub listen: SocketAddr,
    /// How the API is reached from outside; used in documents and messages.
    pub public_url: Url,
    /// How many proxies in front of the API may be believed about the client's address, and where they write it; as for the edge.
    pub trusted_proxy_hops: usize,
    /// As above.
    pub forwarded_header: ForwardedHeader,
    /// Whether every connection comes from a proxy that begins it with a PROXY protocol header; as for the edge.
    pub proxy_protocol: bool,
    /// Largest request body, in bytes.
    pub body_bytes_max: usize,
    /// Longest a request may take, in seconds.
    pub request_timeout_seconds: u64,
    /// Requests per minute and credential, and how many may come at once.
    pub rate_limit_per_minute: u32,
    /// As above.
    pub rate_limit_burst: u32,
    /// Requests per minute and workspace, over all of its keys and members.
    pub workspace_rate_limit_per_minute: u32,
    /// How many of them may come at once.
    pub workspace_rate_limit_burst: u32,
    /// The most requests per minute that one key can be given.
    pub key_rate_limit_per_minute_max: u32,
    /// How many workspaces one person may own.
    pub workspaces_per_owner_max: u32,
    /// How many days the deletion of a workspace can be undone; 0 means not at all.
    pub workspace_deletion_days: u32,
    /// How long a session lasts, in hours.
    pub session_hours: u32,
}

/// The gRPC listener and how edges reach it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrpcConfig {
    /// Where edges of other processes reach the link resolver.
    pub listen: SocketAddr,
    /// PEM files of the listener: its certificate with the chain, its key, and the authority whose clients alone are let in. Empty
    /// means no TLS, or all clients.
    pub tls_certificate_file: PathBuf,
    /// As above.
    pub tls_key_file: PathBuf,
    /// As above.
    pub tls_client_ca_file: PathBuf,
    /// How an edge without the api role reaches it.
    pub origin_url: Url,
    /// PEM files of such an edge, for an https:// address: the authority to believe, and the edge's own certificate and key. Empty
    /// means the authorities that browsers believe, and no certificate.
    pub origin_ca_file: PathBuf,
    /// As above.
    pub origin_certificate_file: PathBuf,
    /// As above.
    pub origin_key_file: PathBuf,
}

/// The internal listener.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternalConfig {
    /// Health, metrics and bootstrap. Never open this to the world.
    pub listen: SocketAddr,
}

/// What the processes of one deployment share.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheConfig {
    /// Redis: redis://user:password@host:6379/0, rediss:// with TLS, redis-cluster:// and rediss-cluster:// for a cluster, of
    /// which any node will do. Empty means that nothing is shared.
    pub url: SecretString,
    /// A PEM file with the authority to believe, for an address with TLS. Empty means those that the system believes.
    pub ca_file: PathBuf,
    /// How long one call may take, in milliseconds. After one that failed, Redis is left alone for a moment.
    pub timeout_ms: u64,
    /// What goes in front of every key and channel, for deployments that share one Redis.
    pub key_prefix: String,
}

/// Links in general.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinksConfig {
    /// The address of the default domain, on which every workspace may make links.
    pub default_domain_url: Url,
    /// The workspace whose reports have the visits of the default domain that belong to no link, by its id. Empty, or one that is
    /// not there, means the oldest workspace.
    pub default_domain_workspace: String,
    /// What visitors of a host name get that no domain has: "default_domain" or "not_found".
    pub unknown_host: UnknownHost,
    /// Schemes that destinations may have besides http, https and those of common apps, in lower case, with commas between them.
    pub allowed_schemes: String,
    /// Files with words that slugs must not be, and that they must not hold, a word a line. Empty means the lists that come along.
    pub reserved_words_file: PathBuf,
    /// As above.
    pub offensive_words_file: PathBuf,
    /// How many versions of a link its history keeps, and for how many days after they were replaced.
    pub history_versions_max: u32,
    /// As above.
    pub history_days: u32,
    /// For how many minutes people can undo a change of theirs without looking into histories.
    pub undo_minutes: u32,
    /// For how many days a deleted link can be restored.
    pub deleted_days: u32,
}

impl LinksConfig {
    /// How long it is known what links were.
    #[must_use]
    pub const fn history(&self) -> LinkHistory {
        LinkHistory {
            versions_max: self.history_versions_max,
            kept_for: days(self.history_days),
            undo_for: Duration::from_secs(self.undo_minutes as u64 * 60),
            deleted_kept_for: days(self.deleted_days),
        }
    }

    /// The id in `default_domain_workspace`.
    #[must_use]
    pub fn workspace(&self) -> Option<WorkspaceId> {
        self.default_domain_workspace.parse().ok()
    }

    /// The names in `allowed_schemes`.
    pub fn schemes(&self) -> impl Iterator<Item = &str> {
        self.allowed_schemes.split(',').map(str::trim).filter(|scheme| !scheme.is_empty())
    }
}

const fn days(days: u32) -> Duration {
    Duration::from_secs(days as u64 * 24 * 60 * 60)
}

/// The source of truth.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// The source of truth: sqlite:FILE (relative to data_folder) or postgres://user:password@host:5432/name
    pub url: SecretString,
    /// Connections to PostgreSQL, or readers of SQLite.
    pub connections_max: u32,
    /// Longest wait for a connection, in milliseconds.
    pub connect_timeout_ms: u64,
}

impl DatabaseConfig {
    /// Whether a server keeps it, which can be unavailable for a while.
    #[must_use]
    pub fn is_on_server(&self) -> bool {
        self.url.expose_secret().starts_with("postgres")
    }
}

/// The stream of events.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsConfig {
    /// How many days events are kept for those who follow.
    pub retention_days: u32,
    /// How many days events are kept as files among the objects after that; 0 is not at all.
    pub archive_days: u32,
}

impl EventsConfig {
    /// How long events are kept.
    #[must_use]
    pub const fn kept_for(&self) -> Duration {
        Duration::from_secs(self.retention_days as u64 * 24 * 60 * 60)
    }

    /// How long events are kept as files after that, if they are.
    #[must_use]
    pub fn archived_for(&self) -> Option<Duration> {
        (self.archive_days > 0).then(|| Duration::from_secs(u64::from(self.archive_days) * 24 * 60 * 60))
    }
}

/// The audit trail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditConfig {
    /// The key that evidence exports are signed with: 32 bytes in base64. Empty means one in the data folder.
    pub signing_key: SecretString,
}

/// The click ingester.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngesterConfig {
    /// A batch is stored when it has this many clicks, or when this long has passed since its first, in milliseconds.
    pub batch_clicks_max: usize,
    /// As above.
    pub batch_interval_ms: u64,
}

/// Mail to people.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// smtp://user:password@host:587 (STARTTLS), smtps:// (TLS from the first byte), folder:NAME (relative to data_folder) or log:
    pub url: SecretString,
    /// Whom messages come from: Name <name@example.com>
    pub from: String,
    /// A PEM file with the authority to believe about the relay. Empty means those that the system believes.
    pub ca_file: PathBuf,
}

impl MailConfig {
    /// Whether a relay's address asks for a conversation without TLS.
    #[must_use]
    pub fn is_in_clear(url: &Url) -> bool {
        url.scheme() == "smtp" && url.query() == Some("tls=none")
    }
}

/// Files that are too large for a database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectsConfig {
    /// folder:NAME (relative to data_folder), or s3://BUCKET or s3://BUCKET/PREFIX
    pub url: String,
    /// Where the S3 server is, such as http://127.0.0.1:9000. Empty means AWS.
    pub endpoint: String,
    /// Where people reach it, if elsewhere.
    pub public_endpoint: String,
    /// The region of the bucket.
    pub region: String,
    /// The user of S3.
    pub access_key_id: String,
    /// As above.
    pub secret_access_key: SecretString,
}

impl ObjectsConfig {
    /// The folder, if objects are kept in one.
    #[must_use]
    pub fn folder(&self) -> Option<&str> {
        self.url.strip_prefix("folder:")
    }

    /// The bucket and what all names in it begin with, if objects are kept in one.
    #[must_use]
    pub fn bucket(&self) -> Option<(&str, &str)> {
        let place = self.url.strip_prefix("s3://")?;
        Some(place.split_once('/').unwrap_or((place, "")))
    }
}

/// Where addresses are looked up.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeoConfig {
    /// A MaxMind-format database. Empty means that countries stay unknown.
    pub country_file: PathBuf,
}

/// Log lines.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// "json" or "pretty".
    pub format: LogFormat,
    /// A tracing filter such as "info" or "elido=debug,warn".
    pub filter: String,
}

/// Traces and error reports.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// OTLP over gRPC, such as http://127.0.0.1:4317. Empty means no traces.
    pub otlp_endpoint: String,
    /// A Sentry-compatible DSN. Empty means that errors are only logged.
    pub sentry_dsn: SecretString,
}

/// How a process begins.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartupConfig {
    /// How long the database's server may be unavailable before the process gives up, in seconds.
    pub wait_seconds: u64,
}

/// How a process ends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShutdownConfig {
    /// How long to go on serving after SIGTERM while the balancer notices, in milliseconds.
    pub balancer_wait_ms: u64,
    /// How long requests in flight and the journal may take to finish, in seconds.
    pub drain_seconds: u64,
}

/// What visitors of a host name get that no domain has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownHost {
    /// What the default domain has.
    DefaultDomain,
    /// A plain 404.
    NotFound,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}
