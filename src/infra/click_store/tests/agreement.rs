//! The law of reports: they agree with each other and with the raw clicks.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::prelude::*;
use uuid::Uuid;

use super::super::Value;
use super::*;
use crate::domain::click::ClickKind;
use crate::domain::id::TagId;
use crate::domain::query_limits::QueryLimits;
use crate::domain::rule::{AgentClass, Device};
use crate::domain::time::Timestamp;

pub(super) fn tag(number: u128) -> TagId {
    TagId::from_uuid(Uuid::from_u128(2000 + number))
}

fn some_text(choices: &'static [&'static str]) -> impl Strategy<Value = Option<Box<str>>> {
    proptest::option::of(proptest::sample::select(choices).prop_map(Box::from))
}

prop_compose! {
    fn who()(
        offset in 0..1_000_000_i64,
        workspace_number in proptest::option::of(1..3_u128),
        link_number in proptest::option::of(1..5_u128),
        agent in proptest::sample::select(&[AgentClass::Human, AgentClass::Human, AgentClass::Bot, AgentClass::Preview][..]),
        kind in proptest::sample::select(&[ClickKind::Redirect, ClickKind::Redirect, ClickKind::Missing, ClickKind::Gone, ClickKind::Root][..]),
        device in proptest::sample::select(&[Device::Desktop, Device::Mobile][..]),
        prefetch in proptest::bool::weighted(0.2),
        head in proptest::bool::weighted(0.2),
        opted_out in proptest::bool::weighted(0.2),
        visitor in proptest::option::of(1..6_u64),
    ) -> EnrichedClick {
        EnrichedClick {
            workspace_id: workspace_number.map(workspace),
            link_id: link_number.map(link),
            agent, kind, device, prefetch, head, opted_out, visitor,
            ..visit(offset)
        }
    }
}

prop_compose! {
    pub(super) fn random_click()(
        base in who(),
        country in some_text(&["DE", "FR", "ES"]),
        language in some_text(&["de", "fr"]),
        source in some_text(&["a", "A", "it's \"quoted\"", "ü"]),
        asn in proptest::option::of(1..4_u32),
        qr in any::<bool>(),
    ) -> EnrichedClick {
        EnrichedClick { country, language, utm: Utm { source, ..Utm::default() }, asn, qr, ..base }
    }
}

fn random_filter() -> impl Strategy<Value = Filter> {
    let values = [
        (Dimension::Country, ["DE", "FR", "XX"]),
        (Dimension::Language, ["de", "fr", "es"]),
        (Dimension::UtmSource, ["a", "it's \"quoted\"", "ü"]),
        (Dimension::Asn, ["1", "2", "99"]),
        (Dimension::Qr, ["true", "true", "true"]),
        (Dimension::Kind, ["redirect", "missing", "root"]),
        (Dimension::Agent, ["human", "bot", "preview"]),
        (Dimension::Device, ["mobile", "tablet", "desktop"]),
        (
            Dimension::Link,
            [
                "lnk_000000000000000000000000000003e9",
                "lnk_000000000000000000000000000003ea",
                "lnk_00000000000000000000000000000000",
            ],
        ),
    ];
    let part = proptest::option::weighted(0.3, proptest::sample::select(&["A", "d", "quoted\"", "Ü"][..]));
    (
        proptest::sample::select(values.to_vec()),
        proptest::collection::vec(proptest::option::of(0..3_usize), 0..4),
        part,
        proptest::bool::weighted(0.3),
    )
        .prop_map(|((dimension, texts), chosen, part, negated)| Filter {
            dimension,
            any_of: chosen
                .into_iter()
                .map(|index| index.map(|index| dimension.parse_value(texts[index]).expect("a valid value")))
                .collect(),
            any_part: part.filter(|_| dimension.is_free_text()).map(Box::from).into_iter().collect(),
            negated,
        })
}

pub(super) fn random_selection() -> impl Strategy<Value = Selection> {
    (
        any::<(bool, bool, bool, bool, bool)>(),
        proptest::collection::vec(random_filter(), 0..3),
        (0..500_000_i64, 1..700_000_i64),
        proptest::collection::vec(1..5_u128, 0..3),
    )
        .prop_map(|((bots, previews, prefetches, heads, opted_out), filters, (from, length), hidden)| Selection {
            workspace_id: workspace(1),
            period: Period { from: micros(from), to: micros(from + length) },
            include: Include { bots, previews, prefetches, heads, opted_out },
            filters,
            hidden_links: hidden.into_iter().map(link).collect(),
            limits: QueryLimits::default(),
        })
}

