//! The edge's origin when the api role lives in the same process: a plain call.

use async_trait::async_trait;

use crate::domain::error::Error;
use crate::domain::id::{DomainId, LinkId};
use crate::domain::link::{DomainRecord, LinkRecord};
use crate::services::api_core::ApiCore;
use crate::services::edge_redirect::origin::{Origin, OriginError};

/// Asks api-core by a call.
pub(super) struct DirectOrigin(pub(super) ApiCore);

#[async_trait]
impl Origin for DirectOrigin {
    async fn resolve_domain(&self, hostname: &str) -> Result<DomainRecord, OriginError> {
        self.0.resolve_domain(hostname).await.map_err(|error| away(&error))
    }

    async fn resolve_link(&self, domain: DomainId, slug: &str) -> Result<Option<LinkRecord>, OriginError> {
        self.0.resolve_link(domain, slug).await.map_err(|error| away(&error))
    }

    async fn claim_click(&self, link: LinkId) -> Result<bool, OriginError> {
        self.0.claim_click(link).await.map_err(|error| away(&error))
    }
}

fn away(error: &Error) -> OriginError {
    OriginError(error.to_string())
}
