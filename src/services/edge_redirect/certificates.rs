//! Which certificate the edge shows for which name: the operator's own, or one that was ordered for a domain.

use std::sync::Arc;
use std::time::Duration;

use rustls::server::ServerConfig;
use tokio::sync::Semaphore;

use super::handler::Edge;
use super::kept_certificates::KeptCertificates;
use super::metrics::HandshakeMetrics;
use crate::domain::certificate::ChallengeQuestion;
use crate::infra::certificates::{CertificateFiles, Certified, Handshakes, challenge_config};
use crate::runtime::clock;
use crate::runtime::tasks::Tasks;
use crate::telemetry::metric::gauge_value;

/// How often the operator's files are looked at.
const FILES_INTERVAL: Duration = Duration::from_secs(2);
/// How often what is known is written to disk, if it is something new.
const KEEP_INTERVAL: Duration = Duration::from_secs(1);
/// How many questions of authorities are passed on at once. Anybody can ask them.
const CHALLENGES_MAX: usize = 16;
/// The longest token of a challenge, in bytes; authorities make such of a few dozen.
const TOKEN_BYTES_MAX: usize = 128;

/// What the accept loops of one edge show.
pub struct EdgeCertificates {
    handshakes: Handshakes,
    files: Option<CertificateFiles>,
    ordered: Option<Ordered>,
}

/// Certificates that are ordered for domains.
struct Ordered {
    file: KeptCertificates,
    challenges: Semaphore,
}

impl EdgeCertificates {
    /// The pair of these files, if the operator has any, and those that are ordered, if some are, which are kept in this file.
    #[must_use]
    pub fn new(handshakes: Handshakes, files: Option<CertificateFiles>, ordered: Option<KeptCertificates>) -> Self {
        let ordered = ordered.map(|file| Ordered { file, challenges: Semaphore::new(CHALLENGES_MAX) });
        Self { handshakes, files, ordered }
    }

    /// The certificate for a name in lower case, if there is one. The first to ask for that of a domain waits until it is issued.
    pub(super) async fn of(&self, edge: &Edge, name: &str) -> Option<Arc<Certified>> {
        let own = self.files.as_ref().map(CertificateFiles::current).filter(|certified| certified.covers(name));
        if own.is_some() || self.ordered.is_none() {
            return own;
        }
        edge.cache.certificate(&self.handshakes, name, clock::monotonic()).await
    }

    /// What an authority finds under a token (HTTP-01). `None` if it is none of ours, or too many ask at once.
    pub(super) async fn response_to(&self, edge: &Edge, token: &str) -> Option<String> {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if token.is_empty() || token.len() > TOKEN_BYTES_MAX || !token.bytes().all(is_token) {
            return None;
        }
        self.answer(edge, ChallengeQuestion::Token(token.into())).await
    }

    /// The handshake that an authority is shown for a name (TLS-ALPN-01).
    pub(super) async fn challenge_for(&self, edge: &Edge, name: &str) -> Option<Arc<ServerConfig>> {
        let answer = self.answer(edge, ChallengeQuestion::Host(name.into())).await?;
        challenge_config(&self.handshakes, name, &answer).ok()
    }

    async fn answer(&self, edge: &Edge, question: ChallengeQuestion) -> Option<String> {
        let _permit = self.ordered.as_ref()?.challenges.try_acquire().ok()?;
        edge.cache.challenge(&question).await.ok().flatten()
    }

    fn reload_files(&self) -> Result<bool, String> {
        let reload = |files: &CertificateFiles| files.reload().map_err(|error| error.to_string());
        self.files.as_ref().map_or(Ok(false), reload)
    }
}

/// Takes up new files, and writes down what is ordered, until `tasks` are stopped.
pub(super) fn keep(edge: &Arc<Edge>, tasks: &Tasks) {
    if edge.certificates.files.is_some() {
        keep_files(Arc::clone(edge), tasks);
    }
    if let Some(ordered) = &edge.certificates.ordered {
        ordered.file.restore(edge, &edge.certificates.handshakes);
        keep_ordered(ordered.file.clone(), Arc::clone(edge), tasks);
    }
}

fn keep_files(edge: Arc<Edge>, tasks: &Tasks) {
    let stopping = tasks.stopping();
    tasks.spawn("certificate-files", async move {
        let mut failure = None;
        while stopping.run_until_cancelled(tokio::time::sleep(FILES_INTERVAL)).await.is_some() {
            let edge = Arc::clone(&edge);
            let reloaded = tokio::task::spawn_blocking(move || edge.certificates.reload_files()).await;
            if let Ok(reloaded) = reloaded {
                report(reloaded, &mut failure);
            }
        }
    });
}

/// Logs new files, and a failure when it begins or changes.
fn report(reloaded: Result<bool, String>, failure: &mut Option<String>) {
    match reloaded {
        Ok(true) => {
            *failure = None;
            tracing::info!("the certificate in edge.tls.certificate_file was taken up");
        }
        Ok(false) => *failure = None,
        Err(error) if failure.as_ref() == Some(&error) => {}
        Err(error) => {
            tracing::warn!(
                error,
                "the certificate in edge.tls.certificate_file cannot be taken up; the last one stays"
            );
            *failure = Some(error);
        }
    }
}

fn keep_ordered(file: KeptCertificates, edge: Arc<Edge>, tasks: &Tasks) {
    let stopping = tasks.stopping();
    tasks.spawn("certificate-file", async move {
        let mut last = None;
        while !stopping.is_cancelled() {
            tokio::select! {
                () = tokio::time::sleep(KEEP_INTERVAL) => {}
                () = stopping.cancelled() => {}
            }
            HandshakeMetrics::global().certificates.set(gauge_value(edge.cache.certificate_count() as u64));
            let (file, edge) = (file.clone(), Arc::clone(&edge));
            let written = tokio::task::spawn_blocking(move || file.write(&edge, last)).await;
            match written {
                Ok(Ok(checksum)) => last = Some(checksum),
                Ok(Err(error)) => tracing::warn!(%error, "certificates could not be written down; the last file stays"),
                Err(_) => {}
            }
        }
    });
}
