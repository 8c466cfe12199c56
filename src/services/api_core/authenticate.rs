//! From a bearer token to whoever sent it, and from there into a workspace.

use std::time::Duration;

use subtle::ConstantTimeEq;

use super::ApiCore;
use super::folders;
use super::foreign_credentials::{ForeignHolder, ForeignSession};
use super::principal::{Access, Actor, Principal};
use super::tokens::{Token, TokenKind};
use super::workspace_deletion::being_deleted;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::WorkspaceId;
use crate::domain::permission::{Caller, Permission};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;
use crate::infra::store::api_keys::{self, ApiKey};
use crate::infra::store::workspaces::Workspace as WorkspaceRow;
use crate::infra::store::{oauth_tokens, sessions, users, workspaces};
use crate::runtime::clock;

/// How exact the time of last use is.
const LAST_USED_STEP: Duration = Duration::from_secs(60);

impl ApiCore {
    /// Whoever sent this token.
    ///
    /// # Errors
    /// `Unauthenticated` if nobody holds such a token, or it has expired.
    pub async fn authenticate(&self, bearer: &str) -> Result<Principal> {
        let Some(token) = Token::parse(bearer) else { return self.authenticate_foreign(bearer).await };
        match token.kind() {
            TokenKind::Session => self.authenticate_session(&token).await,
            TokenKind::ApiKey => self.authenticate_key(&token).await,
            TokenKind::AccessToken => self.authenticate_application(&token).await,
            TokenKind::RefreshToken
            | TokenKind::AuthorizationCode
            | TokenKind::ClientSecret
            | TokenKind::Invitation
            | TokenKind::Setup
            | TokenKind::Share => Err(unauthenticated()),
        }
    }

    async fn authenticate_session(&self, token: &Token) -> Result<Principal> {
        self.session_of(&token.hash()).await?.ok_or_else(unauthenticated)
    }

    async fn authenticate_foreign(&self, token: &str) -> Result<Principal> {
        let foreign = self.foreign.as_ref().ok_or_else(unauthenticated)?;
        foreign.by_access_token(token).await?.ok_or_else(unauthenticated)
    }

    /// Whoever proves a session at an identity provider; `None` if it is over.
    ///
    /// # Errors
    /// `Unavailable` if the provider is unavailable; `Forbidden` if the person may not come in here.
    pub(super) async fn authenticate_foreign_session(&self, session: &ForeignSession) -> Result<Option<Principal>> {
        match &self.foreign {
            Some(foreign) => foreign.by_session(session).await,
            None => Ok(None),
        }
    }

