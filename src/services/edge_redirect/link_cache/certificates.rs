//! Certificates that were ordered for host names, as an edge knows them.
//!
//! Invariant: while the origin is unavailable, a certificate that is known is shown as long as it holds.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::known_hosts::Known;
use super::loading::{Loaded, Lookup};
use super::sources::Sources;
use super::{Kept, LinkCache};
use crate::domain::certificate::{CertificateAnswer, ChallengeQuestion, IssuedCertificate};
use crate::domain::change::AsOf;
use crate::infra::certificates::{Certified, Handshakes};
use crate::runtime::clock::{self, MonotonicTime};
use crate::services::edge_redirect::metrics::LinkSource;
use crate::services::edge_redirect::origin::OriginError;

/// How many certificates an edge keeps.
pub(super) const CERTIFICATES_MAX: usize = 50_000;
/// What one takes in memory, in bytes.
pub(super) const CERTIFICATE_BYTES: usize = 12 * 1024;
/// How long the first visitors of a domain wait for its certificate to be issued.
const ISSUE_MAX: Duration = Duration::from_secs(25);
/// How often the origin is asked meanwhile.
const ISSUE_INTERVAL: Duration = Duration::from_millis(250);
/// How long a certificate is believed without asking again. The log of changes tells of new ones.
const BELIEVED_FOR: Duration = Duration::from_secs(60 * 60);
/// How long it is believed that there is none.
const ABSENT_FOR: Duration = Duration::from_secs(5);

/// A certificate that was ordered, with what it was read from.
pub(in crate::services::edge_redirect) struct KnownCertificate {
    pub(in crate::services::edge_redirect) certified: Arc<Certified>,
    issued: IssuedCertificate,
}

pub(in crate::services::edge_redirect) type KeptCertificates = Vec<Kept<Box<str>, IssuedCertificate>>;

impl LinkCache {
    /// The certificate of a host name in lower case. The first to ask for that of a domain waits until it is issued.
    pub(in crate::services::edge_redirect) async fn certificate(
        &self,
        handshakes: &Handshakes,
        host: &str,
        now: MonotonicTime,
    ) -> Option<Arc<Certified>> {
        let known = self.certificates.get(host, now);
        let fetch = || fetch(Arc::clone(&self.sources), handshakes.clone(), host.into());
        let known = match known {
            Lookup::Absent => return None,
            Lookup::Unknown if self.hosts.serves(host) == Known::No => return None,
            Lookup::Unknown => self.certificates.load(host.into(), ISSUE_MAX, fetch).await.ok()?.value?,
            Lookup::Fresh(known) => known,
            Lookup::Stale(known) => {
                self.certificates.refresh(host.into(), fetch);
                known
            }
            Lookup::Doubted(known) => {
                let asked = self.certificates.load(host.into(), self.refresh_patience, fetch).await;
                asked.map_or(Some(known), |result| result.value)?
            }
        };
        let certified = &known.value.certified;
        (certified.not_after() > clock::now()).then(|| Arc::clone(certified))
    }

    /// What an authority shall be answered.
    pub(in crate::services::edge_redirect) async fn challenge(
        &self,
        question: &ChallengeQuestion,
    ) -> Result<Option<String>, OriginError> {
        self.sources.origin.resolve_challenge(question).await
    }

    /// Every certificate that is known, for the next process.
    pub(in crate::services::edge_redirect) fn kept_certificates(&self) -> KeptCertificates {
        let entries = self.certificates.entries();
        let kept = entries.map(|(key, cached)| Kept {
            key,
            record: AsOf { value: cached.value.issued.clone(), sequence: cached.sequence },
        });
        kept.collect()
    }

    /// Takes in what an earlier process knew, to be asked for again when it is used. Blocks.
    pub(in crate::services::edge_redirect) fn restore_certificates(
        &self,
        handshakes: &Handshakes,
        kept: KeptCertificates,
    ) {
        for Kept { key, record } in kept {
            if let Some(known) = prepared(handshakes, &key, record.value) {
                let loaded = Loaded {
                    value: Some(known),
                    sequence: record.sequence,
                    source: LinkSource::L1,
                    bytes: CERTIFICATE_BYTES,
                    believed_until: MonotonicTime::LONG_AGO,
                };
                self.certificates.offer(&key, loaded);
            }
        }
    }

    /// How many certificates are known.
    pub(in crate::services::edge_redirect) fn certificate_count(&self) -> usize {
        self.certificates.len()
    }
}

/// Asks until the certificate is there, or is not going to be.
async fn fetch(
    sources: Arc<Sources>,
    handshakes: Handshakes,
    host: Box<str>,
) -> Result<Loaded<KnownCertificate>, OriginError> {
    let end = Instant::now() + ISSUE_MAX;
    loop {
        let AsOf { value, sequence } = sources.origin.resolve_certificate(&host).await?;
        let value = match value {
            CertificateAnswer::Awaited if Instant::now() < end => {
                sleep(ISSUE_INTERVAL).await;
                continue;
            }
            CertificateAnswer::Awaited | CertificateAnswer::Absent => None,
            CertificateAnswer::Issued(issued) => prepared(&handshakes, &host, issued),
        };
        let believed_for = if value.is_some() { BELIEVED_FOR } else { ABSENT_FOR };
        let believed_until = clock::monotonic().plus(believed_for);
        return Ok(Loaded { value, sequence, source: LinkSource::Origin, bytes: CERTIFICATE_BYTES, believed_until });
    }
}

fn prepared(handshakes: &Handshakes, host: &str, issued: IssuedCertificate) -> Option<KnownCertificate> {
    match Certified::from_pem(handshakes, issued.chain.as_bytes(), issued.key.as_bytes()) {
        Ok(certified) if certified.covers(host) => Some(KnownCertificate { certified: Arc::new(certified), issued }),
        Ok(_) => None,
        Err(error) => {
            tracing::error!(%error, host, "a certificate from the source of truth cannot be shown");
            None
        }
    }
}
