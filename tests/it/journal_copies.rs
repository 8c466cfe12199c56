//! Journals of a dead disk that are copied below a running process, in every way in which people and programs copy: each click is stored once,
//! and no file is removed before it was read.

use std::fs::{File, FileTimes, OpenOptions};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use elido::domain::click::{Click, ClickKind, Signals};
use elido::infra::journal::{self, DiskFileSystem, JournalId, JournalLimits, Writer};
use elido::runtime::clock;
use reqwest::StatusCode;
use serde_json::json;
use tempfile::TempDir;

use crate::bus::server;
use crate::click_bus::World;
use crate::support::database::is_embedded;
use crate::support::platform::{Account, Platform, body, eventually};

const EVERYTHING: &str = "from=2020-01-01T00:00:00Z&to=2999-01-01T00:00:00Z&include=bots,previews,prefetches,heads";
/// In every journal of these tests: with their long texts they take three segments.
const CLICKS: u64 = 40;

/// A journal as a process left it on a disk that is dead, and the place where it is copied to.
struct Copy {
    _disk: TempDir,
    source: PathBuf,
    root: PathBuf,
    id: JournalId,
}

impl Copy {
    /// Makes the journal, with clicks of this account.
    fn begin(root: &Path, account: &Account) -> Self {
        let disk = tempfile::tempdir().expect("a folder");
        let limits = JournalLimits { segment_bytes: 0, bytes_max: u64::MAX };
        let mut writer = Writer::new(DiskFileSystem, disk.path(), limits);
        let text = "a".repeat(1_000);
        let click = Click {
            at: clock::now(),
            kind: ClickKind::Redirect,
            status: 302,
            workspace_id: Some(account.workspace.parse().expect("an id")),
            domain_id: None,
            link_id: None,
            rule: None,
            variant: None,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            signals: Signals::default(),
            host: "localhost",
            slug: "here",
            user_agent: &text,
            referrer: &text,
            accept_language: &text,
            query: &text,
            campaign: "",
        };
        (0..CLICKS).for_each(|_| writer.append(|buffer| click.encode(buffer)));
        writer.append_tally();
        assert_eq!(writer.flush().records, CLICKS);
        let id = writer.id();
        let copy = Self { source: disk.path().join(id.to_string()), _disk: disk, root: root.to_path_buf(), id };
        assert_eq!(copy.segments().len(), 3);
        copy
    }

    /// The names of its segments.
    fn segments(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.source).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".segment")).collect();
        names.sort_unstable();
        names
    }

    fn bytes(&self, segment: usize) -> Vec<u8> {
        std::fs::read(self.source.join(&self.segments()[segment])).expect("a segment")
    }

    /// Where the journal is copied to.
    fn folder(&self) -> PathBuf {
        self.root.join(self.id.to_string())
    }

    /// A new file in that folder, which is made where it is not there.
    fn create(&self, name: &str) -> File {
        std::fs::create_dir_all(self.folder()).expect("a folder");
        OpenOptions::new().write(true).create_new(true).open(self.folder().join(name)).expect("a file")
    }

    /// A segment as a whole.
    fn put(&self, segment: usize) {
        self.create(&self.segments()[segment]).write_all(&self.bytes(segment)).expect("written");
    }

    /// The beginning of a segment, and the file that the rest goes into.
    fn put_beginning(&self, segment: usize, length: usize) -> File {
        let mut file = self.create(&self.segments()[segment]);
        file.write_all(&self.bytes(segment)[..length]).expect("written");
        file
    }

    fn is_gone(&self) -> bool {
        !self.folder().exists()
    }
}

/// A platform without a bus, and somebody who is signed in.
struct Embedded {
    platform: Platform,
    account: Account,
}

