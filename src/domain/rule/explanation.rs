//! Why a visitor goes where they go: every rule, every condition, and what was seen.

use serde::Serialize;
use utoipa::ToSchema;

use super::compiled::{CompiledOutcome, CompiledRule};
use super::value_index::FoundLists;
use super::{CompiledRules, TestKind, Visitor};
use crate::domain::time::Timestamp;

/// How the rules of a link decide about one visitor at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Explanation {
    /// The rule that decides; none if the link's own destination is used.
    pub winner: Option<Winner>,
    /// Every rule, in order.
    pub rules: Vec<RuleExplanation>,
}

/// The rule that decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Winner {
    /// Its place in the list of rules, from 0.
    pub rule_index: usize,
    /// Its name.
    pub rule: String,
    /// The place of the variant that the visitor gets, from 0, if the outcome is a split.
    pub variant_index: Option<usize>,
    /// The name of that variant.
    pub variant: Option<String>,
}

/// What became of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RuleExplanation {
    /// Its name.
    pub name: String,
    /// Whether all its conditions are true. The first such rule wins.
    pub matches: bool,
    /// Every condition, in order.
    pub conditions: Vec<ConditionExplanation>,
}

/// What became of one condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ConditionExplanation {
    /// The kind of test.
    #[serde(rename = "type")]
    pub kind: TestKind,
    /// Whether the test's answer is turned round.
    pub negate: bool,
    /// Whether the condition is true, after `negate`.
    pub holds: bool,
    /// What the test looked at, such as `DE` or `Friday 2026-05-01 13:05 Europe/Berlin`; none if unknown or absent.
    pub seen: Option<String>,
}

impl CompiledRules {
    /// Asks every condition of every rule about this visitor, with the same winner as [`CompiledRules::choose`].
    #[must_use]
    pub fn explain(&self, visitor: &Visitor<'_>, now: Timestamp) -> Explanation {
        let found = self.lists.find(visitor);
        let rules: Vec<_> = self.rules.iter().map(|rule| rule.explain(visitor, &found, now)).collect();
        let decisive = rules.iter().position(|rule| rule.matches);
        let winner = decisive.and_then(|index| Some(self.rules.get(index)?.win(index, visitor)));
        Explanation { winner, rules }
    }
}

impl CompiledRule {
    fn explain(&self, visitor: &Visitor<'_>, found: &FoundLists, now: Timestamp) -> RuleExplanation {
        let conditions: Vec<_> = self
            .conditions
            .iter()
            .map(|condition| ConditionExplanation {
                kind: condition.matcher.kind(),
                negate: condition.negate,
                holds: condition.holds(visitor, found, now),
                seen: condition.matcher.observe(visitor, now),
            })
            .collect();
        let matches = conditions.iter().all(|condition| condition.holds);
        RuleExplanation { name: self.name.to_string(), matches, conditions }
    }

    fn win(&self, index: usize, visitor: &Visitor<'_>) -> Winner {
        let variant_index = self.variant(visitor);
        let variant = match &self.outcome {
            CompiledOutcome::Destination => None,
            CompiledOutcome::Split { names, .. } => variant_index.and_then(|index| names.get(index)),
        };
        Winner {
            rule_index: index,
            rule: self.name.to_string(),
            variant_index,
            variant: variant.map(ToString::to_string),
        }
    }
}
