//! From a real journal into a real store.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::prepared_batch::PreparedBatch;
use super::test_click;
use super::{Accounts, ClickIngester, ClickPolicies, DEAD_LETTER_FILE, Enricher, Health, Sources};
use crate::config::sections::{ClickStoreConfig, IngesterConfig};
use crate::domain::click::Click;
use crate::domain::id::WorkspaceId;
use crate::domain::query_limits::QueryLimits;
use crate::domain::time::Timestamp;
use crate::infra::bus::{Received, Record};
use crate::infra::click_store::{ClickAccount, ClickStore, Include, Period, Selection};
use crate::infra::click_topic::{record_of, tally_of};
use crate::infra::geo::GeoDatabase;
use crate::infra::journal::{DiskFileSystem, JournalId, JournalLimits, Tally, Writer};
use crate::infra::user_agent::UserAgents;
use crate::runtime::tasks::Tasks;

/// Loading takes seconds without optimisation; one will do for all.
static USER_AGENTS: LazyLock<UserAgents> = LazyLock::new(UserAgents::new);
const PATIENCE: Duration = Duration::from_secs(30);

struct House {
    folder: TempDir,
    store: ClickStore,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open_store(folder.path()).await;
        Self { folder, store }
    }

    fn journal_folder(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    fn writer(&self) -> Writer<DiskFileSystem> {
        let limits = JournalLimits { segment_bytes: 64 * 1024, bytes_max: 64 * 1024 * 1024 };
        Writer::new(DiskFileSystem, &self.journal_folder(), limits)
    }

    fn ingester(&self) -> ClickIngester {
        let config = IngesterConfig { batch_clicks_max: 50, batch_interval_ms: 5 };
        let sources = Sources {
            journal_folder: &self.journal_folder(),
            data_folder: self.folder.path(),
            geo: GeoDatabase::unknown(),
            user_agents: USER_AGENTS.clone(),
            policies: ClickPolicies::none(),
        };
        ClickIngester::new(&config, sources, self.store.clone())
    }

    /// Runs an ingester until everything that was written is stored.
    async fn ingest_all(&self) {
        let stopping = CancellationToken::new();
        stopping.cancel();
        self.ingester().run(stopping, PATIENCE).await;
    }

    /// What was written and did not arrive.
    async fn missing(&self) -> u64 {
        let ClickAccount { missing, surplus, .. } = self.store.account().await.expect("an account");
        assert_eq!(surplus, 0);
        missing
    }

    /// The segments of all journals.
    fn segments(&self) -> Vec<PathBuf> {
        let entries = |folder: &Path| {
            let entries = std::fs::read_dir(folder).expect("a folder");
            entries.map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>()
        };
        let journals = entries(&self.journal_folder()).into_iter().filter(|path| path.is_dir());
        let files = journals.flat_map(|journal| entries(&journal));
        files.filter(|path| path.extension().is_some_and(|extension| extension == "segment")).collect()
    }

    async fn clicks(&self) -> u64 {
        self.store.summary(&everything()).await.expect("a summary").clicks
    }

    /// Waits until as many clicks are stored.
    async fn until_stored(&self, clicks: u64) {
        let stored = async {
            while self.clicks().await < clicks {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, stored).await.expect("stored in time");
    }
}

async fn open_store(folder: &Path) -> ClickStore {
    let config = ClickStoreConfig::embedded("clicks.db");
    ClickStore::open(&config, folder).await.expect("a store")
}

fn everything() -> Selection {
    Selection {
        workspace_id: test_click::click().workspace_id.expect("a workspace"),
        period: Period { from: Timestamp::from_micros(0), to: Timestamp::from_micros(i64::MAX) },
        include: Include::EVERYTHING,
        filters: Vec::new(),
        hidden_links: Vec::new(),
        limits: QueryLimits::default(),
    }
}

fn write(writer: &mut Writer<DiskFileSystem>, clicks: usize) {
    for _ in 0..clicks {
        writer.append(|buffer| test_click::click().encode(buffer));
    }
    assert_eq!(writer.flush().records, clicks as u64);
}

/// Has the journal say how many records it should hold.
fn tally(writer: &mut Writer<DiskFileSystem>) {
    writer.append_tally();
    writer.flush();
}

fn start(ingester: ClickIngester, drain: Duration) -> (Tasks, watch::Receiver<Health>) {
    let tasks = Tasks::new();
    let health = ingester.health();
    tasks.spawn("click ingester", ingester.run(tasks.stopping(), drain));
    (tasks, health)
}

#[tokio::test]
async fn clicks_of_several_journals_are_stored_once_each() {
    let house = House::new().await;
    let (mut first, mut second) = (house.writer(), house.writer());
    write(&mut first, 120);
    write(&mut second, 130);
    house.ingest_all().await;
    assert_eq!(house.clicks().await, 250);

    write(&mut first, 1);
    house.ingest_all().await;
    house.ingest_all().await;
    assert_eq!(house.clicks().await, 251);
    let event = house.store.events(&everything(), None, 1).await.expect("events").remove(0);
    assert_eq!((event.click.browser.as_deref(), event.click.os.as_deref()), (Some("Firefox"), Some("Linux")));
    assert!(event.click.is_counted());
}

#[tokio::test]
async fn clicks_are_stored_while_it_runs_and_what_is_left_when_it_stops() {
    let house = House::new().await;
    let mut writer = house.writer();
    let (tasks, health) = start(house.ingester(), PATIENCE);
    write(&mut writer, 70);
    house.until_stored(70).await;
    assert_eq!(*health.borrow(), Health::Working);
    write(&mut writer, 500);
    tasks.stop(PATIENCE).await.expect("it ends");
    assert_eq!(house.clicks().await, 570);
}

#[tokio::test]
async fn records_that_are_no_click_are_kept_aside_and_stop_nothing() {
    let house = House::new().await;
    let mut writer = house.writer();
    write(&mut writer, 3);
    writer.append(|buffer| buffer.extend_from_slice(b"no click at all"));
    writer.flush();
    write(&mut writer, 3);
    house.ingest_all().await;
    assert_eq!(house.clicks().await, 6);
    let kept = std::fs::read_to_string(house.folder.path().join(DEAD_LETTER_FILE)).expect("a file");
    assert_eq!(kept.lines().count(), 1);
    assert!(kept.contains("not an array"), "{kept}");
}

#[tokio::test]
async fn records_that_cannot_be_kept_aside_wait_in_their_journal_and_stop_no_other() {
    let full = House::new().await;
    let file = std::fs::File::create(full.folder.path().join(DEAD_LETTER_FILE)).expect("a file");
    file.set_len(16 * 1024 * 1024).expect("a full file");
    let unwritable = House::new().await;
    std::fs::create_dir(unwritable.folder.path().join(DEAD_LETTER_FILE)).expect("a folder in place of the file");

    for house in [full, unwritable] {
        let mut sick = house.writer();
        write(&mut sick, 3);
        sick.append(|buffer| buffer.extend_from_slice(b"no click at all"));
        sick.flush();
        let mut well = house.writer();
        write(&mut well, 5);
        house.ingest_all().await;
        assert_eq!(house.clicks().await, 5);

        let file = house.folder.path().join(DEAD_LETTER_FILE);
        std::fs::rename(&file, house.folder.path().join("moved away")).expect("the file is moved away");
        house.ingest_all().await;
        assert_eq!(house.clicks().await, 8);
        let kept = std::fs::read_to_string(&file).expect("a file");
        assert_eq!(kept.lines().count(), 1);
    }
}

#[tokio::test]
async fn while_the_store_is_unavailable_clicks_wait_and_readiness_says_so() {
    let house = House::new().await;
    let mut writer = house.writer();
    house.store.close().await;
    let (tasks, mut health) = start(house.ingester(), Duration::ZERO);
    write(&mut writer, 10);
    let sick = health.wait_for(|health| *health == Health::StoreUnavailable);
    tokio::time::timeout(PATIENCE, sick).await.expect("noticed in time").expect("an ingester");
    tasks.stop(PATIENCE).await.expect("it ends");

    let house = House { store: open_store(house.folder.path()).await, ..house };
    house.ingest_all().await;
    assert_eq!(house.clicks().await, 10);
}

#[tokio::test]
async fn clicks_of_nobodys_host_are_stored_and_shown_to_nobody() {
    let house = House::new().await;
    let mut writer = house.writer();
    writer.append(|buffer| Click { workspace_id: None, ..test_click::click() }.encode(buffer));
    let other = Some(WorkspaceId::new());
    writer.append(|buffer| Click { workspace_id: other, ..test_click::click() }.encode(buffer));
    writer.flush();
    house.ingest_all().await;
    assert_eq!(house.clicks().await, 0);
}

#[tokio::test]
async fn what_edges_wrote_is_what_arrived_however_often_it_is_read() {
    let house = House::new().await;
    let mut writer = house.writer();
    write(&mut writer, 120);
    tally(&mut writer);
    writer.append(|buffer| buffer.extend_from_slice(b"no click at all"));
    writer.flush();
    house.ingest_all().await;
    write(&mut writer, 5);
    writer.maintenance().run().expect("synced");
    write(&mut writer, 1);
    drop(writer);
    let journal = house.segments().remove(0).parent().expect("a folder").to_owned();
    std::fs::remove_file(journal.join("cursor")).expect("a cursor");
    house.ingest_all().await;
    assert_eq!((house.clicks().await, house.missing().await), (126, 0));
}

#[tokio::test]
async fn a_record_that_is_damaged_on_disk_is_missing_from_the_account() {
    let house = House::new().await;
    let mut writer = house.writer();
    write(&mut writer, 10);
    tally(&mut writer);
    drop(writer);
    let segment = house.segments().remove(0);
    let mut bytes = std::fs::read(&segment).expect("a segment");
    let half = bytes.iter().rposition(|byte| *byte != 0).expect("records") / 2;
    bytes[half] ^= 1;
    std::fs::write(&segment, bytes).expect("written");
    house.ingest_all().await;
    assert_eq!((house.clicks().await, house.missing().await), (9, 1));
}

#[tokio::test]
async fn records_whose_folder_was_removed_are_missing_and_readiness_says_so() {
    let house = House::new().await;
    let mut writer = house.writer();
    let ingester = house.ingester();
    let mut accounts = ingester.accounts();
    let (tasks, _) = start(ingester, PATIENCE);
    write(&mut writer, 3);
    house.until_stored(3).await;
    assert!(accounts.borrow().add_up());
    tasks.stop(PATIENCE).await.expect("it ends");

    write(&mut writer, 4);
    std::fs::remove_dir_all(house.segments().remove(0).parent().expect("a folder")).expect("removed");
    writer.maintenance().run().expect_err("the folder is gone");
    write(&mut writer, 5);
    tally(&mut writer);
    let ingester = house.ingester();
    accounts = ingester.accounts();
    let (tasks, _) = start(ingester, PATIENCE);
    let noticed = accounts.wait_for(|accounts: &Accounts| !accounts.add_up());
    tokio::time::timeout(PATIENCE, noticed).await.expect("noticed in time").expect("an ingester");
    assert_eq!((house.clicks().await, house.missing().await), (8, 4));
    tasks.stop(PATIENCE).await.expect("it ends");
}

fn of_bus(record: Record) -> Received {
    Received {
        offset: 0,
        sent_at: Timestamp::from_micros(0),
        key: Some(record.key),
        value: Some(record.value),
        headers: record.headers,
    }
}

#[test]
fn of_a_stretch_every_record_counts_once_and_what_is_no_click_is_told_apart() {
    let mut click = Vec::new();
    test_click::click().encode(&mut click);
    let (first, second) = (JournalId::from_u64(1), JournalId::from_u64(2));
    let tally = Tally { records: 3, dropped: 0 };
    let records = vec![
        record_of(first, 1, &click),
        record_of(second, 1, &click),
        record_of(first, 2, b"no click"),
        // Sent again after an answer was lost, with what followed.
        record_of(first, 1, &click),
        record_of(first, 2, b"no click"),
        record_of(first, 3, &click),
        tally_of(first, 4, tally),
        tally_of(first, 4, tally),
    ];
    let junk = Received {
        offset: 9,
        sent_at: Timestamp::from_micros(0),
        key: None,
        value: Some(click.clone()),
        headers: BTreeMap::new(),
    };
    let records = records.into_iter().map(of_bus).chain([junk]).collect();
    let mut enricher = Enricher::new(GeoDatabase::unknown(), USER_AGENTS.clone(), ClickPolicies::none());
    let prepared = PreparedBatch::read(records, "clicks.dead", &mut enricher);
    let batch = &prepared.batches[&first];
    let positions: Vec<u64> = batch.clicks.iter().map(|record| record.position).collect();
    assert_eq!((positions, batch.undecodable.as_slice(), batch.through), (vec![1, 3], [2].as_slice(), 4));
    assert_eq!(batch.tally.map(|placed| (placed.position, placed.tally)), Some((4, tally)));
    assert_eq!((prepared.batches[&second].clicks.len(), prepared.repeated), (1, 2));
    let places: Vec<_> = prepared.poison.iter().map(|poison| (poison.record.offset, poison.place)).collect();
    assert_eq!(places, [(0, Some((first, 2))), (9, None)]);
}

#[test]
fn a_click_of_a_clock_that_was_never_set_counts_as_of_when_it_is_taken() {
    let mut enricher = Enricher::new(GeoDatabase::unknown(), USER_AGENTS.clone(), ClickPolicies::none());
    let mut stored_at = |at: Timestamp| {
        let mut click = Vec::new();
        Click { at, ..test_click::click() }.encode(&mut click);
        enricher.read(&click).expect("a click").at
    };
    let begun = crate::runtime::clock::now();
    for micros in [i64::MIN, 0, 100_000_000_000_000, 1_577_836_799_999_999] {
        assert!(stored_at(Timestamp::from_micros(micros)) >= begun, "{micros}");
    }
    let first = Timestamp::from_micros(1_577_836_800_000_000);
    assert_eq!(stored_at(first), first);
}
