//! Mail through a relay: `smtps://` speaks TLS from the first byte, `smtp://` begins it with STARTTLS and goes no further without.

use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error as SmtpError, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message as Letter, Tokio1Executor};
use percent_encoding::percent_decode_str;
use secrecy::ExposeSecret;
use url::Url;

use super::message::Sender;
use super::{MailError, unusable};
use crate::config::sections::MailConfig;
use crate::domain::error::Result;

/// The longest that one step of the conversation may take.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that a whole message may take.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(30);
/// How many connections one process holds.
const CONNECTIONS_MAX: u32 = 4;
/// After so long without a message a connection is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Where relays listen for clients: with STARTTLS, and with TLS from the first byte (RFC 8314).
const SUBMISSION_PORT: u16 = 587;
const SUBMISSIONS_PORT: u16 = 465;

/// Connections to a relay.
#[derive(Clone)]
pub(super) struct Relay(AsyncSmtpTransport<Tokio1Executor>);

impl Relay {
    pub(super) fn new(config: &MailConfig, sender: &Sender) -> Result<Self> {
        let url = Url::parse(config.url.expose_secret()).map_err(|error| unusable("mail.url", error))?;
        let host = url.host_str().ok_or_else(|| unusable("mail.url", "there is no host"))?;
        let (tls, usual_port) = match (url.scheme(), MailConfig::is_in_clear(&url)) {
            ("smtps", _) => (Tls::Wrapper(tls(config, host)?), SUBMISSIONS_PORT),
            (_, false) => (Tls::Required(tls(config, host)?), SUBMISSION_PORT),
            (_, true) => (Tls::None, SUBMISSION_PORT),
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(url.port().unwrap_or(usual_port))
            .tls(tls)
            .hello_name(ClientId::Domain(sender.host().to_owned()))
            .timeout(Some(STEP_TIMEOUT))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS_MAX).idle_timeout(IDLE_TIMEOUT));
        let builder = match credentials(&url) {
            Some(credentials) => builder.credentials(credentials),
            None => builder,
        };
        Ok(Self(builder.build()))
    }

    pub(super) async fn send(&self, letter: Letter) -> std::result::Result<(), MailError> {
        match tokio::time::timeout(MESSAGE_TIMEOUT, self.0.send(letter)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => Err(MailError::Unavailable(format!("no response within {MESSAGE_TIMEOUT:?}"))),
        }
    }
}

fn tls(config: &MailConfig, host: &str) -> Result<TlsParameters> {
    let mut parameters = TlsParameters::builder(host.to_owned());
    if !config.ca_file.as_os_str().is_empty() {
        let unreadable = |error: &dyn std::fmt::Display| unusable("mail.ca_file", error);
        let file = std::fs::read(&config.ca_file).map_err(|error| unreadable(&error))?;
        let authority = Certificate::from_pem(&file).map_err(|error| unreadable(&error))?;
        parameters = parameters.certificate_store(CertificateStore::None).add_root_certificate(authority);
    }
    parameters.build().map_err(|error| unusable("mail.ca_file", error))
}

fn credentials(url: &Url) -> Option<Credentials> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let password = decoded(url.password()?);
    Some(Credentials::new(decoded(url.username()), password))
}

/// A permanent refusal of the message itself stays one. A refusal of the client, such as for a wrong password (RFC 4954), ends when
/// the operator mends it.
fn failed(error: &SmtpError) -> MailError {
    let of_the_client = [530, 534, 535, 538].map(Some).contains(&error.status().map(u16::from));
    if error.is_permanent() && !of_the_client {
        return MailError::Refused(error.to_string());
    }
    MailError::Unavailable(error.to_string())
}
