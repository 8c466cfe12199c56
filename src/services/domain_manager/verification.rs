//! The payload of a look at one domain.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::id::{DomainId, WorkspaceId};
use crate::infra::jobs::{JobKind, Kind, Repeat};

/// How many domains one process looks at at once.
const CONCURRENCY: usize = 8;
/// How many of them for one workspace, so that none with many silent names keeps the others waiting.
const CONCURRENCY_OF_WORKSPACE: usize = 2;
/// How often a look is tried that the database kept from being written down. The next one comes by itself.
const TRIES: u16 = 3;

/// Look at the DNS of this domain.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct VerifyDomain {
    pub(super) workspace_id: WorkspaceId,
    pub(super) domain_id: DomainId,
}

impl JobKind for VerifyDomain {
    const KIND: Kind = Kind::new("verify_domain", Duration::from_secs(60 * 5))
        .concurrency(CONCURRENCY)
        .concurrency_per_key(CONCURRENCY_OF_WORKSPACE)
        .repeat(Repeat::UpTo(TRIES));
}
