//! The click journal on a file system that does its worst.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use elido::infra::journal::{
    DiskFileSystem, JournalId, JournalLimits, JournalReader, JournalState, UpkeepError, Writer,
};
use proptest::prelude::*;
use reqwest::StatusCode;
use serde_json::json;

use crate::support::platform::{Platform, body, eventually};
use crate::support::simulated_file_system::SimulatedFileSystem;

const ROOT: &str = "/journal";
const LIMITS: JournalLimits = JournalLimits { segment_bytes: 0, bytes_max: u64::MAX };

/// What can happen to a journal.
#[derive(Debug, Clone)]
enum Event {
    Append { records: u8, bytes: u16 },
    Flush,
    Maintain,
    Ship { records_max: usize, acknowledged: bool },
    Kill,
    FillDisk,
    FreeDisk,
    TearNextWrite { after: usize },
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        5 => (1u8..20, 8u16..9000).prop_map(|(records, bytes)| Event::Append { records, bytes }),
        5 => Just(Event::Flush),
        2 => Just(Event::Maintain),
        3 => (1usize..50, any::<bool>()).prop_map(|(records_max, acknowledged)| Event::Ship { records_max, acknowledged }),
        1 => Just(Event::Kill),
        1 => Just(Event::FillDisk),
        2 => Just(Event::FreeDisk),
        1 => (1usize..20_000).prop_map(|after| Event::TearNextWrite { after }),
    ]
}

/// A writer, a reader, and a store that knows the highest position of each journal.
struct World {
    disk: SimulatedFileSystem,
    writer: Writer<SimulatedFileSystem>,
    reader: JournalReader<SimulatedFileSystem>,
    next_record: u64,
    /// Appended and neither written nor dropped yet.
    pending: Vec<u64>,
    /// With the kernel.
    written: Vec<u64>,
    stored: Vec<u64>,
    high_water: HashMap<JournalId, u64>,
}

impl World {
    fn new() -> Self {
        let disk = SimulatedFileSystem::default();
        Self {
            writer: Writer::new(disk.clone(), Path::new(ROOT), LIMITS),
            reader: JournalReader::on(disk.clone(), Path::new(ROOT)),
            disk,
            next_record: 0,
            pending: Vec::new(),
            written: Vec::new(),
            stored: Vec::new(),
            high_water: HashMap::new(),
        }
    }

    fn apply(&mut self, event: &Event) {
        match event {
            Event::Append { records, bytes } => (0..*records).for_each(|_| self.append(usize::from(*bytes))),
            Event::Flush => self.flush(),
            Event::Maintain => drop(self.writer.maintenance().run()),
            Event::Ship { records_max, acknowledged } => drop(self.ship(*records_max, *acknowledged)),
            Event::Kill => self.kill(),
            Event::FillDisk => self.disk.set_free_bytes(Some(0)),
            Event::FreeDisk => self.disk.set_free_bytes(None),
            Event::TearNextWrite { after } => self.disk.tear_next_write(*after),
        }
    }

    fn append(&mut self, bytes: usize) {
        let number = self.next_record;
        self.next_record += 1;
        self.writer.append(|buffer| {
            buffer.extend_from_slice(&number.to_le_bytes());
            buffer.resize(buffer.len() + bytes - 8, 0xee);
        });
        self.pending.push(number);
    }

    fn flush(&mut self) {
        let flushed = self.writer.flush();
        assert_eq!(flushed.dropped, 0, "memory lasts for as much as a test appends");
        self.written.extend(self.pending.drain(..flushed.records as usize));
    }

    /// Moves one batch into the store, and says whether there was one.
    fn ship(&mut self, records_max: usize, acknowledged: bool) -> bool {
        let Ok(Some(batch)) = self.reader.next(records_max) else { return false };
        let mark = self.high_water.entry(batch.journal()).or_insert(0);
        let mut before = None;
        for (position, payload) in batch.records() {
            assert!(before < Some(position), "positions grow");
            before = Some(position);
            if position > *mark {
                *mark = position;
                self.stored.push(u64::from_le_bytes(*payload.first_chunk().expect("eight bytes")));
            }
        }
        if acknowledged {
            drop(self.reader.acknowledge(&batch));
        }
        true
    }

