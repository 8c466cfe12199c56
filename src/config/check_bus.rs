//! What can be wrong with the settings of the bus.

use secrecy::ExposeSecret;

use super::Config;
use super::bus_section::{BusConfig, Mechanism};
use super::check::Check;
use super::config_error::quoted;

const RIGHT: &str = "Write kafka://host:9092 or kafkas://host:9093, with commas between several brokers, or nothing";

/// Journals are handed over to where other processes find them.
pub(super) fn hand_over(check: &mut Check<'_>, config: &Config) {
    let key = "edge.journal.hand_over";
    if !config.edge.journal.hand_over {
        return;
    }
    if config.bus.url.is_empty() {
        let problem = "there is no bus, and so nobody who would take the journals up again";
        check.wrong(key, problem, "Set bus.url, or write false");
    }
    if config.objects.folder().is_some() {
        let problem = "objects.url is a folder, which ends with the disk of this process";
        check.wrong(key, problem, "Name a bucket in objects.url, or write false");
    }
}

pub(super) fn values(check: &mut Check<'_>, config: &BusConfig) {
    if config.url.is_empty() {
        return;
    }
    let Some(address) = config.address() else {
        return check.wrong("bus.url", format!("{} names no brokers", quoted(&config.url)), RIGHT);
    };
    for (key, topic) in [("bus.events_topic", &config.events_topic), ("bus.clicks_topic", &config.clicks_topic)] {
        if !is_topic(topic) {
            let problem = format!("{} is no name of a topic", quoted(topic));
            check.wrong(key, problem, "Write 1 to 244 of the characters A-Z a-z 0-9 . _ -");
        }
    }
    if config.events_topic == config.clicks_topic {
        let problem = "this is the topic of events too";
        check.wrong("bus.clicks_topic", problem, "Give clicks and events a topic each");
    }
    if config.username.is_empty() != config.password.expose_secret().is_empty() {
        check.wrong(
            "bus.password",
            "a name and a password go together",
            "Set both bus.username and bus.password, or neither",
        );
    }
    if !address.tls && config.mechanism == Mechanism::Plain && !config.username.is_empty() {
        let problem = "a password would be sent for everybody on the way to read";
        check.wrong("bus.mechanism", problem, "Write kafkas:// in bus.url, or scram-sha-512");
    }
    if config.certificate_file.as_os_str().is_empty() != config.key_file.as_os_str().is_empty() {
        let fix = "Name both bus.certificate_file and bus.key_file, or neither";
        check.wrong("bus.key_file", "a certificate and its key go together", fix);
    }
    let names_files = [&config.ca_file, &config.certificate_file].iter().any(|file| !file.as_os_str().is_empty());
    if names_files && !address.tls {
        check.wrong("bus.ca_file", "certificates are no use without TLS", "Write kafkas:// in bus.url, or name none");
    }
}

/// What Kafka allows, with room for the end of a name.
fn is_topic(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=244).contains(&name.len()) && name.bytes().all(is_allowed) && name != "." && name != ".."
}
