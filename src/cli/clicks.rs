//! `elido clicks`: what became of clicks on their way, for those who run the instance.

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::{Exit, Failure};
use super::output::{self, OutputArguments};
use super::settings::ConfigArguments;
use crate::domain::id::{LinkId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::infra::click_store::{ClickStore, ClickStoreError, Compacted, Erasure, Period, Verified};
use crate::infra::click_topic::{self, ReplayError};
use crate::infra::store::Store;

/// Looks after clicks on their way into the click store.
#[derive(Debug, Args)]
pub struct ClicksCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Puts records that were no click back among the clicks, such as after an update that can read them.
    #[command(
        long_about = "Puts records that were no click back among the clicks, such as after an update that can read them.\n\nThey are in \
the topic NAME.dead of the bus beside the topic of clicks, each with the reason. Each is put back once, however often this runs; one that \
is still no click dies again, with the next reason.",
        after_long_help = "Examples:\n  elido clicks replay-dead"
    )]
    ReplayDead(ClicksArguments),
    /// Packs every click of the embedded click store, and gives back the disk that is not used any more.
    #[command(
        long_about = "Packs every click of the embedded click store, and gives back the disk that is not used any more.\n\nA running \
ingester packs by itself what comes in, and what a store has from before that. This does it at once, also for workspaces with few clicks. It may be \
stopped at any time and goes on where it was. The disk needs room for a copy of the file, which is made in the same folder. Where a packed segment is \
damaged it ends with 65.",
        after_long_help = "Examples:\n  elido clicks compact"
    )]
    Compact(ClicksArguments),
    /// Reads every click of the embedded click store, and says what is wrong. Changes nothing.
    #[command(
        long_about = "Reads every click of the embedded click store, and says what is wrong. Changes nothing.\n\nIt looks at the checksums of \
packed clicks, at their values, at what is there twice, and at the totals of links, which must not be less than their clicks. Where something is \
wrong it ends with 65.",
        after_long_help = "Examples:\n  elido clicks verify\n  elido clicks verify --json"
    )]
    Verify(ClicksArguments),
    /// Deletes clicks for good: those of a link, of a visitor, or of a time.
    #[command(
        long_about = "Deletes clicks of a workspace for good: those of a link, of a visitor, of a time, or what several of these have in common.\n\nA visitor is named as lists and exports of clicks name them: a number of 16 hexadecimal digits that is theirs on one day (UTC). What links were ever clicked stays as a number. Clicks that are still on their way, in a journal or on the bus, are stored afterwards: run it again a minute later.",
        after_long_help = "Examples:\n  elido clicks erase --workspace ws_0190b8f20000700080000000000000bb --link lnk_0190b8f20000700080000000000000aa\n  elido clicks erase --workspace ws_0190b8f20000700080000000000000bb --visitor 00f1a2b3c4d5e6f7\n  elido clicks erase --workspace ws_0190b8f20000700080000000000000bb --to 2026-01-01T00:00:00Z"
    )]
    Erase(EraseArguments),
}

#[derive(Debug, Args)]
#[group(id = "which", required = true, multiple = true, args = ["link", "visitor", "from", "to"])]
struct EraseArguments {
    /// Whose clicks.
    #[arg(long, value_name = "ID")]
    workspace: WorkspaceId,
    /// Those of this link.
    #[arg(long, value_name = "ID")]
    link: Option<LinkId>,
    /// Those of this visitor.
    #[arg(long, value_name = "NUMBER", value_parser = visitor)]
    visitor: Option<u64>,
    /// Those from this moment on.
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Those before this moment.
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    #[command(flatten)]
    clicks: ClicksArguments,
}

fn visitor(text: &str) -> Result<u64, String> {
    let digits = Some(text).filter(|text| text.len() == 16 && !text.starts_with('+'));
    digits
        .and_then(|text| u64::from_str_radix(text, 16).ok())
        .ok_or_else(|| "expected 16 hexadecimal digits".to_owned())
}

