//! What is done about domains without anybody's asking: one file a kind.

mod check_domains;
mod issue_certificate;
mod renew_certificates;
mod verify_domain;

use super::CertificateIssuer;
use crate::infra::jobs::Handlers;
use crate::services::api_core::ApiCore;

/// The kinds of jobs of the service, and how they are done; certificates only where there is somebody to issue them.
#[must_use]
pub fn handlers(core: &ApiCore, issuer: Option<&CertificateIssuer>) -> Handlers {
    let handlers = Handlers::default().and(check_domains::handlers(core)).and(verify_domain::handlers(core));
    match issuer {
        Some(issuer) => handlers.and(issue_certificate::handlers(issuer)).and(renew_certificates::handlers(issuer)),
        None => handlers,
    }
}
