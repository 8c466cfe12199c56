//! Writes mails about accounts, with the codes in them, and hands them over.
//!
//! Invariant: whether an address has an account decides what is written here, long after the request was answered, and never the
//! response; a code is made only while the account is as it was when somebody asked for it, so that a new password ends what waits.

use std::time::Duration;

use secrecy::ExposeSecret;
use url::Url;

use super::jobs::AccountMail;
use super::mail_texts::{self as texts, Text};
use super::one_time_token::OneTimeToken;
use crate::domain::error::{Error, Result};
use crate::domain::id::UserId;
use crate::domain::mail_token::MailTokenPurpose;
use crate::infra::mail::{Mail, MailError, Message};
use crate::infra::store::Store;
use crate::infra::store::mail_tokens::{self, MailToken};
use crate::infra::store::users::{self, User};
use crate::infra::user_agent::UserAgents;
use crate::runtime::clock;

/// How long codes hold that only show that mail arrives.
const CONFIRMATION_HOLDS_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// How long codes hold that give an account away.
const RESET_HOLDS_FOR: Duration = Duration::from_secs(60 * 60);
/// How many codes of one purpose an address has at once: a mail that comes late still holds one that works.
const CODES_MAX: u64 = 3;

/// What writing mails needs. Clones share it.
#[derive(Clone)]
pub struct AccountMails {
    store: Store,
    mail: Mail,
    user_agents: UserAgents,
    instance: Url,
}

/// A code to be, and whose it is.
struct Code<'a> {
    purpose: MailTokenPurpose,
    owner: Option<Owner>,
    email: &'a str,
}

/// Somebody with an account, as they were when they asked.
#[derive(Clone, Copy)]
struct Owner {
    user_id: UserId,
    credentials_version: i64,
}

impl Owner {
    /// Whether the account is as it was then, and may be used.
    fn is_still(self, user: &User) -> bool {
        user.disabled_at.is_none() && user.credentials_version == self.credentials_version
    }
}

