//! Where links come from: the source of truth, however far away it is.

use async_trait::async_trait;

use crate::domain::id::{DomainId, LinkId};
use crate::domain::link::{DomainRecord, LinkRecord};

/// Why the origin did not answer. What it has not got is an answer, not an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the origin is not available: {0}")]
pub struct OriginError(pub String);

/// The source of truth as the edge sees it: api-core in the same process, or by gRPC.
#[async_trait]
pub trait Origin: Send + Sync + 'static {
    /// The domain of this host name, or the default domain where none has it.
    ///
    /// # Errors
    /// The origin cannot be asked now.
    async fn resolve_domain(&self, hostname: &str) -> Result<DomainRecord, OriginError>;

    /// The link with this slug, as the domain files it.
    ///
    /// # Errors
    /// The origin cannot be asked now.
    async fn resolve_link(&self, domain: DomainId, slug: &str) -> Result<Option<LinkRecord>, OriginError>;

    /// Takes one of the clicks that a link with `max_clicks` has left; `false` when there is none.
    ///
    /// # Errors
    /// The origin cannot be asked now; whether a click was taken is not known.
    async fn claim_click(&self, link: LinkId) -> Result<bool, OriginError>;
}
