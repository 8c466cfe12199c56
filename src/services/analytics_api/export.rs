//! Raw clicks as a file, newest first, a page in memory at a time; of a Parquet file, a row group.

use super::events::ClickEvent;
use super::parquet_file::{CLICKS_MAX, ParquetFile};
pub use crate::domain::click_export::ExportFormat;
use crate::domain::error::{Error, ErrorKind};
use crate::infra::click_store::{ClickStore, ClickStoreError, EventPosition, Selection, agent_label, device_label};
use bytes::Bytes;
use futures_util::stream::{Stream, try_unfold};

/// Clicks in memory at a time.
const PAGE_CLICKS: u32 = 1_000;
/// The columns of a CSV file; the fields of a JSON line have the same names and order.
const COLUMNS: [&str; 31] = [
    "id",
    "at",
    "kind",
    "status",
    "link_id",
    "domain_id",
    "host",
    "slug",
    "country",
    "region",
    "city",
    "asn",
    "device",
    "os",
    "browser",
    "agent",
    "prefetch",
    "head",
    "opted_out",
    "counted",
    "referrer",
    "language",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "rule",
    "variant",
    "qr",
    "visitor",
];

impl ExportFormat {
    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Ndjson => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// What the name of a file of it ends with.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
        }
    }
}

/// Writes clicks in one of the forms.
enum Writer {
    Csv,
    Ndjson,
    Parquet(Box<ParquetFile>),
}

impl Writer {
    fn of(format: ExportFormat) -> std::io::Result<Self> {
        Ok(match format {
            ExportFormat::Csv => Self::Csv,
            ExportFormat::Ndjson => Self::Ndjson,
            ExportFormat::Parquet => Self::Parquet(Box::new(ParquetFile::begin()?)),
        })
    }

    fn begin(&self) -> std::io::Result<Bytes> {
        match self {
            Self::Csv => csv_lines([COLUMNS.map(String::from)].into_iter()),
            Self::Ndjson | Self::Parquet(_) => Ok(Bytes::new()),
        }
    }

    fn page(&mut self, events: Vec<ClickEvent>) -> std::io::Result<Bytes> {
        match self {
            Self::Csv => csv_lines(events.into_iter().map(cells)),
            Self::Ndjson => json_lines(&events),
            Self::Parquet(file) => file.add(events),
        }
    }

    fn end(&mut self) -> std::io::Result<Bytes> {
        match self {
            Self::Csv | Self::Ndjson => Ok(Bytes::new()),
            Self::Parquet(file) => file.end(),
        }
    }

    /// How many clicks there may be.
    const fn clicks_max(&self) -> Option<u64> {
        match self {
            Self::Csv | Self::Ndjson => None,
            Self::Parquet(_) => Some(CLICKS_MAX),
        }
    }
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store is unavailable or too slow.
    #[error(transparent)]
    Store(#[from] ClickStoreError),
    /// A page could not be written.
    #[error("a page of an export could not be written: {0}")]
    Write(#[from] std::io::Error),
    /// The form has room for fewer clicks.
    #[error("the export has more than {0} clicks, the most that a file of this form has")]
    TooManyClicks(u64),
}

impl From<ExportError> for Error {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Store(error) => error.into(),
            ExportError::Write(error) => Self::internal(error),
            error @ ExportError::TooManyClicks(_) => {
                Self::new(ErrorKind::TooLarge, "export_too_large", error.to_string())
            }
        }
    }
}

/// How far an export has come.
enum Progress {
    Begin(ExportFormat),
    /// So many clicks were written, the last of them at this position.
    Pages(Writer, u64, Option<EventPosition>),
    LastPage(Writer),
    End,
}

impl Progress {
    /// The next piece, and how far it is then.
    async fn go_on(self, store: &ClickStore, selection: &Selection) -> Result<Option<(Bytes, Self)>, ExportError> {
        match self {
            Self::Begin(format) => {
                let writer = Writer::of(format)?;
                Ok(Some((writer.begin()?, Self::Pages(writer, 0, None))))
            }
            Self::Pages(mut writer, written, after) => {
                let events = store.events(selection, after, PAGE_CLICKS).await?;
                let (written, is_full) = (written + events.len() as u64, events.len() as u64 == u64::from(PAGE_CLICKS));
                let last = events.last().map(|event| event.position);
                if let Some(most) = writer.clicks_max().filter(|most| written > *most) {
                    return Err(ExportError::TooManyClicks(most));
                }
                let page = writer.page(events.into_iter().map(ClickEvent::from).collect())?;
                let progress = if is_full { Self::Pages(writer, written, last) } else { Self::LastPage(writer) };
                Ok(Some((page, progress)))
            }
            Self::LastPage(mut writer) => Ok(Some((writer.end()?, Self::End))),
            Self::End => Ok(None),
        }
    }
}

