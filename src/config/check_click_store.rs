//! What can be wrong with the settings of the click store.

use secrecy::ExposeSecret;

use super::check::Check;
use super::click_store_section::is_name;
use super::config_error::quoted;
use super::sections::Config;

const RIGHT: &str = "Write sqlite:FILE or clickhouse://user:password@host:8123/database, with clickhouses in place of clickhouse for TLS";

/// The address is secret, so that messages must not repeat it.
pub(super) fn values(check: &mut Check<'_>, config: &Config) {
    let (key, store) = ("click_store.url", &config.click_store);
    let address = store.clickhouse();
    match store.url.expose_secret().split_once(':') {
        Some(("sqlite", file)) if file.is_empty() || file.starts_with("//") => {
            check.wrong(key, "there is no file name behind sqlite:", RIGHT);
        }
        Some(("clickhouse" | "clickhouses", _)) if address.is_none() => {
            check.wrong(key, "this ClickHouse address lacks a host or a database name, or there is more in it", RIGHT);
        }
        Some(("clickhouse" | "clickhouses", _)) if config.bus.url.is_empty() => {
            let fix = "Set bus.url to the address of a bus, or write sqlite:FILE here";
            check.wrong(
                key,
                "ClickHouse stores each click once only where clicks come over a bus, and there is none",
                fix,
            );
        }
        Some(("sqlite" | "clickhouse" | "clickhouses", _)) => {}
        _ => check.wrong(key, "the scheme is none of those that work here", RIGHT),
    }
    if !store.cluster.is_empty() && !is_name(&store.cluster) {
        let problem = format!("{} is no name of a cluster", quoted(&store.cluster));
        check.wrong("click_store.cluster", problem, "Write at most 200 of the characters A-Z a-z 0-9 . _ -");
    }
    if !store.cluster.is_empty() && !store.is_clickhouse() {
        let fix = "Empty it, or name a ClickHouse server in click_store.url";
        check.wrong("click_store.cluster", "only ClickHouse has clusters", fix);
    }
    if !store.ca_file.as_os_str().is_empty() && !address.is_some_and(|address| address.tls) {
        let fix = "Begin click_store.url with clickhouses://, or empty click_store.ca_file";
        check.wrong("click_store.ca_file", "ca_file is no use without TLS", fix);
    }
}
