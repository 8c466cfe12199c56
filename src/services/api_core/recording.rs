//! Writes down what a transaction does: audit rows, events, and what edges must forget; in this order, and last of all.
//!
//! Invariant: rows and events are there exactly for what was committed, because they are part of the transaction.

use std::collections::BTreeMap;

use super::happening::Happening;
use crate::domain::audit::{AuditEvent, ChainHash};
use crate::domain::change::{Change, Invalidation};
use crate::domain::error::Result;
use crate::domain::event::Event;
use crate::domain::id::{AuditEventId, EventId};
use crate::domain::recorded::Chain;
use crate::domain::time::Timestamp;
use crate::infra::store::{Transaction, audit, events};
use crate::runtime::origin::Origin;

/// Writes down `happenings`, which a request from `origin` caused, and what is stale after them.
pub(super) async fn record(
    transaction: &Transaction,
    happenings: Vec<Happening>,
    stale: Vec<Invalidation>,
    origin: &Origin,
    now: Timestamp,
) -> Result<Option<Change>> {
    // In the order of the chains, so that no two transactions wait for each other.
    let mut chains: BTreeMap<Chain, Vec<AuditEvent>> = BTreeMap::new();
    let mut outbox = Vec::with_capacity(happenings.len());
    for happening in happenings {
        let (row, event) = written(happening, origin, now);
        chains.entry(row.chain).or_default().push(row);
        outbox.push(event);
    }
    for (chain, rows) in chains {
        audit::append(transaction, chain, rows).await?;
    }
    events::append(transaction, outbox, stale, now).await
}

fn written(happening: Happening, origin: &Origin, now: Timestamp) -> (AuditEvent, Event) {
    let row = AuditEvent {
        chain: happening.chain,
        sequence: 0,
        id: AuditEventId::new(),
        at: now,
        actor: happening.author,
        action: happening.action.to_owned(),
        target: happening.subject.clone(),
        before: happening.before,
        after: happening.after,
        address: origin.address.map(|address| address.to_string()),
        request_id: origin.request_id.clone(),
        hash: ChainHash::default(),
    };
    let event = Event {
        sequence: 0,
        id: EventId::new(),
        r#type: happening.action.to_owned(),
        schema_version: happening.schema_version,
        workspace_id: happening.workspace,
        subject: happening.subject,
        actor: happening.author,
        at: now,
        data: happening.data,
    };
    (row, event)
}