/// The property as the API would write it, taken from the click and not from SQL.
fn value_of(click: &EnrichedClick, dimension: Dimension) -> Option<String> {
    let text = |text: &Option<Box<str>>| text.as_deref().map(String::from);
    match dimension {
        Dimension::Link => click.link_id.map(|id| id.to_string()),
        Dimension::Domain => click.domain_id.map(|id| id.to_string()),
        Dimension::Slug => Some(click.slug.to_string()),
        Dimension::Kind => Some(kind_label(click.kind).into()),
        Dimension::Status => Some(click.status.to_string()),
        Dimension::Country => text(&click.country),
        Dimension::Region => text(&click.region),
        Dimension::City => text(&click.city),
        Dimension::Asn => click.asn.map(|number| number.to_string()),
        Dimension::Device => Some(device_label(click.device).into()),
        Dimension::Os => text(&click.os),
        Dimension::Browser => text(&click.browser),
        Dimension::Agent => Some(agent_label(click.agent).into()),
        Dimension::Referrer => text(&click.referrer_host),
        Dimension::Language => text(&click.language),
        Dimension::UtmSource => text(&click.utm.source),
        Dimension::UtmMedium => text(&click.utm.medium),
        Dimension::UtmCampaign => text(&click.utm.campaign),
        Dimension::UtmTerm => text(&click.utm.term),
        Dimension::UtmContent => text(&click.utm.content),
        Dimension::Rule => text(&click.rule),
        Dimension::Variant => text(&click.variant),
        Dimension::Qr => Some(click.qr.to_string()),
    }
}

/// Whether a report is about this click, as the documentation says it.
fn is_selected(click: &EnrichedClick, selection: &Selection) -> bool {
    let filters_on =
        |dimension| selection.filters.iter().any(|filter| filter.dimension == dimension && !filter.negated);
    let agent_fits = match click.agent {
        AgentClass::Human => true,
        AgentClass::Bot => selection.include.bots,
        AgentClass::Preview => selection.include.previews,
    };
    let fits = |filter: &Filter| {
        let value = value_of(click, filter.dimension);
        let is_listed = filter
            .any_of
            .iter()
            .any(|wanted| wanted.as_ref().map(|wanted| filter.dimension.format_value(wanted)) == value);
        let folded = value.map(|value| value.to_ascii_lowercase());
        let has = |part: &str| folded.as_ref().is_some_and(|value| value.contains(&part.to_ascii_lowercase()));
        (is_listed || filter.any_part.iter().any(|part| has(part))) != filter.negated
    };
    click.workspace_id == Some(selection.workspace_id)
        && (selection.period.from..selection.period.to).contains(&click.at)
        && (click.kind == ClickKind::Redirect || filters_on(Dimension::Kind))
        && (agent_fits || filters_on(Dimension::Agent))
        && (!click.prefetch || selection.include.prefetches)
        && (!click.head || selection.include.heads)
        && (!click.opted_out || selection.include.opted_out)
        && selection.filters.iter().all(fits)
        && click.link_id.is_none_or(|link| !selection.hidden_links.contains(&link))
}

fn count<'a>(clicks: impl IntoIterator<Item = &'a EnrichedClick>) -> Counts {
    let mut visitors = HashSet::new();
    let mut counts = Counts::default();
    for click in clicks {
        counts.clicks += 1;
        visitors.extend(click.visitor);
    }
    Counts { visitors: u64::try_from(visitors.len()).expect("small"), ..counts }
}

/// Cuts a period into at most eight pieces.
fn pieces(period: Period) -> Vec<Period> {
    let length = (period.to.as_micros() - period.from.as_micros()).div_euclid(8).max(1);
    let starts = (period.from.as_micros()..period.to.as_micros()).step_by(usize::try_from(length).expect("positive"));
    starts
        .map(|start| Period {
            from: Timestamp::from_micros(start),
            to: Timestamp::from_micros((start + length).min(period.to.as_micros())),
        })
        .collect()
}

/// Stores clicks in four parts. In the embedded form the first three are packed, each into a segment of its own, and the last are rows.
pub(super) async fn store_all(house: &House, clicks: &[EnrichedClick]) {
    let records: Vec<_> =
        (0..).zip(clicks).map(|(position, click)| JournalledClick { position, click: click.clone() }).collect();
    for (number, part) in records.chunks(records.len().div_ceil(4).max(1)).enumerate() {
        let batch = ClickBatch {
            journal_id: JournalId::from_u64(1),
            through: part.last().map_or(0, |record| record.position),
            clicks: part.to_vec(),
            undecodable: Vec::new(),
            tally: None,
        };
        house.put(&batch).await;
        if house.database.is_none() && number < 3 {
            house.store.compact(true).await.expect("packed");
        }
    }
}

async fn all_events(store: &ClickStore, selection: &Selection, page: u32) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    loop {
        let more = store.events(selection, events.last().map(|event| event.position), page).await.expect("events");
        if more.is_empty() {
            return events;
        }
        events.extend(more);
    }
}

