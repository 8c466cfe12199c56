//! Whether what is packed is what was stored.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use super::connection::ClickStore;
use super::reading::Reading;
use super::row::{id, id_bytes};
use super::segments::{Segment, any_workspace_after, every_segment_of};
use super::thread::on_thread;
use crate::domain::click::ClickKind;
use crate::infra::click_store::columns::{Block, Damaged, Part, Property};
use crate::infra::click_store::{ClickStoreError, Verified};

/// Problems that are told; more of them say no more.
const PROBLEMS_MAX: usize = 100;

/// Identities that are held in memory at once, 16 bytes each: those of more clicks are compared in several rounds.
const IDENTITIES_AT_ONCE: usize = 4_000_000;

/// What is found of the clicks of one workspace.
#[derive(Default)]
struct Findings {
    /// The clicks of each link that totals count.
    of_links: HashMap<Uuid, u64>,
}

impl ClickStore {
    /// Reads every click and says what is wrong: with the checksums of segments, with values that make no click, with what a segment says
    /// of itself, with records that are there twice, and with totals of links that are less than their clicks. What it holds in memory is a
    /// segment, some identities and a number a link.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn verify(&self) -> Result<Verified, ClickStoreError> {
        self.verify_with(IDENTITIES_AT_ONCE).await
    }

    async fn verify_with(&self, identities_at_once: usize) -> Result<Verified, ClickStoreError> {
        let mut verified = Verified::default();
        let mut reading = Reading::begin_long(self).await?;
        let mut workspace = Uuid::nil();
        while let Some(next) = any_workspace_after(reading.connection(), workspace).await? {
            let before = verified.clicks;
            let segments = every_segment_of(reading.connection(), next).await?;
            verify_workspace(next, &segments, reading.connection(), &mut verified).await?;
            let clicks = usize::try_from(verified.clicks - before).unwrap_or(usize::MAX);
            let twice = count_twice(next, &segments, reading.connection(), clicks.div_ceil(identities_at_once)).await?;
            if twice > 0 {
                tell(&mut verified, format!("{twice} clicks of the workspace {next} are there twice"));
            }
            workspace = next;
        }
        Ok(verified)
    }
}

async fn verify_workspace(
    workspace: Uuid,
    segments: &[Segment],
    connection: &mut SqliteConnection,
    verified: &mut Verified,
) -> Result<(), ClickStoreError> {
    let mut findings = Findings::default();
    verify_rows(workspace, connection, &mut findings, verified).await?;
    for segment in segments {
        verified.segments += 1;
        let name = format!("segment {}", segment.id);
        match segment.load_all(connection).await {
            Ok(block) => {
                verified.clicks += block.clicks() as u64;
                let segment = segment.clone();
                let (with_it, problems) = on_thread(move || findings.with(&segment, &block)).await;
                findings = with_it;
                problems.into_iter().for_each(|text| tell(verified, format!("{name}: {text}")));
            }
            Err(ClickStoreError::Damaged(_)) => tell(verified, format!("{name}: a column is damaged or missing")),
            Err(error) => return Err(error),
        }
    }
    verify_totals(workspace, connection, findings, verified).await
}

async fn verify_rows(
    workspace: Uuid,
    connection: &mut SqliteConnection,
    findings: &mut Findings,
    verified: &mut Verified,
) -> Result<(), ClickStoreError> {
    let sql = "SELECT link_id, kind = 'redirect' AND counted = 1 AS is_in_totals FROM clicks WHERE workspace_id = ?";
    let mut rows = sqlx::query(sql).bind(id_bytes(workspace)).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        verified.clicks += 1;
        verified.not_packed += 1;
        if let (Some(link), true) = (id(&row, "link_id")?, row.try_get("is_in_totals")?) {
            *findings.of_links.entry(link).or_default() += 1;
        }
    }
    Ok(())
}

async fn verify_totals(
    workspace: Uuid,
    connection: &mut SqliteConnection,
    findings: Findings,
    verified: &mut Verified,
) -> Result<(), ClickStoreError> {
    let mut missing = findings.of_links;
    let sql = "SELECT link_id, clicks FROM link_totals WHERE workspace_id = ?";
    let mut rows = sqlx::query(sql).bind(id_bytes(workspace)).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let total = row.try_get::<i64, _>("clicks")?.cast_unsigned();
        let Some(link) = id(&row, "link_id")? else { continue };
        if let Some(clicks) = missing.remove(&link).filter(|clicks| total < *clicks) {
            tell(verified, format!("the link {link} has {clicks} clicks and a total of {total}"));
        }
    }
    for (link, clicks) in missing {
        tell(verified, format!("the link {link} has {clicks} clicks and no total"));
    }
    Ok(())
}

/// How many clicks are there once more than they should. Each round compares those that its share of identities falls to.
async fn count_twice(
    workspace: Uuid,
    segments: &[Segment],
    connection: &mut SqliteConnection,
    rounds: usize,
) -> Result<usize, ClickStoreError> {
    let mut twice = 0;
    for round in 0..rounds {
        let mut identities = Identities { round: round as u64, rounds: rounds as u64, found: Vec::new() };
        let sql = "SELECT journal_id, position FROM clicks WHERE workspace_id = ?";
        let mut rows = sqlx::query_as::<_, (i64, i64)>(sql).bind(id_bytes(workspace)).fetch(&mut *connection);
        while let Some((journal, position)) = rows.try_next().await? {
            identities.add((journal.cast_unsigned(), position.cast_unsigned()));
        }
        drop(rows);
        for segment in segments {
            match segment.load(connection, &IDENTITY).await {
                Ok(block) => identities = on_thread(move || identities.with(&block)).await,
                // It has been told of.
                Err(ClickStoreError::Damaged(_)) => {}
                Err(error) => return Err(error),
            }
        }
        twice += on_thread(move || identities.twice()).await;
    }
    Ok(twice)
}

