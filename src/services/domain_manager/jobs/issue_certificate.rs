//! Has a certificate issued for the host name of a domain.

use crate::infra::certificates::IssueCertificate;
use crate::infra::jobs::Handlers;
use crate::services::domain_manager::CertificateIssuer;

pub(super) fn handlers(issuer: &CertificateIssuer) -> Handlers {
    let issuer = issuer.clone();
    Handlers::default().on(move |IssueCertificate { domain_id }, _| {
        let issuer = issuer.clone();
        async move { issuer.issue(domain_id).await }
    })
}
