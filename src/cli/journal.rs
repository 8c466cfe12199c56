//! `elido journal`: the click journals of a folder, for whoever holds only the disk.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::output::{self, OutputArguments};
use super::settings::ConfigArguments;
use crate::infra::journal::{self, Inspected, JournalId};
use crate::roles::{self, JournalShippingError};

/// The columns of the table.
const COLUMNS: [&str; 8] =
    ["journal", "written", "segments", "bytes", "waiting", "damaged_bytes", "partition", "missing"];

/// Looks into click journals, and ships them to the bus.
#[derive(Debug, Args)]
#[command(
    long_about = "Looks into click journals, and ships them to the bus.\n\nClicks wait in journals on the disk of an edge until they were \
taken. Where that edge is gone for good and only its disk is left, these commands say what is on it and bring it to its place. Each click is \
stored once, whoever ships it and however often."
)]
pub struct JournalCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the journals of a folder, and how many clicks wait in each. Changes nothing.
    #[command(
        after_long_help = "Examples:\n  elido journal inspect\n  elido journal inspect --folder /mnt/old-disk/elido/journal --json"
    )]
    Inspect(FolderArguments),
    /// Ships what waits in the journals of a folder to the bus (bus.url), unless a running process does so.
    #[command(after_long_help = "Examples:\n  elido journal ship --folder /mnt/old-disk/elido/journal")]
    Ship(ShipArguments),
    /// Takes a copy of a journal for all that there is of it. A copy that is not whole is read only then, and the clicks of what is missing are lost.
    #[command(after_long_help = "Examples:\n  elido journal accept 00ff3c1d2e4b5a69")]
    Accept(AcceptArguments),
}

#[derive(Debug, Args)]
struct FolderArguments {
    /// The folder of the journals. By default that of the settings: data_folder/journal.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Args)]
struct ShipArguments {
    /// How long to try, in seconds. What is left then is where it was.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
    #[command(flatten)]
    folder: FolderArguments,
}

#[derive(Debug, Args)]
struct AcceptArguments {
    /// The journal: 16 hexadecimal digits.
    journal: String,
    /// The folder of the journals. By default that of the settings: data_folder/journal.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArguments,
}

impl FolderArguments {
    fn folder(&self) -> Result<PathBuf, Failure> {
        folder_of(self.folder.as_ref(), &self.config)
    }
}

fn folder_of(named: Option<&PathBuf>, config: &ConfigArguments) -> Result<PathBuf, Failure> {
    let folder = match named {
        Some(folder) => folder.clone(),
        None => config.load()?.config.journal_folder(),
    };
    if folder.is_dir() {
        return Ok(folder);
    }
    Err(Failure::new(
        Exit::Data,
        format!("{} is not a folder: name that of the journals by --folder", folder.display()),
    ))
}

/// Runs the command.
///
/// # Errors
/// When the settings have errors, the folder cannot be read, or the bus does not take what is in it.
pub async fn run(command: JournalCommand) -> Result<(), Failure> {
    match command.what {
        What::Inspect(arguments) => inspect(&arguments),
        What::Ship(arguments) => ship(&arguments).await,
        What::Accept(arguments) => accept(&arguments),
    }
}

fn inspect(arguments: &FolderArguments) -> Result<(), Failure> {
    let folder = arguments.folder()?;
    let journals = journal::inspect(&folder).map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
    if arguments.output.json {
        return journals.iter().try_for_each(|journal| output::json_line(&form(journal)));
    }
    let row = |journal: &Inspected| {
        let form = form(journal);
        COLUMNS.iter().map(|column| output::shown(form.get(column))).collect()
    };
    output::table(&COLUMNS, &journals.iter().map(row).collect::<Vec<_>>())
}

fn form(journal: &Inspected) -> Value {
    json!({
        "journal": journal.id.to_string(),
        "written": journal.is_written,
        "segments": journal.segments,
        "bytes": journal.bytes,
        "waiting": journal.waiting,
        "damaged_bytes": journal.damaged_bytes,
        "missing": journal.missing,
        "partition": journal.route.as_ref().map(|route| format!("{} {}", route.topic, route.partition)),
    })
}

async fn ship(arguments: &ShipArguments) -> Result<(), Failure> {
    let config = arguments.folder.config.load()?.config;
    let folder = arguments.folder.folder()?;
    let patience = Duration::from_secs(arguments.timeout);
    let shipped = roles::ship_journals(&config, &folder, patience).await.map_err(|error| failed(&error))?;
    if arguments.folder.output.json {
        return output::json_line(&json!({ "shipped": shipped }));
    }
    output::line(&format!("{shipped} records shipped"))
}

fn accept(arguments: &AcceptArguments) -> Result<(), Failure> {
    let folder = folder_of(arguments.folder.as_ref(), &arguments.config)?;
    let id = JournalId::from_name(&arguments.journal)
        .ok_or_else(|| Failure::new(Exit::Usage, format!("{} is not the name of a journal", arguments.journal)))?;
    journal::accept(&folder, id).map_err(|error| Failure::new(Exit::Data, error.to_string()))
}

fn failed(error: &JournalShippingError) -> Failure {
    let exit = match error {
        JournalShippingError::NoBus => Exit::Config,
        JournalShippingError::Bus(_) => Exit::Unavailable,
        JournalShippingError::Taken | JournalShippingError::Shipping(_) => Exit::Failure,
    };
    Failure::new(exit, error.to_string())
}
