//! Has certificates issued for the host names of domains, and keeps them.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::metrics::CertificateMetrics;
use super::order_schedule;
use crate::domain::certificate::{CertificateState, IssuedCertificate};
use crate::domain::error::{Error, Result};
use crate::domain::id::DomainId;
use crate::domain::time::Timestamp;
use crate::infra::certificates::{
    Authority, AuthorityAccount, Certified, Challenge, Handshakes, IssueCertificate, OrderFailure, limits_one_name,
};
use crate::infra::jobs::{JobFailure, enqueue};
use crate::infra::sealing::Sealing;
use crate::infra::store::Transaction;
use crate::infra::store::certificates::{self, AcmeAccount, AcmeChallenge, Certificate};
use crate::infra::store::domains::{self, Domain};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::certificates::{renewed, sealed_for, touched};

/// How long an authority may come back to a challenge.
const CHALLENGE_KEPT_FOR: Duration = Duration::from_secs(10 * 60);
/// The longest reason that is told, in characters.
const REASON_CHARACTERS_MAX: usize = 500;
/// How many orders are taken up again at once.
const DUE_MAX: u64 = 200;

/// Has certificates issued; cheap to clone.
#[derive(Clone)]
pub struct CertificateIssuer(Arc<Parts>);

struct Parts {
    core: ApiCore,
    authority: Authority,
    sealing: Sealing,
    handshakes: Handshakes,
}

impl CertificateIssuer {
    /// Orders from this authority for the domains of `core`, and seals keys by `sealing`.
    #[must_use]
    pub fn new(core: ApiCore, authority: Authority, sealing: Sealing, handshakes: Handshakes) -> Self {
        Self(Arc::new(Parts { core, authority, sealing, handshakes }))
    }

    /// Has a certificate issued for a domain, unless it has one that is not to be renewed yet, or may have none any more.
    ///
    /// # Errors
    /// Why there is none; the domain tells it as well.
    pub(super) async fn issue(&self, id: DomainId) -> std::result::Result<(), JobFailure> {
        let Some(domain) = self.domain_in_need(id).await? else { return Ok(()) };
        match self.order(&domain).await {
            Ok(issued) => Ok(self.keep(&domain, issued).await?),
            Err(failure) => Err(self.note(&domain, failure).await?),
        }
    }

    /// Enqueues the orders that are due: renewals, those that failed some time ago, and those that nobody works on.
    ///
    /// # Errors
    /// Only those of the store.
    pub(super) async fn take_up_due(&self) -> Result<()> {
        let (store, now) = (self.0.core.store(), clock::now());
        for domain in domains::due_for_certificates(store.reader(), now, DUE_MAX).await? {
            let transaction = store.write().await?;
            enqueue(&transaction, IssueCertificate::job(domain.id)?).await?;
            transaction.commit().await?;
        }
        if let Some(end) = domains::first_certificate_end(store.reader()).await? {
            CertificateMetrics::global().first_end.set(end.since(now).as_secs_f64());
        }
        Ok(())
    }

    /// The domain, if it needs a certificate now. One that is out of use is no longer on its way to one.
    async fn domain_in_need(&self, id: DomainId) -> Result<Option<Domain>> {
        let store = self.0.core.store();
        let transaction = store.write().await?;
        let Some(domain) = domains::lock_for_instance(&transaction, id).await? else { return Ok(None) };
        if !self.0.core.may_be_certified(&transaction, &domain).await? {
            domains::update(&transaction, Domain { certificate_state: None, ..touched(domain) }).await?;
            transaction.commit().await?;
            return Ok(None);
        }
        let kept = certificates::find(&transaction, id).await?;
        let is_kept = kept.is_some_and(|kept| kept.hostname == domain.hostname);
        let is_young = domain.certificate_renew_at.is_some_and(|renew_at| renew_at > clock::now());
        if is_kept && is_young && domain.certificate_state == Some(CertificateState::Issued) {
            return Ok(None);
        }
        Ok(Some(domain))
    }

    async fn order(&self, domain: &Domain) -> std::result::Result<IssuedCertificate, OrderFailure> {
        let account = self.account().await?;
        let hostname = domain.hostname.as_str();
        let show = |challenge| self.show(hostname, challenge);
        let issued = self.0.authority.order(&account, hostname, show).await;
        if let Err(error) = self.forget_challenges(hostname).await {
            tracing::debug!(%error, "challenges stay until they expire");
        }
        issued
    }

    /// The account of this installation, which is made at the first order.
    async fn account(&self) -> std::result::Result<AuthorityAccount, OrderFailure> {
        let (authority, directory_url) = (&self.0.authority, self.0.authority.directory_url());
        let kept =
            certificates::find_account(self.0.core.store().reader(), directory_url).await.map_err(unavailable)?;
        if let Some(kept) = kept {
            let now = clock::now();
            if let Some(until) = kept.paused_until.filter(|until| *until > now) {
                return Err(OrderFailure::Paused { left: until.since(now) });
            }
            if let Some(sealed) = kept.sealed_credentials {
                return authority.account(&self.opened(sealed).map_err(unavailable)?).await;
            }
        }
        let (account, credentials) = authority.register().await?;
        self.keep_account(&credentials).await.map_err(unavailable)?;
        Ok(account)
    }

    fn opened(&self, sealed: Vec<u8>) -> Result<SecretString> {
        let opened = self.0.sealing.open(&account_context(self.0.authority.directory_url()), sealed)?;
        Ok(String::from_utf8(opened.expose_secret().to_vec()).map_err(Error::internal)?.into())
    }

