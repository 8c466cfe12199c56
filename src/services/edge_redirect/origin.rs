//! Where links come from: the source of truth, however far away it is.

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use crate::domain::certificate::{CertificateAnswer, ChallengeQuestion};
use crate::domain::change::{AsOf, ChangeBatch, HostStanding, Sequence};
use crate::domain::id::{DomainId, LinkId};
use crate::domain::link::{DomainRecord, LinkRecord};
use crate::domain::name_key::NameKey;

/// Why the origin did not answer. What it has not got is a response, not an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the origin is not available: {0}")]
pub struct OriginError(pub String);

/// What comes from the origin piece by piece. It may end at any time, and then has to be asked for again.
pub type OriginStream<T> = BoxStream<'static, Result<T, OriginError>>;

/// Host names and what they are.
pub type HostList = Vec<(String, HostStanding)>;

/// The source of truth as the edge sees it: api-core in the same process, or by gRPC.
#[async_trait]
pub trait Origin: Send + Sync + 'static {
    /// The domain of this host name, or the default domain where none has it. None where it is out of use.
    ///
    /// # Errors
    /// The origin cannot be asked now.
    async fn resolve_domain(&self, hostname: &str) -> Result<AsOf<Option<DomainRecord>>, OriginError>;

    /// Every host name that a domain has, lower-case, and what it is.
    ///
    /// # Errors
    /// The origin cannot be asked now.
    async fn list_hosts(&self) -> Result<AsOf<HostList>, OriginError>;

    /// The link with this slug, as the domain files it.
    ///
    /// # Errors
    /// The origin cannot be asked now.
    async fn resolve_link(&self, domain: DomainId, slug: &str) -> Result<AsOf<Option<LinkRecord>>, OriginError>;

    /// Takes one of the clicks that a link with `max_clicks` has left; `false` when there is none.
    ///
    /// # Errors
    /// The origin cannot be asked now; whether a click was taken is not known.
    async fn claim_click(&self, link: LinkId) -> Result<bool, OriginError>;

    /// Whether a link with `max_clicks` has a click left; takes none.
    ///
    /// # Errors
    /// The origin cannot be asked now.
    async fn has_click_left(&self, link: LinkId) -> Result<bool, OriginError>;

    /// The log of changes after `received`, or all of it that there still is. Batches come several times a second, empty ones too.
    ///
    /// # Errors
    /// The origin cannot be asked now.
    async fn follow_changes(&self, received: Option<Sequence>) -> Result<OriginStream<ChangeBatch>, OriginError>;

    /// The certificate of this host name.
    ///
    /// # Errors
    /// The origin cannot be asked now.
    async fn resolve_certificate(&self, hostname: &str) -> Result<AsOf<CertificateAnswer>, OriginError>;

    /// What an authority shall be answered that looks whether a host name is ours.
    ///
    /// # Errors
    /// The origin cannot be asked now.
    async fn resolve_challenge(&self, question: &ChallengeQuestion) -> Result<Option<String>, OriginError>;

    /// How many host names and slugs there are, more or less.
    ///
    /// # Errors
    /// The origin cannot be asked now.
    async fn count_names(&self) -> Result<u64, OriginError>;

    /// Hashes of every host name and slug that there is, some thousands at once.
    ///
    /// # Errors
    /// The origin cannot be asked now.
    async fn list_names(&self, key: NameKey) -> Result<OriginStream<Vec<u64>>, OriginError>;
}
