//! Certificates that are ordered for the host names of domains: what edges are told of them, and when one is ordered.
//!
//! Invariants: a certificate is ordered for the host name of a domain that is in use, and for no other; its key is kept sealed.

use std::net::IpAddr;

use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use super::ApiCore;
use super::domains::told_of;
use crate::domain::certificate::{CertificateAnswer, CertificateState, ChallengeQuestion, IssuedCertificate};
use crate::domain::change::{AsOf, Invalidation};
use crate::domain::error::{Error, Result};
use crate::domain::id::DomainId;
use crate::domain::time::Timestamp;
use crate::infra::certificates::IssueCertificate;
use crate::infra::jobs::enqueue;
use crate::infra::sealing::Sealing;
use crate::infra::store::certificates::{self, Certificate};
use crate::infra::store::domains::{self, Domain as Row};
use crate::infra::store::{Connection, changes, workspaces};
use crate::runtime::clock;

/// What became of the certificate that is ordered for a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DomainCertificate {
    /// Whether it is on its way, there, or cannot be had.
    pub state: CertificateState,
    /// Until when the certificate that there is holds.
    pub not_after: Option<Timestamp>,
    /// Why the last order failed.
    #[schema(example = "the authority refuses: DNS problem: NXDOMAIN looking up A for go.example.com")]
    pub error: Option<String>,
}

impl DomainCertificate {
    pub(super) fn of(row: &Row) -> Option<Self> {
        Some(Self {
            state: row.certificate_state?,
            not_after: row.certificate_not_after,
            error: row.certificate_error.clone(),
        })
    }
}

impl ApiCore {
    /// The same service, which has certificates ordered, whose keys are sealed by this.
    #[must_use]
    pub fn certifying(self, sealing: Option<Sealing>) -> Self {
        Self { certifying: sealing, ..self }
    }

    /// The certificate of a host name. The first question about one that has none orders it.
    ///
    /// # Errors
    /// Those of the store; `Internal` if the key cannot be opened.
    pub async fn resolve_certificate(&self, hostname: &str) -> Result<AsOf<CertificateAnswer>> {
        let hostname = hostname.to_ascii_lowercase();
        let sequence = changes::last(self.store.reader()).await?;
        let value = self.certificate_of(&hostname).await?;
        Ok(AsOf { value, sequence })
    }

    /// What an authority shall be answered; `None` if nothing was asked for.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn resolve_challenge(&self, question: &ChallengeQuestion) -> Result<Option<String>> {
        let reader = self.store.reader();
        let found = match question {
            ChallengeQuestion::Token(token) => certificates::find_challenge(reader, token).await?,
            ChallengeQuestion::Host(hostname) => certificates::find_challenge_of_host(reader, hostname).await?,
        };
        Ok(found.filter(|found| found.expires_at > clock::now()).map(|found| found.key_authorization))
    }

    /// Whether a certificate may be ordered for a domain: it is in use, and its host name is one that authorities know.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn may_be_certified(&self, connection: &impl Connection, domain: &Row) -> Result<bool> {
        if !domain.enabled || !is_public_form(&domain.hostname) {
            return Ok(false);
        }
        match domain.workspace_id {
            None => Ok(domain.is_default),
            Some(workspace) => {
                let workspace = workspaces::find(connection, workspace).await?;
                Ok(workspace.is_some_and(|workspace| workspace.deleted_at.is_none()))
            }
        }
    }

    async fn certificate_of(&self, hostname: &str) -> Result<CertificateAnswer> {
        let Some(sealing) = &self.certifying else { return Ok(CertificateAnswer::Absent) };
        let reader = self.store.reader();
        let domain = domains::find_owner(reader, hostname).await?;
        let Some(domain) = domain else { return Ok(CertificateAnswer::Absent) };
        if !self.may_be_certified(reader, &domain).await? {
            return Ok(CertificateAnswer::Absent);
        }
        let now = clock::now();
        let kept = certificates::find(reader, domain.id).await?;
        if let Some(kept) = kept.filter(|kept| kept.hostname == hostname && kept.not_after > now) {
            return opened(sealing, kept);
        }
        match domain.certificate_state {
            Some(CertificateState::Ordered) => Ok(CertificateAnswer::Awaited),
            _ if domain.certificate_next_order_at.is_some_and(|next| next > now) => Ok(CertificateAnswer::Absent),
            _ => self.order_certificate(domain.id).await,
        }
    }

    async fn order_certificate(&self, id: DomainId) -> Result<CertificateAnswer> {
        let transaction = self.store.write().await?;
        let Some(domain) = domains::lock_for_instance(&transaction, id).await? else {
            return Ok(CertificateAnswer::Absent);
        };
        if domain.certificate_state != Some(CertificateState::Ordered) {
            let row = Row { certificate_state: Some(CertificateState::Ordered), ..touched(domain) };
            domains::update(&transaction, row).await?;
        }
        enqueue(&transaction, IssueCertificate::job(id)?).await?;
        transaction.commit().await?;
        Ok(CertificateAnswer::Awaited)
    }
}

/// The next version of a domain, for its certificate is another than before.
#[must_use]
pub fn touched(domain: Row) -> Row {
    Row { version: domain.version + 1, updated_at: clock::now(), ..domain }
}

/// What a key is sealed for.
#[must_use]
pub fn sealed_for(domain: DomainId) -> String {
    format!("certificate of {domain}")
}

/// What edges have to be told when a domain has another certificate.
#[must_use]
pub fn renewed(domain: &Row) -> Invalidation {
    told_of(domain)
}

fn opened(sealing: &Sealing, kept: Certificate) -> Result<CertificateAnswer> {
    let key = sealing.open(&sealed_for(kept.domain_id), kept.sealed_key)?;
    let key = std::str::from_utf8(key.expose_secret()).map_err(Error::internal)?;
    Ok(CertificateAnswer::Issued(IssuedCertificate { chain: kept.chain.into(), key: key.into() }))
}

/// Authorities know no addresses and no names of one label, such as `localhost`.
fn is_public_form(hostname: &str) -> bool {
    hostname.contains('.') && hostname.parse::<IpAddr>().is_err()
}
