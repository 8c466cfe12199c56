//! The settings of the bus.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

/// Where clicks go from edges to ingesters, and events are published for programs outside, by the Kafka protocol.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusConfig {
    /// kafka://host:9092, or kafkas:// with TLS, with commas between several brokers, of which any will do. Empty means that there is no bus.
    pub url: String,
    /// Who asks, by SASL. Empty means that nobody has to say.
    pub username: String,
    /// Their password.
    pub password: SecretString,
    /// How they prove it.
    pub mechanism: Mechanism,
    /// A PEM file with the authority to believe, for kafkas://. Empty means those that browsers know.
    pub ca_file: PathBuf,
    /// A PEM file with the certificate to show to brokers that want one. Empty means none.
    pub certificate_file: PathBuf,
    /// A PEM file with its private key.
    pub key_file: PathBuf,
    /// The topic of events.
    pub events_topic: String,
    /// The topic of clicks; beside it is one for records that are no click, with `.dead` at its end.
    pub clicks_topic: String,
    /// How many partitions topics get that are made here.
    pub partitions: u64,
    /// On how many brokers each partition is.
    pub replication: u64,
}

/// How a client proves to a broker who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Mechanism {
    /// By the password itself (RFC 4616).
    #[serde(rename = "plain")]
    Plain,
    /// By a challenge (RFC 7677).
    #[serde(rename = "scram-sha-256")]
    ScramSha256,
    /// The same with SHA-512.
    #[serde(rename = "scram-sha-512")]
    ScramSha512,
}

/// What the address of a bus says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusAddress<'a> {
    /// Hosts with ports.
    pub brokers: Vec<&'a str>,
    /// Whether they are spoken to over TLS.
    pub tls: bool,
}

impl BusConfig {
    /// The parts of the address; `None` if it is empty, or has another form, which the check of the settings refuses.
    #[must_use]
    pub fn address(&self) -> Option<BusAddress<'_>> {
        let (scheme, brokers) = self.url.split_once("://")?;
        let tls = match scheme {
            "kafka" => false,
            "kafkas" => true,
            _ => return None,
        };
        let brokers: Vec<&str> = brokers.split(',').map(str::trim).collect();
        brokers.iter().all(|broker| is_broker(broker)).then_some(BusAddress { brokers, tls })
    }
}

fn is_broker(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    !host.is_empty() && !host.contains(['/', '@']) && port.parse::<u16>().is_ok_and(|port| port > 0)
}
