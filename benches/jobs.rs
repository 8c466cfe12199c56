//! Small jobs enqueued and done a second, beside the same statements as bare SQL, in alternating runs on one PostgreSQL.
//!
//! `dev/bench jobs` starts the server and runs this. Ends with a line `RESULT {…}`. Without the variable `ELIDO_BENCH_POSTGRES_URL` it
//! says that it was skipped.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark may fail loudly"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use elido::config::defaults;
use elido::config::sections::DatabaseConfig;
use elido::domain::id::JobId;
use elido::infra::jobs::{Handlers, JobKind, Kind, NewJob, Worker, enqueue_all};
use elido::infra::store::{self, Store};
use elido::runtime::clock;
use elido::runtime::tasks::Tasks;
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor, QueryBuilder, Row};
use tokio::sync::Notify;
use uuid::Uuid;

/// Jobs that one transaction enqueues.
const ENQUEUED: usize = 100;
/// Jobs that one transaction claims at most.
const CLAIMED: usize = 500;
const ENQUEUERS: usize = 4;
const CONNECTIONS: u32 = 10;

/// Does nothing.
#[derive(Serialize, Deserialize)]
struct Nothing {
    number: usize,
}

impl JobKind for Nothing {
    const KIND: Kind = Kind::new("bench_nothing", Duration::from_secs(30)).concurrency(CLAIMED);
}

/// Jobs of one run, and how many are done.
struct Run {
    jobs: usize,
    done: AtomicUsize,
    all_done: Notify,
}

impl Run {
    fn count(&self, done: usize) {
        if self.done.fetch_add(done, Ordering::SeqCst) + done >= self.jobs {
            self.all_done.notify_one();
        }
    }
}

/// Jobs a second by the product.
async fn by_elido(config: &DatabaseConfig, jobs: usize) -> f64 {
    let store = Store::connect(config, Path::new(".")).await.expect("a store");
    let run = Arc::new(Run { jobs, done: AtomicUsize::new(0), all_done: Notify::new() });
    let counted = Arc::clone(&run);
    let handlers = Handlers::default().on(move |_: Nothing, _| {
        counted.count(1);
        std::future::ready(Ok(()))
    });
    let tasks = Tasks::new();
    let start = Instant::now();
    Worker::new(store.clone(), handlers, Duration::from_secs(30)).start(&tasks);
    let enqueuers = (0..ENQUEUERS).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            for batch in 0..jobs / ENQUEUERS / ENQUEUED {
                let new = (0..ENQUEUED).map(|number| NewJob::of(&Nothing { number: batch * ENQUEUED + number }));
                let transaction = store.write().await.expect("a transaction");
                let new = new.collect::<Result<_, _>>().expect("jobs");
                enqueue_all(&transaction, new).await.expect("jobs");
                transaction.commit().await.expect("a commit");
            }
        })
    });
    for enqueuer in enqueuers.collect::<Vec<_>>() {
        enqueuer.await.expect("it enqueued");
    }
    run.all_done.notified().await;
    // When it has ended, all results are written.
    tasks.stop(Duration::from_secs(60)).await.expect("it ends");
    let rate = jobs as f64 / start.elapsed().as_secs_f64();
    store.close().await;
    rate
}

/// Jobs a second by the same statements, sent by nothing but a driver.
async fn by_bare_sql(url: &str, jobs: usize) -> f64 {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect(url).await.expect("a pool");
    let start = Instant::now();
    let enqueuers = (0..ENQUEUERS).map(|_| {
        let pool = pool.clone();
        tokio::spawn(async move {
            for _ in 0..jobs / ENQUEUERS / ENQUEUED {
                insert(&pool).await;
            }
        })
    });
    let enqueuers: Vec<_> = enqueuers.collect();
    let mut done = 0;
    while done < jobs {
        let claimed = claim(&pool).await;
        done += claimed.len();
        if claimed.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        } else {
            finish(&pool, &claimed).await;
        }
    }
    for enqueuer in enqueuers {
        enqueuer.await.expect("it enqueued");
    }
    let rate = jobs as f64 / start.elapsed().as_secs_f64();
    pool.close().await;
    rate
}

