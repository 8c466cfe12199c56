//! What the embedded click store answers a dashboard, and how fast, when it holds many clicks; and what storing them takes.
//!
//! `dev/bench analytics` runs this. `ELIDO_BENCH_CLICKS` is how many clicks (10,000,000), spread over `ELIDO_BENCH_DAYS` days (365);
//! `ELIDO_BENCH_ROUNDS` how often each question is asked (20). Ends with a line `RESULT {…}`.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark may fail loudly, and its numbers are small"
)]

use std::time::{Duration, Instant};

use elido::config::sections::ClickStoreConfig;
use elido::domain::click::ClickKind;
use elido::domain::id::{DomainId, LinkId, WorkspaceId};
use elido::domain::query_limits::QueryLimits;
use elido::domain::rule::{AgentClass, Device};
use elido::domain::time::Timestamp;
use elido::infra::click_store::{
    ClickBatch, ClickStore, Dimension, EnrichedClick, Filter, Include, JournalledClick, Period, Selection, Utm, Value,
};
use elido::infra::journal::JournalId;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

const BATCH: u64 = 1_000;
const LINKS: usize = 30_000;
/// Clicks stored between two looks of the packer; a running ingester looks every second.
const PACKED_EVERY: u64 = 20_000;
const DAY: i64 = 86_400_000_000;
const START: i64 = 20_000 * DAY;
const COUNTRIES: [&str; 12] = ["DE", "DE", "DE", "US", "US", "FR", "GB", "PL", "AT", "CH", "IN", "BR"];
const CITIES: [&str; 8] = ["Berlin", "Munich", "Paris", "London", "Warsaw", "Vienna", "Mumbai", "Chicago"];
const SYSTEMS: [(Device, &str, &str); 5] = [
    (Device::Mobile, "iOS", "Mobile Safari"),
    (Device::Mobile, "Android", "Chrome Mobile"),
    (Device::Desktop, "Windows", "Chrome"),
    (Device::Desktop, "Mac OS X", "Safari"),
    (Device::Tablet, "iOS", "Mobile Safari"),
];
const REFERRERS: [&str; 6] =
    ["news.example", "search.example", "social.example", "blog.example", "mail.example", "t.example"];

/// Makes clicks in the order of their times: some links much more often than others, and half of a day's clicks by visitors who come again.
struct Source {
    generator: SmallRng,
    workspace_id: WorkspaceId,
    domain_id: DomainId,
    links: Vec<LinkId>,
    clicks: u64,
    days: i64,
}

impl Source {
    fn batch(&mut self, first: u64, count: u64) -> ClickBatch {
        let clicks =
            (first..first + count).map(|position| JournalledClick { position, click: self.click(position) }).collect();
        let through = first + count - 1;
        ClickBatch { journal_id: JournalId::from_u64(1), through, clicks, undecodable: Vec::new(), tally: None }
    }

