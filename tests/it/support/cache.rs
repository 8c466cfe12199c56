//! What the processes of one test share, of the kind that `ELIDO_TEST_BACKENDS` names.

use elido::config::sections::CacheConfig;

use super::database::is_embedded;
use super::settings::defaults;

/// Nothing (`embedded`), or keys of the test's own in the Redis at `ELIDO_TEST_REDIS_URL` (`services`), whose certificates
/// come from the authority in `ELIDO_TEST_REDIS_CA_FILE` if it is one with TLS.
pub fn of_its_own() -> CacheConfig {
    let config = defaults().cache;
    if is_embedded() {
        return config;
    }
    let url = std::env::var("ELIDO_TEST_REDIS_URL").expect("ELIDO_TEST_REDIS_URL names a server");
    // Unoptimised code on a busy machine takes its time.
    CacheConfig {
        url: url.into(),
        ca_file: std::env::var_os("ELIDO_TEST_REDIS_CA_FILE").unwrap_or_default().into(),
        key_prefix: format!("{}:", uuid::Uuid::new_v4().simple()),
        timeout_ms: 10_000,
    }
}
