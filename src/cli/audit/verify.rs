//! `elido audit verify`: reads chains of the audit trail row by row, from files or from the database.
//!
//! Invariant: it needs nothing but what it reads; a file is checked without a server, on any machine.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::{archive, database, rows};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{self, OutputArguments};
use crate::cli::settings::ConfigArguments;
use crate::domain::audit::ChainHead;
use crate::domain::recorded::Chain;
use crate::domain::time::Timestamp;
use crate::infra::signing::PublicKey;
use crate::infra::store::Store;

/// Tells whether files of the audit trail, or the database, are whole.
#[derive(Debug, Args)]
#[command(
    long_about = "Reads every row of a chain and tells whether it is as it was written: a row that was changed, removed, added or \
moved is named, and so is an end that was cut off.\n\nWith files, as `elido audit export` writes them, and with evidence exports (.tar.gz), no server is needed. An evidence export is \
believed if one of the keys of --public-key signed it. A later \
file (--after) is checked against what it says of the one before. Without files every chain of the database of the settings is read, and \
one that is missing is named: each workspace has a chain, also when it is gone, and so has the instance. \
With --database the files are checked, and then whether the database still has their last rows: so whoever keeps a file elsewhere finds \
out when a whole chain was written anew."
)]
#[command(after_long_help = "Examples:
  elido audit verify audit.ndjson
  elido audit verify audit-1.ndjson audit-2.ndjson
  elido audit verify evidence.tar.gz --public-key 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
  elido audit verify
  elido audit verify --database audit.ndjson --config /etc/elido/elido.toml")]
pub(super) struct VerifyArguments {
    /// Files of NDJSON, those of one chain in their order, and evidence exports.
    files: Vec<PathBuf>,
    /// The key of an instance whose evidence exports are believed, as it shows it at /.well-known/elido-evidence-key; several with commas
    /// between them.
    #[arg(long = "public-key", env = "ELIDO_EVIDENCE_PUBLIC_KEY", value_name = "KEY", value_delimiter = ',')]
    public_keys: Vec<PublicKey>,
    /// Check the database too: all of it without files, otherwise whether it holds what the files end with.
    #[arg(long)]
    database: bool,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// What became of one chain.
pub(super) struct Verdict {
    pub(super) source: String,
    pub(super) chain: Chain,
    pub(super) reached: ChainHead,
    pub(super) broken: Option<String>,
    pub(super) signed: Option<Signed>,
}

/// Who vouches for it.
#[derive(Serialize)]
pub(super) struct Signed {
    pub(super) instance: String,
    pub(super) written_at: Timestamp,
    pub(super) public_key: PublicKey,
}

/// Runs the command.
///
/// # Errors
/// When something cannot be read, or a chain is not whole.
pub(super) async fn run(arguments: VerifyArguments) -> Result<(), Failure> {
    let mut verdicts =
        arguments.files.iter().map(|path| verify_file(path, &arguments.public_keys)).collect::<Result<Vec<_>, _>>()?;
    if arguments.files.is_empty() || arguments.database {
        let config = arguments.config.load()?.config;
        let store = Store::connect(&config.database, &config.data_folder).await.map_err(database::unreadable)?;
        let checked = if arguments.files.is_empty() {
            database::verify(&store).await
        } else {
            database::hold_against(&store, &verdicts).await
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
    let Verdict { source, chain, reached, broken, signed } = verdict;
    if output.json {
        return output::json_line(&json!({
            "source": source, "chain": chain, "whole": broken.is_none(), "sequence": reached.sequence,
            "hash": reached.hash, "broken": broken, "signed": signed,
        }));
    }
    if let Some(Signed { instance, written_at, public_key }) = signed {
        output::line(&format!("{source}: signed by {instance} on {written_at} with {public_key}"))?;
    }
    match broken {
        None => output::line(&format!("{source}: {chain} is whole up to row {}, {}", reached.sequence, reached.hash)),
        Some(reason) => {
            output::line(&format!("{source}: {chain} is NOT whole: {reason} (whole up to row {})", reached.sequence))
        }
    }
}

fn verify_file(path: &Path, trusted: &[PublicKey]) -> Result<Verdict, Failure> {
    let unreadable = |error: io::Error| Failure::file(path, &error);
    let mut file = File::open(path).map_err(unreadable)?;
    let mut beginning = Vec::new();
    file.by_ref().take(archive::MAGIC.len() as u64).read_to_end(&mut beginning).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    if beginning == archive::MAGIC {
        return archive::verify(path, file, trusted);
    }
    let read = rows::read(BufReader::new(file)).map_err(unreadable)?.ok_or_else(|| {
        let message = format!("{} does not begin as `elido audit export` writes it", path.display());
        Failure::new(Exit::Failure, message)
    })?;
    let source = path.display().to_string();
    Ok(Verdict { source, chain: read.header.chain, reached: read.reached, broken: read.broken, signed: None })
}
