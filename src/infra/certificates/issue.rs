//! The job that has a certificate issued.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::error::Result;
use crate::domain::id::DomainId;
use crate::infra::jobs::{JobKind, Kind, NewJob};

/// How long one order may take: the authority looks at the host name in its own time.
const ORDER_MAX: Duration = Duration::from_secs(3 * 60);

/// Has a certificate issued for the host name of a domain.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IssueCertificate {
    /// Which domain.
    pub domain_id: DomainId,
}

impl JobKind for IssueCertificate {
    const KIND: Kind = Kind::new("issue_certificate", ORDER_MAX).concurrency(8);
}

impl IssueCertificate {
    /// The job; of several for one domain, one is enqueued.
    ///
    /// # Errors
    /// Those of [`NewJob::of`].
    pub fn job(domain_id: DomainId) -> Result<NewJob> {
        Ok(NewJob::of(&Self { domain_id })?.unique(domain_id.to_string()))
    }
}
