//! What the services of a process share. Each thing is connected when the first service asks for it, and once.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use secrecy::ExposeSecret;
use tokio::sync::OnceCell;

use super::start_error::StartError;
use super::startup::Startup;
use crate::config::sections::GeoConfig;
use crate::config::{Config, ConfigError, Loaded};
use crate::infra::bus::Bus;
use crate::infra::cache::invalidation::Invalidations;
use crate::infra::cache::redis::{Redis, RedisError};
use crate::infra::cache::shared_links::SharedLinks;
use crate::infra::click_store::ClickStore;
use crate::infra::data_folder;
use crate::infra::dns::Dns;
use crate::infra::geo::GeoDatabase;
use crate::infra::mail::Mail;
use crate::infra::objects::Objects;
use crate::infra::outbound::Outbound;
use crate::infra::passwords::Passwords;
use crate::infra::sealing::Sealing;
use crate::infra::signing::Signing;
use crate::infra::store::{self, Store};
use crate::infra::user_agent::UserAgents;
use crate::runtime::tasks::Tasks;
use crate::runtime::{clock, deletion_clock};
use crate::services::edge_redirect::SnapshotFile;

/// The connections of one process.
pub(super) struct Platform {
    loaded: Loaded,
    startup: Arc<Startup>,
    tasks: Tasks,
    store: OnceCell<Store>,
    click_store: OnceCell<ClickStore>,
    redis: OnceCell<Option<Redis>>,
    invalidations: OnceCell<Invalidations>,
    shared_links: OnceCell<Option<SharedLinks>>,
    geo: OnceCell<GeoDatabase>,
    user_agents: OnceCell<UserAgents>,
    passwords: OnceCell<Passwords>,
    mail: OnceCell<Mail>,
    objects: OnceCell<Objects>,
    sealing: OnceCell<Sealing>,
    signing: OnceCell<Signing>,
    dns: OnceCell<Dns>,
}

impl Platform {
    /// Nothing is connected yet. `startup` says for how long a server may be unavailable; `tasks` keep the connections that
    /// outlive requests.
    ///
    /// # Errors
    /// The data folder cannot be had.
    pub(super) fn new(loaded: &Loaded, startup: Arc<Startup>, tasks: Tasks) -> io::Result<Self> {
        deletion_clock::watch();
        data_folder::secure(&loaded.config.data_folder)?;
        Ok(Self {
            loaded: loaded.clone(),
            startup,
            tasks,
            store: OnceCell::new(),
            click_store: OnceCell::new(),
            redis: OnceCell::new(),
            invalidations: OnceCell::new(),
            shared_links: OnceCell::new(),
            geo: OnceCell::new(),
            user_agents: OnceCell::new(),
            passwords: OnceCell::new(),
            mail: OnceCell::new(),
            objects: OnceCell::new(),
            sealing: OnceCell::new(),
            signing: OnceCell::new(),
            dns: OnceCell::new(),
        })
    }

    /// The settings.
    pub(super) fn config(&self) -> &Config {
        &self.loaded.config
    }

    /// The settings, with where each comes from.
    pub(super) fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// The source of truth, migrated.
    pub(super) async fn store(&self) -> Result<Store, StartError> {
        let connect = async || {
            // ClickHouse keeps in the source of truth how far it is, and so comes after it.
            let embedded =
                if self.config().click_store.is_clickhouse() { None } else { Some(self.click_store().await?) };
            let store = connect_store(self.config(), embedded, &self.startup).await?;
            store.count_connections();
            Ok::<_, StartError>(store)
        };
        self.store.get_or_try_init(connect).await.cloned()
    }

    /// Clicks, for services that write or read them.
    pub(super) async fn click_store(&self) -> Result<ClickStore, StartError> {
        let config = self.config();
        let open = async || {
            Ok::<_, StartError>(if config.click_store.is_clickhouse() {
                ClickStore::connect(&config.click_store, Box::pin(self.store()).await?)?
            } else {
                ClickStore::open(&config.click_store, &config.data_folder).await?
            })
        };
        self.click_store.get_or_try_init(open).await.cloned()
    }

    /// Redis, where the settings name one.
    pub(super) async fn redis(&self) -> Result<Option<Redis>, StartError> {
        let connect = async || Ok(connect_redis(&self.loaded, &self.tasks)?);
        self.redis.get_or_try_init(connect).await.cloned()
    }

    /// Invalidation messages between roles, of this process and of others.
    pub(super) async fn invalidations(&self) -> Result<Invalidations, StartError> {
        let connect = async || match self.redis().await? {
            Some(redis) => {
                Invalidations::over_redis(redis, &self.tasks).map_err(|error| unusable(&self.loaded, &error).into())
            }
            None => Ok(Invalidations::in_process()),
        };
        self.invalidations.get_or_try_init(connect).await.cloned()
    }

    /// Links that edges share, where there is a Redis.
    pub(super) async fn shared_links(&self) -> Result<Option<SharedLinks>, StartError> {
        let connect = async || Ok(self.redis().await?.map(|redis| SharedLinks::new(redis, &self.tasks)));
        self.shared_links.get_or_try_init(connect).await.cloned()
    }

    /// Where addresses are.
    pub(super) async fn geo(&self) -> Result<GeoDatabase, StartError> {
        let open = async || open_geo(&self.loaded, &self.config().geo);
        self.geo.get_or_try_init(open).await.cloned()
    }

