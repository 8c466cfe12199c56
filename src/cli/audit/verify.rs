//! `elido audit verify`: reads chains of the audit trail row by row, from files or from the database.
//!
//! Invariant: it needs nothing but what it reads; a file is checked without a server, on any machine.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{self, OutputArguments};
use crate::cli::settings::ConfigArguments;
use crate::domain::audit::{AuditEvent, ChainHead, Verifier};
use crate::domain::error::Error;
use crate::domain::recorded::Chain;
use crate::infra::store::{Store, audit};
use crate::services::api_core::AuditExportHeader;

/// The longest row of a file, in bytes. A link whose rules use every limit to the full has about ten million.
const ROW_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Rows of the database in memory at a time.
const PAGE_ROWS: u64 = 500;

/// Tells whether files of the audit trail, or the database, are whole.
#[derive(Debug, Args)]
#[command(
    long_about = "Reads every row of a chain and tells whether it is as it was written: a row that was changed, removed, added or \
moved is named, and so is an end that was cut off.\n\nWith files, as `elido audit export` writes them, no server is needed. A later \
file (--after) is checked against what it says of the one before. Without files every chain of the database of the settings is read. \
With --database the files are checked, and then whether the database still has their last rows: so whoever keeps a file elsewhere finds \
out when a whole chain was written anew."
)]
#[command(after_long_help = "Examples:
  elido audit verify audit.ndjson
  elido audit verify audit-1.ndjson audit-2.ndjson
  elido audit verify
  elido audit verify --database audit.ndjson --config /etc/elido/elido.toml")]
pub(super) struct VerifyArguments {
    /// Files of NDJSON; those of one chain in their order.
    files: Vec<PathBuf>,
    /// Check the database too: all of it without files, otherwise whether it holds what the files end with.
    #[arg(long)]
    database: bool,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// What became of one chain.
struct Verdict {
    source: String,
    chain: Chain,
    reached: ChainHead,
    broken: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// When something cannot be read, or a chain is not whole.
pub(super) async fn run(arguments: VerifyArguments) -> Result<(), Failure> {
    let mut verdicts = arguments.files.iter().map(|path| verify_file(path)).collect::<Result<Vec<_>, _>>()?;
    if arguments.files.is_empty() || arguments.database {
        let config = arguments.config.load()?.config;
        let store = Store::connect(&config.database, &config.data_folder).await.map_err(unreadable)?;
        let checked = if arguments.files.is_empty() {
            verify_database(&store).await
        } else {
            hold_against(&store, &verdicts).await
        };
        store.close().await;
        verdicts.extend(checked?);
    }
    let broken = verdicts.iter().filter(|verdict| verdict.broken.is_some()).count();
    verdicts.iter().try_for_each(|verdict| print(verdict, arguments.output))?;
    if broken == 0 {
        return Ok(());
    }
    Err(Failure::new(Exit::Failure, format!("{broken} of {} chains are not whole", verdicts.len())))
}

fn print(verdict: &Verdict, output: OutputArguments) -> Result<(), Failure> {
    let Verdict { source, chain, reached, broken } = verdict;
    if output.json {
        return output::json_line(&json!({
            "source": source, "chain": chain, "whole": broken.is_none(), "sequence": reached.sequence,
            "hash": reached.hash, "broken": broken,
        }));
    }
    match broken {
        None => output::line(&format!("{source}: {chain} is whole up to row {}, {}", reached.sequence, reached.hash)),
        Some(reason) => {
            output::line(&format!("{source}: {chain} is NOT whole: {reason} (whole up to row {})", reached.sequence))
        }
    }
}

fn verify_file(path: &Path) -> Result<Verdict, Failure> {
    let file = File::open(path).map_err(|error| Failure::file(path, &error))?;
    let mut lines = Lines { path, reader: BufReader::new(file), number: 0 };
    let header: AuditExportHeader = match lines.next()? {
        Some(Ok(header)) => header,
        _ => {
            let message = format!("{} does not begin as `elido audit export` writes it", path.display());
            return Err(Failure::new(Exit::Failure, message));
        }
    };
    let mut verifier = Verifier::new(header.chain, header.after);
    let broken = loop {
        match lines.next::<AuditEvent>()? {
            None => break verifier.finish(header.head).err().map(|broken| broken.to_string()),
            Some(Err(reason)) => break Some(reason),
            Some(Ok(row)) => {
                if let Err(broken) = verifier.read(&row) {
                    break Some(broken.to_string());
                }
            }
        }
    };
    let source = path.display().to_string();
    Ok(Verdict { source, chain: header.chain, reached: verifier.reached(), broken })
}

/// The lines of a file, one in memory at a time.
struct Lines<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    number: u64,
}

impl Lines<'_> {
    /// The next line; an inner error where it is not what it should be.
    fn next<T: DeserializeOwned>(&mut self) -> Result<Option<Result<T, String>>, Failure> {
        let mut line = Vec::new();
        let mut limited = self.reader.by_ref().take(ROW_BYTES_MAX);
        limited.read_until(b'\n', &mut line).map_err(|error| Failure::file(self.path, &error))?;
        if line.is_empty() {
            return Ok(None);
        }
        self.number = self.number.saturating_add(1);
        let number = self.number;
        let read = serde_json::from_slice(&line);
        Ok(Some(read.map_err(|error| format!("line {number} is no row of the trail: {error}"))))
    }
}

