//! Host names that short links live on: the default domain, which every workspace may use, and those that workspaces bring along.
//!
//! Invariants: a host name has one owner at most, which the database holds; nobody becomes it without a look at DNS that showed the
//! workspace's own TXT record. What edges serve of a host name changes in the transaction that changes the domain's state.

mod associations;
mod checks;
mod create;
mod default_domain;
mod delete;
mod draft;
mod new_row;
mod settings;
mod update;
mod verify;
mod view;

pub use delete::Deletion as DomainDeletion;
pub use draft::{DomainDraft, DomainPatch};
pub use settings::DomainSettings;
pub use view::Domain;

use super::recorded_action::Action;
use crate::domain::change::{HostStanding, Invalidation};
use crate::domain::custom_domain::DomainState;
use crate::infra::store::domains::Domain as Row;

pub(super) const CREATED: Action<Domain> =
    Action::new("domain.created", "A domain was added. It waits for its DNS records.");
pub(super) const UPDATED: Action<Domain> = Action::new("domain.updated", "The settings of a domain were changed.");
pub(super) const DELETED: Action<Domain> =
    Action::new("domain.deleted", "A domain was deleted; nothing is served under it any more.");
pub(super) const VERIFIED: Action<Domain> =
    Action::new("domain.verified", "The DNS records of a domain were found. Its links redirect from now on.");
pub(super) const QUARANTINED: Action<Domain> =
    Action::new("domain.quarantined", "A domain stopped pointing here. Nothing is served under it until it is back.");
pub(super) const LOST: Action<Domain> =
    Action::new("domain.lost", "Another workspace has shown that the name of a quarantined domain is its own.");
pub(super) const WARNED: Action<Domain> = Action::new(
    "domain.findings_changed",
    "Something is wrong with a domain that works, or no longer is; see its findings.",
);

/// What edges have to be told of a domain as it is now. A mere claim is nothing to them.
pub(super) fn told_of(row: &Row) -> Invalidation {
    let standing = match row.state {
        DomainState::Pending => HostStanding::Unclaimed,
        DomainState::Active => HostStanding::Served,
        DomainState::Quarantined => HostStanding::Withheld,
    };
    host_changed(&row.hostname, standing)
}

/// Word of what a host name is from now on.
pub(super) fn host_changed(hostname: &str, standing: HostStanding) -> Invalidation {
    Invalidation::Domain { hostname: hostname.into(), standing: Some(standing) }
}