    fn kill(&mut self) {
        self.pending.clear();
        self.writer = Writer::new(self.disk.clone(), Path::new(ROOT), LIMITS);
        self.reader = JournalReader::on(self.disk.clone(), Path::new(ROOT));
    }

    fn heal(&mut self) {
        self.disk.set_free_bytes(None);
        self.disk.set_failing(false);
        self.kill();
        while self.ship(1000, true) {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_written_record_is_stored_once_whatever_happens_to_the_processes_and_the_disk(
        events in proptest::collection::vec(event(), 1..60),
    ) {
        let mut world = World::new();
        events.iter().for_each(|event| world.apply(event));
        world.heal();
        world.stored.sort_unstable();
        prop_assert_eq!(&world.stored, &world.written);
        prop_assert_eq!(world.disk.file_count(), 0, "what was shipped is removed");
    }

    #[test]
    fn a_power_cut_takes_nothing_that_was_synced_and_doubles_nothing(
        before in proptest::collection::vec(event(), 1..30),
        after in proptest::collection::vec(event(), 1..30),
        seed in any::<u64>(),
    ) {
        let mut world = World::new();
        before.iter().for_each(|event| world.apply(event));
        world.disk.set_free_bytes(None);
        let synced = if world.writer.maintenance().run().is_ok() { world.written.clone() } else { Vec::new() };
        after.iter().filter(|event| !matches!(event, Event::Kill)).for_each(|event| world.apply(event));
        world.disk.cut_power(seed);
        world.heal();
        let stored: BTreeSet<u64> = world.stored.iter().copied().collect();
        prop_assert_eq!(stored.len(), world.stored.len(), "nothing twice");
        prop_assert!(synced.iter().all(|number| stored.contains(number)), "everything that was synced");
    }

    #[test]
    fn damage_costs_only_the_records_that_it_hits(
        records in 5usize..60, hits in proptest::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..4),
    ) {
        use elido::infra::journal::{File as _, FileSystem as _};
        let mut world = World::new();
        (0..records).for_each(|_| world.append(100));
        world.flush();
        let path = Path::new(ROOT).join(world.writer.id().to_string()).join("00000000.segment");
        let file = world.disk.open(&path).expect("the segment");
        let mut hit = BTreeSet::new();
        for (index, change) in hits {
            // Also in the header of the segment, which costs no record at all.
            let offset = index.index(32 + records * 108);
            hit.extend(offset.checked_sub(32).map(|offset| offset / 108));
            let mut byte = [0];
            file.read_at(offset as u64, &mut byte).expect("a byte");
            file.write_at(offset as u64, &[byte[0] ^ change]).expect("a byte");
        }
        world.heal();
        for number in 0..records {
            prop_assert!(world.stored.contains(&(number as u64)) || hit.contains(&number));
        }
        prop_assert!(world.reader.take_damage().corrupt_bytes > 0);
    }

    #[test]
    fn a_folder_of_arbitrary_bytes_is_read_without_a_panic(
        segment in proptest::collection::vec(any::<u8>(), 0..3000),
        cursor in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        use elido::infra::journal::FileSystem as _;
        let disk = SimulatedFileSystem::default();
        let folder = Path::new(ROOT).join("00000000000000aa");
        disk.create_folder(&folder).expect("a folder");
        disk.replace(&folder.join("00000000.segment"), &segment, false).expect("a file");
        disk.replace(&folder.join("cursor"), &cursor, false).expect("a file");
        disk.replace(&folder.join("1.home"), &[], false).expect("it is no copy");
        let mut reader = JournalReader::on(disk, Path::new(ROOT));
        prop_assert!(matches!(reader.next(10), Ok(None)));
    }
}

#[test]
fn a_full_disk_is_a_state_that_passes_and_what_waited_in_memory_is_written() {
    let mut world = World::new();
    world.disk.set_free_bytes(Some(0));
    world.append(100);
    assert_eq!(world.writer.flush().state, JournalState::Full);
    world.disk.set_free_bytes(None);
    wait_until(|| {
        world.flush();
        world.written == [0]
    });
    assert_eq!(world.writer.flush().state, JournalState::Healthy);
}

#[test]
fn an_upkeep_without_room_for_the_next_segment_says_that_the_disk_is_full_and_syncs_all_the_same() {
    let mut world = World::new();
    world.append(100);
    world.flush();
    world.disk.set_free_bytes(Some(0));
    let refused = world.writer.maintenance().run().expect_err("no room");
    assert!(matches!(refused, UpkeepError::Full(_)) && refused.is_full(), "{refused}");
    assert!(refused.to_string().contains("is full"), "{refused}");
    world.append(100);
    world.flush();
    assert_eq!(world.written, [0, 1], "the segment in hand lasts");
    world.disk.set_free_bytes(None);
    world.writer.maintenance().run().expect("room again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_without_room_for_its_next_segment_is_named_by_readiness_while_redirects_go_on() {
    let platform = Platform::start_with(|config| {
        config.edge.workers = 1;
        config.edge.journal.segment_bytes = 256 * 1024;
        config.edge.journal.bytes_max = 300 * 1024;
    })
    .await;
    let account = platform.account().await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "here" })).await;
    let checks =
        async || body(platform.client.get(platform.internal("/readyz")), StatusCode::OK).await["checks"].clone();
    assert_eq!(checks().await["click_journal_space"], "up");
    assert_eq!(platform.visit("/here").await.status(), StatusCode::FOUND);
    eventually("it is named", || async { checks().await["click_journal_space"] == "degraded" }).await;
    assert_eq!(checks().await["click_journal"], "degraded");
    assert_eq!(platform.visit("/here").await.status(), StatusCode::FOUND);
}

