//! Clicks to rows and back.
//!
//! Rows go to the server in its format RowBinary, which is written here and not by the library, because the very bytes of an insert are kept
//! until it is over.

use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use crate::domain::id::{DomainId, LinkId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::infra::click_store::question::dimension::Storage;
use crate::infra::click_store::question::labels::{AGENTS, DEVICES, KINDS, parse};
use crate::infra::click_store::{
    ClickStoreError, EnrichedClick, Event, EventPosition, JournalledClick, Utm, Value, agent_label, device_label,
    kind_label,
};
use crate::infra::journal::JournalId;

/// The columns of a click, in the order that [`write()`] writes them.
pub(super) const COLUMNS: &str = "journal_id, position, at, workspace_id, domain_id, link_id, kind, status, counted, \
    host, slug, country, region, city, asn, device, os, browser, agent, prefetch, head, referrer_host, language, \
    utm_source, utm_medium, utm_campaign, utm_term, utm_content, rule, variant, qr, visitor, opted_out";
/// Those that [`EventRow`] reads.
pub(super) const EVENT_COLUMNS: &str = "journal_id, position, at, workspace_id, domain_id, link_id, kind, status, \
    host, slug, country, region, city, asn, device, os, browser, agent, prefetch, head, referrer_host, language, \
    utm_source, utm_medium, utm_campaign, utm_term, utm_content, rule, variant, qr, visitor, opted_out";

/// A click as the server answers it.
#[derive(Debug, Row, Deserialize)]
pub(super) struct EventRow {
    journal_id: i64,
    position: i64,
    at: i64,
    #[serde(with = "clickhouse::serde::uuid::option")]
    workspace_id: Option<Uuid>,
    #[serde(with = "clickhouse::serde::uuid::option")]
    domain_id: Option<Uuid>,
    #[serde(with = "clickhouse::serde::uuid::option")]
    link_id: Option<Uuid>,
    kind: String,
    status: u16,
    host: Box<str>,
    slug: Box<str>,
    country: Option<Box<str>>,
    region: Option<Box<str>>,
    city: Option<Box<str>>,
    asn: Option<u32>,
    device: String,
    os: Option<Box<str>>,
    browser: Option<Box<str>>,
    agent: String,
    prefetch: bool,
    head: bool,
    referrer_host: Option<Box<str>>,
    language: Option<Box<str>>,
    utm_source: Option<Box<str>>,
    utm_medium: Option<Box<str>>,
    utm_campaign: Option<Box<str>>,
    utm_term: Option<Box<str>>,
    utm_content: Option<Box<str>>,
    rule: Option<Box<str>>,
    variant: Option<Box<str>>,
    qr: bool,
    visitor: Option<u64>,
    opted_out: bool,
}

impl EventRow {
    /// The click that it is.
    pub(super) fn into_event(self) -> Result<Event, ClickStoreError> {
        let at = Timestamp::from_micros(self.at);
        let position = EventPosition {
            at,
            journal_id: JournalId::from_u64(self.journal_id.cast_unsigned()),
            position: self.position.cast_unsigned(),
        };
        let click = EnrichedClick {
            at,
            kind: known("kind", &self.kind, parse(&KINDS, kind_label, &self.kind))?,
            status: self.status,
            workspace_id: self.workspace_id.map(WorkspaceId::from_uuid),
            domain_id: self.domain_id.map(DomainId::from_uuid),
            link_id: self.link_id.map(LinkId::from_uuid),
            host: self.host,
            slug: self.slug,
            country: self.country,
            region: self.region,
            city: self.city,
            asn: self.asn,
            device: known("device", &self.device, parse(&DEVICES, device_label, &self.device))?,
            os: self.os,
            browser: self.browser,
            agent: known("agent", &self.agent, parse(&AGENTS, agent_label, &self.agent))?,
            prefetch: self.prefetch,
            head: self.head,
            opted_out: self.opted_out,
            referrer_host: self.referrer_host,
            language: self.language,
            utm: Utm {
                source: self.utm_source,
                medium: self.utm_medium,
                campaign: self.utm_campaign,
                term: self.utm_term,
                content: self.utm_content,
            },
            rule: self.rule,
            variant: self.variant,
            qr: self.qr,
            visitor: self.visitor,
        };
        Ok(Event { position, click })
    }
}

/// What a text of a closed set stands for.
pub(super) fn known<T>(column: &str, text: &str, parsed: Option<T>) -> Result<T, ClickStoreError> {
    parsed.ok_or_else(|| ClickStoreError::Refused(format!("{column} cannot be {text}")))
}

/// Reads the value of a column that stores this.
pub(super) fn value(storage: Storage, text: &str) -> Result<Value, ClickStoreError> {
    let value = match storage {
        Storage::Text => Some(Value::Text(text.into())),
        Storage::Id => text.parse().ok().map(Value::Id),
        Storage::Number => text.parse().ok().map(Value::Number),
        Storage::Flag => text.parse().ok().map(Value::Flag),
    };
    known("a value", text, value)
}

/// Adds a row of [`COLUMNS`].
pub(super) fn write(rows: &mut Vec<u8>, journal_id: JournalId, record: &JournalledClick) {
    let click = &record.click;
    rows.extend(journal_id.as_u64().to_le_bytes());
    rows.extend(record.position.to_le_bytes());
    rows.extend(click.at.as_micros().to_le_bytes());
    write_id(rows, click.workspace_id.map(WorkspaceId::as_uuid));
    write_id(rows, click.domain_id.map(DomainId::as_uuid));
    write_id(rows, click.link_id.map(LinkId::as_uuid));
    write_text(rows, kind_label(click.kind));
    rows.extend(click.status.to_le_bytes());
    rows.push(click.is_counted().into());
    write_text(rows, &click.host);
    write_text(rows, &click.slug);
    write_optional(rows, click.country.as_deref());
    write_optional(rows, click.region.as_deref());
    write_optional(rows, click.city.as_deref());
    write_nullable(rows, click.asn.map(u32::to_le_bytes));
    write_text(rows, device_label(click.device));
    write_optional(rows, click.os.as_deref());
    write_optional(rows, click.browser.as_deref());
    write_text(rows, agent_label(click.agent));
    rows.push(click.prefetch.into());
    rows.push(click.head.into());
    write_optional(rows, click.referrer_host.as_deref());
    write_optional(rows, click.language.as_deref());
    for text in [&click.utm.source, &click.utm.medium, &click.utm.campaign, &click.utm.term, &click.utm.content] {
        write_optional(rows, text.as_deref());
    }
    write_optional(rows, click.rule.as_deref());
    write_optional(rows, click.variant.as_deref());
    rows.push(click.qr.into());
    write_nullable(rows, click.visitor.map(u64::to_le_bytes));
    rows.push(click.opted_out.into());
}

/// Two halves, each with its lowest byte first.
fn write_id(rows: &mut Vec<u8>, id: Option<Uuid>) {
    let halves = |id: Uuid| {
        let (high, low) = id.as_u64_pair();
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&high.to_le_bytes());
        bytes[8..].copy_from_slice(&low.to_le_bytes());
        bytes
    };
    write_nullable(rows, id.map(halves));
}

fn write_nullable<const N: usize>(rows: &mut Vec<u8>, bytes: Option<[u8; N]>) {
    rows.push(bytes.is_none().into());
    rows.extend(bytes.iter().flatten());
}

fn write_optional(rows: &mut Vec<u8>, text: Option<&str>) {
    rows.push(text.is_none().into());
    if let Some(text) = text {
        write_text(rows, text);
    }
}

/// The length, seven bits a byte and the lowest first, then the bytes.
fn write_text(rows: &mut Vec<u8>, text: &str) {
    let mut length = text.len();
    loop {
        let [low, ..] = length.to_le_bytes();
        length >>= 7;
        if length == 0 {
            rows.push(low);
            break;
        }
        rows.push(low | 0x80);
    }
    rows.extend(text.as_bytes());
}
