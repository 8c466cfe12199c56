//! The certificate authority of `dev/services/pebble`, which `ELIDO_TEST_PEBBLE` describes.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};

use elido::config::Config;
use elido::config::sections::AcmeChallengeKind;
use reqwest::{Certificate, Client};
use serde_json::json;

use super::database::is_embedded;
use super::platform::PATIENCE;
use super::tls::TlsClient;

/// Addresses of this machine that edges of tests have for themselves, because the authority knows two ports alone.
static ADDRESSES: AtomicU8 = AtomicU8::new(2);

/// The authority, and the DNS that it asks.
pub struct Pebble {
    values: HashMap<String, String>,
    client: Client,
}

impl Pebble {
    /// None where there is no authority, which is told; on the embedded stores there need not be one.
    pub fn find() -> Option<Self> {
        let text = std::env::var("ELIDO_TEST_PEBBLE").unwrap_or_default();
        if text.is_empty() {
            assert!(is_embedded(), "ELIDO_TEST_PEBBLE describes an authority");
            println!("SKIPPED: ELIDO_TEST_PEBBLE describes no authority");
            return None;
        }
        drop(rustls::crypto::ring::default_provider().install_default());
        let values = text.lines().filter_map(|line| line.split_once('='));
        let values: HashMap<String, String> = values.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let authority = std::fs::read(&values["authority"]).expect("the authority of its own certificate");
        let authority = Certificate::from_pem(&authority).expect("a certificate");
        let client = Client::builder().tls_certs_only([authority]).timeout(PATIENCE).build().expect("a client");
        Some(Self { values, client })
    }

    pub fn value(&self, name: &str) -> &str {
        &self.values[name]
    }

    pub fn authority(&self) -> PathBuf {
        self.value("authority").into()
    }

    fn port(&self, name: &str) -> u16 {
        self.value(name).parse().expect("a port")
    }

    /// An address of this machine for an edge alone.
    pub fn address() -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(127, 0, 77, ADDRESSES.fetch_add(1, Ordering::Relaxed)))
    }

    /// Has certificates ordered here, with an edge at this address.
    pub fn set(&self, config: &mut Config, address: IpAddr) {
        config.acme.directory_url = self.value("directory").to_owned();
        config.acme.ca_file = self.authority();
        config.acme.contact = "owner@example.com".to_owned();
        config.acme.challenge = AcmeChallengeKind::Http01;
        config.edge.listen = SocketAddr::new(address, self.port("http_port"));
        config.edge.tls.listen = Some(SocketAddr::new(address, self.port("tls_port")));
    }

    /// Where the authority finds a host from now on.
    pub async fn point(&self, host: &str, address: IpAddr) {
        let body = json!({"host": format!("{host}."), "addresses": [address.to_string()]});
        for operation in ["clear-a", "add-a"] {
            let url = format!("{}/{operation}", self.value("management"));
            let answer = self.client.post(url).body(body.to_string()).send().await.expect("an answer");
            assert!(answer.status().is_success());
        }
    }

    /// A client that believes what the authority issues.
    pub async fn believer(&self, folder: &std::path::Path) -> TlsClient {
        let root = self.client.get(self.value("roots")).send().await.expect("an answer").text().await.expect("a root");
        let file = folder.join("pebble-root.pem");
        std::fs::write(&file, root).expect("a file");
        TlsClient::believing(&file, &[&rustls::version::TLS13, &rustls::version::TLS12])
    }
}
