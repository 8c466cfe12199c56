//! Floor 2: the settings. One struct a concern; the defaults are config/elido.default.toml, compiled in.
//!
//! Invariant: nothing outside this folder reads an environment variable or a
//! settings file, and a [`Config`] that [`load()`] returned has no mistake that
//! can be found without opening a socket or a database.

mod check;
mod check_tls;
mod environment;
mod layer;
mod listing;
mod load;
mod mistake;
pub mod sections;

pub use listing::Entry;
pub use load::{Loaded, defaults, load};
pub use mistake::{ConfigError, ConfigErrors};
pub use sections::Config;

#[cfg(test)]
mod tests;
