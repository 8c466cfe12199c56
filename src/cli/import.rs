//! `elido import`: links from a file.
//!
//! Invariant: however often a command is broken off and given again, a row
//! becomes one link or one line of the report.

mod batch;
mod bulk;
mod protected_rows;
mod report;
mod state;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use secrecy::ExposeSecret;
use serde::Serialize;
use uuid::Uuid;

use self::batch::{Batch, BatchRow, gather};
use self::protected_rows::ProtectedRows;
use self::report::Report;
use self::state::{ImportIdentity, ImportState, Sending, file_sha256, text_sha256};
use super::api_client::{ApiArguments, ApiClient};
use super::exit::{Exit, Failure};
use super::output::{self, OutputArguments};
use super::progress;
use super::rows::{Format, Rows, RowsError};
use crate::http::idempotency;
use crate::runtime::clock;

/// How long to go on trying while the server is unavailable. A server that was killed at a batch refuses its key for a while.
const PATIENCE: Duration = idempotency::CLAIM_HELD_FOR.saturating_add(Duration::from_secs(60));
/// A batch whose answer is not known is sent again under its key for so long; the server forgets keys soon after.
const KEY_TRUSTED_FOR: Duration = idempotency::KEPT_FOR.saturating_sub(Duration::from_secs(60 * 60));

/// Creates links from a CSV or NDJSON file.
#[derive(Debug, Args)]
#[command(
    long_about = "Creates links from a file, in batches, with little memory however long the file is.\n\nA CSV file \
names its columns in the first line; destination_url is the only one it needs. Others are domain, slug, title, description, \
image_url, comment, tags (separated by commas), external_id, redirect_status, starts_at, expires_at, expired_url, \
expired_text, not_found_text, preview (as JSON), robots, ios_url, android_url, click_budget (as JSON), \
max_clicks, password, forward_query, forward_path, archived, needs_approval, utm \
and rules (JSON). An NDJSON file has one JSON object a \
line with the same fields, as the API takes them. What `elido export` writes can be imported as it is.\n\nRows that are \
refused do not stop the others: they go into the report, one JSON object a line, with what is wrong. How far the import \
has come is kept in a file beside the report, so that the same command goes on after an interruption and never creates a \
row twice."
)]
#[command(after_long_help = "Examples:
  elido import links.csv
  elido import --report refused.ndjson --json links.ndjson
  elido import --again links.csv")]
pub struct ImportArguments {
    /// The file.
    file: PathBuf,
    /// How the file holds its rows; by default what its name tells (.csv, .ndjson, .jsonl).
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Where refused rows go; by default the file's name with .report.ndjson behind it.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// How many rows go to the server at once.
    #[arg(long, value_name = "COUNT", default_value_t = 500, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1000))]
    batch_rows: usize,
    /// Start from the beginning, and create the links of an earlier import of the same file once more.
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    api: ApiArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// An import under way.
struct Import {
    client: ApiClient,
    workspace: String,
    report: Report,
    protected: ProtectedRows,
    state: ImportState,
    state_path: PathBuf,
    bar: ProgressBar,
}

/// What an import came to.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    rows: u64,
    created: u64,
    refused: u64,
    report: &'a Path,
}

/// Runs the command.
///
/// # Errors
/// When the file cannot be read, the server refuses or stays unavailable, or rows were refused.
pub async fn run(arguments: ImportArguments) -> Result<(), Failure> {
    let format = format_of(&arguments)?;
    let report_path = arguments.report.clone().unwrap_or_else(|| with_suffix(&arguments.file, ".report.ndjson"));
    let client = ApiClient::new(&arguments.api)?.patient(PATIENCE);
    let workspace = client.workspace_path(&arguments.api).await?;
    let state_path = with_suffix(&report_path, ".state");
    let state = state_of(&arguments, &workspace, &state_path)?;
    if state.finished {
        output::note("every row of this file was dealt with before; --again imports it once more");
        return summarise(&arguments, &state, &report_path);
    }
    let file = File::open(&arguments.file).map_err(|error| Failure::file(&arguments.file, &error))?;
    let bar = progress::bar(file.metadata().ok().map(|metadata| metadata.len()));
    let report = Report::open(&report_path, state.report_bytes).map_err(|error| Failure::file(&report_path, &error))?;
    let protected_path = with_suffix(&report_path, ".protected");
    let protected = ProtectedRows::open(&protected_path, &state.identity.file_sha256, state.by_content)
        .map_err(|error| Failure::file(&protected_path, &error))?;
    let mut import = Import { client, workspace, report, protected, state, state_path, bar };
    let unreadable = |error: RowsError| Failure::new(Exit::Data, format!("{}: {error}", arguments.file.display()));
    let rows = Rows::open(format, import.bar.wrap_read(BufReader::new(file))).map_err(unreadable)?;
    let broken = import.all_of(rows).await?;
    import.bar.finish_and_clear();
    broken.map_or(Ok(()), |error| Err(unreadable(error)))?;
    summarise(&arguments, &import.state, &report_path)
}

impl Import {
    /// Deals with every row that is not dealt with yet. Returns why the file ended early, if it did.
    async fn all_of(&mut self, mut rows: Rows<impl Read>) -> Result<Option<RowsError>, Failure> {
        for _ in 0..self.state.rows_done {
            if let Err(error) = rows.next() {
                return Ok(Some(error));
            }
        }
        loop {
            let mut batch = gather(&mut rows, self.state.batch_rows);
            let broken = batch.broken.take();
            if batch.is_empty() {
                self.state.finished = broken.is_none();
                self.save()?;
                return Ok(broken);
            }
            self.deal_with(batch).await?;
            if broken.is_some() {
                return Ok(broken);
            }
        }
    }