async fn insert(pool: &PgPool) {
    let now = clock::now().as_micros();
    let mut insert = QueryBuilder::new(
        "INSERT INTO jobs (id, kind, payload, priority, run_at, attempts, max_attempts, state, created_at) ",
    );
    insert.push_values(0..ENQUEUED, |mut row, number| {
        row.push_bind(JobId::new().as_uuid()).push_bind("bench_bare").push_bind(format!("{{\"number\":{number}}}"));
        row.push_bind(1_i64).push_bind(now).push_bind(0_i64).push_bind(12_i64).push_bind("ready").push_bind(now);
    });
    insert.push(" ON CONFLICT DO NOTHING");
    let mut transaction = pool.begin().await.expect("a transaction");
    insert.build().execute(&mut *transaction).await.expect("rows");
    transaction.execute("NOTIFY elido_jobs").await.expect("a message");
    transaction.commit().await.expect("a commit");
}

async fn claim(pool: &PgPool) -> Vec<Uuid> {
    let mut transaction = pool.begin().await.expect("a transaction");
    let pick = "SELECT id FROM jobs WHERE state = 'ready' AND kind = 'bench_bare' AND priority = 1 AND run_at <= $1 \
                ORDER BY run_at, id LIMIT $2 FOR UPDATE SKIP LOCKED";
    let picked = sqlx::query(pick)
        .bind(clock::now().as_micros())
        .bind(i64::try_from(CLAIMED).expect("a few"))
        .fetch_all(&mut *transaction)
        .await;
    let ids: Vec<Uuid> = picked.expect("rows").iter().map(|row| row.get(0)).collect();
    let take = "UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_owner = $2, lease_until = $3 \
                WHERE id = ANY($1) RETURNING *";
    if !ids.is_empty() {
        let until = clock::now().as_micros() + 60_000_000;
        let taken = sqlx::query(take).bind(&ids).bind(Uuid::now_v7()).bind(until).fetch_all(&mut *transaction).await;
        assert_eq!(taken.expect("rows").len(), ids.len());
    }
    transaction.commit().await.expect("a commit");
    ids
}

async fn finish(pool: &PgPool, ids: &[Uuid]) {
    let finish = "UPDATE jobs SET state = 'done', finished_at = $2, lease_owner = NULL, lease_until = NULL \
                  WHERE id = ANY($1) AND state = 'running' RETURNING id";
    let mut transaction = pool.begin().await.expect("a transaction");
    let done = sqlx::query(finish).bind(ids).bind(clock::now().as_micros()).fetch_all(&mut *transaction).await;
    assert_eq!(done.expect("rows").len(), ids.len());
    transaction.commit().await.expect("a commit");
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

async fn measure(url: String) {
    let (jobs, rounds) = (number("ELIDO_BENCH_JOBS", 20_000), number("ELIDO_BENCH_ROUNDS", 3));
    let connections_max = CONNECTIONS;
    let config = DatabaseConfig { url: url.clone().into(), connections_max, ..defaults().expect("defaults").database };
    store::migrate(&config, Path::new(".")).await.expect("a schema");
    let pool = PgPool::connect(&url).await.expect("a pool");
    let (mut elido, mut bare) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        pool.execute(AssertSqlSafe("TRUNCATE jobs".to_owned())).await.expect("an empty table");
        let rates = (by_elido(&config, jobs).await, by_bare_sql(&url, jobs).await);
        println!("round {round}: {:8.0} jobs/s by Elido, {:8.0} by bare SQL", rates.0, rates.1);
        // The first one warms everything up.
        if round > 0 {
            elido.push(rates.0);
            bare.push(rates.1);
        }
    }
    let (elido, bare) = (median(elido), median(bare));
    let result = serde_json::json!({
        "bench": "jobs", "jobs": jobs, "rounds": rounds, "elido_jobs_per_s": elido.round(), "bare_sql_jobs_per_s": bare.round(),
        "jobs_per_s_ratio": (elido / bare * 1000.0).round() / 1000.0, "optimised": !cfg!(debug_assertions),
    });
    println!("RESULT {result}");
}

fn main() {
    let Ok(url) = std::env::var("ELIDO_BENCH_POSTGRES_URL") else {
        println!("SKIPPED: ELIDO_BENCH_POSTGRES_URL does not name a server");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure(url));
}
