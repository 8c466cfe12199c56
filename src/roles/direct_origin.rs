//! The edge's origin when the api role lives in the same process: a plain call.

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt};

use crate::domain::certificate::{CertificateAnswer, ChallengeQuestion};
use crate::domain::change::{AsOf, ChangeBatch, Sequence};
use crate::domain::error::Error;
use crate::domain::id::{DomainId, LinkId};
use crate::domain::link::{DomainRecord, LinkRecord};
use crate::domain::name_key::NameKey;
use crate::services::api_core::ApiCore;
use crate::services::edge_redirect::origin::{HostList, Origin, OriginError, OriginStream};

/// Asks api-core by a call.
pub(super) struct DirectOrigin(pub(super) ApiCore);

#[async_trait]
impl Origin for DirectOrigin {
    async fn resolve_domain(&self, hostname: &str) -> Result<AsOf<Option<DomainRecord>>, OriginError> {
        self.0.resolve_domain(hostname).await.map_err(unavailable)
    }

    async fn list_hosts(&self) -> Result<AsOf<HostList>, OriginError> {
        self.0.list_hosts().await.map_err(unavailable)
    }

    async fn resolve_link(&self, domain: DomainId, slug: &str) -> Result<AsOf<Option<LinkRecord>>, OriginError> {
        self.0.resolve_link(domain, slug).await.map_err(unavailable)
    }

    async fn claim_click(&self, link: LinkId) -> Result<bool, OriginError> {
        self.0.claim_click(link).await.map_err(unavailable)
    }

    async fn has_click_left(&self, link: LinkId) -> Result<bool, OriginError> {
        self.0.has_click_left(link).await.map_err(unavailable)
    }

    async fn follow_changes(&self, received: Option<Sequence>) -> Result<OriginStream<ChangeBatch>, OriginError> {
        Ok(self.0.follow_changes(received).map(Ok).boxed())
    }

    async fn resolve_certificate(&self, hostname: &str) -> Result<AsOf<CertificateAnswer>, OriginError> {
        self.0.resolve_certificate(hostname).await.map_err(unavailable)
    }

    async fn resolve_challenge(&self, question: &ChallengeQuestion) -> Result<Option<String>, OriginError> {
        self.0.resolve_challenge(question).await.map_err(unavailable)
    }

    async fn count_names(&self) -> Result<u64, OriginError> {
        self.0.count_names().await.map_err(unavailable)
    }

    async fn list_names(&self, key: NameKey) -> Result<OriginStream<Vec<u64>>, OriginError> {
        Ok(self.0.list_names(key).map_err(unavailable).boxed())
    }
}

fn unavailable(error: Error) -> OriginError {
    OriginError(error.to_string())
}
