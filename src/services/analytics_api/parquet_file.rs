//! Raw clicks as a Parquet file, written row group by row group.
//!
//! Invariants: the columns have the names, the order and the values of the fields of a JSON line. In memory are the clicks of one row group at most, and
//! what the end of the file says of those before it, which [`CLICKS_MAX`] bounds.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use super::events::ClickEvent;
use crate::infra::click_store::{agent_label, device_label};

/// The most clicks of a file.
pub(super) const CLICKS_MAX: u64 = 100_000_000;
/// The clicks of a row group, but for the last one.
const GROUP_CLICKS: usize = 32_768;

/// A file that is being written.
pub(super) struct ParquetFile {
    writer: SerializedFileWriter<Vec<u8>>,
    /// Those of the next row group.
    clicks: Vec<ClickEvent>,
}

/// What a column has of a click.
#[derive(Clone, Copy)]
enum Column {
    Text(fn(&ClickEvent) -> ByteArray),
    TextOrNone(fn(&ClickEvent) -> Option<ByteArray>),
    /// Microseconds since 1970, UTC.
    Moment(fn(&ClickEvent) -> i64),
    Number(fn(&ClickEvent) -> u32),
    NumberOrNone(fn(&ClickEvent) -> Option<u32>),
    Flag(fn(&ClickEvent) -> bool),
}

use Column::{Flag, Moment, Number, NumberOrNone, Text, TextOrNone};

const COLUMNS: [(&str, Column); 31] = [
    ("id", Text(|click| click.id.as_str().into())),
    ("at", Moment(|click| click.at.as_micros())),
    ("kind", Text(|click| click.kind.into())),
    ("status", Number(|click| click.status.into())),
    ("link_id", TextOrNone(|click| click.link_id.map(|id| id.to_string().into_bytes().into()))),
    ("domain_id", TextOrNone(|click| click.domain_id.map(|id| id.to_string().into_bytes().into()))),
    ("host", Text(|click| (&*click.host).into())),
    ("slug", Text(|click| (&*click.slug).into())),
    ("country", TextOrNone(|click| text(click.country.as_deref()))),
    ("region", TextOrNone(|click| text(click.region.as_deref()))),
    ("city", TextOrNone(|click| text(click.city.as_deref()))),
    ("asn", NumberOrNone(|click| click.asn)),
    ("device", Text(|click| device_label(click.device).into())),
    ("os", TextOrNone(|click| text(click.os.as_deref()))),
    ("browser", TextOrNone(|click| text(click.browser.as_deref()))),
    ("agent", Text(|click| agent_label(click.agent).into())),
    ("prefetch", Flag(|click| click.prefetch)),
    ("head", Flag(|click| click.head)),
    ("opted_out", Flag(|click| click.opted_out)),
    ("counted", Flag(|click| click.counted)),
    ("referrer", TextOrNone(|click| text(click.referrer.as_deref()))),
    ("language", TextOrNone(|click| text(click.language.as_deref()))),
    ("utm_source", TextOrNone(|click| text(click.utm_source.as_deref()))),
    ("utm_medium", TextOrNone(|click| text(click.utm_medium.as_deref()))),
    ("utm_campaign", TextOrNone(|click| text(click.utm_campaign.as_deref()))),
    ("utm_term", TextOrNone(|click| text(click.utm_term.as_deref()))),
    ("utm_content", TextOrNone(|click| text(click.utm_content.as_deref()))),
    ("rule", TextOrNone(|click| text(click.rule.as_deref()))),
    ("variant", TextOrNone(|click| text(click.variant.as_deref()))),
    ("qr", Flag(|click| click.qr)),
    ("visitor", TextOrNone(|click| text(click.visitor.as_deref()))),
];