    fn click(&mut self, position: u64) -> EnrichedClick {
        let share = position as f64 / self.clicks as f64;
        let at = START + (share * (self.days * DAY) as f64) as i64;
        let generator = &mut self.generator;
        let link = ((LINKS as f64).powf(generator.random::<f64>()) as usize).min(LINKS - 1);
        let (device, os, browser) = SYSTEMS[generator.random_range(0..SYSTEMS.len())];
        let per_day = (self.clicks / self.days.unsigned_abs()).max(2);
        let visitor = (at / DAY).unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15)
            ^ generator.random_range(0..per_day / 2 + 1).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let agent = if generator.random_ratio(1, 10) { AgentClass::Bot } else { AgentClass::Human };
        let campaign = generator.random_range(0..40);
        let city = CITIES[generator.random_range(0..CITIES.len())];
        EnrichedClick {
            at: Timestamp::from_micros(at),
            kind: ClickKind::Redirect,
            status: 302,
            workspace_id: Some(self.workspace_id),
            domain_id: Some(self.domain_id),
            link_id: Some(self.links[link]),
            host: "go.example.com".into(),
            slug: format!("link-{link}").into(),
            country: Some(COUNTRIES[generator.random_range(0..COUNTRIES.len())].into()),
            region: Some("DE-BY".into()),
            city: Some(city.into()),
            asn: Some(generator.random_range(1..3_000)),
            device,
            os: Some(os.into()),
            browser: Some(browser.into()),
            agent,
            prefetch: false,
            head: false,
            opted_out: false,
            referrer_host: generator
                .random_bool(0.7)
                .then(|| REFERRERS[generator.random_range(0..REFERRERS.len())].into()),
            language: Some("de".into()),
            utm: Utm {
                source: Some("newsletter".into()),
                campaign: Some(format!("campaign-{campaign}").into()),
                ..Utm::default()
            },
            rule: None,
            variant: None,
            qr: generator.random_ratio(1, 20),
            visitor: Some(visitor),
        }
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

/// Stores every click as an ingester does, and says how long storing and packing took.
async fn fill(store: &ClickStore, source: &mut Source) -> (Duration, Duration) {
    let (mut storing, mut packing) = (Duration::ZERO, Duration::ZERO);
    let mut stored = 0;
    while stored < source.clicks {
        let batch = source.batch(stored, BATCH.min(source.clicks - stored));
        let begun = Instant::now();
        store.store(&batch).await.expect("stored");
        storing += begun.elapsed();
        stored += batch.clicks.len() as u64;
        if stored.is_multiple_of(PACKED_EVERY) {
            let begun = Instant::now();
            store.compact(false).await.expect("packed");
            packing += begun.elapsed();
        }
    }
    (storing, packing)
}

fn of(dimension: Dimension, text: &str) -> Filter {
    Filter::any_of(dimension, vec![Some(dimension.parse_value(text).expect("a value"))])
}

/// The days of a zone that is an hour before UTC.
fn days(period: Period) -> Vec<Period> {
    let (from, to) = (period.from.as_micros(), period.to.as_micros());
    let mut start = from;
    let mut days = Vec::new();
    while start < to {
        let end = ((start + DAY / 24).div_euclid(DAY) * DAY + DAY - DAY / 24).min(to);
        days.push(Period { from: Timestamp::from_micros(start), to: Timestamp::from_micros(end) });
        start = end;
    }
    days
}

/// Asks one of the questions of a dashboard, and says how many clicks the answer is about.
async fn ask(store: &ClickStore, question: &str, selection: &Selection) -> u64 {
    let expect = "an answer";
    let by = async |dimension| {
        let breakdown = store.breakdown(selection, dimension, 25).await.expect(expect);
        breakdown.items.iter().map(|item| item.counts.clicks).sum::<u64>() + breakdown.other.clicks
    };
    match question {
        "total" => {
            store.left_out(selection).await.expect(expect);
            store.summary(selection).await.expect(expect).clicks
        }
        "by_day" => {
            let series = store.timeseries(selection, &days(selection.period)).await.expect(expect);
            series.iter().map(|point| point.clicks).sum()
        }
        "by_country" => by(Dimension::Country).await,
        "by_link" => by(Dimension::Link).await,
        "by_referrer" => by(Dimension::Referrer).await,
        "newest" => store.events(selection, None, 50).await.expect(expect).len() as u64,
        other => unreachable!("{other}"),
    }
}

fn percentile(times: &mut [Duration], share: usize) -> f64 {
    times.sort_unstable();
    times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1e3
}

fn main() {
    // `cargo bench` says that it is one. Otherwise it is only seen whether everything is answered.
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let (most, often) = if is_measured { (10_000_000, 20) } else { (20_000, 1) };
    let (clicks, days) = (number("ELIDO_BENCH_CLICKS", most), number("ELIDO_BENCH_DAYS", 365));
    let rounds = number("ELIDO_BENCH_ROUNDS", often);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let config = ClickStoreConfig::embedded("clicks.db");
    let store = runtime.block_on(ClickStore::open(&config, folder.path())).expect("a store");
    let mut source = Source {
        generator: SmallRng::seed_from_u64(1),
        workspace_id: WorkspaceId::new(),
        domain_id: DomainId::new(),
        links: (0..LINKS).map(|_| LinkId::new()).collect(),
        clicks,
        days: i64::try_from(days).expect("few days"),
    };
    let (storing, packing) = runtime.block_on(fill(&store, &mut source));
    let bytes = std::fs::metadata(folder.path().join("clicks.db")).expect("a file").len();
    let mut figures = serde_json::json!({
        "bench": "analytics",
        "clicks": clicks,
        "days": days,
        "rounds": rounds,
        "stored_per_second": (clicks as f64 / storing.as_secs_f64()).round(),
        "stored_and_packed_per_second": (clicks as f64 / (storing + packing).as_secs_f64()).round(),
        "bytes_per_click": (bytes as f64 / clicks as f64 * 10.0).round() / 10.0,
    });
    println!("{clicks} clicks stored: {figures}");

    let end = START + source.days * DAY;
    let selection = |length: i64, filters: Vec<Filter>| Selection {
        workspace_id: source.workspace_id,
        period: Period { from: Timestamp::from_micros(end - length), to: Timestamp::from_micros(end) },
        include: Include::default(),
        filters,
        hidden_links: Vec::new(),
        limits: QueryLimits::default(),
    };
    let two = || {
        vec![of(Dimension::Country, "DE"), Filter::any_of(Dimension::Device, vec![Some(Value::Text("mobile".into()))])]
    };
    let cases = [
        ("all", selection(source.days * DAY, Vec::new())),
        ("all, two filters", selection(source.days * DAY, two())),
        ("30 days", selection(30 * DAY, Vec::new())),
    ];
    println!("{:20}{:14}{:>12}{:>10}{:>10}", "period", "question", "clicks", "p50 ms", "p95 ms");
    for (name, selection) in &cases {
        for question in ["total", "by_day", "by_country", "by_link", "by_referrer", "newest"] {
            let mut times = Vec::new();
            let mut about = 0;
            for _ in 0..rounds {
                let begun = Instant::now();
                about = runtime.block_on(ask(&store, question, selection));
                times.push(begun.elapsed());
            }
            let (half, most) = (percentile(&mut times, 50), percentile(&mut times, 95));
            println!("{name:20}{question:14}{about:>12}{half:>10.1}{most:>10.1}");
            let key = format!("{}_{question}_p95_ms", name.replace(", ", "_").replace(' ', "_"));
            figures[key] = ((most * 10.0).round() / 10.0).into();
        }
    }
    println!("RESULT {figures}");
}
