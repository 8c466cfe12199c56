//! What is done about domains without anybody's asking: one file a kind.

mod check_domains;
mod verify_domain;

use crate::infra::jobs::Handlers;
use crate::services::api_core::ApiCore;

/// The kinds of jobs of the service, and how they are done.
#[must_use]
pub fn handlers(core: &ApiCore) -> Handlers {
    Handlers::default().and(check_domains::handlers(core)).and(verify_domain::handlers(core))
}