    /// Sends a batch, writes down what became of it, and only then moves on.
    async fn deal_with(&mut self, batch: Batch) -> Result<(), Failure> {
        let rows = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let mut refusals = batch.refusals;
        let (there, sent): (Vec<_>, Vec<_>) = batch.rows.into_iter().partition(|row| self.protected.knows(row));
        self.state.created = self.state.created.saturating_add(u64::try_from(there.len()).unwrap_or(u64::MAX));
        if !sent.is_empty() {
            let repetition = self.begin_batch()?;
            let outcome = bulk::create(&self.client, &self.workspace, &sent, &repetition).await;
            let outcome = outcome.map_err(|failure| self.interrupted(&failure))?;
            self.state.created = self.state.created.saturating_add(outcome.created);
            let is_refused = |row: &&BatchRow| outcome.refusals.iter().any(|refusal| refusal.row == row.number);
            let created = sent.iter().filter(|row| !is_refused(row));
            self.protected.add(created).map_err(|error| cannot_keep(&error))?;
            refusals.extend(outcome.refusals);
        }
        refusals.sort_by_key(|refusal| refusal.row);
        self.state.report_bytes = self.report.add(&refusals).map_err(|error| cannot_keep(&error))?;
        self.state.refused = self.state.refused.saturating_add(u64::try_from(refusals.len()).unwrap_or(u64::MAX));
        self.state.rows_done = self.state.rows_done.saturating_add(rows);
        self.state.sent = None;
        self.save()?;
        self.bar.set_message(format!("{} created, {} refused", self.state.created, self.state.refused));
        Ok(())
    }

    /// Writes down that a batch is on its way, unless an earlier run did, and says how to send it.
    fn begin_batch(&mut self) -> Result<Repetition, Failure> {
        let key = self.state.identity.batch_key(self.state.rows_done, self.state.batch_rows);
        let now = Sending { at: clock::now(), token_sha256: text_sha256(self.client.token().expose_secret()) };
        let Some(first) = &self.state.sent else {
            self.state.sent = Some(now);
            self.save()?;
            return Ok(if self.state.by_content { Repetition::ByContent(key) } else { Repetition::ByKey(key) });
        };
        if self.state.by_content {
            return Ok(Repetition::ByContent(key));
        }
        if first.token_sha256 == now.token_sha256 && now.at.since(first.at) < KEY_TRUSTED_FOR {
            return Ok(Repetition::ByKey(key));
        }
        Ok(Repetition::ByContent(format!("{key}-again")))
    }

    fn save(&self) -> Result<(), Failure> {
        self.state.save(&self.state_path).map_err(|error| Failure::file(&self.state_path, &error))
    }

    fn interrupted(&self, failure: &Failure) -> Failure {
        self.bar.finish_and_clear();
        let done = self.state.rows_done;
        let message = format!("{failure}\n{done} rows are dealt with; the same command goes on from there");
        Failure { exit: failure.exit, message }
    }
}

/// How a batch whose first response may have got lost is kept from being done twice.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Repetition {
    /// The server knows the key, if it has seen it.
    ByKey(String),
    /// The key was used too long ago or with another token: the server looks for identical links, and this is a new key.
    ByContent(String),
}

fn cannot_keep(error: &std::io::Error) -> Failure {
    Failure::new(Exit::Failure, format!("the report cannot be written: {error}"))
}

fn format_of(arguments: &ImportArguments) -> Result<Format, Failure> {
    arguments.format.or_else(|| Format::of(&arguments.file)).ok_or_else(|| {
        Failure::usage(format!("{} does not tell its format: add --format csv or ndjson", arguments.file.display()))
    })
}

/// The path with `suffix` behind its whole name.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// What an earlier run left of this import, or its beginning.
fn state_of(arguments: &ImportArguments, workspace: &str, state_path: &Path) -> Result<ImportState, Failure> {
    let file_sha256 = file_sha256(&arguments.file).map_err(|error| Failure::file(&arguments.file, &error))?;
    let mut identity = ImportIdentity {
        file_sha256,
        api_url: arguments.api.api_url.to_string(),
        workspace: workspace.to_owned(),
        again: String::new(),
    };
    if arguments.again {
        identity.again = Uuid::new_v4().simple().to_string();
        return Ok(ImportState::new(identity, arguments.batch_rows));
    }
    let Some(state) = ImportState::load(state_path).map_err(|error| Failure::file(state_path, &error))? else {
        return Ok(ImportState::new(identity, arguments.batch_rows));
    };
    identity.again.clone_from(&state.identity.again);
    if state.identity != identity {
        if state.identity.is_of_another_file_only(&identity) {
            // Whoever mends refused rows, or a file that broke off, runs the same command again: links that are there
            // already stay one.
            let mut state = ImportState::new(identity, arguments.batch_rows);
            state.by_content = true;
            return Ok(state);
        }
        return Err(Failure::usage(format!(
            "{} belongs to an import into another workspace, or by another server: name another --report, or start over \
             with --again, which creates the links of rows that were imported before once more",
            state_path.display()
        )));
    }
    Ok(state)
}

fn summarise(arguments: &ImportArguments, state: &ImportState, report: &Path) -> Result<(), Failure> {
    let summary = Summary { rows: state.rows_done, created: state.created, refused: state.refused, report };
    if arguments.output.json {
        output::json_line(&summary)?;
    } else {
        output::line(&format!("{} rows: {} links created, {} refused", state.rows_done, state.created, state.refused))?;
    }
    if state.refused == 0 {
        return Ok(());
    }
    let rows = if state.refused == 1 { "1 row was".to_owned() } else { format!("{} rows were", state.refused) };
    Err(Failure::new(Exit::Data, format!("{rows} refused: see {}", report.display())))
}
