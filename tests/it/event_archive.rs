//! Events after their time: in files before they are forgotten, on each form of the objects.

use std::collections::BTreeSet;
use std::io::Read;
use std::time::Duration;

use elido::config::sections::ObjectsConfig;
use elido::domain::event::Event;
use elido::infra::objects::{ObjectKind, Objects};
use elido::infra::sealing::Sealing;
use flate2::read::GzDecoder;
use futures_util::stream::TryStreamExt;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::objects::{bucket_settings, folder_settings, settings_of_nobody};
use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::statements::execute;

/// The files, as whoever reads them has to know them.
const ARCHIVE: ObjectKind = ObjectKind {
    name: "event-archive",
    content_type: "application/gzip",
    bytes_max: u64::MAX,
    kept_for: Duration::MAX,
    ends_with_workspace: false,
};
const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// What is in the archive: the folder and the name of each file, and its events.
async fn files(platform: &Platform) -> Vec<(String, String, Vec<Event>)> {
    let sealing = Sealing::keep_in(&platform.config.data_folder, &String::new().into()).expect("a key");
    let public_url = &platform.config.api.public_url;
    let objects = Objects::new(&platform.config.objects, &platform.config.data_folder, &sealing, public_url);
    let objects = objects.expect("settings that make sense");
    let mut files = Vec::new();
    for info in objects.list(ARCHIVE, None, 1_000).await.expect("a list").objects {
        let pieces: Vec<bytes::Bytes> =
            objects.get(&info.key).await.expect("it is there").pieces.try_collect().await.expect("whole");
        let mut text = String::new();
        GzDecoder::new(pieces.concat().as_slice()).read_to_string(&mut text).expect("gzip");
        let events = text.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
        files.push((info.key.parent().expect("a folder").to_owned(), info.key.file_name().to_owned(), events));
    }
    files
}

/// The events that the stream still has.
async fn kept(platform: &Platform, account: &Account) -> Vec<Event> {
    let page = platform.read(account, "/events?limit=100").await;
    serde_json::from_value(page["data"].clone()).expect("events")
}

async fn edit(platform: &Platform, account: &Account, name: &str) {
    let tag = platform.of(account, Method::POST, "/tags").json(&json!({ "name": name }));
    body(tag, StatusCode::CREATED).await;
}

/// Has a job done anew.
async fn tick(platform: &mut Platform, kind: &str) {
    platform.stop().await;
    execute(&platform.config, &format!("DELETE FROM jobs WHERE kind = '{kind}'")).await;
    execute(&platform.config, &format!("DELETE FROM job_schedules WHERE kind = '{kind}'")).await;
    platform.start_again().await;
}

/// The last job of a kind.
async fn job(platform: &Platform, account: &Account, kind: &str) -> Value {
    let jobs = platform.client.get(platform.api(&format!("/v1/admin/jobs?kind={kind}"))).bearer_auth(&account.token);
    body(jobs, StatusCode::OK).await["data"][0].clone()
}

/// Has events archived and then forgotten, where that can be done.
async fn archive_and_forget(platform: &mut Platform, account: &Account) {
    for kind in ["archive_events", "forget_events"] {
        tick(platform, kind).await;
        eventually("it is done", || async { job(platform, account, kind).await["state"] == "done" }).await;
    }
}

/// All events there are become so many days older.
async fn age(platform: &Platform, days: i64) {
    execute(&platform.config, &format!("UPDATE events SET created_at = created_at - {}", days * DAY_MICROS)).await;
}

async fn start(objects: ObjectsConfig, archive_days: u32) -> Platform {
    Platform::start_with(|config| {
        config.objects = objects;
        config.events.archive_days = archive_days;
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_in_files_of_their_workspace_and_day_before_they_are_forgotten() {
    for objects in [Some(folder_settings()), bucket_settings()].into_iter().flatten() {
        let mut platform = start(objects, 30).await;
        let (one, other) = (platform.account().await, platform.sign_in().await);
        edit(&platform, &one, "a").await;
        edit(&platform, &other, "b").await;
        age(&platform, 2).await;
        edit(&platform, &one, "c").await;
        let before = [kept(&platform, &one).await, kept(&platform, &other).await];
        age(&platform, 20).await;
        edit(&platform, &one, "d").await;
        archive_and_forget(&mut platform, &one).await;
        assert_eq!(kept(&platform, &one).await.len(), 1, "the others are forgotten");
        assert_eq!(kept(&platform, &one).await[0].data["object"]["name"], "d", "what is recent stays");

        let files = files(&platform).await;
        let folders: BTreeSet<&str> = files.iter().map(|(folder, _, _)| folder.as_str()).collect();
        assert_eq!(folders, BTreeSet::from([one.workspace.as_str(), other.workspace.as_str(), "instance"]));
        for (account, before) in [&one, &other].into_iter().zip(&before) {
            let theirs = files.iter().filter(|(folder, _, _)| *folder == account.workspace);
            let archived: Vec<&Event> = theirs.flat_map(|(_, _, events)| events).collect();
            let ids =
                |events: Vec<&Event>| events.into_iter().map(|event| (event.sequence, event.id)).collect::<Vec<_>>();
            assert_eq!(ids(archived), ids(before.iter().collect()));
        }
        for (folder, name, events) in &files {
            let date = name.strip_suffix(".ndjson.gz").expect("a name");
            assert!(events.iter().all(|event| event.at.to_string().starts_with(date)), "{folder}/{name}: {events:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_forgotten_that_could_not_be_written() {
    let mut platform = start(settings_of_nobody(), 30).await;
    let account = platform.account().await;
    edit(&platform, &account, "a").await;
    let before = kept(&platform, &account).await;
    age(&platform, 20).await;
    tick(&mut platform, "archive_events").await;
    let error = || async { job(&platform, &account, "archive_events").await["last_error"].is_string() };
    eventually("it was tried", error).await;
    tick(&mut platform, "forget_events").await;
    let is_done = || async { job(&platform, &account, "forget_events").await["state"] == "done" };
    eventually("what forgets has run", is_done).await;
    assert_eq!(kept(&platform, &account).await.len(), before.len(), "all are there");

    // They are written once there is a place for them.
    platform.stop().await;
    platform.config.objects = folder_settings();
    platform.start_again().await;
    archive_and_forget(&mut platform, &account).await;
    assert!(kept(&platform, &account).await.is_empty(), "they are forgotten");
    let archived: usize = files(&platform)
        .await
        .iter()
        .filter(|(folder, _, _)| *folder == account.workspace)
        .map(|file| file.2.len())
        .sum();
    assert_eq!(archived, before.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_events_are_forgotten_and_no_file_is_written() {
    let mut platform = start(folder_settings(), 0).await;
    let account = platform.account().await;
    edit(&platform, &account, "a").await;
    age(&platform, 20).await;
    archive_and_forget(&mut platform, &account).await;
    assert!(kept(&platform, &account).await.is_empty(), "they are forgotten");
    assert!(files(&platform).await.is_empty());
}
