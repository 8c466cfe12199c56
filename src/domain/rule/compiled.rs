//! Rules compiled once, when a link is loaded, and asked on every redirect.

use std::collections::HashSet;

use super::field_errors::{FieldErrors, ValueError};
use super::limits::{CONDITIONS_MAX, PATTERNS_MAX, RULES_MAX, TIME_CONDITIONS_MAX, VALUES_TOTAL_MAX};
use super::lists::{Lists, ListsBuilder};
use super::matcher::Matcher;
use super::split::Split;
use super::value_index::FoundLists;
use super::{Condition, Outcome, Rule, Test, TestKind, Visitor};
use crate::domain::error::FieldError;
use crate::domain::time::Timestamp;

/// The rules of one link, ready to be asked.
#[derive(Debug, Default)]
pub struct CompiledRules {
    pub(super) rules: Box<[CompiledRule]>,
    pub(super) lists: Lists,
    needs: Needs,
}

/// Which costly facts about a visitor some rule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// [`Visitor::country`] and [`Visitor::subdivision`].
    pub location: bool,
    /// [`Visitor::agent`].
    pub agent: bool,
}

/// The rule that decides, by its place in the list that was compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Index of the rule.
    pub rule: usize,
    /// Index of the variant, if the rule's outcome is a split.
    pub variant: Option<usize>,
}

#[derive(Debug)]
pub(super) struct CompiledRule {
    pub name: Box<str>,
    pub conditions: Box<[CompiledCondition]>,
    pub outcome: CompiledOutcome,
}

#[derive(Debug)]
pub(super) struct CompiledCondition {
    pub negate: bool,
    pub matcher: Matcher,
}

#[derive(Debug)]
pub(super) enum CompiledOutcome {
    Destination,
    Split { split: Split, names: Box<[Box<str>]> },
}

impl CompiledRules {
    /// Checks and compiles the rules of one link.
    ///
    /// # Errors
    /// All errors at once (the first 100); their pointers start at `/rules`.
    pub fn compile(rules: &[Rule]) -> Result<Self, Vec<FieldError>> {
        let (mut errors, mut lists) = (FieldErrors::default(), ListsBuilder::default());
        check_totals(rules, &mut errors);
        errors.check_names("/rules", rules.iter().take(RULES_MAX).map(|rule| rule.name.as_str()));
        let numbered = rules.iter().take(RULES_MAX).enumerate();
        let compiled: Box<[_]> = numbered
            .map(|(index, rule)| CompiledRule::compile(&format!("/rules/{index}"), rule, &mut lists, &mut errors))
            .collect();
        let needs = Needs::of(&compiled);
        errors.into_result(Self { rules: compiled, lists: lists.build(), needs })
    }

    /// The same for rules that were let in before, perhaps by an earlier release: those that do not compile are taken out of the
    /// list, and the others go on. Where the rules are too much together, the last ones are taken out.
    #[must_use]
    pub fn compile_sound(rules: &mut Vec<Rule>) -> Self {
        loop {
            let errors = match Self::compile(rules) {
                Ok(compiled) => return compiled,
                Err(errors) => errors,
            };
            let unsound: HashSet<usize> = errors.iter().filter_map(|error| rule_index(&error.pointer)).collect();
            if unsound.is_empty() && rules.pop().is_none() {
                return Self::default();
            }
            let mut index = 0..;
            rules.retain(|_| index.next().is_none_or(|index| !unsound.contains(&index)));
        }
    }

    /// Which costly facts the rules ask for; the others may be left out of the [`Visitor`].
    #[must_use]
    pub const fn needs(&self) -> Needs {
        self.needs
    }

    /// Whether there are no rules at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The first rule whose conditions are all true, and the variant that this visitor gets of its split.
    #[must_use]
    pub fn choose(&self, visitor: &Visitor<'_>, now: Timestamp) -> Option<Choice> {
        let found = self.lists.find(visitor);
        let (index, rule) = self.rules.iter().enumerate().find(|(_, rule)| rule.fits(visitor, &found, now))?;
        Some(Choice { rule: index, variant: rule.variant(visitor) })
    }

    /// About how much memory the rules take on the heap, in bytes; never less for regular expressions than they may grow to.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let rules: usize = self.rules.iter().map(|rule| size_of_val(rule) + rule.heap_bytes()).sum();
        rules + self.lists.heap_bytes()
    }
}

impl CompiledRule {
    fn compile(pointer: &str, rule: &Rule, lists: &mut ListsBuilder, errors: &mut FieldErrors) -> Self {
        if rule.conditions.len() > CONDITIONS_MAX {
            let error = ValueError::new("too_many", format!("a rule has at most {CONDITIONS_MAX} conditions"));
            errors.add(format!("{pointer}/conditions"), error);
        }
        let numbered = rule.conditions.iter().take(CONDITIONS_MAX).enumerate();
        let conditions = numbered
            .filter_map(|(index, condition)| {
                CompiledCondition::compile(&format!("{pointer}/conditions/{index}"), condition, lists, errors)
            })
            .collect();
        let outcome = CompiledOutcome::compile(&format!("{pointer}/outcome"), &rule.outcome, errors);
        Self { name: rule.name.as_str().into(), conditions, outcome }
    }

    fn fits(&self, visitor: &Visitor<'_>, found: &FoundLists, now: Timestamp) -> bool {
        self.conditions.iter().all(|condition| condition.holds(visitor, found, now))
    }

    /// The index of the variant that this visitor gets, if this is a split.
    pub fn variant(&self, visitor: &Visitor<'_>) -> Option<usize> {
        match &self.outcome {
            CompiledOutcome::Destination => None,
            CompiledOutcome::Split { split, .. } => Some(split.choose(visitor.visitor_hash)),
        }
    }

