//! The built-in settings, read once for all tests of a process: without optimisation that takes long.

use std::sync::LazyLock;

use elido::config::{self, Config};

/// A copy of them, to be changed.
pub fn defaults() -> Config {
    static READ: LazyLock<Config> = LazyLock::new(|| config::defaults().expect("the defaults are valid"));
    READ.clone()
}