    /// Whose the session is whose token has this hash, if it is one that holds.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn session_of(&self, token_hash: &[u8]) -> Result<Option<Principal>> {
        let now = clock::now();
        let found = sessions::find_by_token(self.store.reader(), token_hash).await?;
        let found = found.filter(|(session, _)| is_same(&session.token_hash, token_hash));
        let holds = found.filter(|(session, user)| now < session.expires_at && user.disabled_at.is_none());
        let Some((session, user)) = holds else { return Ok(None) };
        if is_stale(Some(session.last_used_at), now) {
            let id = session.id;
            self.note("session use", |core| async move {
                let transaction = core.store.write().await?;
                sessions::touch(&transaction, id, now).await?;
                transaction.commit().await
            });
        }
        let (user_id, is_admin) = (user.id, user.is_admin);
        Ok(Some(Principal::Person { user_id, session_id: session.id, is_admin, token_hash: session.token_hash }))
    }

    async fn authenticate_key(&self, token: &Token) -> Result<Principal> {
        let now = clock::now();
        let token_hash = token.hash();
        let key = api_keys::find_by_token(self.store.reader(), &token_hash)
            .await?
            .filter(|key| holds(key, &token_hash, now))
            .ok_or_else(unauthenticated)?;
        if is_stale(key.last_used_at, now) {
            let id = key.id;
            self.note("key use", |core| async move {
                let transaction = core.store.write().await?;
                api_keys::touch(&transaction, id, now).await?;
                transaction.commit().await
            });
        }
        Ok(Principal::ApiKey {
            key_id: key.id,
            workspace_id: key.workspace_id,
            scopes: key.scopes.0,
            created_by: key.created_by,
            rate_limit_per_minute: key.rate_limit_per_minute.and_then(|limit| u32::try_from(limit).ok()),
            token_hash,
        })
    }

    async fn authenticate_application(&self, token: &Token) -> Result<Principal> {
        let token_hash = token.hash();
        let bearer = oauth_tokens::bearer(self.store.reader(), &token_hash, clock::now()).await?;
        let bearer = bearer.ok_or_else(unauthenticated)?;
        Ok(Principal::Application {
            grant_id: bearer.grant_id,
            client_id: bearer.client_id,
            user_id: bearer.user_id,
            workspace_id: bearer.workspace_id,
            scopes: bearer.scopes.0,
            token_hash,
        })
    }

    /// The right to do an operation in a workspace.
    ///
    /// # Errors
    /// `NotFound` if the workspace is not the caller's, as if it did not exist, or is being deleted; `Forbidden` if it is, and the
    /// caller's role or key does not reach this far; `RateLimited` if the workspace asks for too much.
    pub async fn authorize(&self, principal: &Principal, id: WorkspaceId, permission: &Permission) -> Result<Access> {
        principal.require(&permission.caller)?;
        let access = self.access(principal, id).await?.ok_or_else(|| Error::not_found("workspace"))?;
        let access = Access { level: self.count_request(id).await?, ..access };
        access.require_permission(permission)?;
        Ok(access)
    }

    /// The right that the credential has now, for those who stay for long; it may reach less far than it did. Counts no request.
    ///
    /// # Errors
    /// As [`ApiCore::authenticate`] and [`ApiCore::authorize`].
    pub async fn require_still(
        &self,
        principal: &Principal,
        id: WorkspaceId,
        permission: &Permission,
    ) -> Result<Access> {
        let (reader, now) = (self.store.reader(), clock::now());
        let holds = match principal {
            Principal::Person { user_id, session_id, token_hash, .. } => {
                let session = sessions::find(reader, *user_id, *session_id).await?;
                session.is_some_and(|session| now < session.expires_at && is_same(&session.token_hash, token_hash))
            }
            Principal::ApiKey { key_id, workspace_id, token_hash, .. } => {
                let key = api_keys::find(reader, *workspace_id, *key_id).await?;
                key.is_some_and(|key| holds(&key, token_hash, now))
            }
            Principal::Application { token_hash, .. } => oauth_tokens::bearer(reader, token_hash, now).await?.is_some(),
            Principal::Foreign(token) => {
                let person = match token.holder {
                    ForeignHolder::Person(id) => {
                        users::find(reader, id).await?.is_some_and(|user| user.disabled_at.is_none())
                    }
                    ForeignHolder::Client { .. } => true,
                };
                person && now < token.holds_until
            }
        };
        if !holds {
            return Err(unauthenticated());
        }
        principal.require(&permission.caller)?;
        let access = self.access(principal, id).await?.ok_or_else(|| Error::not_found("workspace"))?;
        access.require_permission(permission)?;
        Ok(access)
    }

    async fn access(&self, principal: &Principal, id: WorkspaceId) -> Result<Option<Access>> {
        let Some((workspace, actor)) = self.actor(principal, id).await? else { return Ok(None) };
        let folders = folders::sight(self.store.reader(), id, &actor).await?;
        Ok(Some(Access { workspace, actor, folders, level: None }))
    }

    /// The right of somebody who asked for something earlier to go on with it now; `None` if they do not have it any longer.
    ///
    /// # Errors
    /// Only those of the store.
    pub(super) async fn access_of(
        &self,
        id: WorkspaceId,
        author: Author,
        permission: &Permission,
    ) -> Result<Option<Access>> {
        let reader = self.store.reader();
        let found = match author {
            Author::Person(user_id) => {
                let actor = |role| Actor::Member { user_id, role, is_admin: false };
                workspaces::find_for_member(reader, id, user_id)
                    .await?
                    .map(|(workspace, role)| (workspace, actor(role)))
            }
            Author::ApiKey(key_id) => {
                let key = api_keys::find(reader, id, key_id).await?;
                let key = key.filter(|key| key.expires_at.is_none_or(|end| clock::now() < end));
                match key.and_then(|key| Some((key.created_by?, key.scopes.0))) {
                    Some((maker, scopes)) => {
                        workspaces::find_for_member(reader, id, maker).await?.map(|(workspace, maker_role)| {
                            (workspace, Actor::ApiKey { key_id, scopes, maker, maker_role })
                        })
                    }
                    None => None,
                }
            }
            Author::ExternalClient(_) | Author::Instance => None,
        };
        let Some((workspace, actor)) = found else { return Ok(None) };
        let folders = folders::sight(reader, id, &actor).await?;
        let access = Access { workspace, actor, folders, level: None };
        Ok(access.require_permission(permission).is_ok().then_some(access))
    }

    async fn actor(&self, principal: &Principal, id: WorkspaceId) -> Result<Option<(WorkspaceRow, Actor)>> {
        let reader = self.store.reader();
        match principal {
            Principal::Person { user_id, is_admin, .. } => {
                let found = workspaces::find_for_member(reader, id, *user_id).await?;
                let actor = |role| Actor::Member { user_id: *user_id, role, is_admin: *is_admin };
                Ok(found.map(|(workspace, role)| (workspace, actor(role))))
            }
            // Nobody answers for a key whose maker is no longer a member.
            Principal::ApiKey { key_id, workspace_id, scopes, created_by: Some(maker), .. } if *workspace_id == id => {
                let found = workspaces::find_for_member(reader, id, *maker).await?;
                let (key_id, maker) = (*key_id, *maker);
                let actor = |maker_role| Actor::ApiKey { key_id, scopes: scopes.clone(), maker, maker_role };
                Ok(found.map(|(workspace, role)| (workspace, actor(role))))
            }
            Principal::Application { user_id, workspace_id, scopes, .. } if *workspace_id == id => {
                let found = workspaces::find_for_member(reader, id, *user_id).await?;
                let actor = |role| Actor::Application { scopes: scopes.clone(), user_id: *user_id, role };
                Ok(found.map(|(workspace, role)| (workspace, actor(role))))
            }
            Principal::ApiKey { .. } | Principal::Application { .. } => Ok(None),
            Principal::Foreign(token) => match token.holder {
                ForeignHolder::Person(user_id) => {
                    let found = workspaces::find_for_member(reader, id, user_id).await?;
                    let (author, scopes) = (Author::Person(user_id), token.scopes.clone());
                    let actor = |role| Actor::Foreign { author, scopes, role: Some(role) };
                    Ok(found.map(|(workspace, role)| (workspace, actor(role))))
                }
                ForeignHolder::Client { id: client, workspace_id } if workspace_id == id => {
                    let found = workspaces::find(reader, id).await?;
                    let (author, scopes) = (Author::ExternalClient(client), token.scopes.clone());
                    let actor = Actor::Foreign { author, scopes, role: None };
                    Ok(found.map(|workspace| (workspace, actor)))
                }
                ForeignHolder::Client { .. } => Ok(None),
            },
        }
    }
}

