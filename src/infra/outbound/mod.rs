//! Requests to addresses that people name, from within the operator's network.
//!
//! Invariants: such a request connects to no address but one of the internet, looked up for it and looked at, unless the operator names the host;
//! nothing is asked of the instance itself; no redirect is followed, no proxy of the environment is used, and nothing that identifies the process is
//! sent along. It ends within fifteen seconds, and of the answer no more than the head is read.

mod addresses;
mod refusal;
mod rules;
mod webhook;

pub use refusal::{OutboundError, Refusal};
pub use webhook::{Answer, WebhookSecret};

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, redirect};

use self::addresses::CheckedAddresses;
use self::rules::Rules;
use crate::config::Config;
use crate::infra::dns::Dns;

/// How long a request may take, from the look at DNS to the head of the answer.
const TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Makes such requests. Clones share the client.
#[derive(Clone)]
pub struct Outbound {
    client: Client,
    rules: Arc<Rules>,
}

impl Outbound {
    /// As the settings say; host names are looked up by `dns`.
    ///
    /// # Errors
    /// The machine gives no HTTP client.
    pub fn new(config: &Config, dns: Dns) -> std::io::Result<Self> {
        let rules = Arc::new(Rules::of(config));
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            // A connection is as good as the look at its address, so that none is kept.
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(CheckedAddresses::new(dns, Arc::clone(&rules))))
            .user_agent(concat!("Elido-Webhooks/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(std::io::Error::other)?;
        Ok(Self { client, rules })
    }
}
