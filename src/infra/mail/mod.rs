//! Mail to people, by the scheme of `mail.url`: a relay, files in the data folder, or the log.
//!
//! Invariants: what a person typed becomes a recipient only as an [`Address`], and no text reaches a header with a line break in
//! it; a message is handed over within a time limit or fails; every message is counted by what became of it.

mod address;
mod folder;
mod message;
mod metrics;
mod smtp;

pub use address::{Address, AddressError};
pub use message::{Attachment, Message};

use std::path::Path;

use secrecy::ExposeSecret;

use crate::config::sections::MailConfig;
use crate::domain::error::{Error, Result};
use folder::Folder;
use message::Sender;
use metrics::MailMetrics;
use smtp::Relay;

/// Sends mail; cheap to clone.
#[derive(Clone)]
pub struct Mail {
    sender: Sender,
    form: Form,
}

/// How it leaves.
#[derive(Clone)]
enum Form {
    Relay(Relay),
    Folder(Folder),
    Log,
}

/// Why a message was not handed over.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The relay does not take this message, now or later.
    #[error("the relay refused the message: {0}")]
    Refused(String),
    /// The same message may be taken later.
    #[error("the message could not be handed over: {0}")]
    Unavailable(String),
}

impl MailError {
    /// Whether trying again may help.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl Mail {
    /// Reads the settings; nothing is connected yet. `data_folder` is where a relative folder starts.
    ///
    /// # Errors
    /// A setting that makes no sense, or an authority that cannot be read.
    pub fn new(config: &MailConfig, data_folder: &Path) -> Result<Self> {
        let sender = Sender::parse(&config.from)?;
        let form = match config.url.expose_secret().split_once(':') {
            Some(("folder", folder)) => Form::Folder(Folder::new(data_folder.join(folder))),
            Some(("log", "")) => Form::Log,
            _ => Form::Relay(Relay::new(config, &sender)?),
        };
        Ok(Self { sender, form })
    }

    /// Hands a message over. A relay that took it may still fail to deliver it.
    ///
    /// # Errors
    /// The relay refused it, or nobody took it in time.
    pub async fn send(&self, message: Message) -> std::result::Result<(), MailError> {
        let sent = self.hand_over(message).await;
        let metrics = MailMetrics::global();
        match &sent {
            Ok(()) => metrics.sent.increment(1),
            Err(MailError::Refused(_)) => metrics.refused.increment(1),
            Err(MailError::Unavailable(_)) => metrics.failed.increment(1),
        }
        sent
    }

    async fn hand_over(&self, message: Message) -> std::result::Result<(), MailError> {
        let letter = message.letter(&self.sender).map_err(|error| MailError::Refused(error.to_string()))?;
        match &self.form {
            Form::Relay(relay) => relay.send(letter).await,
            Form::Folder(folder) => folder.keep(letter.formatted()).await,
            Form::Log => {
                tracing::info!(to = %message.to, subject = message.subject, text = message.text, "a message");
                Ok(())
            }
        }
    }
}

fn unusable(key: &str, problem: impl std::fmt::Display) -> Error {
    Error::internal(format!("{key}: {problem}"))
}
