//! Counts what became of the jobs that were enqueued.

use std::collections::{HashMap, HashSet};
use std::process::ExitCode;

use elido::domain::id::JobId;
use elido::domain::job::JobState;
use elido::infra::store::jobs::{self, Job, JobFilter};
use elido::infra::store::page::{Page, Position};
use elido::infra::store::{Connection, Store};
use sea_orm::Statement;
use serde_json::json;

use crate::Place;

/// Whether no job waits or runs any more: asked in one statement, because jobs of a killed worker go from running to ready all at once.
pub async fn is_settled(store: &Store) -> bool {
    texts(store, "SELECT state AS job FROM jobs WHERE state IN ('ready', 'running') LIMIT 1").await.is_empty()
}

/// Prints the figures; fails if something is lost or doubled.
pub async fn run(place: &Place) -> ExitCode {
    let store = place.connect().await;
    let jobs = all(&store).await;
    let expected = texts(&store, "SELECT job FROM load_expected").await;
    let mut effects: HashMap<String, u32> = HashMap::new();
    for job in texts(&store, "SELECT job FROM load_effects").await {
        *effects.entry(job).or_default() += 1;
    }
    let answered = answered(place);
    let (mut lost, mut duplicated, mut dead, mut repeated) = (0, 0, 0, 0);
    for id in &expected {
        let times = effects.get(id).copied().unwrap_or(0);
        let Some(job) = jobs.get(id) else {
            lost += 1;
            continue;
        };
        let may_be_dead = job.kind == "load_once" && job.state == JobState::Dead;
        dead += u32::from(may_be_dead);
        let is_lost = !may_be_dead && (job.state != JobState::Done || times == 0);
        if is_lost {
            eprintln!("lost: {job:?}, with {times} effects");
        }
        lost += u32::from(is_lost);
        match job.kind.as_str() {
            "load_repeatable" => repeated += u32::from(times > 1),
            _ => duplicated += u32::from(times > 1),
        }
    }
    let expected: HashSet<String> = expected.into_iter().collect();
    lost += u32::try_from(answered.iter().filter(|id| !expected.contains(*id)).count()).expect("a few");
    let result = json!({
        "test": "crash_jobs", "jobs": expected.len(), "answered": answered.len(), "tried_once_and_broken_off": dead,
        "may_repeat_and_did": repeated, "lost": lost, "duplicated": duplicated,
    });
    println!("RESULT {result}");
    if (lost, duplicated) == (0, 0) && !expected.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn all(store: &Store) -> HashMap<String, Job> {
    let (mut found, mut after) = (HashMap::new(), None);
    loop {
        let page = Page { after, limit: 1000 };
        let jobs = jobs::list(store.reader(), &JobFilter::default(), page).await.expect("jobs");
        let Some(last) = jobs.last() else { return found };
        after = Some(Position { time: last.created_at, id: last.id.as_uuid() });
        found.extend(jobs.into_iter().map(|job| (job.id.to_string(), job)));
    }
}

async fn texts(store: &Store, sql: &str) -> Vec<String> {
    let statement = Statement::from_string(store.reader().get_database_backend(), sql);
    let rows = store.reader().query_all_raw(statement).await.expect("rows");
    rows.iter().map(|row| row.try_get("", "job").expect("a text")).collect()
}

/// The ids of all jobs whose enqueuing was answered. A process that was killed in the middle of a line answered nothing with it.
fn answered(place: &Place) -> Vec<String> {
    let files = std::fs::read_dir(&place.folder).expect("a folder").map(|entry| entry.expect("a file").path());
    let is_answered = |path: &std::path::PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("answered-"))
    };
    let texts = files.filter(is_answered).map(|path| std::fs::read_to_string(path).expect("a text"));
    let ids: Vec<String> = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    ids.into_iter().filter(|id| id.parse::<JobId>().is_ok()).collect()
}