impl AccountMails {
    /// Writes about accounts of this store, which people know by this address of the instance.
    #[must_use]
    pub fn new(store: Store, mail: Mail, user_agents: UserAgents, instance: Url) -> Self {
        Self { store, mail, user_agents, instance }
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Writes a mail and hands it over. There may be nothing to write: what it was about is gone, or never was.
    ///
    /// # Errors
    /// `Unavailable` if it may work later; `Invalid` if it never will.
    pub async fn deliver(&self, mail: &AccountMail) -> Result<()> {
        let Some(message) = self.written(mail).await? else { return Ok(()) };
        match self.mail.send(message).await {
            Ok(()) => Ok(()),
            Err(error @ MailError::Unavailable(_)) => Err(Error::unavailable(error)),
            Err(error @ MailError::Refused(_)) => {
                Err(Error::invalid_field("/email", "refused", "the relay refuses this message").caused_by(error))
            }
        }
    }

    async fn written(&self, mail: &AccountMail) -> Result<Option<Message>> {
        match mail {
            AccountMail::ResetPassword { email_key, credentials_version } => {
                self.write_reset(email_key, *credentials_version).await
            }
            AccountMail::Register { email } => self.write_registration(email).await,
            AccountMail::VerifyEmail { user_id, credentials_version } => {
                let owner = Owner { user_id: *user_id, credentials_version: *credentials_version };
                self.write_verification(owner).await
            }
            AccountMail::ChangeEmail { user_id, email, credentials_version } => {
                let owner = Owner { user_id: *user_id, credentials_version: *credentials_version };
                self.write_change(owner, email).await
            }
            AccountMail::EmailChanged { email, new_email } => {
                message(email, texts::email_changed(&self.instance, new_email)).map(Some)
            }
            AccountMail::PasswordChanged { user_id } => {
                self.write_notice(*user_id, texts::password_changed(&self.instance)).await
            }
            AccountMail::SecondFactorChanged { user_id, is_on } => {
                self.write_notice(*user_id, texts::second_factor_changed(&self.instance, *is_on)).await
            }
            AccountMail::SignedInWithNewDevice { user_id, user_agent, address, at } => {
                let agent = self.user_agents.classify(user_agent);
                self.write_notice(*user_id, texts::new_device(&self.instance, &agent, *address, *at)).await
            }
        }
    }

    async fn write_reset(&self, email_key: &str, credentials_version: i64) -> Result<Option<Message>> {
        let user = users::find_by_email(self.store.reader(), email_key).await?;
        let Some(user) = user else { return Ok(None) };
        let owner = Owner { user_id: user.id, credentials_version };
        let code = Code { purpose: MailTokenPurpose::ResetPassword, owner: Some(owner), email: &user.email };
        self.write_code(code, texts::reset_password).await
    }

    async fn write_registration(&self, email: &str) -> Result<Option<Message>> {
        if self.is_taken(email, None).await? {
            return message(email, texts::has_account_already(&self.instance)).map(Some);
        }
        let code = Code { purpose: MailTokenPurpose::Register, owner: None, email };
        self.write_code(code, texts::register).await
    }

    async fn write_verification(&self, owner: Owner) -> Result<Option<Message>> {
        let user = users::find(self.store.reader(), owner.user_id).await?;
        let Some(user) = user.filter(|user| user.email_verified_at.is_none()) else { return Ok(None) };
        let code = Code { purpose: MailTokenPurpose::VerifyEmail, owner: Some(owner), email: &user.email };
        self.write_code(code, texts::verify_email).await
    }

    async fn write_change(&self, owner: Owner, email: &str) -> Result<Option<Message>> {
        let user = users::find(self.store.reader(), owner.user_id).await?;
        if !user.is_some_and(|user| owner.is_still(&user)) {
            return Ok(None);
        }
        if self.is_taken(email, Some(owner.user_id)).await? {
            return message(email, texts::has_account_already(&self.instance)).map(Some);
        }
        let code = Code { purpose: MailTokenPurpose::ChangeEmail, owner: Some(owner), email };
        self.write_code(code, texts::change_email).await
    }

    /// A mail with a new code; none if the account has changed since somebody asked for it.
    async fn write_code(&self, code: Code<'_>, text: fn(&Url, &str) -> Text) -> Result<Option<Message>> {
        let email = code.email.to_owned();
        let Some(token) = self.make_code(code).await? else { return Ok(None) };
        message(&email, text(&self.instance, token.secret().expose_secret())).map(Some)
    }

    async fn write_notice(&self, user_id: UserId, text: Text) -> Result<Option<Message>> {
        let user = users::find(self.store.reader(), user_id).await?;
        user.map(|user: User| message(&user.email, text)).transpose()
    }

    /// Whether the address is that of another account than this one.
    async fn is_taken(&self, email: &str, by_other_than: Option<UserId>) -> Result<bool> {
        let user = users::find_by_email(self.store.reader(), &email.to_lowercase()).await?;
        Ok(user.is_some_and(|user| Some(user.id) != by_other_than))
    }

    async fn make_code(&self, code: Code<'_>) -> Result<Option<OneTimeToken>> {
        let now = clock::now();
        let token = OneTimeToken::random(code.purpose.prefix());
        let holds_for = match code.purpose {
            MailTokenPurpose::ResetPassword => RESET_HOLDS_FOR,
            _ => CONFIRMATION_HOLDS_FOR,
        };
        let row = MailToken {
            token_hash: token.hash(),
            purpose: code.purpose,
            user_id: code.owner.map(|owner| owner.user_id),
            email: code.email.to_owned(),
            email_key: code.email.to_lowercase(),
            created_at: now,
            expires_at: now.plus(holds_for),
        };
        let transaction = self.store.write().await?;
        if let Some(owner) = code.owner {
            // Locked, so that whoever replaces the password meanwhile finds the code and takes it away.
            let user = users::lock(&transaction, owner.user_id).await?;
            if !user.is_some_and(|user| owner.is_still(&user)) {
                return Ok(None);
            }
        }
        mail_tokens::insert(&transaction, row, CODES_MAX).await?;
        transaction.commit().await?;
        Ok(Some(token))
    }
}

fn message(to: &str, (subject, text): Text) -> Result<Message> {
    let to = to.parse().map_err(|error| Error::invalid_field("/email", "invalid_email", format!("{error}")))?;
    Ok(Message { to, subject: subject.to_owned(), text, attachment: None })
}
