//! The mail of an invitation: the only place where its secret is.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::ApiCore;
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::infra::mail::Message;

/// What the mail of an invitation says.
pub(super) struct InvitationMail {
    /// To whom.
    pub(super) email: String,
    /// Where to: its slug, because a name could say anything to a stranger.
    pub(super) workspace_slug: String,
    /// As what.
    pub(super) role: Role,
    /// The secret.
    pub(super) token: SecretString,
    /// Until when.
    pub(super) expires_at: Timestamp,
}

impl ApiCore {
    /// Hands the mail over in a task, so that no request waits for a slow relay. What is not handed over can be sent again by whoever invited.
    pub(super) fn mail_invitation(&self, mail: &InvitationMail) {
        let Some(relay) = self.mail.clone() else { return };
        let Ok(to) = mail.email.parse() else {
            tracing::warn!("an invitation is for an address that no mail can be sent to");
            return;
        };
        let message = Message { to, subject: subject(mail), text: text(&self.settings.public_url, mail) };
        self.tasks.spawn_finite("invitation mail", async move {
            if let Err(error) = relay.send(message).await {
                tracing::warn!(%error, "the mail of an invitation was not handed over: {error}");
            }
        });
    }
}

fn subject(mail: &InvitationMail) -> String {
    format!("You are invited to {}", mail.workspace_slug)
}

fn text(public_url: &Url, mail: &InvitationMail) -> String {
    let InvitationMail { workspace_slug, role, token, expires_at, .. } = mail;
    let (role, token) = (role.as_str(), token.expose_secret());
    format!(
        "You are invited to the workspace {workspace_slug} on {public_url} as {role}.\n\n\
         This code accepts the invitation, once, until {expires_at}:\n\n  {token}\n\n\
         On the command line:\n\n  elido member accept --api-url {public_url}\n\n\
         Whoever did not expect this can leave it: nothing happens without the code.\n"
    )
}
