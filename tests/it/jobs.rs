//! Jobs: enqueued with their cause, done by one worker at a time, tried again, given up, given back.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use elido::config::defaults;
use elido::config::sections::DatabaseConfig;
use elido::domain::id::{JobId, WorkerId};
use elido::domain::job::{JobState, Priority};
use elido::domain::time::Timestamp;
use elido::infra::jobs::{
    self, Attempt, CronKind, Handlers, JobFailure, JobKind, Kind, NewJob, Repeat, Worker, enqueue, enqueue_all,
};
use elido::infra::store::jobs::{self as rows, Candidates, Held, Job, JobFilter, Lease};
use elido::infra::store::page::Page;
use elido::infra::store::{self, Store};
use elido::runtime::clock;
use elido::runtime::tasks::Tasks;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, Semaphore, mpsc};

use crate::support::platform::{PATIENCE, eventually};
use crate::support::{database, statements};

const TIMEOUT: Duration = Duration::from_secs(30);

/// A kind that says something.
#[derive(Debug, Serialize, Deserialize)]
struct Say {
    word: String,
}

impl JobKind for Say {
    const KIND: Kind = Kind::new("say", TIMEOUT).concurrency(1).repeat(Repeat::UpTo(3));
}

/// A kind that must not be done twice.
#[derive(Debug, Serialize, Deserialize)]
struct SayOnce {}

impl JobKind for SayOnce {
    const KIND: Kind = Kind::new("say_once", TIMEOUT).repeat(Repeat::Never);
}

/// A kind of which few are done at once.
#[derive(Debug, Serialize, Deserialize)]
struct Knock {
    door: usize,
}

impl JobKind for Knock {
    const KIND: Kind = Kind::new("knock", TIMEOUT).concurrency(6).concurrency_per_key(2);
}

/// A kind that is due every second.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Strike {}

impl JobKind for Strike {
    const KIND: Kind = Kind::new("strike", TIMEOUT);
}

impl CronKind for Strike {
    const EVERY: Duration = Duration::from_secs(1);
}

/// A database of the test's own, and the workers on it.
struct Workshop {
    config: elido::config::Config,
    store: Store,
    _folder: tempfile::TempDir,
}

impl Workshop {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = defaults().expect("defaults");
        config.data_folder = folder.path().to_path_buf();
        config.database =
            DatabaseConfig { url: database::of_its_own().await, connect_timeout_ms: 30_000, ..config.database };
        store::migrate(&config.database, folder.path()).await.expect("a schema");
        let store = Store::connect(&config.database, folder.path()).await.expect("a store");
        Self { config, store, _folder: folder }
    }

    /// Another process' connections to the same database.
    async fn other_store(&self) -> Store {
        Store::connect(&self.config.database, &self.config.data_folder).await.expect("a store")
    }

    fn work(&self, handlers: Handlers) -> Tasks {
        work(self.store.clone(), handlers, TIMEOUT)
    }

    async fn enqueue(&self, job: NewJob) -> Option<JobId> {
        let transaction = self.store.write().await.expect("a transaction");
        let id = enqueue(&transaction, job).await.expect("a job");
        transaction.commit().await.expect("a commit");
        id
    }

    async fn job(&self, id: JobId) -> Job {
        rows::find(self.store.reader(), id).await.expect("a response").expect("the job")
    }

    async fn all(&self) -> Vec<Job> {
        let page = Page { after: None, limit: 1000 };
        rows::list(self.store.reader(), &JobFilter::default(), page).await.expect("jobs")
    }

    async fn until(&self, id: JobId, state: JobState) -> Job {
        eventually("the job is that far", || async { self.job(id).await.state == state }).await;
        self.job(id).await
    }

    /// Changes rows behind the backs of all workers.
    async fn change(&self, change: &str) {
        statements::execute(&self.config, &format!("UPDATE jobs SET {change}")).await;
    }

    /// Takes a job as a worker does that is never heard of again.
    async fn take_and_vanish(&self, kind: &str) -> (WorkerId, Held) {
        let transaction = self.store.write().await.expect("a transaction");
        let (now, owner) = (clock::now(), WorkerId::new());
        let wanted = Candidates { kind, priority: Priority::Normal, now, full_keys: &[], limit: 1 };
        let picked = rows::candidates(&transaction, wanted).await.expect("candidates");
        let lease = Lease { owner, until: Timestamp::from_micros(0) };
        let taken = rows::take(&transaction, &[picked[0].0], lease).await.expect("a job");
        transaction.commit().await.expect("a commit");
        (owner, Held { id: taken[0].id, attempt: taken[0].attempts })
    }
}

