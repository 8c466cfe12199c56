//! What a redirect costs inside the process: reading a link that came from the shared cache, deciding, and writing its click
//! into the journal.

#![allow(clippy::expect_used, reason = "a benchmark that cannot start has nothing to say")]

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use elido::domain::id::{DomainId, LinkId, WorkspaceId};
use elido::domain::link::{ForwardQuery, LinkRecord, LinkState, RedirectStatus};
use elido::domain::rule::{Agent, AgentClass, Device, Rule};
use elido::domain::time::Timestamp;
use elido::domain::url::Destination;
use elido::infra::cache::packed_link::{PackedLink, pack_link};
use elido::infra::journal::{DiskFileSystem, JournalLimits, Writer};
use elido::services::edge_redirect::{CompiledLink, Facts, RequestView, decide};
use http::Request;

/// How many frames one group commit writes together in the benchmark.
const GROUP: u64 = 16;

/// Six rules of different kinds; none fits the visitor, so that all are asked.
fn six_rules() -> Vec<Rule> {
    let conditions = [
        r#"{"type":"countries","any_of":["AT","CH"]}"#,
        r#"{"type":"devices","any_of":["tablet"]}"#,
        r#"{"type":"os","any_of":["Android"]}"#,
        r#"{"type":"languages","any_of":["fr"]}"#,
        r#"{"type":"referrer_hosts","any_of":["example.org"]}"#,
        r#"{"type":"query","any_of":["ref=partner"]}"#,
    ];
    let rules = conditions.iter().enumerate().map(|(number, condition)| {
        let outcome = format!(r#"{{"type":"destination","destination_url":"https://example.com/{number}"}}"#);
        let rule = format!(r#"{{"name":"{number}","conditions":[{condition}],"outcome":{outcome}}}"#);
        serde_json::from_str(&rule).expect("a rule")
    });
    rules.collect()
}

fn record(rules: Vec<Rule>) -> LinkRecord {
    LinkRecord {
        id: LinkId::new(),
        workspace_id: WorkspaceId::new(),
        domain_id: DomainId::new(),
        slug: "sale".into(),
        destination: Destination::parse("https://example.com/landing").expect("a destination"),
        redirect_status: RedirectStatus::Found,
        state: LinkState::Active,
        starts_at: None,
        expires_at: None,
        expired_url: None,
        max_clicks: None,
        password_hash: None,
        forward_query: ForwardQuery::Off,
        forward_path: false,
        rules,
        title: None,
        description: None,
        extras: None,
    }
}

fn link(rules: Vec<Rule>) -> CompiledLink {
    CompiledLink::new(record(rules))
}

fn unpacking(criterion: &mut Criterion) {
    for (name, rules) in [("read a packed link", Vec::new()), ("read a packed link with six rules", six_rules())] {
        let bytes = pack_link(&record(rules)).expect("a packed link");
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| black_box(PackedLink::read(black_box(&bytes))));
        });
    }
}

fn deciding(criterion: &mut Criterion) {
    let request = Request::builder()
        .uri("/sale")
        .header("host", "go.example.com")
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0")
        .header("accept-language", "de-DE,de;q=0.9,en;q=0.8")
        .header("referer", "https://www.example.com/");
    let parts = request.body(()).expect("a request").into_parts().0;
    let view = RequestView::new(
        &parts,
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        elido::domain::client_address::TrustedProxies::default(),
    );
    let agent =
        Agent { device: Device::Desktop, os: "Linux".into(), browser: "Firefox".into(), class: AgentClass::Human };
    let facts = Facts { country: Some("DE"), agent: Some(&agent), ..Facts::default() };
    let now = Timestamp::from_micros(1_780_000_000_000_000);
    for (name, link) in [("decide without rules", link(Vec::new())), ("decide with six rules", link(six_rules()))] {
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| black_box(decide(black_box(&link), black_box(&view), facts, now)));
        });
    }
}

fn journal(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = JournalLimits { segment_bytes: 64 * 1024 * 1024, bytes_max: u64::MAX };
    let payload = [7; 160];
    let mut group = criterion.benchmark_group("journal");
    for records in [1, GROUP] {
        let mut writer = Writer::new(DiskFileSystem, &folder.path().join(records.to_string()), limits);
        group.throughput(Throughput::Elements(records));
        group.bench_function(format!("append and flush {records}"), |bencher| {
            bencher.iter(|| {
                (0..records).for_each(|_| writer.append(|buffer| buffer.extend_from_slice(black_box(&payload))));
                writer.flush()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, unpacking, deciding, journal);
criterion_main!(benches);