async fn check_breakdown(
    store: &ClickStore,
    selection: &Selection,
    selected: &[&EnrichedClick],
    dimension: Dimension,
    limit: u32,
) {
    let breakdown = store.breakdown(selection, dimension, limit).await.expect("a breakdown");
    let mut groups = BTreeMap::<Option<String>, Vec<&EnrichedClick>>::new();
    for click in selected {
        groups.entry(value_of(click, dimension)).or_default().push(click);
    }
    let all = groups.len();
    for item in &breakdown.items {
        let value = item.value.as_ref().map(|value| dimension.format_value(value));
        let group = groups.remove(&value).expect("a value that clicks have, listed once");
        assert_eq!(item.counts, count(group), "{} = {value:?}", dimension.as_str());
        assert!(
            groups.values().all(|group| u64::try_from(group.len()).expect("small") <= item.counts.clicks),
            "most first"
        );
    }
    assert_eq!(breakdown.items.len(), all.min(usize::try_from(limit).expect("small")));
    assert_eq!(breakdown.other_values, u64::try_from(groups.len()).expect("small"));
    assert_eq!(breakdown.other, count(groups.into_values().flatten()), "the rest of {}", dimension.as_str());
}

/// Whether all reports of a store with these clicks are right.
async fn check_reports(house: &House, clicks: &[EnrichedClick], selection: &Selection, limit: u32) {
    let store = &house.store;
    store_all(house, clicks).await;
    let selected: Vec<_> = clicks.iter().filter(|click| is_selected(click, selection)).collect();
    let total = count(selected.iter().copied());

    assert_eq!(store.summary(selection).await.expect("a summary"), total);

    let periods = pieces(selection.period);
    let series = store.timeseries(selection, &periods).await.expect("a series");
    assert_eq!(series.iter().map(|point| point.clicks).sum::<u64>(), total.clicks);
    for (period, point) in periods.iter().zip(&series) {
        let within = selected.iter().copied().filter(|click| (period.from..period.to).contains(&click.at));
        assert_eq!(*point, count(within));
    }

    for dimension in Dimension::ALL {
        check_breakdown(store, selection, &selected, dimension, limit).await;
    }

    let events = all_events(store, selection, 7).await;
    assert!(events.is_sorted_by(|newer, older| newer.position > older.position), "newest first, none twice");
    let mut raw: Vec<_> = events.iter().map(|event| format!("{:?}", event.click)).collect();
    let mut expected: Vec<_> = selected.iter().map(|click| format!("{click:?}")).collect();
    raw.sort();
    expected.sort();
    assert_eq!(raw, expected);
}

/// Whether the report by tag is right.
async fn check_tags(
    house: &House,
    clicks: &[EnrichedClick],
    selection: &Selection,
    carried: &BTreeSet<(u128, u128)>,
    limit: u32,
) {
    let store = &house.store;
    store_all(house, clicks).await;
    let memberships: Vec<_> = carried
        .iter()
        .map(|(tag_number, link_number)| TagMembership { tag_id: tag(*tag_number), link_id: link(*link_number) })
        .collect();
    let tags_of = |click: &EnrichedClick| -> Vec<Option<TagId>> {
        let tags: Vec<_> = memberships
            .iter()
            .filter(|membership| Some(membership.link_id) == click.link_id)
            .map(|membership| Some(membership.tag_id))
            .collect();
        if tags.is_empty() { vec![None] } else { tags }
    };
    let breakdown = store.breakdown_by_tag(selection, &memberships, limit).await.expect("a breakdown");
    let selected: Vec<_> = clicks.iter().filter(|click| is_selected(click, selection)).collect();
    let mut listed = Vec::new();
    for item in &breakdown.items {
        let wanted = item.value.as_ref().map(|value| match value {
            Value::Id(id) => TagId::from_uuid(*id),
            other => panic!("{other:?} is no tag"),
        });
        assert_eq!(item.counts, count(selected.iter().copied().filter(|click| tags_of(click).contains(&wanted))));
        listed.push(wanted);
    }
    if breakdown.other_values > 0 {
        let rest = selected.iter().copied().filter(|click| tags_of(click).iter().all(|tag| !listed.contains(tag)));
        assert_eq!(breakdown.other, count(rest));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn reports_agree_with_each_other_and_with_the_raw_clicks(
        clicks in proptest::collection::vec(random_click(), 0..80),
        selection in random_selection(),
        limit in 1..6_u32,
    ) {
        run(async { check_reports(&House::embedded().await, &clicks, &selection, limit).await });
    }

    #[test]
    fn a_click_counts_for_every_tag_of_its_link(
        clicks in proptest::collection::vec(random_click(), 0..60),
        selection in random_selection(),
        carried in proptest::collection::btree_set((1..4_u128, 1..5_u128), 0..8),
        limit in 1..4_u32,
    ) {
        run(async { check_tags(&House::embedded().await, &clicks, &selection, &carried, limit).await });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn reports_from_clickhouse_agree_with_each_other_and_with_the_raw_clicks(
        clicks in proptest::collection::vec(random_click(), 0..80),
        selection in random_selection(),
        carried in proptest::collection::btree_set((1..4_u128, 1..5_u128), 0..8),
        limit in 1..6_u32,
    ) {
        run(async {
            if let Some(house) = House::on_server().await {
                check_reports(&house, &clicks, &selection, limit).await;
            }
            if let Some(house) = House::on_server().await {
                check_tags(&house, &clicks, &selection, &carried, limit).await;
            }
        });
    }
}
