//! `elido export`: links into a file.
//!
//! Invariants: one page is held at a time; a file under its final name is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value};

use super::api_client::{ApiArguments, ApiClient};
use super::exit::Failure;
use super::output;
use super::pages::Pages;
use super::progress;
use super::rows::Format;
use super::rows::columns::COLUMNS;

/// How long to go on trying while the server is unavailable.
const PATIENCE: Duration = Duration::from_secs(120);

/// Writes all links of a workspace into a CSV or NDJSON file.
#[derive(Debug, Args)]
#[command(
    long_about = "Writes all links of a workspace into a file, oldest first, with little memory however many there \
are. The file appears under its name once it is whole.\n\nWhat is written can be read again by `elido import`; passwords \
are not part of it, because nobody knows them."
)]
#[command(after_long_help = "Examples:
  elido export links.csv
  elido export links.ndjson --tag spring
  elido export --format ndjson - | jq -r .destination_url")]
pub struct ExportArguments {
    /// The file, or - for standard output.
    file: PathBuf,
    /// How the file holds its rows; by default what its name tells (.csv, .ndjson, .jsonl).
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Only links with this tag.
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Only links on this domain.
    #[arg(long, value_name = "HOST")]
    domain: Option<String>,
    /// Only links in this folder, by its id; none for links in no folder.
    #[arg(long, value_name = "ID")]
    folder: Option<String>,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: ApiArguments,
}

/// Runs the command.
///
/// # Errors
/// When the file cannot be written, or the server refuses or stays unavailable.
pub async fn run(arguments: ExportArguments) -> Result<(), Failure> {
    let to_stdout = arguments.file.as_os_str() == "-";
    let format = format_of(&arguments)?;
    if to_stdout {
        return write_all(&arguments, format, io::stdout(), Path::new("standard output")).await.map(drop);
    }
    let mut partial = arguments.file.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let file = File::create(&partial).map_err(|error| Failure::file(&partial, &error))?;
    let count = write_all(&arguments, format, &file, &partial).await?;
    file.sync_all()
        .and_then(|()| fs::rename(&partial, &arguments.file))
        .map_err(|error| Failure::file(&partial, &error))?;
    if arguments.json {
        return output::json_line(&serde_json::json!({"links": count, "file": arguments.file}));
    }
    output::line(&format!("{count} links written to {}", arguments.file.display()))
}

fn format_of(arguments: &ExportArguments) -> Result<Format, Failure> {
    arguments.format.or_else(|| Format::of(&arguments.file)).ok_or_else(|| {
        Failure::usage(format!("{} does not tell its format: add --format csv or ndjson", arguments.file.display()))
    })
}

async fn write_all(arguments: &ExportArguments, format: Format, file: impl Write, path: &Path) -> Result<u64, Failure> {
    let client = ApiClient::new(&arguments.api)?.patient(PATIENCE);
    let list = format!("{}/links", client.workspace_path(&arguments.api).await?);
    let filters = [("tag", &arguments.tag), ("domain", &arguments.domain), ("folder", &arguments.folder)];
    let filters = filters.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
    // The oldest first, so that links made meanwhile come at the end.
    let filters = filters.chain([("sort", "created_at".to_owned())]).collect();
    let mut pages = Pages::new(&client, &list, filters);
    let bar = progress::bar(None);
    let unwritten = |error: io::Error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::new(super::exit::Exit::Failure, ""),
        _ => Failure::file(path, &error),
    };
    let mut writer = RowWriter::new(format, file).map_err(unwritten)?;
    let mut count = 0_u64;
    while let Some(links) = pages.next(u64::MAX).await? {
        for link in &links {
            let Value::Object(link) = link else { continue };
            writer.write(link).map_err(unwritten)?;
            count = count.saturating_add(1);
        }
        bar.set_position(count);
    }
    writer.finish().map_err(unwritten)?;
    bar.finish_and_clear();
    Ok(count)
}

/// Writes links as rows.
enum RowWriter<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Ndjson(BufWriter<W>),
}

impl<W: Write> RowWriter<W> {
    fn new(format: Format, file: W) -> io::Result<Self> {
        match format {
            Format::Ndjson => Ok(Self::Ndjson(BufWriter::new(file))),
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(file);
                writer.write_record(COLUMNS.iter().map(|column| column.name))?;
                Ok(Self::Csv(Box::new(writer)))
            }
        }
    }

    fn write(&mut self, link: &Map<String, Value>) -> io::Result<()> {
        match self {
            Self::Csv(writer) => Ok(writer.write_record(COLUMNS.iter().map(|column| column.write(link)))?),
            Self::Ndjson(writer) => {
                serde_json::to_writer(&mut *writer, link)?;
                writer.write_all(b"\n")
            }
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Csv(writer) => writer.flush(),
            Self::Ndjson(writer) => writer.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::rows::Rows;
    use proptest::prelude::*;
    use serde_json::json;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(title in "\\PC{0,20}[a-z]", tags in proptest::collection::vec("[a-z]{1,5}", 1..4)) {
            let link = json!({"destination_url": "https://example.com", "title": title, "tags": tags, "id": "lnk_1"});
            let link = link.as_object().expect("an object");
            for format in [Format::Csv, Format::Ndjson] {
                let mut file = Vec::new();
                let mut writer = RowWriter::new(format, &mut file).expect("headings");
                writer.write(link).expect("a row");
                writer.finish().expect("all of it");
                drop(writer);
                let row = Rows::open(format, file.as_slice()).expect("headings").next().expect("a row").expect("one");
                let mut expected = link.clone();
                expected.remove("id");
                prop_assert_eq!(row.fields, Ok(expected));
            }
        }
    }
}
