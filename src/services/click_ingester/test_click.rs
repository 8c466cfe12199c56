//! A click for tests.

use std::net::{IpAddr, Ipv4Addr};

use uuid::Uuid;

use crate::domain::click::{Click, ClickKind, Signals};
use crate::domain::id::{LinkId, WorkspaceId};
use crate::domain::time::Timestamp;

/// A person's visit of a link.
pub fn click() -> Click<'static> {
    Click {
        at: Timestamp::from_micros(1_788_000_000_000_000),
        kind: ClickKind::Redirect,
        status: 302,
        workspace_id: Some(WorkspaceId::from_uuid(Uuid::from_u128(1))),
        domain_id: None,
        link_id: Some(LinkId::from_uuid(Uuid::from_u128(2))),
        rule: None,
        variant: None,
        address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)),
        signals: Signals::default(),
        host: "Go.example.com",
        slug: "sale",
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        referrer: "",
        accept_language: "de-DE,de;q=0.9",
        query: "",
        campaign: "",
    }
}
