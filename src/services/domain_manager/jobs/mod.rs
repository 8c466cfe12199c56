//! What the domain manager does as jobs: one file a kind.

mod issue_certificate;
mod renew_certificates;

use super::CertificateIssuer;
use crate::infra::jobs::Handlers;

/// The kinds of jobs of the service, and how they are done.
#[must_use]
pub fn handlers(issuer: &CertificateIssuer) -> Handlers {
    Handlers::default().and(issue_certificate::handlers(issuer)).and(renew_certificates::handlers(issuer))
}