impl Embedded {
    /// None on the servers: what becomes of files is the same in front of either database, and how clicks leave for a bus has its own tests.
    async fn start() -> Option<Self> {
        if !is_embedded() {
            println!("SKIPPED: this is about files, and the same on the embedded stores");
            return None;
        }
        let platform = Platform::start().await;
        let account = platform.account().await;
        let link = json!({ "destination_url": "https://example.com/", "slug": "known" });
        platform.create_link(&account, &link).await;
        Some(Self { platform, account })
    }

    fn copy(&self) -> Copy {
        Copy::begin(&self.platform.config.journal_folder(), &self.account)
    }

    async fn stored(&self) -> u64 {
        let summary = self.platform.read(&self.account, &format!("/analytics/summary?{EVERYTHING}")).await;
        summary["clicks"].as_u64().expect("a number")
    }

    async fn until_stored(&self, clicks: u64) {
        eventually(&format!("{clicks} clicks are stored"), || async { self.stored().await >= clicks }).await;
        assert_eq!(self.stored().await, clicks);
    }

    async fn is_named(&self) -> bool {
        let ready = body(self.platform.client.get(self.platform.internal("/readyz")), StatusCode::OK).await;
        ready["checks"]["click_ingester"] == "degraded"
    }

    /// Until the process has told that the journal is not whole, or has done away with it.
    async fn until_noticed(&self, copy: &Copy) {
        eventually("the copy is noticed", || async { self.is_named().await || copy.is_gone() }).await;
    }