impl Access {
    /// Refuses an operation that the role or the key does not reach, or that cannot be done while the workspace is being deleted.
    fn require_permission(&self, permission: &Permission) -> Result<()> {
        let Caller::Member(right) = permission.caller else { return Ok(()) };
        self.actor.require_right(&right)?;
        if self.workspace.deleted_at.is_some() && !right.while_deleted {
            return Err(being_deleted(&self.workspace));
        }
        Ok(())
    }
}

/// Whether a key was made with the token of this hash, or still holds under it, and has not expired.
fn holds(key: &ApiKey, token_hash: &[u8], now: Timestamp) -> bool {
    let is_previous = key.previous_token_hash.as_ref().is_some_and(|hash| is_same(hash, token_hash));
    let holds_still = is_previous && key.previous_expires_at.is_some_and(|end| now < end);
    (is_same(&key.token_hash, token_hash) || holds_still) && key.expires_at.is_none_or(|end| now < end)
}

/// Takes as long for every answer.
fn is_same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// Whether the time of last use is to be written anew.
fn is_stale(last_used_at: Option<Timestamp>, now: Timestamp) -> bool {
    last_used_at.is_none_or(|used| now.since(used) >= LAST_USED_STEP)
}

pub(super) fn unauthenticated() -> Error {
    let message = "Send a valid session token, API key or access token as Authorization: Bearer.";
    Error::new(ErrorKind::Unauthenticated, "unauthenticated", message)
}
