//! Clicks to rows and back.

use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, Row};
use uuid::Uuid;

use crate::domain::id::{DomainId, LinkId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::infra::click_store::question::dimension::Storage;
use crate::infra::click_store::question::labels::{AGENTS, DEVICES, KINDS, parse};
use crate::infra::click_store::{
    EnrichedClick, Event, EventPosition, JournalledClick, Utm, Value, agent_label, device_label, kind_label,
};
use crate::infra::journal::JournalId;

/// The columns of a click, in the order that [`bind`] binds and [`read`] reads them.
pub(super) const COLUMNS: &str = "journal_id, position, at, workspace_id, domain_id, link_id, kind, status, counted, \
    host, slug, country, region, city, asn, device, os, browser, agent, prefetch, head, referrer_host, language, \
    utm_source, utm_medium, utm_campaign, utm_term, utm_content, rule, variant, qr, visitor, opted_out";
/// How many there are.
pub(super) const COLUMN_COUNT: usize = 33;

/// Adds the values of one row.
pub(super) fn bind(
    arguments: &mut SqliteArguments,
    journal_id: JournalId,
    record: &JournalledClick,
) -> Result<(), BoxDynError> {
    let click = &record.click;
    arguments.add(journal_id.as_u64().cast_signed())?;
    arguments.add(i64::try_from(record.position)?)?;
    arguments.add(click.at.as_micros())?;
    arguments.add(click.workspace_id.map(|id| id_bytes(id.as_uuid())))?;
    arguments.add(click.domain_id.map(|id| id_bytes(id.as_uuid())))?;
    arguments.add(click.link_id.map(|id| id_bytes(id.as_uuid())))?;
    arguments.add(kind_label(click.kind))?;
    arguments.add(click.status)?;
    arguments.add(click.is_counted())?;
    arguments.add(&*click.host)?;
    arguments.add(&*click.slug)?;
    arguments.add(click.country.as_deref())?;
    arguments.add(click.region.as_deref())?;
    arguments.add(click.city.as_deref())?;
    arguments.add(click.asn)?;
    arguments.add(device_label(click.device))?;
    arguments.add(click.os.as_deref())?;
    arguments.add(click.browser.as_deref())?;
    arguments.add(agent_label(click.agent))?;
    arguments.add(click.prefetch)?;
    arguments.add(click.head)?;
    arguments.add(click.referrer_host.as_deref())?;
    arguments.add(click.language.as_deref())?;
    arguments.add(click.utm.source.as_deref())?;
    arguments.add(click.utm.medium.as_deref())?;
    arguments.add(click.utm.campaign.as_deref())?;
    arguments.add(click.utm.term.as_deref())?;
    arguments.add(click.utm.content.as_deref())?;
    arguments.add(click.rule.as_deref())?;
    arguments.add(click.variant.as_deref())?;
    arguments.add(click.qr)?;
    arguments.add(click.visitor.map(u64::cast_signed))?;
    arguments.add(click.opted_out)
}

/// Reads a row of [`COLUMNS`].
pub(super) fn read(row: &SqliteRow) -> Result<Event, sqlx::Error> {
    let at = Timestamp::from_micros(row.try_get("at")?);
    let click = EnrichedClick {
        at,
        kind: label(row, "kind", |text| parse(&KINDS, kind_label, text))?,
        status: row.try_get("status")?,
        workspace_id: id(row, "workspace_id")?.map(WorkspaceId::from_uuid),
        domain_id: id(row, "domain_id")?.map(DomainId::from_uuid),
        link_id: id(row, "link_id")?.map(LinkId::from_uuid),
        host: row.try_get("host")?,
        slug: row.try_get("slug")?,
        country: row.try_get("country")?,
        region: row.try_get("region")?,
        city: row.try_get("city")?,
        asn: row.try_get("asn")?,
        device: label(row, "device", |text| parse(&DEVICES, device_label, text))?,
        os: row.try_get("os")?,
        browser: row.try_get("browser")?,
        agent: label(row, "agent", |text| parse(&AGENTS, agent_label, text))?,
        prefetch: row.try_get("prefetch")?,
        head: row.try_get("head")?,
        opted_out: row.try_get("opted_out")?,
        referrer_host: row.try_get("referrer_host")?,
        language: row.try_get("language")?,
        utm: Utm {
            source: row.try_get("utm_source")?,
            medium: row.try_get("utm_medium")?,
            campaign: row.try_get("utm_campaign")?,
            term: row.try_get("utm_term")?,
            content: row.try_get("utm_content")?,
        },
        rule: row.try_get("rule")?,
        variant: row.try_get("variant")?,
        qr: row.try_get("qr")?,
        visitor: row.try_get::<Option<i64>, _>("visitor")?.map(i64::cast_unsigned),
    };
    let position = EventPosition {
        at,
        journal_id: JournalId::from_u64(row.try_get::<i64, _>("journal_id")?.cast_unsigned()),
        position: row.try_get::<i64, _>("position")?.cast_unsigned(),
    };
    Ok(Event { position, click })
}

/// The form of an id in a column.
pub(super) fn id_bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// Reads an id from a column.
pub(super) fn id(row: &SqliteRow, column: &str) -> Result<Option<Uuid>, sqlx::Error> {
    row.try_get::<Option<&[u8]>, _>(column)?
        .map(|bytes| Uuid::from_slice(bytes).map_err(|error| sqlx::Error::Decode(error.into())))
        .transpose()
}

/// Reads the value of a column that stores this.
pub(super) fn value(storage: Storage, row: &SqliteRow, column: &str) -> Result<Option<Value>, sqlx::Error> {
    Ok(match storage {
        Storage::Text => row.try_get::<Option<Box<str>>, _>(column)?.map(Value::Text),
        Storage::Id => id(row, column)?.map(Value::Id),
        Storage::Number => row.try_get::<Option<i64>, _>(column)?.map(Value::Number),
        Storage::Flag => row.try_get::<Option<bool>, _>(column)?.map(Value::Flag),
    })
}

/// Reads a text that stands for one of a closed set.
pub(super) fn label<T>(row: &SqliteRow, column: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, sqlx::Error> {
    let text: &str = row.try_get(column)?;
    parse(text).ok_or_else(|| sqlx::Error::Decode(format!("{column} cannot be {text}").into()))
}
