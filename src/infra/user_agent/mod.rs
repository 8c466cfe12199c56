//! What program a `User-Agent` header stands for.
//!
//! Invariants: nothing is loaded before the first header is classified; a
//! header that was classified before is answered from a bounded cache without allocating.

mod class;
mod device;
mod parser;
#[cfg(test)]
mod tests;
mod words;

use std::sync::{Arc, OnceLock};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::domain::rule::Agent;
use parser::Parser;

/// How many headers are remembered if they are of usual length.
const HEADERS_EXPECTED: usize = 10_000;
/// How much the remembered headers may take, in bytes.
const CACHE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// What an entry takes besides its texts, in bytes.
const ENTRY_BYTES: usize = 160;
/// How much of a header is looked at, in bytes.
const HEADER_BYTES_MAX: usize = 1024;

/// Classifies `User-Agent` headers. Clones share what they know.
#[derive(Clone)]
pub struct UserAgents {
    shared: Arc<Shared>,
}

struct Shared {
    /// None if the built-in tables cannot be read, which a test rules out.
    parser: OnceLock<Option<Parser>>,
    known: Cache<Box<str>, Arc<Agent>, EntryWeighter>,
    unknown: Arc<Agent>,
}

/// Weighs entries by the memory that they take.
#[derive(Clone)]
struct EntryWeighter;

impl Weighter<Box<str>, Arc<Agent>> for EntryWeighter {
    fn weight(&self, header: &Box<str>, agent: &Arc<Agent>) -> u64 {
        u64::try_from(ENTRY_BYTES + header.len() + agent.os.len() + agent.browser.len()).unwrap_or(u64::MAX)
    }
}

impl Default for UserAgents {
    fn default() -> Self {
        Self::new()
    }
}

impl UserAgents {
    /// Knows nothing yet and has loaded nothing.
    #[must_use]
    pub fn new() -> Self {
        let known = Cache::with_weighter(HEADERS_EXPECTED, CACHE_BYTES_MAX, EntryWeighter);
        Self { shared: Arc::new(Shared { parser: OnceLock::new(), known, unknown: Arc::new(Agent::unknown()) }) }
    }

    /// Loads the tables now instead of at the first header: some 70 ms of one core (a second without optimisation), and 11 MB.
    pub fn warm(&self) {
        self.shared.parser();
    }

    /// What the header says of the visitor's program; only its first 1,024 bytes count.
    #[must_use]
    pub fn classify(&self, header: &str) -> Arc<Agent> {
        let header = header.get(..header.floor_char_boundary(HEADER_BYTES_MAX)).unwrap_or(header);
        if let Some(agent) = self.shared.known.get(header) {
            return agent;
        }
        let Some(parser) = self.shared.parser() else { return Arc::clone(&self.shared.unknown) };
        let agent = Arc::new(parser.parse(header));
        self.shared.known.insert(header.into(), Arc::clone(&agent));
        agent
    }
}

impl Shared {
    fn parser(&self) -> Option<&Parser> {
        let load = || {
            Parser::load()
                .inspect_err(|error| tracing::error!(%error, "the built-in table of user agents cannot be read"))
                .ok()
        };
        self.parser.get_or_init(load).as_ref()
    }
}