#[derive(Debug, Args)]
struct ClicksArguments {
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the command.
///
/// # Errors
/// When the settings have errors, when what is needed does not answer, or when clicks are damaged.
pub async fn run(command: ClicksCommand) -> Result<(), Failure> {
    match command.what {
        What::ReplayDead(arguments) => replay(&arguments).await,
        What::Compact(arguments) => compact(&arguments).await,
        What::Verify(arguments) => verify(&arguments).await,
        What::Erase(arguments) => erase(&arguments).await,
    }
}

async fn replay(arguments: &ClicksArguments) -> Result<(), Failure> {
    let config = arguments.config.load()?.config;
    let replayed = click_topic::replay_dead_clicks(&config).await.map_err(|error| not_replayed(&error))?;
    if arguments.output.json {
        return output::json_line(&json!({ "replayed": replayed }));
    }
    output::line(&format!("{replayed} records replayed"))
}

fn not_replayed(error: &ReplayError) -> Failure {
    let exit = if matches!(error, ReplayError::NoBus) { Exit::Config } else { Exit::Unavailable };
    Failure::new(exit, error.to_string())
}

async fn compact(arguments: &ClicksArguments) -> Result<(), Failure> {
    let store = arguments.embedded_store().await?;
    let compacted = store.compact(true).await.map_err(|error| failed(&error))?;
    store.shrink().await.map_err(|error| failed(&error))?;
    store.close().await;
    let Compacted { packed, merged, damaged } = compacted;
    if arguments.output.json {
        output::json_line(&json!({ "packed": packed, "merged": merged, "damaged": damaged }))?;
    } else {
        output::line(&format!("{packed} clicks packed, {merged} segments made one with others"))?;
    }
    match damaged {
        0 => Ok(()),
        count => Err(Failure::new(Exit::Data, format!("{count} segments are damaged; elido clicks verify names them"))),
    }
}

async fn verify(arguments: &ClicksArguments) -> Result<(), Failure> {
    let store = arguments.store_to_read().await?;
    let verified = store.verify().await.map_err(|error| failed(&error))?;
    store.close().await;
    let Verified { clicks, not_packed, segments, problems } = verified;
    if arguments.output.json {
        let answer = json!({ "clicks": clicks, "not_packed": not_packed, "segments": segments, "problems": problems });
        output::json_line(&answer)?;
    } else {
        problems.iter().try_for_each(|problem| output::line(problem))?;
        output::line(&format!("{clicks} clicks read, of which {not_packed} are not packed, in {segments} segments"))?;
    }
    match problems.len() {
        0 => Ok(()),
        count => Err(Failure::new(Exit::Data, format!("{count} problems were found"))),
    }
}

async fn erase(arguments: &EraseArguments) -> Result<(), Failure> {
    let EraseArguments { workspace, link, visitor, from, to, clicks } = arguments;
    let store = clicks.store().await?;
    let period = Period { from: from.unwrap_or(Timestamp::EARLIEST), to: to.unwrap_or(Timestamp::LATEST) };
    let erasure = Erasure { workspace_id: *workspace, period, link_id: *link, visitor: *visitor };
    let erased = store.erase(&erasure).await.map_err(|error| failed(&error))?;
    store.close().await;
    if clicks.output.json {
        return output::json_line(&json!({ "erased": erased }));
    }
    output::line(&format!("{erased} clicks erased"))
}

impl ClicksArguments {
    async fn store(&self) -> Result<ClickStore, Failure> {
        let config = self.config.load()?.config;
        if !config.click_store.is_clickhouse() {
            return self.embedded_store().await;
        }
        let database = Store::connect(&config.database, &config.data_folder).await;
        let database = database.map_err(|error| Failure::new(Exit::Unavailable, error.to_string()))?;
        ClickStore::connect(&config.click_store, database).map_err(|error| failed(&error))
    }

    async fn store_to_read(&self) -> Result<ClickStore, Failure> {
        let config = self.config.load()?.config;
        if config.click_store.is_clickhouse() {
            return Err(failed(&ClickStoreError::NotEmbedded));
        }
        ClickStore::open_to_read(&config.click_store, &config.data_folder).await.map_err(|error| failed(&error))
    }

    async fn embedded_store(&self) -> Result<ClickStore, Failure> {
        let config = self.config.load()?.config;
        if config.click_store.is_clickhouse() {
            return Err(failed(&ClickStoreError::NotEmbedded));
        }
        ClickStore::open(&config.click_store, &config.data_folder).await.map_err(|error| failed(&error))
    }
}

fn failed(error: &ClickStoreError) -> Failure {
    let exit = match error {
        ClickStoreError::NotEmbedded => Exit::Config,
        ClickStoreError::NotErased(_) | ClickStoreError::Version { .. } => Exit::Data,
        _ => Exit::Unavailable,
    };
    Failure::new(exit, error.to_string())
}