    async fn until_taken(&self, copy: &Copy) {
        self.until_stored(CLICKS).await;
        eventually("what was stored is removed", || async { copy.is_gone() }).await;
        eventually("all is well", || async { !self.is_named().await }).await;
        let ready = body(self.platform.client.get(self.platform.internal("/readyz")), StatusCode::OK).await;
        assert_eq!(ready["checks"]["click_account"], "up", "nothing is missing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_pauses_in_the_middle_of_a_segment_loses_nothing() {
    let Some(world) = Embedded::start().await else { return };
    let copy = world.copy();
    copy.put(0);
    copy.put(1);
    let mut rest = copy.put_beginning(2, 10_000);
    world.until_noticed(&copy).await;
    // What a program goes on to write is gone where its file was removed.
    rest.write_all(&copy.bytes(2)[10_000..]).expect("written");
    world.until_taken(&copy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_which_only_the_header_of_a_segment_is_there_is_no_journal_yet() {
    let Some(world) = Embedded::start().await else { return };
    let copy = world.copy();
    let mut rest = copy.put_beginning(0, 32);
    world.until_noticed(&copy).await;
    assert!(!copy.is_gone());
    rest.write_all(&copy.bytes(0)[32..]).expect("written");
    copy.put(1);
    copy.put(2);
    world.until_taken(&copy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_brings_segments_in_any_order_loses_nothing() {
    let Some(world) = Embedded::start().await else { return };
    let copy = world.copy();
    copy.put(2);
    world.until_noticed(&copy).await;
    copy.put(0);
    copy.put(1);
    world.until_taken(&copy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_under_other_names_that_keeps_the_times_of_files_loses_nothing() {
    let Some(world) = Embedded::start().await else { return };
    let copy = world.copy();
    let long_ago = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000));
    for segment in 0..3 {
        let (name, bytes) = (copy.segments()[segment].clone(), copy.bytes(segment));
        let temporary = format!(".{name}.XyZ123");
        let mut file = copy.create(&temporary);
        file.write_all(&bytes[..bytes.len() / 2]).expect("written");
        file.set_times(long_ago).expect("an old file");
        if segment == 2 {
            world.until_noticed(&copy).await;
        }
        file.write_all(&bytes[bytes.len() / 2..]).expect("written");
        file.set_times(long_ago).expect("an old file");
        std::fs::rename(copy.folder().join(temporary), copy.folder().join(name)).expect("it is still there");
    }
    world.until_taken(&copy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_whose_last_segments_come_long_after_the_others_were_stored_loses_nothing() {
    let Some(world) = Embedded::start().await else { return };
    let copy = world.copy();
    copy.put(0);
    eventually("it is stored and removed", || async { copy.is_gone() }).await;
    assert!(world.stored().await > 0);
    copy.put(1);
    copy.put(2);
    world.until_taken(&copy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_broken_off_is_named_and_stops_nobody_and_goes_on_after_a_restart() {
    let Some(mut world) = Embedded::start().await else { return };
    let copy = world.copy();
    copy.put(1);
    drop(copy.put_beginning(0, 30_000));
    world.until_noticed(&copy).await;
    assert_eq!(world.platform.visit("/known").await.status(), StatusCode::FOUND);
    world.until_stored(1).await;
    world.platform.stop().await;
    world.platform.start_again().await;
    assert_eq!(world.platform.visit("/known").await.status(), StatusCode::FOUND);
    world.until_stored(2).await;
    eventually("it is named again", || async { world.is_named().await }).await;
    let whole = world.copy();
    (0..3).for_each(|segment| whole.put(segment));
    world.until_stored(CLICKS + 2).await;
    eventually("what was stored is removed", || async { whole.is_gone() }).await;
    assert!(!copy.is_gone() && world.is_named().await);

    std::fs::remove_file(copy.folder().join(&copy.segments()[0])).expect("the half");
    copy.put(0);
    copy.put(2);
    world.until_stored(2 * CLICKS + 2).await;
    eventually("what was stored is removed", || async { copy.is_gone() }).await;
    eventually("all is well", || async { !world.is_named().await }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_whose_rest_is_gone_for_good_is_taken_when_it_is_accepted() {
    let Some(world) = Embedded::start().await else { return };
    let copy = world.copy();
    copy.put(0);
    copy.put(2);
    let found = journal::inspect(&copy.root).expect("readable").into_iter().find(|found| found.id == copy.id);
    assert_eq!(found.expect("it is there").missing.as_deref(), Some("segment 1 is not there"));
    world.until_noticed(&copy).await;
    assert_eq!(world.stored().await, 0);
    journal::accept(&copy.root, copy.id).expect("accepted");
    eventually("what was stored is removed", || async { copy.is_gone() }).await;
    let stored = world.stored().await;
    assert!(stored > 0 && stored < CLICKS, "{stored} clicks are stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_below_a_process_with_a_bus_loses_nothing_in_whatever_order_it_comes() {
    let Some(url) = server() else { return };
    let world = World::start_with(&url, 2, |_| ()).await;
    let copy = Copy::begin(&world.config().journal_folder(), &world.account);
    copy.put(2);
    let mut rest = copy.put_beginning(1, 10_000);
    let is_named = async || world.condition("click_shipping").await == "degraded";
    eventually("the copy is noticed", || async { is_named().await || copy.is_gone() }).await;
    world.visit(3).await;
    world.until_stored(3).await;
    rest.write_all(&copy.bytes(1)[10_000..]).expect("written");
    copy.put(0);
    world.until_stored(CLICKS + 3).await;
    eventually("what was shipped is removed", || async { copy.is_gone() }).await;
    eventually("all is well", || async { !is_named().await }).await;
    assert_eq!(world.condition("click_account").await, "up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_not_whole_is_not_handed_over_and_stays_where_it_is() {
    let Some(url) = server() else { return };
    let mut world = World::start_with(&url, 2, |config| {
        config.edge.journal.hand_over = true;
        config.objects.url = "folder:objects".to_owned();
    })
    .await;
    let copy = Copy::begin(&world.config().journal_folder(), &world.account);
    // So that it may be asked at once whether somebody writes it.
    std::fs::write(copy.root.join(format!("{}.lock", copy.id)), "").expect("a lock");
    copy.put(1);
    drop(copy.put_beginning(0, 30_000));
    world.visit(3).await;
    world.until_stored(3).await;
    world.platform.stop().await;
    assert!(copy.folder().join(&copy.segments()[0]).exists(), "it is still here");
    assert!(!world.config().data_folder.join(format!("objects/journals/{}", copy.id)).exists());
}