    /// What user agents are.
    pub(super) async fn user_agents(&self) -> UserAgents {
        self.user_agents.get_or_init(async || UserAgents::new()).await.clone()
    }

    /// Hashes and verifies passwords, so many at once for the whole process.
    pub(super) async fn passwords(&self) -> Passwords {
        self.passwords.get_or_init(async || Passwords::new()).await.clone()
    }

    /// The bus, where there is one.
    pub(super) fn bus(&self) -> Result<Option<Bus>, StartError> {
        Bus::new(&self.config().bus).map_err(|error| {
            let (key, right) = ("bus.url", "Look at bus.ca_file, bus.certificate_file and bus.key_file");
            ConfigError::new(key, self.loaded.source_of(key), error.to_string(), right).into()
        })
    }

    /// Mail to people.
    pub(super) async fn mail(&self) -> Result<Mail, StartError> {
        let config = self.config();
        let open = async || Ok(Mail::new(&config.mail, &config.data_folder)?);
        self.mail.get_or_try_init(open).await.cloned()
    }

    /// Files that are too large for a database.
    pub(super) async fn objects(&self) -> Result<Objects, StartError> {
        let config = self.config();
        let open = async || {
            let sealing = self.sealing().await?;
            Ok(Objects::new(&config.objects, &config.data_folder, &sealing, &config.api.public_url)?)
        };
        self.objects.get_or_try_init(open).await.cloned()
    }

    /// What seals secrets in the source of truth.
    pub(super) async fn sealing(&self) -> Result<Sealing, StartError> {
        let config = self.config();
        let open = async || Ok(Sealing::keep_in(&config.data_folder, &config.identity.sealing_key)?);
        self.sealing.get_or_try_init(open).await.cloned()
    }

    /// What signs evidence.
    pub(super) async fn signing(&self) -> Result<Signing, StartError> {
        let config = self.config();
        let open = async || Ok(Signing::keep_in(&config.data_folder, &config.audit.signing_key)?);
        self.signing.get_or_try_init(open).await.cloned()
    }

    /// Asks DNS about domains.
    pub(super) async fn dns(&self) -> Dns {
        let config = &self.config().domains;
        let connect = async || Dns::new(&config.resolver_addresses(), config.dns_timeout());
        self.dns.get_or_init(connect).await.clone()
    }

    /// Makes requests to addresses that people name.
    pub(super) async fn outbound(&self) -> Result<Outbound, StartError> {
        Ok(Outbound::new(self.config(), self.dns().await)?)
    }

    /// Closes what was connected.
    pub(super) async fn close(&self) {
        if let Some(store) = self.store.get() {
            store.close().await;
        }
        if let Some(click_store) = self.click_store.get() {
            click_store.close().await;
        }
    }
}

async fn connect_store(
    config: &Config,
    click_store: Option<ClickStore>,
    startup: &Startup,
) -> Result<Store, StartError> {
    refuse_lost_database(config, click_store).await?;
    let connect = async || {
        store::migrate(&config.database, &config.data_folder).await?;
        Store::connect(&config.database, &config.data_folder).await
    };
    // A file is there or is not: no waiting mends it.
    let store =
        if config.database.is_on_server() { startup.wait_for("database", connect).await? } else { connect().await? };
    store.enter_release(env!("CARGO_PKG_VERSION"), clock::now()).await?;
    Ok(store)
}

/// A new database beside what an older one left would open the first account to anybody, while edges serve links that nobody can change.
async fn refuse_lost_database(config: &Config, click_store: Option<ClickStore>) -> Result<(), StartError> {
    if !store::is_new_file(&config.database, &config.data_folder).await? {
        return Ok(());
    }
    let knows_clicks = match click_store {
        Some(click_store) => click_store.knows_links().await?,
        None => false,
    };
    if !SnapshotFile::of(&config.data_folder).knows_links() && !knows_clicks {
        return Ok(());
    }
    Err(StartError::DatabaseLost {
        database: config.database.url.expose_secret().to_owned(),
        data_folder: config.data_folder.clone(),
    })
}

fn connect_redis(loaded: &Loaded, tasks: &Tasks) -> Result<Option<Redis>, ConfigError> {
    let config = &loaded.config.cache;
    if config.url.expose_secret().is_empty() {
        return Ok(None);
    }
    Redis::connect(config, tasks).map(Some).map_err(|error| unusable(loaded, &error))
}

fn unusable(loaded: &Loaded, error: &RedisError) -> ConfigError {
    let (key, right) = match error {
        RedisError::Authority(_) => ("cache.ca_file", "Name a PEM file with a certificate, or nothing"),
        _ => ("cache.url", "Write redis://host:6379 or redis-cluster://host:6379, or nothing"),
    };
    ConfigError::new(key, loaded.source_of(key), error.to_string(), right)
}

fn open_geo(loaded: &Loaded, config: &GeoConfig) -> Result<GeoDatabase, StartError> {
    if config.country_file == PathBuf::new() {
        tracing::warn!("geo.country_file is not set: the countries of clicks stay unknown");
        return Ok(GeoDatabase::unknown());
    }
    GeoDatabase::open(&config.country_file).map_err(|error| {
        let key = "geo.country_file";
        ConfigError::new(key, loaded.source_of(key), error.to_string(), "Name a MaxMind-format database, or none")
            .into()
    })
}
