//! What every redirect does must not allocate: choosing a rule and writing a click down.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use allocation_counter::measure;
use elido::domain::click::{CLICK_BYTES_MAX, Click, ClickKind, Signals};
use elido::domain::id::{DomainId, LinkId, WorkspaceId};
use elido::domain::rule::{Agent, AgentClass, CompiledRules, Device, Rule, Visitor};
use elido::domain::time::Timestamp;

/// One rule for every kind of condition, none of which is true of the visitor, and a split that is.
const RULES: &str = r#"[
    {"name":"countries","conditions":[{"type":"countries","any_of":["AT","CH"]}],"outcome":{"type":"destination","destination_url":"https://example.com/1"}},
    {"name":"regions","conditions":[{"type":"regions","any_of":["DE-BE","DE-HH"]}],"outcome":{"type":"destination","destination_url":"https://example.com/2"}},
    {"name":"devices","conditions":[{"type":"devices","any_of":["tablet"]}],"outcome":{"type":"destination","destination_url":"https://example.com/3"}},
    {"name":"os","conditions":[{"type":"os","any_of":["Android"]}],"outcome":{"type":"destination","destination_url":"https://example.com/4"}},
    {"name":"browsers","conditions":[{"type":"browsers","any_of":["Firefox"]}],"outcome":{"type":"destination","destination_url":"https://example.com/5"}},
    {"name":"languages","conditions":[{"type":"languages","any_of":["en","fr"]}],"outcome":{"type":"destination","destination_url":"https://example.com/6"}},
    {"name":"time windows","conditions":[{"type":"time_windows","time_zone":"Europe/Berlin","any_of":[{"days":["monday"],"from":"09:00","until":"17:00"}]}],"outcome":{"type":"destination","destination_url":"https://example.com/7"}},
    {"name":"referrers","conditions":[{"type":"referrer_hosts","any_of":["example.org"]}],"outcome":{"type":"destination","destination_url":"https://example.com/8"}},
    {"name":"user agent","conditions":[{"type":"user_agent","pattern":"MyApp/[0-9]+\\.[0-9]+"}],"outcome":{"type":"destination","destination_url":"https://example.com/9"}},
    {"name":"query","conditions":[{"type":"query","any_of":["utm_source=news letter"]}],"outcome":{"type":"destination","destination_url":"https://example.com/10"}},
    {"name":"bots","conditions":[{"type":"bots"}],"outcome":{"type":"destination","destination_url":"https://example.com/11"}},
    {"name":"split","conditions":[{"type":"countries","any_of":["AT"],"negate":true}],"outcome":{"type":"split","variants":[
        {"name":"A","weight":1,"destination_url":"https://example.com/a"},{"name":"B","weight":3,"destination_url":"https://example.com/b"}]}}
]"#;

#[test]
fn choosing_among_rules_of_every_kind_allocates_nothing() {
    let rules: Vec<Rule> = serde_json::from_str(RULES).expect("rules");
    let compiled = CompiledRules::compile(&rules).expect("rules without mistakes");
    let agent = Agent { device: Device::Mobile, os: "iOS".into(), browser: "Safari".into(), class: AgentClass::Human };
    let visitor = Visitor {
        country: Some("DE"),
        subdivision: Some("BY"),
        user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)",
        agent: Some(&agent),
        accept_language: "de-DE,de;q=0.9,en;q=0.8",
        referrer: "https://www.example.com/page",
        query: "utm_source=news%20paper&x=1",
        prefetch: false,
        visitor_hash: 42,
    };
    let now = Timestamp::from_micros(1_780_000_000_000_000);
    // The first match of a regular expression makes room for its search, once for the life of the link.
    let choice = compiled.choose(&visitor, now).expect("the split");
    assert_eq!(choice.rule, rules.len() - 1);

    let counted = measure(|| {
        black_box(compiled.choose(black_box(&visitor), now));
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn writing_a_click_down_allocates_nothing() {
    let click = Click {
        at: Timestamp::from_micros(1_780_000_000_000_000),
        kind: ClickKind::Redirect,
        status: 302,
        workspace_id: Some(WorkspaceId::new()),
        domain_id: Some(DomainId::new()),
        link_id: Some(LinkId::new()),
        rule: Some("split"),
        variant: Some("B"),
        address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)),
        signals: Signals::default(),
        host: "go.example.com",
        slug: "spring",
        user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)",
        referrer: "https://www.example.com/page",
        accept_language: "de-DE,de;q=0.9",
        query: "utm_source=news",
    };
    let mut buffer = Vec::with_capacity(CLICK_BYTES_MAX);
    let counted = measure(|| black_box(&click).encode(&mut buffer));
    assert_eq!(counted.count_total, 0);

    let counted = measure(|| assert_eq!(Click::decode(black_box(&buffer)), Ok(click)));
    assert_eq!(counted.count_total, 0);
}