/// The parts that say which record a click was.
const IDENTITY: [Part; 3] = [Part::At, Part::Position, Part::Column(Property::Journal)];

/// A share of the identities of clicks: journals, and positions in them.
struct Identities {
    round: u64,
    rounds: u64,
    found: Vec<(u64, u64)>,
}

impl Identities {
    fn add(&mut self, identity: (u64, u64)) {
        let (journal, position) = identity;
        if (journal ^ position) % self.rounds == self.round {
            self.found.push(identity);
        }
    }

    fn with(mut self, block: &Block) -> Self {
        for position in (0..block.clicks()).filter_map(|index| block.position(index)) {
            self.add((position.journal_id.as_u64(), position.position));
        }
        self
    }

    fn twice(mut self) -> usize {
        self.found.sort_unstable();
        self.found.windows(2).filter(|pair| matches!(pair, [left, right] if left == right)).count()
    }
}

impl Findings {
    /// Adds a segment, and says what is wrong with it.
    fn with(mut self, segment: &Segment, block: &Block) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let ends = (block.at().first().copied(), block.at().last().copied());
        if ends != (Some(segment.first_at), Some(segment.last_at)) || !block.at().is_sorted() {
            problems.push("its times are not those that it says".to_owned());
        }
        if block.orphans() != segment.orphans {
            problems.push("it does not have as many visits to no link as it says".to_owned());
        }
        let unreadable = (0..block.clicks()).filter(|index| self.add(block, *index).is_err()).count();
        if unreadable > 0 {
            problems.push(format!("{unreadable} of its clicks cannot be read"));
        }
        (self, problems)
    }

    fn add(&mut self, block: &Block, index: usize) -> Result<(), Damaged> {
        let event = block.event(index)?;
        let is_in_totals = event.click.kind == ClickKind::Redirect && event.click.is_counted();
        if let Some(link) = event.click.link_id.filter(|_| is_in_totals) {
            *self.of_links.entry(link.as_uuid()).or_default() += 1;
        }
        Ok(())
    }
}

fn tell(verified: &mut Verified, problem: String) {
    if verified.problems.len() < PROBLEMS_MAX {
        verified.problems.push(problem);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::click_store::test_clicks::visit;
    use crate::infra::click_store::{ClickBatch, JournalledClick};
    use crate::infra::journal::JournalId;

    async fn packed() -> (tempfile::TempDir, ClickStore) {
        let folder = tempfile::tempdir().expect("a folder");
        let config = crate::config::sections::ClickStoreConfig::embedded("clicks.db");
        let store = ClickStore::open(&config, folder.path()).await.expect("a store");
        let clicks = (0..100).map(|position| JournalledClick { position, click: visit(0) }).collect();
        let batch = ClickBatch {
            journal_id: JournalId::from_u64(1),
            through: 99,
            clicks,
            undecodable: Vec::new(),
            tally: None,
        };
        store.store(&batch).await.expect("stored");
        store.compact(true).await.expect("packed");
        (folder, store)
    }

    #[tokio::test]
    async fn whatever_is_wrong_is_found() {
        for (harm, word) in [
            ("UPDATE click_columns SET packed = CAST(X'00' || substr(packed, 2) AS BLOB) WHERE part = 0", "damaged"),
            ("DELETE FROM click_columns WHERE part = 12", "missing"),
            ("UPDATE click_segments SET last_at = last_at + 1", "times"),
            ("UPDATE click_segments SET orphans = 1", "no link"),
            ("UPDATE link_totals SET clicks = 99", "a total of 99"),
            (
                "INSERT INTO clicks (journal_id, position, at, workspace_id, kind, status, counted, host, slug, device, agent, prefetch, head, qr) \
                 SELECT 1, 7, 0, workspace_id, 'redirect', 302, 1, '', '', 'other', 'human', 0, 0, 0 FROM click_segments",
                "twice",
            ),
        ] {
            let (_folder, store) = packed().await;
            assert_eq!(store.verify().await.expect("a verification").problems, Vec::<String>::new());
            sqlx::query(harm).execute(&store.writer).await.expect("harm");
            let problems = store.verify().await.expect("a verification").problems;
            assert!(problems.iter().any(|problem| problem.contains(word)), "{harm}: {problems:?}");
        }
    }

    #[tokio::test]
    async fn clicks_that_are_there_twice_are_found_however_few_fit_into_memory() {
        let (_folder, store) = packed().await;
        let again = "INSERT INTO clicks (journal_id, position, at, workspace_id, kind, status, counted, host, slug, device, agent, prefetch, head, qr) \
                     SELECT 1, value, 0, workspace_id, 'redirect', 302, 1, '', '', 'other', 'human', 0, 0, 0 FROM click_segments, json_each('[3, 50, 99]')";
        sqlx::query(again).execute(&store.writer).await.expect("harm");
        for at_once in [1, 10, 1_000] {
            let verified = store.verify_with(at_once).await.expect("a verification");
            assert_eq!((verified.clicks, verified.not_packed), (103, 3));
            assert!(verified.problems.iter().any(|problem| problem.starts_with("3 clicks")), "{verified:?}");
        }
    }
}