fn work(store: Store, handlers: Handlers, drain: Duration) -> Tasks {
    let tasks = Tasks::new();
    Worker::new(store, handlers, drain).start(&tasks);
    tasks
}

async fn stop(tasks: Tasks) {
    tasks.stop(PATIENCE).await.expect("it ends");
}

fn say(word: &str) -> NewJob {
    NewJob::of(&Say { word: word.to_owned() }).expect("a job")
}

fn say_once() -> NewJob {
    NewJob::of(&SayOnce {}).expect("a job")
}

/// Says words into a channel.
fn speaker() -> (Handlers, mpsc::UnboundedReceiver<String>) {
    let (said, hear) = mpsc::unbounded_channel();
    let handlers = Handlers::default().on(move |Say { word }, _| {
        said.send(word).expect("a listener");
        std::future::ready(Ok(()))
    });
    (handlers, hear)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_done_if_its_cause_is_committed_and_never_was_if_it_is_not() {
    let workshop = Workshop::new().await;
    let (handlers, mut hear) = speaker();
    let tasks = workshop.work(handlers);
    let undone = workshop.store.write().await.expect("a transaction");
    enqueue(&undone, say("undone")).await.expect("a job").expect("it is new");
    drop(undone);
    let id = workshop.enqueue(say("done")).await.expect("it is new");
    assert_eq!(hear.recv().await.as_deref(), Some("done"));
    let job = workshop.until(id, JobState::Done).await;
    assert_eq!((job.attempts, job.lease_owner, job.last_error), (1, None, None));
    assert!(job.finished_at.expect("an end") >= job.created_at);
    assert_eq!(workshop.all().await.len(), 1);
    stop(tasks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unique_job_is_there_once_until_it_is_done() {
    let workshop = Workshop::new().await;
    let id = workshop.enqueue(say("one").unique("word")).await.expect("it is new");
    assert_eq!(workshop.enqueue(say("two").unique("word")).await, None);
    workshop.enqueue(say_once().unique("word")).await.expect("another kind has keys of its own");
    let transaction = workshop.store.write().await.expect("a transaction");
    let many = vec![say("three").unique("word"), say("four").unique("other"), say("five")];
    assert_eq!(enqueue_all(&transaction, many).await.expect("jobs"), 2);
    transaction.commit().await.expect("a commit");
    let (handlers, _hear) = speaker();
    let tasks = workshop.work(handlers);
    workshop.until(id, JobState::Done).await;
    workshop.enqueue(say("six").unique("word")).await.expect("the first is done");
    stop(tasks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_go_by_priority_then_by_time_and_not_before_their_time() {
    let workshop = Workshop::new().await;
    let (now, minute) = (clock::now(), Duration::from_secs(60));
    workshop.enqueue(say("low").priority(Priority::Low).at(now.minus(minute * 9))).await;
    workshop.enqueue(say("second").at(now.minus(minute))).await;
    workshop.enqueue(say("first").at(now.minus(minute * 2))).await;
    workshop.enqueue(say("high").priority(Priority::High)).await;
    let later = workshop.enqueue(say("later").priority(Priority::High).at(now.plus(minute * 60))).await.expect("a job");
    let (handlers, mut hear) = speaker();
    let tasks = workshop.work(handlers);
    for word in ["high", "first", "second", "low"] {
        assert_eq!(hear.recv().await.as_deref(), Some(word));
    }
    assert_eq!(workshop.job(later).await.state, JobState::Ready);
    workshop.change("run_at = 0 WHERE state = 'ready'").await;
    assert_eq!(hear.recv().await.as_deref(), Some("later"), "found without being told");
    stop(tasks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_is_tried_again_later_and_given_up_in_the_end() {
    let workshop = Workshop::new().await;
    let handlers = Handlers::default().on(|_: Say, attempt: Attempt| async move {
        match attempt.number() {
            1 => Err(JobFailure::new("the relay is busy")),
            2 => panic!("on purpose"),
            _ => Err(JobFailure::new("still busy")),
        }
    });
    let tasks = workshop.work(handlers);
    let id = workshop.enqueue(say("hello")).await.expect("a job");
    for (attempts, error, least) in
        [(1, "the relay is busy", 4), (2, "it panicked; the log of the worker says where", 8)]
    {
        let failed = RefCell::new(None);
        eventually("it failed", || async {
            let job = workshop.job(id).await;
            failed.replace((job.attempts == attempts && job.state == JobState::Ready).then_some(job));
            failed.borrow().is_some()
        })
        .await;
        let job = failed.into_inner().expect("a job");
        assert_eq!(job.last_error.as_deref(), Some(error));
        assert!(job.run_at.since(job.created_at) >= Duration::from_secs(least), "{job:?}");
        workshop.change("run_at = 0").await;
    }
    let job = workshop.until(id, JobState::Dead).await;
    assert_eq!((job.attempts, job.last_error.as_deref()), (3, Some("still busy")));
    assert!(job.finished_at.is_some());
    stop(tasks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_takes_too_long_or_cannot_be_read_fails() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Wait {}
    impl JobKind for Wait {
        const KIND: Kind = Kind::new("wait", Duration::from_millis(50)).repeat(Repeat::UpTo(1));
    }
    let workshop = Workshop::new().await;
    let tasks = workshop.work(Handlers::default().on(|_: Wait, _| std::future::pending()).and(speaker().0));
    let id = workshop.enqueue(NewJob::of(&Wait {}).expect("a job")).await.expect("a job");
    let job = workshop.until(id, JobState::Dead).await;
    assert_eq!(job.last_error.as_deref(), Some("it took longer than 0 s"));
    let unreadable = workshop.enqueue(say("hello").at(clock::now().plus(TIMEOUT))).await.expect("a job");
    workshop.change("payload = '[1]', run_at = 0, attempts = 2 WHERE state = 'ready'").await;
    let job = workshop.until(unreadable, JobState::Dead).await;
    assert!(job.last_error.expect("an error").starts_with("the payload cannot be read:"));
    let long = NewJob::of(&Say { word: "x".repeat(64 * 1024) }).expect_err("too long");
    assert_eq!(long.code, "internal_error");
    stop(tasks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_job_of_a_worker_that_is_gone_is_done_by_another_unless_it_must_not_be_done_twice() {
    let workshop = Workshop::new().await;
    let twice = workshop.enqueue(say("hello")).await.expect("a job");
    let once = workshop.enqueue(say_once()).await.expect("a job");
    let (gone, held) = workshop.take_and_vanish("say").await;
    workshop.take_and_vanish("say_once").await;
    let (handlers, mut hear) = speaker();
    let tasks = workshop.work(handlers.on(|_: SayOnce, _| async { panic!("it is not tried again") }));
    let dead = workshop.until(once, JobState::Dead).await;
    let reason = "the worker was not heard of any more; it may have been done, and is not tried again by itself";
    assert_eq!((dead.attempts, dead.last_error.as_deref()), (1, Some(reason)));
    workshop.until(twice, JobState::Ready).await;

    let finish = async || {
        let transaction = workshop.store.write().await.expect("a transaction");
        let finished = rows::finish(&transaction, gone, &[held], clock::now()).await.expect("a response");
        transaction.commit().await.expect("a commit");
        finished
    };
    assert_eq!(finish().await, [], "its lease is over");
    workshop.change("run_at = 0 WHERE state = 'ready'").await;
    assert_eq!(hear.recv().await.as_deref(), Some("hello"));
    let job = workshop.until(twice, JobState::Done).await;
    assert_eq!(job.attempts, 2);
    assert_eq!(finish().await, []);
    stop(tasks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_says_of_a_job_that_it_has_lost_does_not_count() {
    let workshop = Workshop::new().await;
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (Arc::clone(&begun), Arc::clone(&go_on));
    let store = workshop.store.clone();
    let (results, mut finished) = mpsc::unbounded_channel();
    let handlers = Handlers::default().on(move |_: Say, attempt: Attempt| {
        let (tell, wait, store, results) = (Arc::clone(&tell), Arc::clone(&wait), store.clone(), results.clone());
        async move {
            tell.notify_one();
            wait.notified().await;
            let transaction = store.write().await?;
            results.send(attempt.finish(&transaction).await.map_err(|error| error.code)).expect("a listener");
            Ok(())
        }
    });
    let tasks = workshop.work(handlers);
    let id = workshop.enqueue(say("hello")).await.expect("a job");
    begun.notified().await;
    let other = "lease_owner = NULL, state = 'ready', run_at = 9000000000000000";
    workshop.change(other).await;
    go_on.notify_one();
    let told = tokio::time::timeout(PATIENCE, finished.recv()).await.expect("in time");
    assert_eq!(told, Some(Err("lease_lost")));
    stop(tasks).await;
    let job = workshop.job(id).await;
    assert_eq!((job.state, job.attempts), (JobState::Ready, 1));
}

/// Tells when work is broken off.
struct BrokenOff(mpsc::UnboundedSender<String>, String);

impl Drop for BrokenOff {
    fn drop(&mut self) {
        // An error means that the test is over.
        drop(self.0.send(self.1.clone()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_renewed_while_a_job_runs_and_the_work_is_broken_off_once_it_is_lost() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Dig {
        hole: String,
    }
    impl JobKind for Dig {
        const KIND: Kind = Kind::new("dig", Duration::from_secs(300));
    }
    let workshop = Workshop::new().await;
    let (begun, mut begins) = mpsc::unbounded_channel();
    let (ended, mut ends) = mpsc::unbounded_channel();
    let handlers = Handlers::default().on(move |Dig { hole }, _| {
        begun.send(()).expect("a listener");
        let ended = BrokenOff(ended.clone(), hole);
        async move {
            std::future::pending::<()>().await;
            drop(ended);
            Ok(())
        }
    });
    let tasks = work(workshop.store.clone(), handlers, Duration::ZERO);
    let [kept, lost] = ["kept", "lost"].map(|hole| NewJob::of(&Dig { hole: hole.to_owned() }).expect("a job"));
    let kept = workshop.enqueue(kept).await.expect("a job");
    begins.recv().await.expect("it begins");
    let first = workshop.job(kept).await.lease_until.expect("a lease");
    let lost = workshop.enqueue(lost).await.expect("a job");
    begins.recv().await.expect("it begins");
    let uuid = lost.as_uuid();
    let id = if database::is_embedded() { format!("x'{}'", uuid.simple()) } else { format!("'{uuid}'") };
    workshop.change(&format!("state = 'done', lease_owner = NULL WHERE id = {id}")).await;
    assert_eq!(ends.recv().await.as_deref(), Some("lost"));
    assert!(workshop.job(kept).await.lease_until.expect("a lease") > first);
    assert_eq!(workshop.job(lost).await.state, JobState::Done, "it is another's");
    stop(tasks).await;
    assert_eq!(ends.recv().await.as_deref(), Some("kept"));
    assert_eq!(workshop.job(kept).await.state, JobState::Ready);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_and_its_effect_are_one_transaction() {
    let workshop = Workshop::new().await;
    let store = workshop.store.clone();
    let handlers = Handlers::default().on(move |_: Say, attempt: Attempt| {
        let store = store.clone();
        async move {
            let transaction = store.write().await?;
            // A job as an effect: it is there once if the first try undoes its own.
            enqueue(&transaction, say_once()).await?;
            attempt.finish(&transaction).await?;
            if attempt.number() == 1 {
                return Err(JobFailure::new("undone").try_again_after(Duration::ZERO));
            }
            Ok(transaction.commit().await?)
        }
    });
    let tasks = workshop.work(handlers);
    let id = workshop.enqueue(say("hello")).await.expect("a job");
    let job = workshop.until(id, JobState::Done).await;
    assert_eq!(job.attempts, 2);
    let effects = workshop.all().await.into_iter().filter(|job| job.kind == "say_once").count();
    assert_eq!(effects, 1);
    stop(tasks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_jobs_run_at_once_than_a_process_and_a_key_allow() {
    let workshop = Workshop::new().await;
    let transaction = workshop.store.write().await.expect("a transaction");
    let knock =
        |number: usize| NewJob::of(&Knock { door: number % 4 }).expect("a job").on(format!("door {}", number % 4));
    enqueue_all(&transaction, (0..80).map(knock).collect()).await.expect("jobs");
    transaction.commit().await.expect("a commit");
    let at_doors: Arc<[AtomicUsize; 4]> = Arc::default();
    let most_at_door = Arc::new(AtomicUsize::new(0));
    let mut workers = Vec::new();
    for _ in 0..2 {
        let (at_doors, most_at_door) = (Arc::clone(&at_doors), Arc::clone(&most_at_door));
        let in_process = Arc::new(AtomicUsize::new(0));
        let handlers = Handlers::default().on(move |Knock { door }, _| {
            let (at_doors, most_at_door) = (Arc::clone(&at_doors), Arc::clone(&most_at_door));
            let in_process = Arc::clone(&in_process);
            async move {
                assert!(in_process.fetch_add(1, Ordering::SeqCst) < 6);
                most_at_door.fetch_max(at_doors[door].fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                tokio::time::sleep(Duration::from_millis(2)).await;
                at_doors[door].fetch_sub(1, Ordering::SeqCst);
                in_process.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            }
        });
        workers.push(work(workshop.other_store().await, handlers, TIMEOUT));
    }
    eventually("all are done", || async { workshop.all().await.iter().all(|job| job.state == JobState::Done) }).await;
    assert_eq!(most_at_door.load(Ordering::SeqCst), 2, "as many as may, and no more");
    for worker in workers {
        stop(worker).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tick_comes_once_over_all_processes() {
    let workshop = Workshop::new().await;
    let strikes = Arc::new(AtomicUsize::new(0));
    let begin = clock::now().as_micros() / 1_000_000;
    let mut workers = Vec::new();
    for _ in 0..3 {
        let strikes = Arc::clone(&strikes);
        let handlers = Handlers::default().on_tick(move |_: Strike, _| {
            strikes.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Ok(()))
        });
        workers.push(work(workshop.other_store().await, handlers, TIMEOUT));
    }
    eventually("some ticks", || std::future::ready(strikes.load(Ordering::SeqCst) >= 4)).await;
    for worker in workers {
        stop(worker).await;
    }
    let ticks = clock::now().as_micros() / 1_000_000 - begin + 1;
    let strikes = strikes.load(Ordering::SeqCst);
    assert!(strikes <= usize::try_from(ticks).expect("a few"), "{strikes} in {ticks} ticks");
    // A tick whose worker was told to end waits for another.
    let done = workshop.all().await.iter().filter(|job| job.state == JobState::Done).count();
    assert_eq!(done, strikes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_that_a_wrong_clock_enqueued_far_ahead_holds_up_nothing() {
    let workshop = Workshop::new().await;
    let insert = "INSERT INTO job_schedules (kind, last_at) VALUES ('strike', 9000000000000000)";
    statements::execute(&workshop.config, insert).await;
    let tasks = workshop.work(Handlers::default().on_tick(|_: Strike, _| std::future::ready(Ok(()))));
    eventually("it is due all the same", || async { !workshop.all().await.is_empty() }).await;
    stop(tasks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_finishes_what_it_can_and_gives_the_rest_back() {
    let workshop = Workshop::new().await;
    let begun = Arc::new(Semaphore::new(0));
    let (tell, done) = (Arc::clone(&begun), Arc::new(Notify::new()));
    let wait = Arc::clone(&done);
    let slow = move || {
        let (tell, wait) = (Arc::clone(&tell), Arc::clone(&wait));
        async move {
            tell.add_permits(1);
            wait.notified().await;
            Ok(())
        }
    };
    let for_once = slow.clone();
    let handlers = Handlers::default().on(move |_: Say, _| slow()).on(move |_: SayOnce, _| for_once());
    let tasks = work(workshop.store.clone(), handlers, Duration::from_millis(100));
    let [returned, broken_off] = [say("hello"), say_once()].map(|job| workshop.enqueue(job));
    let (returned, broken_off) = (returned.await.expect("a job"), broken_off.await.expect("a job"));
    begun.acquire_many(2).await.expect("both begin").forget();
    stop(tasks).await;
    let job = workshop.job(returned).await;
    assert_eq!((job.state, job.attempts, job.last_error), (JobState::Ready, 0, None), "the attempt does not count");
    let job = workshop.job(broken_off).await;
    assert_eq!(job.state, JobState::Dead);
    assert!(
        job.last_error.expect("an error").starts_with("the worker ended in the middle of it; it may have been done")
    );

    let (tell, wait) = (Arc::clone(&begun), Arc::clone(&done));
    let handlers = Handlers::default().on(move |_: Say, _| {
        let (tell, wait) = (Arc::clone(&tell), Arc::clone(&wait));
        async move {
            tell.add_permits(1);
            wait.notified().await;
            Ok(())
        }
    });
    let tasks = workshop.work(handlers);
    begun.acquire().await.expect("it begins").forget();
    tasks.stopping().cancel();
    let late = workshop.enqueue(say("too late")).await.expect("a job");
    done.notify_one();
    stop(tasks).await;
    assert_eq!(workshop.job(returned).await.state, JobState::Done);
    assert_eq!(workshop.job(late).await.state, JobState::Ready);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_unknown_kinds_are_left_alone() {
    let workshop = Workshop::new().await;
    let unknown = workshop.enqueue(say_once()).await.expect("a job");
    workshop.take_and_vanish("say_once").await;
    let ready = workshop.enqueue(say_once()).await.expect("a job");
    assert_eq!(rows::ready_kinds(workshop.store.reader()).await.expect("kinds"), ["say_once"]);
    assert_eq!(rows::count_ready(workshop.store.reader(), "say_once").await.expect("a count"), 1);
    let (handlers, mut hear) = speaker();
    let tasks = workshop.work(handlers);
    workshop.enqueue(say("hello")).await;
    assert_eq!(hear.recv().await.as_deref(), Some("hello"));
    stop(tasks).await;
    assert_eq!(workshop.job(unknown).await.state, JobState::Running);
    assert_eq!(workshop.job(ready).await.state, JobState::Ready);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_jobs_are_forgotten_by_a_job() {
    let workshop = Workshop::new().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(workshop.enqueue(say("hello")).await.expect("a job"));
    }
    let ago = |days: u64| clock::now().minus(Duration::from_secs(days * 24 * 60 * 60 + 60)).as_micros();
    for (id, state, ended) in
        [(ids[0], "done", ago(1)), (ids[1], "done", ago(0)), (ids[2], "dead", ago(29)), (ids[3], "dead", ago(30))]
    {
        let uuid = id.as_uuid();
        let id = if database::is_embedded() { format!("x'{}'", uuid.simple()) } else { format!("'{uuid}'") };
        workshop.change(&format!("state = '{state}', finished_at = {ended} WHERE id = {id}")).await;
    }
    let tasks = workshop.work(jobs::handlers(&workshop.store));
    eventually("the job is done", || async {
        workshop.all().await.iter().any(|job| job.kind == "forget_jobs" && job.state == JobState::Done)
    })
    .await;
    stop(tasks).await;
    let mut left: Vec<JobId> = workshop.all().await.iter().filter(|job| job.kind == "say").map(|job| job.id).collect();
    left.sort();
    assert_eq!(left, [ids[1], ids[2], ids[4]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_of_other_processes_are_told_of_jobs() {
    let workshop = Workshop::new().await;
    if database::is_embedded() {
        println!("SKIPPED: this is about a database that several processes share");
        return;
    }
    let other = workshop.other_store().await;
    let mut told = other.new_jobs().subscribe();
    let listening = other.new_jobs().clone();
    let listener = tokio::spawn(async move { listening.listen().await });
    tokio::time::timeout(PATIENCE, told.changed()).await.expect("in time").expect("it begins to listen");
    workshop.enqueue(say("hello")).await;
    tokio::time::timeout(PATIENCE, told.changed()).await.expect("in time").expect("it is told");
    listener.abort();
}
