//! How fast enriched clicks go into the embedded click store, synced to the disk batch by batch.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use elido::config::sections::ClickStoreConfig;
use elido::domain::click::ClickKind;
use elido::domain::id::{DomainId, LinkId, WorkspaceId};
use elido::domain::rule::{AgentClass, Device};
use elido::domain::time::Timestamp;
use elido::infra::click_store::{ClickBatch, ClickStore, EnrichedClick, JournalledClick, Utm};
use elido::infra::journal::JournalId;
use rand::Rng;

const BATCH_CLICKS: u64 = 1_000;
const LINKS: usize = 30_000;

struct Source {
    workspace_id: WorkspaceId,
    domain_id: DomainId,
    links: Vec<LinkId>,
    position: u64,
}

impl Source {
    fn new() -> Self {
        let links = (0..LINKS).map(|_| LinkId::new()).collect();
        Self { workspace_id: WorkspaceId::new(), domain_id: DomainId::new(), links, position: 0 }
    }

    fn batch(&mut self) -> ClickBatch {
        let clicks = (0..BATCH_CLICKS).map(|_| self.record()).collect();
        ClickBatch {
            journal_id: JournalId::from_u64(1),
            through: self.position,
            clicks,
            undecodable: Vec::new(),
            tally: None,
        }
    }

    fn record(&mut self) -> JournalledClick {
        self.position += 1;
        let seconds = i64::try_from(self.position).unwrap_or_default();
        let mut generator = rand::rng();
        let click = EnrichedClick {
            at: Timestamp::from_micros(1_780_000_000_000_000 + seconds * 20),
            kind: ClickKind::Redirect,
            status: 302,
            workspace_id: Some(self.workspace_id),
            domain_id: Some(self.domain_id),
            link_id: self.links.get(generator.random_range(0..LINKS)).copied(),
            host: "go.example.com".into(),
            slug: "spring-sale".into(),
            country: Some("DE".into()),
            region: Some("DE-BY".into()),
            city: Some("Munich".into()),
            asn: Some(3320),
            device: Device::Mobile,
            os: Some("iOS".into()),
            browser: Some("Safari".into()),
            agent: AgentClass::Human,
            prefetch: false,
            head: false,
            opted_out: false,
            referrer_host: Some("www.example.com".into()),
            language: Some("de".into()),
            utm: Utm { source: Some("newsletter".into()), campaign: Some("spring".into()), ..Utm::default() },
            rule: None,
            variant: None,
            qr: false,
            visitor: Some(generator.random()),
        };
        JournalledClick { position: self.position, click }
    }
}

#[allow(clippy::expect_used, reason = "a bench may fail loudly")]
fn store(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let config = ClickStoreConfig::embedded("clicks.db");
    let store = runtime.block_on(ClickStore::open(&config, folder.path())).expect("a store");
    let mut source = Source::new();
    let mut group = criterion.benchmark_group("click store");
    group.throughput(Throughput::Elements(BATCH_CLICKS));
    group.bench_function("store a batch of 1,000 clicks", |bencher| {
        bencher.iter_batched(
            || source.batch(),
            |batch| black_box(runtime.block_on(store.store(&batch)).expect("stored")),
            criterion::BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, store);
criterion_main!(benches);
