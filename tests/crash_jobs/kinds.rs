//! Three kinds: one that may be done twice, one whose effect is in the transaction that ends it, and one that is tried once.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use elido::domain::error::Result;
use elido::domain::id::JobId;
use elido::infra::events;
use elido::infra::jobs::{Attempt, Handlers, JobFailure, JobKind, Kind, NewJob, Repeat, Worker, enqueue};
use elido::infra::store::{Connection, Store};
use elido::runtime::tasks::Tasks;
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::consumer::NoteTaker;
use crate::{Place, answered_file};

const TIMEOUT: Duration = Duration::from_secs(30);
/// One attempt in so many fails by itself.
const FAILS: u32 = 200;

/// May be done twice.
#[derive(Serialize, Deserialize)]
struct Repeatable {}

/// Its effect and its end are one transaction.
#[derive(Serialize, Deserialize)]
struct Exact {}

/// Tried once.
#[derive(Serialize, Deserialize)]
struct Once {}

impl JobKind for Repeatable {
    const KIND: Kind = Kind::new("load_repeatable", TIMEOUT).concurrency(16).repeat(Repeat::UpTo(100));
}

impl JobKind for Exact {
    const KIND: Kind = Kind::new("load_exact", TIMEOUT).concurrency(16).repeat(Repeat::UpTo(100));
}

impl JobKind for Once {
    const KIND: Kind = Kind::new("load_once", TIMEOUT).concurrency(16).repeat(Repeat::Never);
}

/// Enqueues jobs, each with a row that expects it, and writes down the ids of those that were committed.
pub async fn enqueue_for_ever(place: &Place) {
    let mut answered = std::fs::File::create(answered_file(&place.folder)).expect("a file");
    let store = place.connect().await;
    loop {
        match enqueue_three(&store).await {
            Ok(ids) => ids.iter().for_each(|id| writeln!(answered, "{id}").expect("room on the disk")),
            // Whether they were committed is told by the rows that expect them.
            Err(error) => eprintln!("not enqueued: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..20))).await;
    }
}

async fn enqueue_three(store: &Store) -> Result<Vec<JobId>> {
    let transaction = store.write().await?;
    let mut ids = Vec::new();
    for (job, kind) in [
        (NewJob::of(&Repeatable {})?, "load_repeatable"),
        (NewJob::of(&Exact {})?, "load_exact"),
        (NewJob::of(&Once {})?, "load_once"),
    ] {
        let id = enqueue(&transaction, job).await?.expect("it has no unique key");
        let expect = format!("INSERT INTO load_expected (job, kind) VALUES ('{id}', '{kind}')");
        transaction.execute_unprepared(&expect).await?;
        ids.push(id);
    }
    transaction.commit().await?;
    Ok(ids)
}

/// Does jobs until SIGTERM.
pub async fn work_until_told(place: &Place) -> ExitCode {
    let store = place.connect().await;
    let [for_repeatable, for_exact, for_once] = [store.clone(), store.clone(), store.clone()];
    let handlers = Handlers::default()
        .on(move |_: Repeatable, attempt| have_effect(for_repeatable.clone(), attempt, false))
        .on(move |_: Exact, attempt| have_effect(for_exact.clone(), attempt, true))
        .on(move |_: Once, attempt| have_effect(for_once.clone(), attempt, false));
    let tasks = Tasks::new();
    Worker::new(store.clone(), handlers, Duration::from_secs(5)).start(&tasks);
    let (_word, nothing_told) = watch::channel(());
    tasks.spawn("consumer", events::run(store, Arc::new(NoteTaker), nothing_told, tasks.stopping()));
    let mut told = signal(SignalKind::terminate()).expect("a handler");
    tokio::select! {
        _ = told.recv() => {}
        task = tasks.failed() => {
            eprintln!("the task {task} ended");
            return ExitCode::FAILURE;
        }
    }
    if tasks.stop(Duration::from_secs(10)).await.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn have_effect(store: Store, attempt: Attempt, with_end: bool) -> std::result::Result<(), JobFailure> {
    tokio::time::sleep(Duration::from_millis(rand::random_range(0..20))).await;
    if rand::random_range(0..FAILS) == 0 {
        return Err(JobFailure::new("by chance"));
    }
    let transaction = store.write().await?;
    let effect = format!("INSERT INTO load_effects (job) VALUES ('{}')", attempt.job_id());
    transaction.execute_unprepared(&effect).await.map_err(elido::domain::error::Error::from)?;
    if with_end {
        attempt.finish(&transaction).await?;
    }
    Ok(transaction.commit().await?)
}
