//! What holds for all rules and all visitors.

use proptest::prelude::*;

use super::arbitrary::{moment, rules, valid_condition, visitor, wild_rules};
use super::limits::{
    CONDITIONS_MAX, NAME_CHARACTERS_MAX, PATTERNS_MAX, RULES_MAX, TIME_CONDITIONS_MAX, VALUES_MAX, VARIANTS_MAX,
};
use super::*;
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;

fn compile(rules: &[Rule]) -> CompiledRules {
    CompiledRules::compile(rules).expect("rules without errors")
}

fn errors(rules: &[Rule]) -> Vec<(String, &'static str)> {
    let found = CompiledRules::compile(rules).expect_err("rules with errors");
    found.into_iter().map(|error| (error.pointer, error.code)).collect()
}

fn destination() -> Outcome {
    Outcome::Destination { destination_url: Destination::parse("https://example.com/").expect("a destination") }
}

fn rule(name: &str, tests: Vec<Test>) -> Rule {
    let conditions = tests.into_iter().map(|test| Condition { test, negate: false }).collect();
    Rule { name: name.to_owned(), conditions, outcome: destination() }
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

proptest! {
    #[test]
    fn rules_of_every_sort_compile_or_say_where_they_are_wrong(rules in wild_rules(), visitor in visitor(), now in moment()) {
        match CompiledRules::compile(&rules) {
            Ok(compiled) => drop(compiled.explain(&visitor.borrow(), now)),
            Err(found) => {
                prop_assert!(!found.is_empty());
                let json = serde_json::json!({ "rules": rules });
                for error in found {
                    let parent = error.pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
                    prop_assert!(json.pointer(&error.pointer).or(json.pointer(parent)).is_some(), "{error:?}");
                }
            }
        }
    }

    #[test]
    fn an_explanation_agrees_with_the_choice(rules in rules(), visitor in visitor(), now in moment()) {
        let rules = without_empty_windows(rules);
        let compiled = compile(&rules);
        let explanation = compiled.explain(&visitor.borrow(), now);
        let winner = explanation.winner.map(|winner| Choice { rule: winner.rule_index, variant: winner.variant_index });
        prop_assert_eq!(winner, compiled.choose(&visitor.borrow(), now));
        prop_assert_eq!(explanation.rules.len(), rules.len());
    }

    #[test]
    fn the_first_rule_that_fits_wins(rules in rules(), visitor in visitor(), now in moment()) {
        let rules = without_empty_windows(rules);
        let alone = |rule: &Rule| compile(std::slice::from_ref(rule)).choose(&visitor.borrow(), now).is_some();
        let first = rules.iter().position(alone);
        prop_assert_eq!(compile(&rules).choose(&visitor.borrow(), now).map(|choice| choice.rule), first);
    }

    #[test]
    fn negation_turns_every_answer_round(condition in valid_condition(), visitor in visitor(), now in moment()) {
        let negated = Condition { negate: !condition.negate, ..condition.clone() };
        let holds = |condition| {
            let rule = Rule { name: "only".to_owned(), conditions: vec![condition], outcome: destination() };
            let rules = without_empty_windows(vec![rule]);
            compile(&rules).choose(&visitor.borrow(), now).is_some()
        };
        prop_assert_ne!(holds(condition), holds(negated));
    }

    #[test]
    fn facts_that_are_not_needed_change_nothing(rules in rules(), visitor in visitor(), now in moment()) {
        let compiled = compile(&without_empty_windows(rules));
        let (needs, full) = (compiled.needs(), visitor.borrow());
        let needed = Visitor {
            country: full.country.filter(|_| needs.location),
            subdivision: full.subdivision.filter(|_| needs.location),
            agent: full.agent.filter(|_| needs.agent),
            ..full
        };
        prop_assert_eq!(compiled.choose(&needed, now), compiled.choose(&full, now));
    }

    #[test]
    fn rules_survive_json_and_messagepack(rules in wild_rules()) {
        let json = serde_json::to_string(&rules).expect("json");
        prop_assert_eq!(&serde_json::from_str::<Vec<Rule>>(&json).expect("rules"), &rules);
        let packed = rmp_serde::to_vec_named(&rules).expect("MessagePack");
        prop_assert_eq!(&rmp_serde::from_slice::<Vec<Rule>>(&packed).expect("rules"), &rules);
    }
}

/// The generator may draw windows whose last date lies before the first; those do not compile.
fn without_empty_windows(mut rules: Vec<Rule>) -> Vec<Rule> {
    for condition in rules.iter_mut().flat_map(|rule| &mut rule.conditions) {
        if let Test::TimeWindows { any_of, .. } = &mut condition.test {
            any_of.iter_mut().filter(|window| window.first_date > window.last_date).for_each(|window| {
                window.last_date.take();
            });
        }
    }
    rules
}

#[test]
fn all_errors_are_found_at_once_and_name_their_place() {
    let rules = [
        rule("same", vec![Test::Countries { any_of: texts(&["DE", "de", "UK"]) }]),
        rule("same", vec![Test::Bots, Test::Browsers { any_of: vec![] }]),
        rule("", vec![Test::UserAgent { pattern: "(".to_owned() }]),
        Rule { outcome: Outcome::Split { variants: vec![] }, ..rule("split", vec![]) },
    ];
    assert_eq!(
        errors(&rules),
        [
            ("/rules/1/name", "duplicate"),
            ("/rules/2/name", "length"),
            ("/rules/0/conditions/0/any_of/1", "country"),
            ("/rules/0/conditions/0/any_of/2", "unknown_country"),
            ("/rules/1/conditions/1/any_of", "empty"),
            ("/rules/2/conditions/0/pattern", "pattern"),
            ("/rules/3/outcome/variants", "no_weight"),
        ]
        .map(|(pointer, code)| (pointer.to_owned(), code))
    );
}

#[test]
fn every_limit_is_held() {
    let many = |count| (0..count).map(|index| rule(&format!("rule {index}"), vec![])).collect::<Vec<_>>();
    assert_eq!(errors(&many(RULES_MAX + 1)), [("/rules".to_owned(), "too_many")]);

    let conditions = rule("many", vec![Test::Bots; CONDITIONS_MAX + 1]);
    assert_eq!(errors(&[conditions]), [("/rules/0/conditions".to_owned(), "too_many")]);

    let values = rule("many", vec![Test::Countries { any_of: texts(&vec!["DE"; VALUES_MAX + 1]) }]);
    assert_eq!(errors(&[values]), [("/rules/0/conditions/0/any_of".to_owned(), "too_many")]);

    let values = rule("many", vec![Test::Countries { any_of: texts(&vec!["DE"; VALUES_MAX]) }; 11]);
    assert_eq!(errors(&[values]), [("/rules".to_owned(), "too_many_values")]);

    let pattern = || Test::UserAgent { pattern: "x".to_owned() };
    let patterns = [rule("a", vec![pattern(); PATTERNS_MAX]), rule("b", vec![pattern()])];
    assert_eq!(errors(&patterns), [("/rules".to_owned(), "too_many_patterns")]);

    let always = Test::TimeWindows { time_zone: "UTC".to_owned(), any_of: vec![TimeWindow::default()] };
    let numbered = (0..=TIME_CONDITIONS_MAX / CONDITIONS_MAX).map(|number| number.to_string());
    let windows: Vec<_> = numbered.map(|name| rule(&name, vec![always.clone(); CONDITIONS_MAX])).collect();
    assert_eq!(errors(&windows), [("/rules".to_owned(), "too_many_time_windows")]);

    let name = rule(&"n".repeat(NAME_CHARACTERS_MAX + 1), vec![]);
    assert_eq!(errors(&[name]), [("/rules/0/name".to_owned(), "length")]);
}

#[test]
fn splits_keep_to_their_limits() {
    let variant = |index: usize, weight| Variant {
        name: format!("variant {index}"),
        weight,
        destination_url: Destination::parse("https://example.com/").expect("a destination"),
    };
    let split = |variants| Rule { outcome: Outcome::Split { variants }, ..rule("split", vec![]) };
    let many = split((0..=VARIANTS_MAX).map(|index| variant(index, 1)).collect());
    assert_eq!(errors(&[many]), [("/rules/0/outcome/variants".to_owned(), "too_many")]);
    let weightless = split(vec![variant(0, 0), variant(0, 0), variant(1, 10_001)]);
    assert_eq!(
        errors(&[weightless]),
        [
            ("/rules/0/outcome/variants/1/name".to_owned(), "duplicate"),
            ("/rules/0/outcome/variants/2/weight".to_owned(), "range")
        ]
    );
}

#[test]
fn names_of_systems_and_browsers_fit_in_any_usual_spelling() {
    let agent =
        Agent { device: Device::Mobile, os: "macOS".into(), browser: "Safari".into(), class: AgentClass::Human };
    let visitor = Visitor {
        country: None,
        subdivision: None,
        user_agent: "",
        agent: Some(&agent),
        accept_language: "",
        referrer: "",
        query: "",
        prefetch: false,
        visitor_hash: 0,
    };
    for (os, browser) in [("Mac OS X", "Mobile Safari"), ("MACOS", "safari"), ("macOS", "Safari")] {
        let rule = rule("apple", vec![Test::Os { any_of: texts(&[os]) }, Test::Browsers { any_of: texts(&[browser]) }]);
        assert!(compile(&[rule]).choose(&visitor, Timestamp::default()).is_some(), "{os} {browser}");
    }
}