impl ParquetFile {
    /// A file without clicks.
    ///
    /// # Errors
    /// Never: the columns are always the same.
    pub(super) fn begin() -> io::Result<Self> {
        let fields: String = COLUMNS.iter().map(|(name, column)| column.field(name)).collect();
        let schema = parse_message_type(&format!("message clicks {{ {fields} }}"))?;
        let writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties()))?;
        Ok(Self { writer, clicks: Vec::new() })
    }

    /// Adds clicks. Returns what of the file is finished.
    ///
    /// # Errors
    /// Those of the encoder.
    pub(super) fn add(&mut self, clicks: Vec<ClickEvent>) -> io::Result<Bytes> {
        self.clicks.extend(clicks);
        if self.clicks.len() >= GROUP_CLICKS {
            self.write_group()?;
        }
        self.take()
    }

    /// Ends the file. Returns the rest of it.
    ///
    /// # Errors
    /// Those of the encoder.
    pub(super) fn end(&mut self) -> io::Result<Bytes> {
        if !self.clicks.is_empty() {
            self.write_group()?;
        }
        self.writer.finish()?;
        self.take()
    }

    fn write_group(&mut self) -> Result<()> {
        let clicks = std::mem::take(&mut self.clicks);
        let mut group = self.writer.next_row_group()?;
        for (_, column) in COLUMNS {
            if let Some(mut writer) = group.next_column()? {
                column.write(&clicks, &mut writer)?;
                writer.close()?;
            }
        }
        group.close()?;
        Ok(())
    }

    /// Where a part of the file is, the writer counts by itself, so that what was written can be taken away.
    fn take(&mut self) -> io::Result<Bytes> {
        self.writer.flush()?;
        Ok(std::mem::take(self.writer.inner_mut()).into())
    }
}

impl Column {
    /// The column, as schemas of Parquet are written.
    fn field(self, name: &str) -> String {
        match self {
            Text(_) => format!("REQUIRED BYTE_ARRAY {name} (STRING);"),
            TextOrNone(_) => format!("OPTIONAL BYTE_ARRAY {name} (STRING);"),
            Moment(_) => format!("REQUIRED INT64 {name} (TIMESTAMP(MICROS,true));"),
            Number(_) => format!("REQUIRED INT32 {name} (INTEGER(32,false));"),
            NumberOrNone(_) => format!("OPTIONAL INT32 {name} (INTEGER(32,false));"),
            Flag(_) => format!("REQUIRED BOOLEAN {name};"),
        }
    }

    fn write(self, clicks: &[ClickEvent], writer: &mut SerializedColumnWriter<'_>) -> Result<()> {
        match self {
            Text(of) => write_all::<ByteArrayType>(clicks.iter().map(of), writer),
            TextOrNone(of) => write_some::<ByteArrayType>(clicks.iter().map(of), writer),
            Moment(of) => write_all::<Int64Type>(clicks.iter().map(of), writer),
            Number(of) => write_all::<Int32Type>(clicks.iter().map(|click| of(click).cast_signed()), writer),
            NumberOrNone(of) => {
                write_some::<Int32Type>(clicks.iter().map(|click| of(click).map(u32::cast_signed)), writer)
            }
            Flag(of) => write_all::<BoolType>(clicks.iter().map(of), writer),
        }
    }
}

fn write_all<T: DataType>(values: impl Iterator<Item = T::T>, writer: &mut SerializedColumnWriter<'_>) -> Result<()> {
    let values: Vec<T::T> = values.collect();
    writer.typed::<T>().write_batch(&values, None, None)?;
    Ok(())
}

fn write_some<T: DataType>(
    cells: impl Iterator<Item = Option<T::T>>,
    writer: &mut SerializedColumnWriter<'_>,
) -> Result<()> {
    let cells: Vec<Option<T::T>> = cells.collect();
    let is_there: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    writer.typed::<T>().write_batch(&values, Some(&is_there), None)?;
    Ok(())
}

fn text(cell: Option<&str>) -> Option<ByteArray> {
    cell.map(Into::into)
}

/// What readers skip by is the time alone: clicks are ordered by nothing else. No id comes twice, so that a dictionary of them would be waste.
fn properties() -> WriterProperties {
    let (id, at) = (ColumnPath::from("id"), ColumnPath::from("at"));
    WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_column_statistics_enabled(at.clone(), EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_column_dictionary_enabled(id, false)
        .set_column_dictionary_enabled(at, false)
        .build()
}
