//! Floor 2: the settings. One struct a concern; the defaults are config/elido.default.toml, compiled in.

pub mod sections;

pub use sections::Config;
