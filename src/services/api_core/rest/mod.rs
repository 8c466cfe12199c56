//! api-core over REST.
//!
//! Invariant: handlers reach a workspace only through [`Authorized`], which loads it and checks the scope.

mod api_keys;
mod audit_events;
mod authentication;
mod authorized;
mod bootstrap;
mod bulk;
mod domains;
mod events;
mod headers;
mod idempotency_store;
mod jobs;
mod links;
mod listing;
mod tags;
mod workspaces;

pub use authentication::authenticate;
pub(super) use authentication::bearer;
pub use authorized::{
    AnalyticsRead, AuditRead, Authenticated, Authorized, EventsRead, InstanceAdmin, LinksRead, LinksWrite,
    RequiredScope, WorkspacePath, WorkspaceRead, WorkspaceWrite,
};
pub use bootstrap::internal_router;
pub use headers::{IdempotencyHeader, IfMatchHeader, IfNoneMatchHeader};
pub use idempotency_store::IdempotencyRecords;
pub use listing::{PageQuery, page_of, requested_page};

use utoipa_axum::router::OpenApiRouter;

use super::ApiCore;

/// The sections of the API's document that are about this service: their names, and what they say.
pub const TAGS: &[(&str, &str)] = &[
    ("workspaces", "The tenants that own everything else, and their members."),
    ("api-keys", "Credentials for programs."),
    ("domains", "The host names that links live on."),
    ("links", "Short links and their smart-link rules."),
    ("tags", "Labels on links."),
    ("audit", "Who changed what, in chains that show when they were touched."),
    ("events", "What happened, in the order of the commits."),
    ("jobs", "Work that goes on after a response, for administrators of the instance."),
];

/// Every operation of the service, with its part of the OpenAPI document. Wrap it, together with those of the services
/// beside it, in [`authenticate`].
#[must_use]
pub fn operations() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new()
        .merge(workspaces::routes())
        .merge(api_keys::routes())
        .merge(domains::routes())
        .merge(tags::routes())
        .merge(links::routes())
        .merge(bulk::routes())
        .merge(audit_events::routes())
        .merge(events::routes())
        .merge(jobs::routes())
}