    async fn keep_account(&self, credentials: &SecretString) -> Result<()> {
        let directory_url = self.0.authority.directory_url().to_owned();
        let sealed = self.0.sealing.seal(&account_context(&directory_url), credentials.expose_secret().as_bytes())?;
        let transaction = self.0.core.store().write().await?;
        let (sealed_credentials, created_at) = (Some(sealed), clock::now());
        let account = AcmeAccount { directory_url, sealed_credentials, paused_until: None, created_at };
        certificates::keep_account(&transaction, account).await?;
        transaction.commit().await
    }

    /// Leaves the authority alone until this moment.
    async fn pause_account(&self, transaction: &Transaction, until: Timestamp) -> Result<()> {
        let directory_url = self.0.authority.directory_url();
        let kept = certificates::find_account(transaction, directory_url).await?;
        let account = AcmeAccount {
            directory_url: directory_url.to_owned(),
            sealed_credentials: kept.and_then(|kept| kept.sealed_credentials),
            paused_until: Some(until),
            created_at: clock::now(),
        };
        certificates::keep_account(transaction, account).await
    }

    async fn show(&self, hostname: &str, challenge: Challenge) -> std::result::Result<(), OrderFailure> {
        let now = clock::now();
        let row = AcmeChallenge {
            token: challenge.token,
            hostname: hostname.to_owned(),
            key_authorization: challenge.key_authorization,
            expires_at: now.plus(CHALLENGE_KEPT_FOR),
        };
        let shown = async {
            let transaction = self.0.core.store().write().await?;
            certificates::show_challenge(&transaction, row, now).await?;
            transaction.commit().await
        };
        shown.await.map_err(unavailable)
    }

    async fn forget_challenges(&self, hostname: &str) -> Result<()> {
        let transaction = self.0.core.store().write().await?;
        certificates::forget_challenges(&transaction, hostname).await?;
        transaction.commit().await
    }

    /// Keeps what was issued, and tells the edges.
    async fn keep(&self, domain: &Domain, issued: IssuedCertificate) -> Result<()> {
        let certified = Certified::from_pem(&self.0.handshakes, issued.chain.as_bytes(), issued.key.as_bytes());
        let certified = certified.map_err(Error::internal)?;
        if !certified.covers(&domain.hostname) {
            return Err(Error::internal("the authority issued a certificate for another host name"));
        }
        let sealed_key = self.0.sealing.seal(&sealed_for(domain.id), issued.key.as_bytes())?;
        let (not_before, not_after) = (certified.not_before(), certified.not_after());
        let transaction = self.0.core.store().write().await?;
        let Some(current) = domains::lock_for_instance(&transaction, domain.id).await? else { return Ok(()) };
        let row = Domain {
            certificate_state: Some(CertificateState::Issued),
            certificate_not_after: Some(not_after),
            certificate_renew_at: Some(order_schedule::renewal(not_before, not_after, rand::random())),
            certificate_next_order_at: None,
            certificate_failures: 0,
            certificate_error: None,
            ..touched(current)
        };
        let certificate = Certificate {
            domain_id: domain.id,
            hostname: domain.hostname.clone(),
            chain: issued.chain.into(),
            sealed_key,
            not_after,
            created_at: clock::now(),
        };
        certificates::keep(&transaction, certificate).await?;
        let stale = vec![renewed(&row)];
        domains::update(&transaction, row).await?;
        self.0.core.commit(transaction, Vec::new(), stale).await?;
        CertificateMetrics::global().issued.increment(1);
        Ok(())
    }

    /// Writes down why there is no certificate, and when the next order may be made.
    async fn note(&self, domain: &Domain, failure: OrderFailure) -> Result<JobFailure> {
        CertificateMetrics::global().fail(&failure);
        let now = clock::now();
        let is_asked = !matches!(failure, OrderFailure::Paused { .. });
        let failures = domain.certificate_failures + i64::from(is_asked);
        let pause = order_schedule::pause(&failure, failures, rand::random());
        let next = now.plus(pause);
        let reason: String = failure.to_string().chars().take(REASON_CHARACTERS_MAX).collect();
        let transaction = self.0.core.store().write().await?;
        match &failure {
            // Only what the authority says moves the end of its pause: each order that finds it would move it on otherwise.
            OrderFailure::RateLimited { reason, pause } if !limits_one_name(reason, &domain.hostname) => {
                self.pause_account(&transaction, now.plus(*pause)).await?;
            }
            OrderFailure::NoAccount => {
                certificates::delete_account(&transaction, self.0.authority.directory_url()).await?;
            }
            _ => {}
        }
        if let Some(current) = domains::lock_for_instance(&transaction, domain.id).await? {
            let row = Domain {
                certificate_state: Some(CertificateState::Failing),
                certificate_next_order_at: Some(next),
                certificate_failures: failures,
                certificate_error: Some(reason.clone()),
                ..touched(current)
            };
            domains::update(&transaction, row).await?;
        }
        transaction.commit().await?;
        tracing::warn!(host = domain.hostname, reason, "could not obtain a certificate; will retry");
        Ok(JobFailure::new(reason).try_again_after(pause))
    }
}

fn account_context(directory_url: &str) -> String {
    format!("account at {directory_url}")
}

/// An order that the store keeps from going on.
fn unavailable(error: Error) -> OrderFailure {
    OrderFailure::Unavailable(error.to_string())
}
