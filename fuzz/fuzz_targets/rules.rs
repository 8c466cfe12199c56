//! Rules from any JSON, decided for a visitor made of the same bytes: the explanation agrees with the choice.
#![no_main]

use elido::domain::rule::{CompiledRules, Rule, Visitor};
use elido::domain::time::Timestamp;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (rules, visitor) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(rules) = serde_json::from_str::<Vec<Rule>>(rules) else { return };
    let Ok(compiled) = CompiledRules::compile(&rules) else { return };
    let visitor = Visitor {
        country: Some("DE"),
        subdivision: None,
        user_agent: visitor,
        agent: None,
        accept_language: visitor,
        referrer: visitor,
        query: visitor,
        prefetch: visitor.len() % 2 == 1,
        visitor_hash: visitor.len() as u64,
    };
    let now = Timestamp::from_micros(1_788_000_000_000_000);
    let choice = compiled.choose(&visitor, now);
    let winner = compiled.explain(&visitor, now).winner;
    assert_eq!(choice.map(|choice| choice.rule), winner.map(|winner| winner.rule_index));
});