async fn verify_database(store: &Store) -> Result<Vec<Verdict>, Failure> {
    let mut verdicts = Vec::new();
    let mut after = None;
    loop {
        let heads = audit::heads(store.reader(), after, PAGE_ROWS).await.map_err(unreadable)?;
        let Some((last, _)) = heads.last() else { return Ok(verdicts) };
        after = Some(*last);
        for (chain, head) in heads {
            verdicts.push(verify_chain(store, chain, head).await);
        }
    }
}

async fn verify_chain(store: &Store, chain: Chain, head: ChainHead) -> Verdict {
    let mut verifier = Verifier::new(chain, ChainHead::default());
    let broken = loop {
        let reached = verifier.reached().sequence;
        // A row behind the head would be one that was added; it is read with the last page.
        let rows = match audit::range(store.reader(), chain, reached, i64::MAX, PAGE_ROWS).await {
            Ok(rows) => rows,
            Err(error) => break Some(format!("a row behind {reached} cannot be read: {}", cause(&error))),
        };
        if rows.is_empty() {
            break verifier.finish(head).err().map(|broken| broken.to_string());
        }
        if let Some(broken) = rows.iter().find_map(|row| verifier.read(row).err()) {
            break Some(broken.to_string());
        }
    };
    // The platform may have gone on meanwhile; then the head of now is the one that counts.
    let broken = match (broken, audit::head(store.reader(), chain).await) {
        (Some(_), Ok(now)) if now != head && verifier.finish(now).is_ok() => None,
        (broken, _) => broken,
    };
    Verdict { source: "database".to_owned(), chain, reached: verifier.reached(), broken }
}

/// Whether the database has the last row of every file, and the last one of a chain is no earlier.
async fn hold_against(store: &Store, files: &[Verdict]) -> Result<Vec<Verdict>, Failure> {
    let mut verdicts = Vec::new();
    for file in files {
        let (chain, end) = (file.chain, file.reached);
        let before = end.sequence.saturating_sub(1);
        let rows = audit::range(store.reader(), chain, before, end.sequence, 1).await.map_err(unreadable)?;
        let is_there = end == ChainHead::default() || rows.first().is_some_and(|row| row.hash == end.hash);
        let reason =
            || format!("it has not got row {} of {}: the chain was cut off or written anew", end.sequence, file.source);
        let mut verdict =
            verify_chain(store, chain, audit::head(store.reader(), chain).await.map_err(unreadable)?).await;
        if !is_there {
            verdict.broken = Some(reason());
        }
        verdicts.push(verdict);
    }
    Ok(verdicts)
}

fn cause(error: &Error) -> String {
    error.source.as_ref().map_or_else(|| error.message.clone(), ToString::to_string)
}

fn unreadable(error: Error) -> Failure {
    Failure::new(Exit::Unavailable, format!("the database cannot be read: {}", cause(&error)))
}
