//! What a click costs on its way into the journal and out of it, and what a random slug costs.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use criterion::{Criterion, criterion_group, criterion_main};
use elido::domain::click::{CLICK_BYTES_MAX, Click, ClickKind, Signals};
use elido::domain::id::{DomainId, LinkId, WorkspaceId};
use elido::domain::slug::Slug;
use elido::domain::time::Timestamp;

fn click() -> Click<'static> {
    Click {
        at: Timestamp::from_micros(1_780_000_000_000_000),
        kind: ClickKind::Redirect,
        status: 302,
        workspace_id: Some(WorkspaceId::new()),
        domain_id: Some(DomainId::new()),
        link_id: Some(LinkId::new()),
        rule: Some("newsletter"),
        variant: Some("A"),
        address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)),
        signals: Signals::default(),
        host: "go.example.com",
        slug: "spring-sale",
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36",
        referrer: "https://www.example.com/",
        accept_language: "de-DE,de;q=0.9,en;q=0.8",
        query: "utm_source=newsletter&utm_campaign=spring",
        campaign: "",
    }
}

fn clicks(criterion: &mut Criterion) {
    let click = click();
    let mut buffer = Vec::with_capacity(CLICK_BYTES_MAX);
    criterion.bench_function("encode a click", |bencher| {
        bencher.iter(|| {
            buffer.clear();
            black_box(&click).encode(&mut buffer);
        });
    });

    let mut encoded = Vec::new();
    click.encode(&mut encoded);
    criterion.bench_function("decode a click", |bencher| bencher.iter(|| Click::decode(black_box(&encoded)).is_ok()));
}

fn slugs(criterion: &mut Criterion) {
    let mut generator = rand::rng();
    criterion.bench_function("make a random slug", |bencher| bencher.iter(|| Slug::random(&mut generator)));
}

criterion_group!(benches, clicks, slugs);
criterion_main!(benches);
