//! Raw clicks as a file, newest first, a page in memory at a time.

use super::events::ClickEvent;
pub use crate::domain::click_export::ExportFormat;
use crate::domain::error::Error;
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
        }
    }

    /// What a file of it is called.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Csv => "clicks.csv",
            Self::Ndjson => "clicks.ndjson",
        }
    }

    fn header(self) -> std::io::Result<Bytes> {
        match self {
            Self::Csv => csv_lines([COLUMNS.map(String::from)].into_iter()),
            Self::Ndjson => Ok(Bytes::new()),
        }
    }

    fn page(self, events: Vec<ClickEvent>) -> std::io::Result<Bytes> {
        match self {
            Self::Csv => csv_lines(events.into_iter().map(cells)),
            Self::Ndjson => json_lines(&events),
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
}

impl From<ExportError> for Error {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Store(error) => error.into(),
            ExportError::Write(error) => Self::internal(error),
        }
    }
}

/// How far an export has come.
enum Progress {
    Header,
    After(Option<EventPosition>),
    End,
}

/// The selected clicks in pieces. An error ends the stream early, so that nobody takes a part for the whole.
pub fn export(
    store: ClickStore,
    selection: Selection,
    format: ExportFormat,
) -> impl Stream<Item = Result<Bytes, ExportError>> + Send + 'static {
    try_unfold((store, selection, Progress::Header), move |(store, selection, progress)| async move {
        let after = match progress {
            Progress::Header => return Ok(Some((format.header()?, (store, selection, Progress::After(None))))),
            Progress::After(after) => after,
            Progress::End => return Ok(None),
        };
        let events = store.events(&selection, after, PAGE_CLICKS).await?;
        let progress = match events.last() {
            Some(last) if events.len() as u64 == u64::from(PAGE_CLICKS) => Progress::After(Some(last.position)),
            _ => Progress::End,
        };
        let page = format.page(events.into_iter().map(ClickEvent::from).collect())?;
        Ok(Some((page, (store, selection, progress))))
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
