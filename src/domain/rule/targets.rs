//! Where phones go: two rules behind those that people write.

use super::{Condition, Outcome, Rule, Test};
use crate::domain::url::Destination;

/// The rules of a link with those that lead phones to where they go. The first rule that fits wins, so that those which people wrote come
/// before.
#[must_use]
pub fn with_targets(mut rules: Vec<Rule>, ios: Option<Destination>, android: Option<Destination>) -> Vec<Rule> {
    let rule = |system: &str, destination_url| Rule {
        name: format!("{system} target"),
        conditions: vec![Condition { test: Test::Os { any_of: vec![system.to_owned()] }, negate: false }],
        outcome: Outcome::Destination { destination_url },
    };
    rules.extend(ios.map(|url| rule("iOS", url)));
    rules.extend(android.map(|url| rule("Android", url)));
    rules
}
