//! The chains of the live database: all that there are, and all that there have to be.
//!
//! Invariant: what ought to have a chain is read before the heads, so that what the platform writes meanwhile is never taken for a fault.

use std::collections::BTreeSet;

use super::verify::Verdict;
use crate::cli::exit::{Exit, Failure};
use crate::domain::audit::{ChainHead, Verifier};
use crate::domain::error::{self, Error};
use crate::domain::recorded::Chain;
use crate::infra::store::audit::{self, AuditFilter};
use crate::infra::store::{Store, users, workspaces};

/// Rows of the database in memory at a time.
const PAGE_ROWS: u64 = 500;

/// Reads every chain of the database, and names those that are missing.
///
/// # Errors
/// The database cannot be read.
pub(super) async fn verify(store: &Store) -> Result<Vec<Verdict>, Failure> {
    let mut verdicts = Vec::new();
    for chain in chains(store).await.map_err(unreadable)? {
        verdicts.push(verify_chain(store, chain).await.map_err(unreadable)?);
    }
    Ok(verdicts)
}

/// Whether the database has the last row of every file, and the last one of a chain is no earlier.
///
/// # Errors
/// The database cannot be read.
pub(super) async fn hold_against(store: &Store, files: &[Verdict]) -> Result<Vec<Verdict>, Failure> {
    let mut verdicts = Vec::new();
    for file in files {
        let (chain, end) = (file.chain, file.reached);
        let before = end.sequence.saturating_sub(1);
        let rows = audit::range(store.reader(), chain, before, end.sequence, 1).await.map_err(unreadable)?;
        let is_there = end == ChainHead::default() || rows.first().is_some_and(|row| row.hash == end.hash);
        let reason =
            || format!("it has not got row {} of {}: the chain was cut off or written anew", end.sequence, file.source);
        let mut verdict = verify_chain(store, chain).await.map_err(unreadable)?;
        if !is_there {
            verdict.broken = Some(reason());
        }
        verdicts.push(verdict);
    }
    Ok(verdicts)
}

/// The chains that have a head, those that have rows, and those that have to be there.
async fn chains(store: &Store) -> error::Result<BTreeSet<Chain>> {
    let mut chains = BTreeSet::new();
    if users::is_bootstrapped(store.reader()).await? {
        chains.insert(Chain::Instance);
    }
    add_workspaces(store, &mut chains).await?;
    add_purged_workspaces(store, &mut chains).await?;
    let mut after = None;
    while let Some(chain) = audit::next_chain_of_rows(store.reader(), after).await? {
        after = Some(chain);
        chains.insert(chain);
    }
    let mut after = None;
    loop {
        let heads = audit::heads(store.reader(), after, PAGE_ROWS).await?;
        let Some((last, _)) = heads.last() else { return Ok(chains) };
        after = Some(*last);
        chains.extend(heads.into_iter().map(|(chain, _)| chain));
    }
}

async fn add_workspaces(store: &Store, chains: &mut BTreeSet<Chain>) -> error::Result<()> {
    let mut after = None;
    loop {
        let ids = workspaces::ids(store.reader(), after, PAGE_ROWS).await?;
        let Some(last) = ids.last() else { return Ok(()) };
        after = Some(*last);
        chains.extend(ids.into_iter().map(Chain::Workspace));
    }
}

/// The chain of a workspace outlives it, and the instance's chain says which workspaces are gone.
async fn add_purged_workspaces(store: &Store, chains: &mut BTreeSet<Chain>) -> error::Result<()> {
    let purged = AuditFilter { action: Some("workspace.purged".to_owned()), ..AuditFilter::default() };
    let mut before = None;
    loop {
        let rows = audit::list(store.reader(), Chain::Instance, &purged, before, PAGE_ROWS).await?.rows;
        let Some(last) = rows.last() else { return Ok(()) };
        before = Some(last.sequence);
        chains.extend(rows.iter().filter_map(|row| row.target.parse().ok().map(Chain::Workspace)));
    }
}

async fn verify_chain(store: &Store, chain: Chain) -> error::Result<Verdict> {
    let mut verifier = Verifier::new(chain, ChainHead::default());
    let broken = match audit::find_head(store.reader(), chain).await? {
        Some(head) => what_is_broken(store, &mut verifier, chain, head).await?,
        None if audit::range(store.reader(), chain, 0, i64::MAX, 1).await?.is_empty() => {
            Some("it is missing altogether: neither its rows nor its head are there".to_owned())
        }
        None => Some("its head is missing: it was removed, or the rows were added by somebody else".to_owned()),
    };
    Ok(Verdict { source: "database".to_owned(), chain, reached: verifier.reached(), broken, signed: None })
}

/// Reads the rows up to this head, which answers for them whatever the platform writes meanwhile.
async fn what_is_broken(
    store: &Store,
    verifier: &mut Verifier,
    chain: Chain,
    head: ChainHead,
) -> error::Result<Option<String>> {
    loop {
        let reached = verifier.reached().sequence;
        let rows = match audit::range(store.reader(), chain, reached, head.sequence, PAGE_ROWS).await {
            Ok(rows) => rows,
            Err(error) => return Ok(Some(format!("a row behind {reached} cannot be read: {}", cause(&error)))),
        };
        if rows.is_empty() {
            break;
        }
        if let Some(broken) = rows.iter().find_map(|row| verifier.read(row).err()) {
            return Ok(Some(broken.to_string()));
        }
    }
    if let Err(broken) = verifier.finish(head) {
        return Ok(Some(broken.to_string()));
    }
    let has_more = audit::has_rows_behind_head(store.reader(), chain).await?;
    Ok(has_more.then(|| "there are rows behind its head: they were added by somebody else".to_owned()))
}

fn cause(error: &Error) -> String {
    error.source.as_ref().map_or_else(|| error.message.clone(), ToString::to_string)
}

/// What the command says of a database that it cannot read.
pub(super) fn unreadable(error: Error) -> Failure {
    Failure::new(Exit::Unavailable, format!("the database cannot be read: {}", cause(&error)))
}
