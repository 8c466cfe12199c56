//! What every redirect does must not allocate: deciding, choosing a rule, writing a click down and into the journal.

#![allow(clippy::expect_used, reason = "helpers of tests are tests")]

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use allocation_counter::measure;
use elido::domain::click::{CLICK_BYTES_MAX, Click, ClickKind, Signals};
use elido::domain::client_address::TrustedProxies;
use elido::domain::id::{DomainId, LinkId, WorkspaceId};
use elido::domain::link::{ForwardQuery, LinkRecord, LinkState, RedirectStatus};
use elido::domain::rule::{Agent, AgentClass, CompiledRules, Device, Rule, Visitor};
use elido::domain::time::Timestamp;
use elido::domain::url::Destination;
use elido::infra::journal::{DiskFileSystem, JournalLimits, Writer};
use elido::services::edge_redirect::{CompiledLink, Decision, Facts, RequestView, decide};
use http::Request;

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
    let compiled = CompiledRules::compile(&rules).expect("rules without errors");
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
        campaign: "utm_medium=email",
    };
    let mut buffer = Vec::with_capacity(CLICK_BYTES_MAX);
    let counted = measure(|| black_box(&click).encode(&mut buffer));
    assert_eq!(counted.count_total, 0);

    let counted = measure(|| assert_eq!(Click::decode(black_box(&buffer)), Ok(click)));
    assert_eq!(counted.count_total, 0);
}

fn record(rules: &str) -> LinkRecord {
    LinkRecord {
        id: LinkId::new(),
        workspace_id: WorkspaceId::new(),
        domain_id: DomainId::new(),
        slug: "sale".into(),
        destination: Destination::parse("https://example.com/landing?campaign=spring").expect("a destination"),
        redirect_status: RedirectStatus::Found,
        state: LinkState::Active,
        starts_at: None,
        expires_at: Some(Timestamp::from_micros(i64::MAX)),
        expired_url: None,
        max_clicks: None,
        password_hash: None,
        forward_query: ForwardQuery::Off,
        forward_path: false,
        rules: serde_json::from_str(rules).expect("rules"),
        title: None,
        description: None,
        extras: None,
    }
}

#[test]
fn deciding_on_a_redirect_allocates_nothing() {
    let request = Request::builder()
        .uri("/sale?utm_source=news")
        .header("host", "go.example.com")
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64)")
        .header("accept-language", "de-DE,de;q=0.9");
    let parts = request.body(()).expect("a request").into_parts().0;
    let now = Timestamp::from_micros(1_780_000_000_000_000);
    let agent =
        Agent { device: Device::Desktop, os: "Linux".into(), browser: "Firefox".into(), class: AgentClass::Human };
    for rules in ["[]", RULES] {
        let link = CompiledLink::new(record(rules));
        let facts = Facts { country: Some("DE"), agent: Some(&agent), ..Facts::default() };
        let decide_once = || {
            let view = RequestView::new(black_box(&parts), IpAddr::V4(Ipv4Addr::LOCALHOST), TrustedProxies::default());
            match decide(black_box(&link), &view, facts, now) {
                Decision::Redirect(target) => drop(black_box(target.location.clone())),
                other => panic!("expected a redirect, not {other:?}"),
            }
        };
        decide_once();
        assert_eq!(measure(decide_once).count_total, 0, "with the rules {rules}");
    }
}

#[test]
fn appending_to_the_journal_and_flushing_allocates_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = JournalLimits { segment_bytes: 4 * 1024 * 1024, bytes_max: u64::MAX };
    let mut writer = Writer::new(DiskFileSystem, folder.path(), limits);
    let mut append_and_flush = || {
        (0..50).for_each(|_| writer.append(|buffer| buffer.extend_from_slice(black_box(&[7; 160]))));
        writer.flush()
    };
    assert_eq!(append_and_flush().records, 50, "the first flush opens the segment");
    let counted = measure(|| {
        assert_eq!(append_and_flush().records, 50);
    });
    assert_eq!(counted.count_total, 0);
}
