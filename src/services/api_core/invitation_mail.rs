//! The mail of an invitation: the only place where its secret is.

use secrecy::ExposeSecret;
use url::Url;

use super::ApiCore;
use super::jobs::SendInvitation;
use super::tokens::{Token, TokenKind};
use crate::domain::error::Result;
use crate::infra::mail::{Mail, Message};
use crate::infra::store::invitations::{self, Invitation};
use crate::infra::store::workspaces::{self, Workspace};
use crate::runtime::clock;

impl ApiCore {
    /// The mail of an invitation, with a new secret, which is the one that holds from now on. None if there is nothing to send: the
    /// invitation was accepted or revoked, has expired, or was sent again, the workspace is being deleted, or this process sends no
    /// mail.
    ///
    /// # Errors
    /// Only those of the store.
    pub(super) async fn invitation_message(
        &self,
        SendInvitation { workspace_id, invitation_id, sent_at }: &SendInvitation,
    ) -> Result<Option<(Mail, Message)>> {
        let Some(relay) = self.mail.clone() else { return Ok(None) };
        let transaction = self.store.write().await?;
        let workspace = workspaces::lock(&transaction, *workspace_id).await?;
        let Some(workspace) = workspace.filter(|workspace| workspace.deleted_at.is_none()) else { return Ok(None) };
        let Some(row) = invitations::find(&transaction, *workspace_id, *invitation_id).await? else { return Ok(None) };
        let Ok(to) = row.email.parse() else { return Ok(None) };
        let is_overtaken = sent_at.is_some_and(|sent_at| sent_at != row.sent_at);
        if is_overtaken || row.expires_at <= clock::now() {
            return Ok(None);
        }
        let token = Token::random(TokenKind::Invitation);
        invitations::update(&transaction, Invitation { token_hash: token.hash(), ..row.clone() }).await?;
        transaction.commit().await?;
        let subject = format!("You are invited to {}", workspace.slug);
        let text = text(&self.settings.public_url, &workspace, &row, token.secret().expose_secret());
        Ok(Some((relay, Message { to, subject, text, attachment: None })))
    }
}

/// The workspace is named by its slug, because a name could say anything to a stranger.
fn text(public_url: &Url, workspace: &Workspace, invitation: &Invitation, code: &str) -> String {
    let (slug, role, end) = (&workspace.slug, invitation.role.as_str(), invitation.expires_at);
    let page = format!("{}/invitation#token={code}", public_url.as_str().trim_end_matches('/'));
    format!(
        "You are invited to the workspace {slug} on {public_url} as {role}.\n\n\
         Accept the invitation here, once, until {end}:\n\n  {page}\n\n\
         Or with this code on the command line, by elido member accept --api-url {public_url}\n\n  {code}\n\n\
         Whoever did not expect this can leave it: nothing happens without the code.\n"
    )
}
