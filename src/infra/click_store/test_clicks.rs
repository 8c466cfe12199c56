//! Clicks for tests.

use uuid::Uuid;

use super::{EnrichedClick, EventPosition, Utm};
use crate::domain::click::ClickKind;
use crate::domain::id::{DomainId, LinkId, WorkspaceId};
use crate::domain::rule::{AgentClass, Device};
use crate::domain::time::Timestamp;
use crate::infra::journal::JournalId;

/// Far from now, so that no day of it is over.
const START: i64 = 3_997_075_200_000_000;

/// This many microseconds after the start of the tests' time.
pub(crate) fn micros(offset: i64) -> Timestamp {
    Timestamp::from_micros(START + offset)
}

/// One of the workspaces.
pub(crate) fn workspace(number: u128) -> WorkspaceId {
    WorkspaceId::from_uuid(Uuid::from_u128(number))
}

/// One of the links.
pub(crate) fn link(number: u128) -> LinkId {
    LinkId::from_uuid(Uuid::from_u128(1000 + number))
}

/// A person's visit of a link.
pub(crate) fn visit(offset: i64) -> EnrichedClick {
    EnrichedClick {
        at: micros(offset),
        kind: ClickKind::Redirect,
        status: 302,
        workspace_id: Some(workspace(1)),
        domain_id: Some(DomainId::from_uuid(Uuid::from_u128(7))),
        link_id: Some(link(1)),
        host: "go.example.com".into(),
        slug: "sale".into(),
        country: Some("DE".into()),
        region: Some("DE-BY".into()),
        city: Some("München".into()),
        asn: Some(3320),
        device: Device::Mobile,
        os: Some("iOS".into()),
        browser: Some("Mobile Safari".into()),
        agent: AgentClass::Human,
        prefetch: false,
        head: false,
        opted_out: false,
        referrer_host: Some("news.example".into()),
        language: Some("de".into()),
        utm: Utm { source: Some("letter".into()), ..Utm::default() },
        rule: Some("bavaria".into()),
        variant: None,
        qr: true,
        visitor: Some(u64::MAX - 5),
    }
}

/// A position in a journal.
pub(crate) fn position(position: u64) -> EventPosition {
    EventPosition { at: micros(i64::try_from(position).expect("small")), journal_id: JournalId::from_u64(1), position }
}