#[test]
fn a_failing_disk_keeps_a_bounded_memory_and_counts_what_it_drops() {
    let disk = SimulatedFileSystem::default();
    disk.set_failing(true);
    let mut writer = Writer::new(disk, Path::new(ROOT), LIMITS);
    let payload = [7; 60_000];
    (0..200).for_each(|_| writer.append(|buffer| buffer.extend_from_slice(&payload)));
    let flushed = writer.flush();
    assert_eq!(flushed.state, JournalState::Failing);
    assert!(flushed.dropped > 100, "{flushed:?}");
}

#[test]
fn the_cap_holds_and_shipping_makes_room() {
    let disk = SimulatedFileSystem::default();
    let limits = JournalLimits { segment_bytes: 0, bytes_max: 150_000 };
    let mut writer = Writer::new(disk.clone(), Path::new(ROOT), limits);
    let mut reader = JournalReader::on(disk, Path::new(ROOT));
    let payload = [7; 60_000];
    (0..3).for_each(|_| writer.append(|buffer| buffer.extend_from_slice(&payload)));
    let flushed = writer.flush();
    assert_eq!((flushed.records, flushed.state), (2, JournalState::Full));
    while let Ok(Some(batch)) = reader.next(10) {
        reader.acknowledge(&batch).expect("room");
    }
    wait_until(|| writer.flush().state == JournalState::Healthy);
}

/// A journal on the disk with these records, and its folder.
fn journal_on_disk(root: &Path, records: u8) -> (Writer<DiskFileSystem>, PathBuf) {
    let mut writer = Writer::new(DiskFileSystem, root, JournalLimits { segment_bytes: 0, bytes_max: u64::MAX });
    (0..records).for_each(|number| writer.append(|buffer| buffer.extend_from_slice(&[number + 1; 50])));
    assert_eq!(writer.flush().records, u64::from(records));
    let folder = root.join(writer.id().to_string());
    (writer, folder)
}

