//! Reports agree: over time, by value, in total and click by click, also for the period before.

use bytes::Bytes;
use chrono_tz::Tz;
use futures_util::TryStreamExt;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::calendar::Interval;
use super::dimension::ReportDimension;
use super::export::{ExportFormat, export};
use super::reports::{breakdown, hours_of_week, summary, timeseries};
use super::tags::LinkTags;
use crate::config::sections::ClickStoreConfig;
use crate::domain::id::{LinkId, TagId};
use crate::domain::query_limits::QueryLimits;
use crate::domain::time::Timestamp;
use crate::infra::click_store::test_clicks::{link, micros, visit, workspace};
use crate::infra::click_store::{
    ClickBatch, ClickStore, Dimension, EnrichedClick, Include, JournalledClick, Period, Selection,
};
use crate::infra::journal::JournalId;
use crate::services::api_core::TaggedLinks;

const HOUR: i64 = 3_600_000_000;

async fn store_of(clicks: impl IntoIterator<Item = EnrichedClick>) -> (tempfile::TempDir, ClickStore) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = ClickStoreConfig::embedded("clicks.db");
    let store = ClickStore::open(&config, folder.path()).await.expect("a store");
    let clicks: Vec<_> = (0..).zip(clicks).map(|(position, click)| JournalledClick { position, click }).collect();
    store
        .store(&ClickBatch {
            journal_id: JournalId::from_u64(1),
            through: 100_000,
            clicks,
            undecodable: Vec::new(),
            tally: None,
        })
        .await
        .expect("stored");
    (folder, store)
}

fn selection(from: i64, to: i64) -> Selection {
    let period = Period { from: micros(from), to: micros(to) };
    Selection {
        workspace_id: workspace(1),
        period,
        include: Include::default(),
        filters: Vec::new(),
        hidden_links: Vec::new(),
        limits: QueryLimits::default(),
    }
}

fn clicked(offset: i64, link_id: LinkId, country: Option<&str>, visitor: u64) -> EnrichedClick {
    EnrichedClick { link_id: Some(link_id), country: country.map(Box::from), visitor: Some(visitor), ..visit(offset) }
}

#[tokio::test]
async fn the_period_before_is_compared() {
    let clicks = [(-HOUR, Some("DE")), (-2, Some("FR")), (-1, Some("FR")), (0, Some("DE")), (1, Some("DE")), (2, None)];
    let (_folder, store) =
        store_of(clicks.map(|(offset, country)| clicked(offset, link(1), country, offset.unsigned_abs()))).await;
    let selection = selection(0, HOUR);

    let summary = summary(&store, &selection, true).await.expect("a summary");
    assert_eq!((summary.current.clicks, summary.current.visitors), (3, 3));
    let before = summary.previous.expect("a period before");
    assert_eq!((before.clicks, before.from, before.to), (3, micros(-HOUR), micros(0)));

    let series = timeseries(&store, &selection, Interval::Day, Tz::UTC, true).await.expect("a series");
    assert_eq!(series.current.data.iter().map(|point| point.clicks).sum::<u64>(), 3);
    assert_eq!(series.previous.expect("a period before").data.iter().map(|point| point.clicks).sum::<u64>(), 3);

    let by_country = ReportDimension::Click(Dimension::Country);
    let response =
        breakdown(&store, &selection, by_country, &LinkTags::default(), 10, true).await.expect("a breakdown");
    let lines: Vec<_> = response
        .data
        .iter()
        .map(|item| (item.value.as_deref(), item.clicks, item.previous.map(|before| before.clicks)))
        .collect();
    assert_eq!(lines, [(Some("DE"), 2, Some(1)), (None, 1, Some(0))]);
}

#[tokio::test]
async fn tags_are_called_by_their_names_and_filter_by_their_links() {
    let clicks = [(0, 1), (1, 1), (2, 2), (3, 3)];
    let (_folder, store) =
        store_of(clicks.map(|(offset, number)| clicked(offset, link(number), None, offset.unsigned_abs()))).await;
    let tagged = |name: &str, links: &[u128]| TaggedLinks {
        tag_id: TagId::new(),
        name: name.into(),
        links: links.iter().map(|number| link(*number)).collect(),
    };
    let tags = LinkTags::new(vec![tagged("Summer", &[1, 2]), tagged("sale", &[2])]);
    let mut selection = selection(0, HOUR);
    let response = breakdown(&store, &selection, ReportDimension::Tag, &tags, 2, true).await.expect("a breakdown");
    assert_eq!(response.data[0].value.as_deref(), Some("Summer"));
    assert_eq!(response.data[0].clicks, 3);
    assert_eq!((response.other.values, response.other.clicks), (1, u64::from(response.data[1].value.is_some())));

    selection.filters.push(tags.filter());
    assert_eq!(summary(&store, &selection, false).await.expect("a summary").current.clicks, 3);
    selection.filters = vec![LinkTags::default().filter()];
    assert_eq!(summary(&store, &selection, false).await.expect("a summary").current.clicks, 0);
}

async fn lines(store: &ClickStore, selection: &Selection, format: ExportFormat) -> usize {
    let pieces: Vec<bytes::Bytes> =
        export(store.clone(), selection.clone(), format).try_collect().await.expect("an export");
    pieces.iter().flatten().filter(|byte| **byte == b'\n').count()
}

#[tokio::test]
async fn an_export_holds_every_click_however_many_pages_it_takes() {
    let clicks = (0..2_500).map(|offset| clicked(offset / 2, link(1), Some("DE"), 1));
    let (_folder, store) = store_of(clicks).await;
    assert_eq!(lines(&store, &selection(0, HOUR), ExportFormat::Ndjson).await, 2_500);
    assert_eq!(lines(&store, &selection(0, HOUR), ExportFormat::Csv).await, 2_501, "and a header");
    assert_eq!(lines(&store, &selection(HOUR, 2 * HOUR), ExportFormat::Csv).await, 1);
}

