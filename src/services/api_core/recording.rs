//! Writes down what a transaction does: audit rows, events, and what edges must forget; in this order, and last of all.
//!
//! Invariant: rows and events are there exactly for what was committed, because they are part of the transaction.

use std::collections::BTreeMap;

use super::recorded_action::RecordedAction;
use crate::domain::audit::{AuditEvent, ChainHash};
use crate::domain::change::{Change, Invalidation};
use crate::domain::error::Result;
use crate::domain::event::Event;
use crate::domain::id::{AuditEventId, EventId};
use crate::domain::recorded::Chain;
use crate::domain::time::Timestamp;
use crate::infra::store::{Transaction, audit, events};
use crate::runtime::origin::Origin;

/// Writes down `recorded_actions`, which a request from `origin` caused, and what is stale after them.
pub(super) async fn record(
    transaction: &Transaction,
    recorded_actions: Vec<RecordedAction>,
    stale: Vec<Invalidation>,
    origin: &Origin,
    now: Timestamp,
) -> Result<Option<Change>> {
    // In the order of the chains, so that no two transactions wait for each other.
    let mut chains: BTreeMap<Chain, Vec<AuditEvent>> = BTreeMap::new();
    let mut outbox = Vec::with_capacity(recorded_actions.len());
    for recorded_action in recorded_actions {
        let (row, event) = written(recorded_action, origin, now);
        chains.entry(row.chain).or_default().push(row);
        outbox.push(event);
    }
    for (chain, rows) in chains {
        audit::append(transaction, chain, rows).await?;
    }
    events::append(transaction, outbox, stale, now).await
}

fn written(recorded_action: RecordedAction, origin: &Origin, now: Timestamp) -> (AuditEvent, Event) {
    let row = AuditEvent {
        chain: recorded_action.chain,
        sequence: 0,
        id: AuditEventId::new(),
        at: now,
        actor: recorded_action.author,
        action: recorded_action.action.to_owned(),
        target: recorded_action.subject.clone(),
        before: recorded_action.before,
        after: recorded_action.after,
        address: origin.address.map(|address| address.to_string()),
        request_id: origin.request_id.clone(),
        hash: ChainHash::default(),
    };
    let event = Event {
        sequence: 0,
        id: EventId::new(),
        r#type: recorded_action.action.to_owned(),
        schema_version: recorded_action.schema_version,
        workspace_id: recorded_action.workspace,
        subject: recorded_action.subject,
        actor: recorded_action.author,
        at: now,
        data: recorded_action.data,
    };
    (row, event)
}
