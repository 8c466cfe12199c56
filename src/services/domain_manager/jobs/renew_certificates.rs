//! Orders the certificates that are due.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::services::domain_manager::CertificateIssuer;

/// Orders the certificates that are due.
#[derive(Debug, Default, Serialize, Deserialize)]
struct RenewCertificates {}

impl JobKind for RenewCertificates {
    const KIND: Kind = Kind::new("renew_certificates", Duration::from_secs(60)).concurrency(1);
}

impl CronKind for RenewCertificates {
    const EVERY: Duration = Duration::from_secs(60);
}

pub(super) fn handlers(issuer: &CertificateIssuer) -> Handlers {
    let issuer = issuer.clone();
    Handlers::default().on_tick(move |_: RenewCertificates, _| {
        let issuer = issuer.clone();
        async move { Ok(issuer.take_up_due().await?) }
    })
}
