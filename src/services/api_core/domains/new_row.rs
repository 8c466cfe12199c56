//! What a domain begins with, whoever has it.

use crate::domain::custom_domain::{ClaimedName, DomainStatus};
use crate::domain::id::DomainId;
use crate::domain::link::RedirectStatus;
use crate::infra::store::columns::Json;
use crate::infra::store::domains::Domain as Row;
use crate::runtime::clock;

/// A domain of the instance with nothing chosen yet, which is not served.
pub(super) fn new_row(name: ClaimedName, status: DomainStatus) -> Row {
    let now = clock::now();
    Row {
        id: DomainId::new(),
        workspace_id: None,
        hostname: name.hostname,
        display_name: name.display_name,
        is_default: false,
        case_sensitive: true,
        unicode_slugs: false,
        suggests_slugs: false,
        enabled: false,
        root_url: None,
        not_found_url: None,
        expired_url: None,
        robots: None,
        apple_app_site_association: None,
        asset_links: None,
        hsts_max_age: None,
        hsts_include_subdomains: false,
        certificate_state: None,
        certificate_not_after: None,
        certificate_renew_at: None,
        certificate_next_order_at: None,
        certificate_failures: 0,
        certificate_error: None,
        version: 1,
        created_at: now,
        updated_at: now,
        default_redirect_status: RedirectStatus::default(),
        utm: Json::default(),
        state: status.state,
        state_reason: status.reason,
        state_since: status.since,
        token: String::new(),
        verified_at: None,
        failures: status.failures,
        failing_since: status.failing_since,
        next_check_at: status.next_check_at,
        last_check: None,
        findings: Json::default(),
    }
}
