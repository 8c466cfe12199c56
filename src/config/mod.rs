//! Floor 2: the settings. One struct a concern; the defaults are config/elido.default.toml, compiled in.
//!
//! Invariant: nothing outside this folder reads an environment variable or a
//! settings file, and a [`Config`] that [`load()`] returned has no error that
//! can be found without opening a socket or a database.

mod acme_section;
mod api_address;
pub mod bus_section;
mod check;
mod check_bus;
mod check_click_store;
mod check_domains;
mod check_identity;
mod check_mail;
mod check_objects;
mod check_tls;
mod click_store_section;
mod config_error;
mod domains_section;
mod environment;
mod identity_sections;
mod layer;
mod listing;
mod load;
mod outbound_section;
mod provider_tables;
pub mod sections;

pub use config_error::{ConfigError, ConfigErrors};
pub use listing::Entry;
pub use load::{Loaded, defaults, load};
pub use sections::Config;

#[cfg(test)]
mod tests;
