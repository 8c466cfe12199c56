//! api-core over REST.
//!
//! Invariant: handlers reach a workspace only through [`Authorized`], which loads it and looks the right up in the table of permissions.

mod api_keys;
mod audit_events;
mod authentication;
mod authorized;
mod bootstrap;
mod bulk;
mod bulk_edits;
mod bulk_results;
mod change_requests;
mod deleted_links;
mod domains;
mod event_consumers;
mod events;
mod evidence_exports;
mod folders;
mod freeze_windows;
mod headers;
mod idempotency_store;
mod invitations;
mod jobs;
mod leaked_api_keys;
mod link_comments;
mod link_history;
mod link_lookups;
mod link_path;
mod links;
mod listing;
mod members;
mod objects;
mod offered_invitations;
mod printed_links;
mod qr_codes;
mod tags;
mod utm_templates;
mod views;
mod workspaces;

pub(super) use audit_events::page_of_trail;
pub(super) use authentication::bearer;
pub use authentication::{Authentication, ByForeignSession, authenticate};
pub use authorized::{Authenticated, Authorized, InstanceAdmin, Permitted, WorkspacePath};
pub use bootstrap::internal_router;
pub use headers::{IdempotencyHeader, IfMatchHeader, IfNoneMatchHeader};
pub use idempotency_store::IdempotencyRecords;
pub(super) use link_lookups::duplicates_page;
pub(super) use listing::requested_number;
pub use listing::{PageQuery, page_of, requested_page};

use utoipa_axum::router::OpenApiRouter;

use super::ApiCore;

/// The sections of the API's document that are about this service: their names, and what they say.
pub const TAGS: &[(&str, &str)] = &[
    ("workspaces", "The tenants that own everything else."),
    ("members", "Who belongs to a workspace, and as what."),
    ("invitations", "How people come into a workspace."),
    ("api-keys", "Credentials for programs."),
    ("domains", "The host names that links live on."),
    ("links", "Short links and their smart-link rules."),
    ("link-approvals", "Changes of links that need a second person, and times in which nobody changes links."),
    ("folders", "Places for links, in which not everybody need see or change them."),
    ("utm-templates", "Campaign parameters under names, which links are made with."),
    ("views", "The filters of a page under a name, for oneself or for the whole workspace."),
    ("tags", "Labels on links."),
    ("audit", "Who changed what, in chains that show when they were touched."),
    ("objects", "Files that are too large for a database, by links that hold for minutes."),
    ("events", "What happened, in the order of the commits."),
    ("jobs", "Work that goes on after a response, for administrators of the instance."),
];

/// Every operation of the service, with its part of the OpenAPI document. Wrap it, together with those of the services
/// beside it, in [`authenticate`].
#[must_use]
pub fn operations() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new()
        .merge(workspaces::routes())
        .merge(members::routes())
        .merge(invitations::routes())
        .merge(offered_invitations::routes())
        .merge(api_keys::routes())
        .merge(leaked_api_keys::routes())
        .merge(domains::routes())
        .merge(tags::routes())
        .merge(folders::routes())
        .merge(utm_templates::routes())
        .merge(views::routes())
        .merge(links::routes())
        .merge(bulk::routes())
        .merge(bulk_edits::routes())
        .merge(link_lookups::routes())
        .merge(link_comments::routes())
        .merge(printed_links::routes())
        .merge(qr_codes::routes())
        .merge(link_history::routes())
        .merge(deleted_links::routes())
        .merge(change_requests::routes())
        .merge(freeze_windows::routes())
        .merge(audit_events::routes())
        .merge(evidence_exports::routes())
        .merge(events::routes())
        .merge(event_consumers::routes())
        .merge(objects::routes())
        .merge(jobs::routes())
}