    fn heap_bytes(&self) -> usize {
        let conditions =
            self.conditions.iter().map(|condition| size_of_val(condition) + condition.matcher.heap_bytes());
        self.name.len() + conditions.sum::<usize>() + self.outcome.heap_bytes()
    }
}

impl CompiledCondition {
    fn compile(
        pointer: &str,
        condition: &Condition,
        lists: &mut ListsBuilder,
        errors: &mut FieldErrors,
    ) -> Option<Self> {
        let matcher = Matcher::compile(pointer, &condition.test, lists, errors)?;
        Some(Self { negate: condition.negate, matcher })
    }

    /// Whether the condition is true of this visitor, of whom the link's lists hold something, at this moment.
    pub fn holds(&self, visitor: &Visitor<'_>, found: &FoundLists, now: Timestamp) -> bool {
        self.matcher.fits(visitor, found, now) != self.negate
    }
}

impl CompiledOutcome {
    fn compile(pointer: &str, outcome: &Outcome, errors: &mut FieldErrors) -> Self {
        match outcome {
            Outcome::Destination { .. } => Self::Destination,
            Outcome::Split { variants } => Self::Split {
                split: Split::compile(&format!("{pointer}/variants"), variants, errors),
                names: variants.iter().map(|variant| variant.name.as_str().into()).collect(),
            },
        }
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Self::Destination => 0,
            Self::Split { split, names } => {
                split.heap_bytes() + names.iter().map(|name| size_of_val(name) + name.len()).sum::<usize>()
            }
        }
    }
}

impl Needs {
    fn of(rules: &[CompiledRule]) -> Self {
        let mut needs = Self::default();
        for condition in rules.iter().flat_map(|rule| rule.conditions.iter()) {
            match condition.matcher.kind() {
                TestKind::Countries | TestKind::Regions => needs.location = true,
                TestKind::Devices | TestKind::Os | TestKind::Browsers | TestKind::Bots => needs.agent = true,
                _ => {}
            }
        }
        needs
    }
}

/// The rule that a pointer is about; none if it is about all of them.
fn rule_index(pointer: &str) -> Option<usize> {
    pointer.strip_prefix("/rules/")?.split('/').next()?.parse().ok()
}

/// Checks what counts over all rules of a link.
fn check_totals(rules: &[Rule], errors: &mut FieldErrors) {
    if rules.len() > RULES_MAX {
        errors.add("/rules", ValueError::new("too_many", format!("a link has at most {RULES_MAX} rules")));
    }
    let tests = || rules.iter().flat_map(|rule| &rule.conditions).map(|condition| &condition.test);
    if tests().map(count_values).sum::<usize>() > VALUES_TOTAL_MAX {
        let message = format!("the conditions of a link list at most {VALUES_TOTAL_MAX} values together");
        errors.add("/rules", ValueError::new("too_many_values", message));
    }
    if tests().filter(|test| matches!(test, Test::UserAgent { .. })).count() > PATTERNS_MAX {
        let message = format!("a link has at most {PATTERNS_MAX} user_agent conditions");
        errors.add("/rules", ValueError::new("too_many_patterns", message));
    }
    if tests().filter(|test| matches!(test, Test::TimeWindows { .. })).count() > TIME_CONDITIONS_MAX {
        let message = format!("a link has at most {TIME_CONDITIONS_MAX} time_windows conditions");
        errors.add("/rules", ValueError::new("too_many_time_windows", message));
    }
}

fn count_values(test: &Test) -> usize {
    match test {
        Test::Countries { any_of }
        | Test::Regions { any_of }
        | Test::Os { any_of }
        | Test::Browsers { any_of }
        | Test::Languages { any_of }
        | Test::ReferrerHosts { any_of }
        | Test::Query { any_of } => any_of.len(),
        Test::Devices { any_of } => any_of.len(),
        Test::TimeWindows { any_of, .. } => any_of.len(),
        Test::UserAgent { .. } | Test::Bots => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, pattern: &str) -> Rule {
        let rule = serde_json::json!({
            "name": name,
            "conditions": [{ "type": "user_agent", "pattern": pattern }],
            "outcome": { "type": "destination", "destination_url": "https://example.com/" }
        });
        serde_json::from_value(rule).expect("a rule")
    }

    fn names_left(mut rules: Vec<Rule>) -> Vec<String> {
        let compiled = CompiledRules::compile_sound(&mut rules);
        assert_eq!(compiled.rules.len(), rules.len());
        rules.into_iter().map(|rule| rule.name).collect()
    }

    #[test]
    fn a_rule_that_no_longer_compiles_takes_no_other_with_it() {
        assert_eq!(names_left(vec![rule("a", "x"), rule("b", "("), rule("c", "y"), rule("d", "[")]), ["a", "c"]);
        assert_eq!(names_left(vec![rule("b", "(")]), [""; 0]);
        assert_eq!(names_left(vec![rule("a", "x"), rule("a", "y")]).len(), 1, "names are unique");
    }

    #[test]
    fn of_too_many_rules_the_first_stay() {
        let many: Vec<Rule> = (0..RULES_MAX + 3)
            .map(|number| Rule { conditions: Vec::new(), ..rule(&number.to_string(), "x") })
            .collect();
        assert_eq!(names_left(many).len(), RULES_MAX);
        let patterns: Vec<Rule> = (0..PATTERNS_MAX + 2).map(|number| rule(&number.to_string(), "x")).collect();
        assert_eq!(names_left(patterns).len(), PATTERNS_MAX);
    }
}
