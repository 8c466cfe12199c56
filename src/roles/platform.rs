//! Connects what the roles of a process need, each thing once.

use std::path::PathBuf;

use secrecy::ExposeSecret;

use super::edge::snapshot_file;
use super::role::{Role, Roles};
use super::running::StartError;
use crate::config::sections::GeoConfig;
use crate::config::{Config, ConfigError, Loaded};
use crate::infra::cache::invalidation::Invalidations;
use crate::infra::cache::redis::{Redis, RedisError};
use crate::infra::cache::shared_links::SharedLinks;
use crate::infra::click_store::ClickStore;
use crate::infra::data_folder;
use crate::infra::geo::GeoDatabase;
use crate::infra::passwords::Passwords;
use crate::infra::store::{self, Store};
use crate::infra::user_agent::UserAgents;
use crate::runtime::tasks::Tasks;

/// The connections of one process.
pub(super) struct Platform {
    /// The source of truth, where a role is it.
    pub(super) store: Option<Store>,
    /// Clicks, where a role writes or reads them.
    pub(super) click_store: Option<ClickStore>,
    /// Invalidation messages between roles, of this process and of others.
    pub(super) invalidations: Invalidations,
    /// Links that edges share, where there is a Redis.
    pub(super) shared_links: Option<SharedLinks>,
    /// Where addresses are.
    pub(super) geo: GeoDatabase,
    /// What user agents are.
    pub(super) agents: UserAgents,
    /// Hashes and verifies passwords, so many at once for the whole process.
    pub(super) passwords: Passwords,
}

impl Platform {
    /// Migrates and connects. `tasks` keep the connections that outlive requests.
    ///
    /// # Errors
    /// What cannot be had.
    pub(super) async fn connect(loaded: &Loaded, roles: &Roles, tasks: &Tasks) -> Result<Self, StartError> {
        let config = &loaded.config;
        data_folder::secure(&config.data_folder)?;
        let uses_clicks = roles.has(Role::Api) || roles.has(Role::Ingester);
        let click_store =
            if uses_clicks { Some(ClickStore::open(&config.click_store, &config.data_folder).await?) } else { None };
        let store = match &click_store {
            Some(click_store) if roles.has(Role::Api) => Some(connect_store(config, click_store).await?),
            _ => None,
        };
        let shares = roles.has(Role::Api) || roles.has(Role::Edge);
        let redis = if shares { connect_redis(loaded, tasks)? } else { None };
        let invalidations = match &redis {
            Some(redis) => Invalidations::over_redis(redis.clone(), tasks).map_err(|error| unusable(loaded, &error))?,
            None => Invalidations::in_process(),
        };
        let shared_links = redis.map(|redis| SharedLinks::new(redis, tasks));
        Ok(Self {
            store,
            click_store,
            invalidations,
            shared_links,
            geo: open_geo(loaded, &config.geo)?,
            agents: UserAgents::new(),
            passwords: Passwords::new(),
        })
    }

    /// Closes what was connected.
    pub(super) async fn close(&self) {
        if let Some(store) = &self.store {
            store.close().await;
        }
        if let Some(click_store) = &self.click_store {
            click_store.close().await;
        }
    }
}

async fn connect_store(config: &Config, click_store: &ClickStore) -> Result<Store, StartError> {
    refuse_lost_database(config, click_store).await?;
    store::migrate(&config.database, &config.data_folder).await?;
    Ok(Store::connect(&config.database, &config.data_folder).await?)
}

/// A new database beside what an older one left would open the first account to anybody, while edges serve links that nobody can change.
async fn refuse_lost_database(config: &Config, click_store: &ClickStore) -> Result<(), StartError> {
    if !store::is_new_file(&config.database, &config.data_folder).await? {
        return Ok(());
    }
    if !snapshot_file(config).knows_links() && !click_store.knows_links().await? {
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
