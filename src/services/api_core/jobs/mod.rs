//! What api-core leaves to workers: one file a kind.

mod archive_events;
mod edit_links;
mod end_links;
mod file_older_links;
mod forget_changes;
mod forget_events;
mod forget_evidence;
mod forget_idempotency_keys;
mod forget_invitations;
mod forget_link_history;
mod forget_sessions;
mod purge_workspaces;
mod send_invitation;
mod write_evidence;

pub(super) use edit_links::EditLinks;
pub(super) use send_invitation::SendInvitation;
pub(super) use write_evidence::WriteEvidence;

use super::ApiCore;
use crate::infra::jobs::Handlers;

/// The kinds of jobs of the service, and how they are done.
#[must_use]
pub fn handlers(core: &ApiCore) -> Handlers {
    Handlers::default()
        .and(archive_events::handlers(core))
        .and(edit_links::handlers(core))
        .and(end_links::handlers(core))
        .and(file_older_links::handlers(core))
        .and(forget_changes::handlers(core))
        .and(forget_events::handlers(core))
        .and(forget_evidence::handlers(core))
        .and(forget_idempotency_keys::handlers(core))
        .and(forget_invitations::handlers(core))
        .and(forget_link_history::handlers(core))
        .and(forget_sessions::handlers(core))
        .and(purge_workspaces::handlers(core))
        .and(send_invitation::handlers(core))
        .and(write_evidence::handlers(core))
}
