//! A certificate authority that speaks ACME (RFC 8555).
//!
//! Invariants: every request has a timeout and every answer a limit; an authority that wants to be left alone is asked nothing more
//! within the same order.

use std::fs;
use std::io;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, ExternalAccountKey, Identifier, NewAccount,
    NewOrder, Order, OrderStatus, RetryPolicy,
};
use secrecy::{ExposeSecret, SecretString};

use super::authority_client::AuthorityClient;
use super::order_failure::OrderFailure;
use crate::config::sections::{AcmeChallengeKind, AcmeConfig};
use crate::domain::certificate::IssuedCertificate;

/// How often the authority is asked how far it is, and for how long.
const POLLING: RetryPolicy = RetryPolicy::new()
    .initial_delay(std::time::Duration::from_millis(250))
    .backoff(1.5)
    .timeout(std::time::Duration::from_secs(60));

/// An authority, as the operator chose it.
pub struct Authority {
    client: AuthorityClient,
    directory_url: String,
    contact: Vec<String>,
    external: Option<(String, Vec<u8>)>,
    challenge: ChallengeType,
}

/// An account with an authority.
pub struct AuthorityAccount(Account);

/// What edges have to answer before a certificate is issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// What the authority asks for.
    pub token: String,
    /// The answer (RFC 8555, section 8.1).
    pub key_authorization: String,
}

impl Authority {
    /// The authority of the settings; none if they name none.
    ///
    /// # Errors
    /// `acme.ca_file` or `acme.external_account_key` cannot be read.
    pub fn new(config: &AcmeConfig) -> io::Result<Option<Self>> {
        if config.directory_url.is_empty() {
            return Ok(None);
        }
        let external = match config.external_account_id.is_empty() {
            true => None,
            false => Some((config.external_account_id.clone(), decoded(&config.external_account_key)?)),
        };
        Ok(Some(Self {
            client: AuthorityClient::new(ca(&config.ca_file)?.as_deref()).map_err(io::Error::other)?,
            directory_url: config.directory_url.clone(),
            contact: config.contacts().map(|address| format!("mailto:{address}")).collect(),
            external,
            challenge: match config.challenge {
                AcmeChallengeKind::Http01 => ChallengeType::Http01,
                AcmeChallengeKind::TlsAlpn01 => ChallengeType::TlsAlpn01,
            },
        }))
    }

    /// Where its directory is.
    #[must_use]
    pub fn directory_url(&self) -> &str {
        &self.directory_url
    }

    /// Makes an account, and gives back what opens it again.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn register(&self) -> Result<(AuthorityAccount, SecretString), OrderFailure> {
        let contact: Vec<&str> = self.contact.iter().map(String::as_str).collect();
        let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let external = self.external.as_ref().map(|(id, key)| ExternalAccountKey::new(id.clone(), key));
        let builder = Account::builder_with_http(Box::new(self.client.clone()));
        let (account, credentials) = builder.create(&new, self.directory_url.clone(), external.as_ref()).await?;
        let credentials =
            serde_json::to_string(&credentials).map_err(|error| OrderFailure::Unavailable(error.to_string()))?;
        Ok((AuthorityAccount(account), credentials.into()))
    }

    /// The account that these credentials are of.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub async fn account(&self, credentials: &SecretString) -> Result<AuthorityAccount, OrderFailure> {
        let credentials: AccountCredentials = serde_json::from_str(credentials.expose_secret())
            .map_err(|error| OrderFailure::Unavailable(format!("the account cannot be read: {error}")))?;
        let builder = Account::builder_with_http(Box::new(self.client.clone()));
        Ok(AuthorityAccount(builder.from_credentials(credentials).await?))
    }

    /// Has a certificate issued for a host name. `show` is called with what edges shall answer from then on.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn order<F>(
        &self,
        account: &AuthorityAccount,
        hostname: &str,
        show: impl Fn(Challenge) -> F,
    ) -> Result<IssuedCertificate, OrderFailure>
    where
        F: Future<Output = Result<(), OrderFailure>>,
    {
        let names = [Identifier::Dns(hostname.to_owned())];
        let mut order = account.0.new_order(&NewOrder::new(&names)).await?;
        self.show_challenges(&mut order, show).await?;
        if order.state().status != OrderStatus::Ready && order.poll_ready(&POLLING).await? != OrderStatus::Ready {
            return Err(OrderFailure::Refused(reason(&mut order).await));
        }
        let key = order.finalize().await?;
        let chain = order.poll_certificate(&POLLING).await?;
        Ok(IssuedCertificate { chain: chain.into(), key: key.into() })
    }

    async fn show_challenges<F>(&self, order: &mut Order, show: impl Fn(Challenge) -> F) -> Result<(), OrderFailure>
    where
        F: Future<Output = Result<(), OrderFailure>>,
    {
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status != AuthorizationStatus::Pending {
                continue;
            }
            let Some(mut challenge) = authorization.challenge(self.challenge.clone()) else {
                let what = format!("the authority offers no challenge {:?}", self.challenge);
                return Err(OrderFailure::Refused(what));
            };
            let key_authorization = challenge.key_authorization().as_str().to_owned();
            show(Challenge { token: challenge.token.clone(), key_authorization }).await?;
            challenge.set_ready().await?;
        }
        Ok(())
    }
}

/// What the authority found wrong with a host name.
async fn reason(order: &mut Order) -> String {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else { continue };
        if let Some(problem) = state.challenges.iter().find_map(|challenge| challenge.error.as_ref()) {
            return problem.detail.clone().unwrap_or_else(|| problem.to_string());
        }
    }
    "the authority found the order invalid and did not say why".to_owned()
}

fn decoded(key: &SecretString) -> io::Result<Vec<u8>> {
    let key = key.expose_secret().trim().trim_end_matches('=');
    let wrong =
        |_| io::Error::new(io::ErrorKind::InvalidData, "acme.external_account_key is no base64 as URLs have it");
    URL_SAFE_NO_PAD.decode(key).map_err(wrong)
}

fn ca(file: &Path) -> io::Result<Option<Vec<u8>>> {
    if file.as_os_str().is_empty() {
        return Ok(None);
    }
    let named = |error: io::Error| io::Error::new(error.kind(), format!("acme.ca_file: {}: {error}", file.display()));
    fs::read(file).map(Some).map_err(named)
}
