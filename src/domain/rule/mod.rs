//! Smart-link rules: an ordered list; the first rule whose conditions are all
//! true wins; if none matches, the link's own destination is used.
//!
//! Invariant: [`CompiledRules::choose`] and [`CompiledRules::explain`] ask the
//! same matchers, so an explanation cannot disagree with a redirect.

mod agent_names;
mod compiled;
mod condition_fields;
mod country;
mod definition;
mod explanation;
mod field_errors;
mod language;
mod limits;
mod lists;
mod matcher;
mod outcome_fields;
mod query;
mod referrer;
mod schema;
mod split;
mod targets;
mod time_windows;
mod user_agent;
mod value_index;
mod visitor;
mod visitor_hash;

pub use agent_names::{canonical_browser, canonical_os};
pub use compiled::{Choice, CompiledRules, Needs};
pub use condition_fields::TestKind;
pub use definition::{Condition, Device, Outcome, Rule, Test, TimeWindow, Variant, Weekday};
pub use explanation::{ConditionExplanation, Explanation, RuleExplanation, Winner};
pub use language::preferred as preferred_language;
pub use limits::{
    CONDITIONS_MAX, NAME_CHARACTERS_MAX, PATTERN_CHARACTERS_MAX, PATTERNS_MAX, RULES_MAX, VALUE_BYTES_MAX, VALUES_MAX,
    VALUES_TOTAL_MAX, VARIANTS_MAX, WEIGHT_MAX,
};
pub use referrer::{host_of, site, site_of};
pub use targets::with_targets;
pub use visitor::{Agent, AgentClass, Visitor};
pub use visitor_hash::visitor_hash;

#[cfg(test)]
mod arbitrary;
#[cfg(test)]
mod property_tests;
