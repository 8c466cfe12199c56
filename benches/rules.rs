//! What smart-link rules cost: compiling them when a link is loaded, and asking them on a redirect.

#![allow(clippy::expect_used, reason = "a benchmark may fail loudly")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use elido::domain::rule::{Agent, AgentClass, CompiledRules, Device, Rule, Visitor};
use elido::domain::time::Timestamp;

/// Six rules such as people write them. Only the last one is true of the visitor.
const SIX_RULES: &str = r#"[
    {"name":"app","conditions":[{"type":"user_agent","pattern":"MyApp/[0-9]+"}],
     "outcome":{"type":"destination","destination_url":"https://example.com/app"}},
    {"name":"office hours","conditions":[
        {"type":"countries","any_of":["DE","AT","CH"]},
        {"type":"time_windows","time_zone":"Europe/Berlin","any_of":[{"days":["sunday"],"from":"09:00","until":"17:00"}]}],
     "outcome":{"type":"destination","destination_url":"https://example.com/office"}},
    {"name":"iPhones","conditions":[{"type":"devices","any_of":["mobile"]},{"type":"os","any_of":["Android"]}],
     "outcome":{"type":"destination","destination_url":"https://example.com/ios"}},
    {"name":"french","conditions":[{"type":"languages","any_of":["fr","it"]}],
     "outcome":{"type":"destination","destination_url":"https://example.com/fr"}},
    {"name":"newsletter","conditions":[
        {"type":"referrer_hosts","any_of":["news.example.com","mail.example.com"]},
        {"type":"query","any_of":["utm_source=newsletter"]}],
     "outcome":{"type":"destination","destination_url":"https://example.com/news"}},
    {"name":"test","conditions":[{"type":"bots","negate":true}],
     "outcome":{"type":"split","variants":[
        {"name":"A","weight":50,"destination_url":"https://example.com/a"},
        {"name":"B","weight":50,"destination_url":"https://example.com/b"}]}}
]"#;

fn rules(criterion: &mut Criterion) {
    let rules: Vec<Rule> = serde_json::from_str(SIX_RULES).expect("rules");
    criterion.bench_function("compile six rules", |bencher| bencher.iter(|| CompiledRules::compile(black_box(&rules))));

    let compiled = CompiledRules::compile(&rules).expect("rules without errors");
    let agent = Agent { device: Device::Mobile, os: "iOS".into(), browser: "Safari".into(), class: AgentClass::Human };
    let visitor = Visitor {
        country: Some("DE"),
        subdivision: Some("BY"),
        user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.6 Mobile/15E148 Safari/604.1",
        agent: Some(&agent),
        accept_language: "de-DE,de;q=0.9,en;q=0.8",
        referrer: "https://news.example.com/issue/7",
        query: "utm_source=twitter&utm_campaign=spring",
        prefetch: false,
        visitor_hash: 0x0123_4567_89ab_cdef,
    };
    let now = Timestamp::from_micros(1_780_000_000_000_000);
    assert_eq!(compiled.choose(&visitor, now).map(|choice| choice.rule), Some(5));
    criterion.bench_function("choose among six rules", |bencher| {
        bencher.iter(|| compiled.choose(black_box(&visitor), black_box(now)));
    });
    criterion.bench_function("explain six rules", |bencher| {
        bencher.iter(|| compiled.explain(black_box(&visitor), black_box(now)));
    });
}

criterion_group!(benches, rules);
criterion_main!(benches);
