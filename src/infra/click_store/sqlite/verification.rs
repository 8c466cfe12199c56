//! Whether what is packed is what was stored.

use std::collections::HashMap;

use sqlx::Row;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use super::connection::ClickStore;
use super::reading::Reading;
use super::row::{id, id_bytes};
use super::segments::{Segment, any_workspace_after, every_segment_of};
use super::thread::on_thread;
use crate::domain::click::ClickKind;
use crate::infra::click_store::columns::{Block, Damaged};
use crate::infra::click_store::{ClickStoreError, Verified};
use crate::infra::journal::JournalId;

/// Problems that are told; more of them say no more.
const PROBLEMS_MAX: usize = 100;

/// What is found of the clicks of one workspace.
#[derive(Default)]
struct Findings {
    /// The clicks of each link that totals count.
    of_links: HashMap<Uuid, u64>,
    identities: Vec<(JournalId, u64)>,
}

impl ClickStore {
    /// Reads every click and says what is wrong: with the checksums of segments, with values that make no click, with what a segment says
    /// of itself, with records that are there twice, and with totals of links that are less than their clicks.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn verify(&self) -> Result<Verified, ClickStoreError> {
        let mut verified = Verified::default();
        let mut reading = Reading::begin_long(self).await?;
        let mut workspace = Uuid::nil();
        while let Some(next) = any_workspace_after(reading.connection(), workspace).await? {
            verify_workspace(next, reading.connection(), &mut verified).await?;
            workspace = next;
        }
        Ok(verified)
    }
}

async fn verify_workspace(
    workspace: Uuid,
    connection: &mut SqliteConnection,
    verified: &mut Verified,
) -> Result<(), ClickStoreError> {
    let mut findings = Findings::default();
    verify_rows(workspace, connection, &mut findings, verified).await?;
    for segment in every_segment_of(connection, workspace).await? {
        verified.segments += 1;
        let name = format!("segment {}", segment.id);
        match segment.load_all(connection).await {
            Ok(block) => {
                verified.clicks += block.clicks() as u64;
                let texts;
                (findings, texts) = on_thread(move || findings.with(&segment, &block)).await;
                texts.into_iter().for_each(|text| tell(verified, format!("{name}: {text}")));
            }
            Err(ClickStoreError::Damaged(_)) => tell(verified, format!("{name}: a column is damaged or missing")),
            Err(error) => return Err(error),
        }
    }
    findings.identities.sort_unstable();
    let twice = findings.identities.windows(2).filter(|pair| matches!(pair, [left, right] if left == right)).count();
    if twice > 0 {
        tell(verified, format!("{twice} clicks of the workspace {workspace} are there twice"));
    }
    verify_totals(workspace, connection, &findings, verified).await
}

async fn verify_rows(
    workspace: Uuid,
    connection: &mut SqliteConnection,
    findings: &mut Findings,
    verified: &mut Verified,
) -> Result<(), ClickStoreError> {
    let rows = sqlx::query(
        "SELECT journal_id, position, link_id, kind = 'redirect' AND counted = 1 AS is_in_totals FROM clicks \
         WHERE workspace_id = ?",
    )
    .bind(id_bytes(workspace))
    .fetch_all(&mut *connection)
    .await?;
    verified.clicks += rows.len() as u64;
    verified.not_packed += rows.len() as u64;
    for row in rows {
        let journal = JournalId::from_u64(row.try_get::<i64, _>("journal_id")?.cast_unsigned());
        findings.identities.push((journal, row.try_get::<i64, _>("position")?.cast_unsigned()));
        if let (Some(link), true) = (id(&row, "link_id")?, row.try_get("is_in_totals")?) {
            *findings.of_links.entry(link).or_default() += 1;
        }
    }
    Ok(())
}

async fn verify_totals(
    workspace: Uuid,
    connection: &mut SqliteConnection,
    findings: &Findings,
    verified: &mut Verified,
) -> Result<(), ClickStoreError> {
    let rows = sqlx::query("SELECT link_id, clicks FROM link_totals WHERE workspace_id = ?")
        .bind(id_bytes(workspace))
        .fetch_all(&mut *connection)
        .await?;
    let mut totals = HashMap::new();
    for row in rows {
        let clicks = row.try_get::<i64, _>("clicks")?.cast_unsigned();
        totals.extend(id(&row, "link_id")?.map(|link| (link, clicks)));
    }
    for (link, clicks) in &findings.of_links {
        let total = totals.get(link).copied().unwrap_or_default();
        if total < *clicks {
            tell(verified, format!("the link {link} has {clicks} clicks and a total of {total}"));
        }
    }
    Ok(())
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
        self.identities.push((event.position.journal_id, event.position.position));
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
}