fn read_all(reader: &mut JournalReader) -> usize {
    let mut count = 0;
    while let Some(batch) = reader.next(1_000).expect("the folder can be read") {
        count += batch.len();
        reader.acknowledge(&batch).expect("it is acknowledged");
    }
    count
}

#[test]
fn a_segment_whose_header_is_damaged_loses_no_record_and_its_bytes_are_kept() {
    let root = tempfile::tempdir().expect("a folder");
    let (writer, folder) = journal_on_disk(root.path(), 20);
    drop(writer);
    let segment = folder.join("00000000.segment");
    let mut bytes = std::fs::read(&segment).expect("a segment");
    bytes[18] ^= 4;
    std::fs::write(&segment, bytes).expect("a flipped bit");
    let mut reader = JournalReader::open(root.path());
    assert_eq!(read_all(&mut reader), 20);
    assert!(reader.take_damage().corrupt_bytes > 0, "it is counted");
    assert!(!folder.exists(), "what was read is removed");
    assert_eq!(std::fs::read_dir(root.path().join("damaged")).expect("a folder").count(), 1);
}

#[test]
fn the_header_of_a_segment_that_a_living_writer_has_left_is_kept_too() {
    let root = tempfile::tempdir().expect("a folder");
    let (mut writer, folder) = journal_on_disk(root.path(), 20);
    let mut written = 20;
    // A segment takes 64 KiB.
    for _ in 0..20 {
        writer.append(|buffer| buffer.extend_from_slice(&[7; 5_000]));
        written += writer.flush().records;
    }
    flip(&folder.join("00000000.segment"), &[18]);
    let mut reader = JournalReader::open(root.path());
    assert_eq!(read_all(&mut reader) as u64, written);
    assert!(!folder.join("00000000.segment").exists(), "what was read is removed");
    let names = kept(root.path());
    assert!(matches!(names.as_slice(), [header] if header.ends_with("-00000000-000000000000")), "{names:?}");
    assert_eq!(reader.take_damage().files.len(), 1);
}

#[test]
fn of_damage_in_more_places_than_are_kept_apart_the_whole_segment_is_kept() {
    let root = tempfile::tempdir().expect("a folder");
    let damaged = root.path().join("damaged");
    std::fs::create_dir_all(&damaged).expect("a folder");
    for number in 0..999 {
        std::fs::write(damaged.join(format!("earlier-{number}")), "x").expect("a piece");
    }
    let (writer, folder) = journal_on_disk(root.path(), 60);
    drop(writer);
    let segment = folder.join("00000000.segment");
    flip(&segment, &[300, 1_000, 2_000]);
    let before = std::fs::read(&segment).expect("a segment");
    let mut reader = JournalReader::open(root.path());
    assert_eq!(read_all(&mut reader), 57);
    assert!(!folder.exists(), "what was read is removed");
    let names = kept(root.path());
    assert_eq!(names.len(), 2, "{names:?}: the one piece that there was room for, and everything");
    let whole = names.iter().find(|name| name.ends_with("-00000000")).expect("all of the segment");
    assert!(std::fs::read(damaged.join(whole)).expect("it is kept") == before);
    assert!(reader.take_damage().corrupt_bytes > 0, "it is counted");
}

/// Flips a bit of each of these bytes.
fn flip(file: &Path, places: &[usize]) {
    let mut bytes = std::fs::read(file).expect("a file");
    places.iter().for_each(|place| bytes[*place] ^= 4);
    std::fs::write(file, bytes).expect("flipped bits");
}

/// The names of what was set aside.
fn kept(root: &Path) -> Vec<String> {
    let files =
        std::fs::read_dir(root.join("damaged")).expect("a folder").map(|file| file.expect("a file").file_name());
    files.map(|name| name.into_string().expect("a name")).filter(|name| !name.starts_with("earlier")).collect()
}

