//! From the bytes of a click to what the store keeps, with everything that is looked up on the way.

use super::enrichment::enrich;
use super::metrics::{AddressMetrics, IngesterMetrics};
use super::policies::ClickPolicies;
use super::visitor::VisitorKeys;
use crate::domain::click::{Click, DecodeClickError};
use crate::domain::time::Timestamp;
use crate::infra::click_store::EnrichedClick;
use crate::infra::geo::GeoDatabase;
use crate::infra::user_agent::UserAgents;
use crate::runtime::clock;

/// 1 January 2020, UTC. No edge was there before: whoever stamps a click earlier has a clock that was never set, such as one that begins with 1970,
/// and the click would be past any retention when it comes.
const FIRST_PLAUSIBLE: Timestamp = Timestamp::from_micros(1_577_836_800_000_000);

/// Looks up what can be known of clicks. One does it for a whole process, since it tells visitors apart.
pub struct Enricher {
    geo: GeoDatabase,
    user_agents: UserAgents,
    policies: ClickPolicies,
    keys: VisitorKeys,
}

impl Enricher {
    /// Looks up in these, as far as workspaces ask for it.
    #[must_use]
    pub fn new(geo: GeoDatabase, user_agents: UserAgents, policies: ClickPolicies) -> Self {
        Self { geo, user_agents, policies, keys: VisitorKeys::default() }
    }

    /// Reads a click and looks up what can be known of it.
    ///
    /// # Errors
    /// The bytes are no click.
    pub(super) fn read(&mut self, payload: &[u8]) -> Result<EnrichedClick, DecodeClickError> {
        let mut click = Click::decode(payload)?;
        if click.at < FIRST_PLAUSIBLE {
            IngesterMetrics::global().restamped.increment(1);
            click.at = clock::now().max(FIRST_PLAUSIBLE);
        }
        AddressMetrics::global().count(click.address);
        let policy = self.policies.of(click.workspace_id);
        let click = policy.applied(&click);
        let location = self.geo.locate(click.address);
        let agent = self.user_agents.classify(click.user_agent);
        Ok(enrich(&click, &policy, &location, &agent, self.keys.of_day(click.at)))
    }

    /// Forgets how to tell visitors apart of days that are over.
    pub(super) fn forget_past(&mut self) {
        self.keys.forget_past(clock::now());
    }
}