async fn file(store: &ClickStore, format: ExportFormat) -> Bytes {
    let pieces: Vec<Bytes> = export(store.clone(), selection(0, HOUR), format).try_collect().await.expect("an export");
    pieces.concat().into()
}

/// A field of Parquet as a line of JSON has it.
fn as_json(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Str(text) => text.as_str().into(),
        Field::UInt(number) => (*number).into(),
        Field::Bool(flag) => (*flag).into(),
        Field::TimestampMicros(micros) => Timestamp::from_micros(*micros).to_string().into(),
        other => panic!("no column has {other:?}"),
    }
}

#[tokio::test]
async fn a_parquet_file_has_every_field_of_the_lines_in_several_row_groups() {
    let clicks = (0..40_000).map(|number| {
        let empty = number % 3 == 0;
        EnrichedClick {
            country: (!empty).then(|| "DE".into()),
            asn: (!empty).then_some(u32::MAX),
            link_id: (!empty).then(|| link(1)),
            slug: format!("=größe {}", number % 100).into(),
            visitor: (!empty).then_some(u64::try_from(number).expect("small")),
            ..visit(number)
        }
    });
    let (_folder, store) = store_of(clicks).await;
    let lines = file(&store, ExportFormat::Ndjson).await;
    let reader = SerializedFileReader::new(file(&store, ExportFormat::Parquet).await).expect("a Parquet file");
    let groups: Vec<i64> = reader.metadata().row_groups().iter().map(RowGroupMetaData::num_rows).collect();
    assert_eq!(groups, [33_000, 7_000]);
    let mut rows = reader.get_row_iter(None).expect("rows");
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let row = rows.next().expect("as many rows").expect("a row");
        let row: Map<String, Value> =
            row.get_column_iter().map(|(name, field)| (name.clone(), as_json(field))).collect();
        assert_eq!(serde_json::from_slice::<Map<String, Value>>(line).expect("JSON"), row);
    }
    assert!(rows.next().is_none());
}

#[tokio::test]
async fn a_parquet_file_of_nothing_can_be_read() {
    let (_folder, store) = store_of([]).await;
    let reader = SerializedFileReader::new(file(&store, ExportFormat::Parquet).await).expect("a Parquet file");
    assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
    assert_eq!(reader.metadata().file_metadata().schema_descr().num_columns(), 31);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn all_reports_add_up_to_the_same_number(
        visits in proptest::collection::vec((0..400 * HOUR, 1..6_u128, proptest::sample::select(&[None, Some("DE"), Some("FR"), Some("ES")][..]), 0..9_u64), 0..60),
        from in 0..200 * HOUR,
        length in 1..300 * HOUR,
        zone in proptest::sample::select(&chrono_tz::TZ_VARIANTS[..]),
        interval in proptest::sample::select(&[Interval::Hour, Interval::Day, Interval::Week, Interval::Month][..]),
        limit in 1..4_u32,
    ) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(async {
            let clicks = visits.iter().map(|(offset, number, country, visitor)| clicked(*offset, link(*number), *country, *visitor));
            let (_folder, store) = store_of(clicks).await;
            let selection = selection(from, from + length);
            let total = summary(&store, &selection, false).await.expect("a summary").current;
            let expected = visits.iter().filter(|(offset, ..)| (from..from + length).contains(offset)).count();
            assert_eq!(total.clicks, expected as u64);

            let series = timeseries(&store, &selection, interval, zone, false).await.expect("a series").current;
            assert_eq!(series.data.iter().map(|point| point.clicks).sum::<u64>(), total.clicks);
            assert!(series.data.iter().map(|point| point.visitors).sum::<u64>() >= total.visitors);

            for dimension in [Dimension::Link, Dimension::Country, Dimension::Agent] {
                let response = breakdown(&store, &selection, ReportDimension::Click(dimension), &LinkTags::default(), limit, true).await.expect("a breakdown");
                let listed: u64 = response.data.iter().map(|item| item.clicks).sum();
                assert_eq!(listed + response.other.clicks, total.clicks);
            }

            assert_eq!(lines(&store, &selection, ExportFormat::Ndjson).await as u64, total.clicks);
        });
    }
}

#[tokio::test]
async fn the_hours_of_the_week_follow_the_clocks_of_a_zone() {
    let (_folder, store) = store_of((0..14 * 24).map(|hour| clicked(hour * HOUR, link(1), None, 1))).await;
    let long = selection(0, 367 * 24 * HOUR);
    let selection = selection(0, 14 * 24 * HOUR);
    // The tests' time starts on Wednesday, 29 August 2096, at 10:40 UTC.
    for (zone, weekday, hour) in [(Tz::UTC, 3, 10), (Tz::Asia__Kolkata, 3, 16), (Tz::Pacific__Auckland, 3, 22)] {
        let report = hours_of_week(&store, &selection, zone).await.expect("a report");
        assert_eq!(report.data.len(), 168);
        assert!(report.data.iter().map(|hour| hour.clicks).sum::<u64>() == 14 * 24, "{report:?}");
        let first = report.data.iter().find(|slot| (slot.weekday, slot.hour) == (weekday, hour)).expect("an hour");
        assert_eq!((first.clicks, first.visitors), (2, 2), "{zone}");
    }
    let error = hours_of_week(&store, &long, Tz::UTC).await.expect_err("too long");
    assert_eq!(error.fields.first().map(|field| field.code), Some("period_too_long"));
}