#[test]
fn a_segment_that_was_cut_off_is_named() {
    let root = tempfile::tempdir().expect("a folder");
    let (writer, folder) = journal_on_disk(root.path(), 20);
    drop(writer);
    let segment = folder.join("00000000.segment");
    let file = std::fs::OpenOptions::new().write(true).open(&segment).expect("a segment");
    file.set_len(300).expect("a file that was cut off");
    let mut reader = JournalReader::open(root.path());
    assert!(read_all(&mut reader) < 20);
    let files = reader.take_damage().files;
    assert!(files.iter().any(|file| file.contains("00000000.segment: it was")), "{files:?}");
}

#[test]
fn a_journal_that_cannot_be_read_stops_no_other_and_is_named() {
    let root = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(root.path().join("0000000000000001/00000000.segment")).expect("a folder for a file");
    let (writer, _) = journal_on_disk(root.path(), 20);
    let mut reader = JournalReader::open(root.path());
    assert_eq!(read_all(&mut reader), 20);
    // A lock that is missing is no reason to read nothing.
    let failures: Vec<String> = reader.failures().map(|(_, failure)| failure.error.clone()).collect();
    assert!(failures.len() == 1 && failures[0].contains("0000000000000001/00000000.segment"), "{failures:?}");
    drop(writer);
}

#[test]
fn a_journal_whose_lock_was_removed_is_not_taken_for_one_that_ended() {
    let root = tempfile::tempdir().expect("a folder");
    let (mut writer, folder) = journal_on_disk(root.path(), 10);
    let lock = root.path().join(format!("{}.lock", writer.id()));
    std::fs::remove_file(&lock).expect("the lock is gone");
    let mut reader = JournalReader::open(root.path());
    assert_eq!(read_all(&mut reader), 10);
    assert!(folder.exists(), "its writer lives");
    writer.maintenance().run().expect("a disk that is well");
    assert!(lock.exists(), "the writer has put it back");
    (0..10).for_each(|_| writer.append(|buffer| buffer.push(1)));
    writer.flush();
    assert_eq!(read_all(&mut reader), 10);
}

#[test]
fn a_journal_whose_lock_was_replaced_is_not_taken_for_one_that_ended() {
    let root = tempfile::tempdir().expect("a folder");
    let (mut writer, folder) = journal_on_disk(root.path(), 10);
    let mut reader = JournalReader::open(root.path());
    assert_eq!(read_all(&mut reader), 10);
    let lock = root.path().join(format!("{}.lock", writer.id()));
    std::fs::remove_file(&lock).expect("the lock is gone");
    std::fs::write(&lock, "").expect("another file is in its place");
    assert_eq!(read_all(&mut reader), 0);
    assert!(folder.exists(), "its writer lives");
    writer.maintenance().run().expect("a disk that is well");
    assert_eq!(read_all(&mut JournalReader::open(root.path())), 0);
    assert!(folder.exists(), "the writer has locked the file that is there");
    (0..10).for_each(|_| writer.append(|buffer| buffer.push(1)));
    writer.flush();
    assert_eq!(read_all(&mut reader), 10);
}

#[test]
fn a_journal_whose_segments_were_removed_goes_on_in_another_and_says_what_should_be_there() {
    let root = tempfile::tempdir().expect("a folder");
    let (mut writer, folder) = journal_on_disk(root.path(), 10);
    writer.maintenance().run().expect("a disk that is well");
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        std::fs::remove_file(entry.expect("an entry").path()).expect("a segment is gone");
    }
    (0..10).for_each(|_| writer.append(|buffer| buffer.push(1)));
    writer.flush();
    let error = writer.maintenance().run().expect_err("it is noticed");
    assert!(error.to_string().contains("was removed while it was written"), "{error}");
    (0..10).for_each(|_| writer.append(|buffer| buffer.push(1)));
    assert_eq!(writer.flush().records, 10);
    writer.maintenance().run().expect("a disk that is well");
    writer.append_tally();
    writer.flush();
    let batch = JournalReader::open(root.path()).next(1_000).expect("readable").expect("records");
    assert_eq!(batch.len(), 10);
    assert_eq!(batch.tally().map(|tally| tally.tally.records), Some(30));
}