/// The selected clicks in pieces, some of them empty. An error ends the stream early, so that nobody takes a part for the whole.
pub fn export(
    store: ClickStore,
    selection: Selection,
    format: ExportFormat,
) -> impl Stream<Item = Result<Bytes, ExportError>> + Send + 'static {
    try_unfold((store, selection, Progress::Begin(format)), |(store, selection, progress)| async move {
        let next = progress.go_on(&store, &selection).await?;
        Ok(next.map(|(piece, progress)| (piece, (store, selection, progress))))
    })
}

fn json_lines(events: &[ClickEvent]) -> std::io::Result<Bytes> {
    let mut lines = Vec::new();
    for event in events {
        serde_json::to_writer(&mut lines, event)?;
        lines.push(b'\n');
    }
    Ok(lines.into())
}

fn csv_lines(rows: impl Iterator<Item = [String; COLUMNS.len()]>) -> std::io::Result<Bytes> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    Ok(writer.into_inner().map_err(csv::IntoInnerError::into_error)?.into())
}

fn cells(event: ClickEvent) -> [String; COLUMNS.len()] {
    [
        event.id,
        event.at.to_string(),
        event.kind.to_owned(),
        event.status.to_string(),
        event.link_id.map(|id| id.to_string()).unwrap_or_default(),
        event.domain_id.map(|id| id.to_string()).unwrap_or_default(),
        plain(Some(event.host)),
        plain(Some(event.slug)),
        plain(event.country),
        plain(event.region),
        plain(event.city),
        event.asn.map(|number| number.to_string()).unwrap_or_default(),
        device_label(event.device).to_owned(),
        plain(event.os),
        plain(event.browser),
        agent_label(event.agent).to_owned(),
        event.prefetch.to_string(),
        event.head.to_string(),
        event.opted_out.to_string(),
        event.counted.to_string(),
        plain(event.referrer),
        plain(event.language),
        plain(event.utm_source),
        plain(event.utm_medium),
        plain(event.utm_campaign),
        plain(event.utm_term),
        plain(event.utm_content),
        plain(event.rule),
        plain(event.variant),
        event.qr.to_string(),
        event.visitor.unwrap_or_default(),
    ]
}

/// A text that no spreadsheet takes for a formula: one that starts like a formula gets an apostrophe before it.
fn plain(text: Option<Box<str>>) -> String {
    let text = text.unwrap_or_default();
    let starts_formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if starts_formula || text.starts_with(['\t', '\r', '\n']) { format!("'{text}") } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::click_store::{Event, test_clicks};

    fn event() -> ClickEvent {
        ClickEvent::from(Event { position: test_clicks::position(7), click: test_clicks::visit(7) })
    }

    #[test]
    fn csv_and_json_have_the_same_columns() {
        let line = json_lines(&[event()]).expect("a line");
        let value: serde_json::Value = serde_json::from_slice(&line).expect("JSON");
        let mut fields: Vec<_> = value.as_object().expect("an object").keys().cloned().collect();
        let mut columns = COLUMNS.map(String::from).to_vec();
        fields.sort();
        columns.sort();
        assert_eq!(fields, columns);
        for (column, cell) in COLUMNS.iter().zip(cells(event())) {
            let expected = match &value[column] {
                serde_json::Value::Null => String::new(),
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(cell, expected, "{column}");
        }
    }

    #[test]
    fn texts_that_look_like_formulas_are_defused() {
        for text in ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "＝1"] {
            assert_eq!(plain(Some(text.into())), format!("'{text}"));
        }
        assert_eq!(plain(Some("a=b, \"c\"".into())), "a=b, \"c\"");
        let row = ClickEvent { slug: "=1+1,\"x\"".into(), ..event() };
        let line = csv_lines([cells(row)].into_iter()).expect("a line");
        assert!(String::from_utf8_lossy(&line).contains(r#","'=1+1,""x""","#), "{line:?}");
    }
}