#[test]
fn a_journal_that_cannot_be_acknowledged_stops_no_other() {
    let root = tempfile::tempdir().expect("a folder");
    let (first, folder) = journal_on_disk(root.path(), 10);
    let cursor = folder.join("cursor");
    std::fs::create_dir(&cursor).expect("no cursor can be written");
    let (second, _) = journal_on_disk(root.path(), 20);
    let mut reader = JournalReader::open(root.path());
    let mut acknowledged = BTreeMap::new();
    for _ in 0..2 {
        let batch = reader.next(1_000).expect("the folder can be read").expect("records");
        acknowledged.insert(batch.journal(), reader.acknowledge(&batch).map_err(|error| error.to_string()));
    }
    assert_eq!(acknowledged[&second.id()], Ok(()));
    let error = acknowledged[&first.id()].clone().expect_err("it is told");
    assert!(error.contains(&*cursor.display().to_string()), "{error}");
    assert!(reader.next(1_000).expect("the folder can be read").is_none(), "it is left alone for a while");
    assert_eq!(reader.failures().map(|(id, _)| id).collect::<Vec<_>>(), [first.id()]);
}

#[test]
fn a_journal_whose_folder_was_removed_goes_on_in_a_new_one() {
    let root = tempfile::tempdir().expect("a folder");
    let (mut writer, folder) = journal_on_disk(root.path(), 10);
    std::fs::remove_dir_all(&folder).expect("the folder is gone");
    writer.maintenance().run().expect_err("it is noticed");
    (0..10).for_each(|_| writer.append(|buffer| buffer.push(1)));
    assert_eq!(writer.flush().records, 10);
    assert_eq!(read_all(&mut JournalReader::open(root.path())), 10);
}

#[test]
fn after_a_failed_sync_another_segment_is_written() {
    let mut world = World::new();
    world.append(100);
    world.flush();
    let files = world.disk.file_count();
    world.disk.set_failing(true);
    world.writer.maintenance().run().expect_err("it fails");
    world.disk.set_failing(false);
    world.append(100);
    world.flush();
    assert_eq!(world.disk.file_count(), files + 1);
    world.writer.maintenance().run().expect("it is well");
}

fn wait_until(mut condition: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !condition() {
        assert!(std::time::Instant::now() < deadline, "the condition did not come true in time");
        std::thread::yield_now();
    }
}

#[test]
fn every_record_that_was_appended_is_written_or_dropped_or_waits_in_memory_or_is_given_up() {
    let disk = SimulatedFileSystem::default();
    let mut writer = Writer::new(disk.clone(), Path::new(ROOT), LIMITS);
    let append = |writer: &mut Writer<_>, records: u64| {
        (0..records).for_each(|_| writer.append(|buffer| buffer.resize(buffer.len() + 50_000, 0xee)));
    };
    append(&mut writer, 3);
    let well = writer.flush();
    assert_eq!((well.appended, well.records, well.waiting, well.dropped), (3, 3, 0, 0));

    disk.set_free_bytes(Some(0));
    append(&mut writer, 200);
    let full = writer.flush();
    assert_eq!(full.appended, 200);
    assert!(full.dropped > 0 && full.waiting > 0, "{full:?}");
    assert_eq!(full.records + full.waiting + full.dropped, full.appended);
    assert_eq!(writer.give_up(), full.waiting);
    let nothing = writer.flush();
    assert_eq!((nothing.appended, nothing.records, nothing.waiting, nothing.dropped), (0, 0, 0, 0));
}
