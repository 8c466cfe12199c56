//! The person decides (RFC 6749, section 4.1): by a page, or, where they decided before, without one.
//!
//! Invariants: nobody is sent anywhere before they are signed in, so that an address of Elido is no way to an address of somebody else;
//! a decision is remembered only for clients whose codes nobody else can receive (RFC 8252, section 8.6).

use std::time::Duration;

use secrecy::ExposeSecret;
use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;

use super::authorization_request::{AuthorizationRequest, Refused, ReturnAddress, Wanted, no_such_client, refused};
use super::consents::{covers, remember};
use crate::domain::error::{Error, Result};
use crate::domain::id::{OAuthGrantId, UserId, WorkspaceId};
use crate::domain::redirect_uri;
use crate::domain::role::Scope;
use crate::infra::store::columns::Json;
use crate::infra::store::oauth_clients::{self, OAuthClient};
use crate::infra::store::oauth_grants::{self, OAuthGrant};
use crate::infra::store::page::Page;
use crate::infra::store::{oauth_consents, users, workspaces};
use crate::runtime::clock;
use crate::services::api_core::{Token, TokenKind};
use crate::services::identity::Identity;
use crate::services::identity::sign_in::require_enabled;

/// How long a code may take to be exchanged.
const CODE_HOLDS_FOR: Duration = Duration::from_secs(60);
/// The most codes of one consent at once that nobody has exchanged; the oldest end first.
const CODES_MAX: u64 = 10;
/// The most workspaces that a person can choose from. Of more, the client names one.
const WORKSPACES_MAX: u64 = 100;
/// Told to a client whose workspace is not the person's, or who has none.
const NO_WORKSPACE: Refused = refused("access_denied", "The person belongs to no such workspace.");

/// What comes next for the person.
#[derive(Debug)]
pub enum AuthorizationStep {
    /// They sign in.
    SignIn,
    /// They are asked.
    Ask(Box<ConsentQuestion>),
    /// They go back to the client, with a code or with an error.
    Return(Url),
}

/// What a person is asked.
#[derive(Debug)]
pub struct ConsentQuestion {
    /// Who wants to act for them.
    pub client_name: String,
    /// The workspace that registered the client.
    pub registered_by: String,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// What the client wants to do.
    pub scopes: Vec<Scope>,
    /// Where it may: the one workspace that the client named, or those of the person.
    pub workspaces: Vec<(WorkspaceId, String)>,
    /// The address of whoever is asked.
    pub email: String,
}

/// What a person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuthorizationDecision)]
pub enum Decision {
    /// The client may.
    Allow,
    /// It may not.
    Deny,
}

/// Who asks, and where answers go.
struct Asking {
    client: OAuthClient,
    registered_by: String,
    back: ReturnAddress,
}

impl Identity {
    /// What comes next for a person whom a client sent here, or for somebody who is not signed in.
    ///
    /// # Errors
    /// `NotFound` if there is no such client, `Invalid` if it registered no such address; both are for the person to read.
    pub async fn authorize(&self, person: Option<UserId>, request: &AuthorizationRequest) -> Result<AuthorizationStep> {
        let asking = self.asking(request).await?;
        let Some(person) = person else { return Ok(AuthorizationStep::SignIn) };
        let refusal = |refused| Ok(AuthorizationStep::Return(asking.back.with_refusal(self.issuer(), &refused)));
        let wanted = match request.wanted(&asking.client) {
            Ok(wanted) => wanted,
            Err(refused) => return refusal(refused),
        };
        let workspaces = self.offered(person, wanted.workspace).await?;
        if workspaces.is_empty() {
            return refusal(NO_WORKSPACE);
        }
        if let [(workspace, _)] = workspaces.as_slice()
            && self.decided_before(person, *workspace, &asking, &wanted).await?
        {
            return Ok(AuthorizationStep::Return(self.code(person, *workspace, &asking, wanted).await?));
        }
        let user = users::find(self.store.reader(), person).await?.ok_or_else(|| Error::not_found("account"))?;
        Ok(AuthorizationStep::Ask(Box::new(ConsentQuestion {
            client_name: asking.client.name,
            registered_by: asking.registered_by,
            redirect_uri: asking.back.redirect_uri,
            scopes: wanted.scopes,
            workspaces,
            email: user.email,
        })))
    }

    /// Where a person goes who decided: back to the client, with a code or with word that they did not want it.
    ///
    /// # Errors
    /// As [`Identity::authorize`], and `Conflict` if the person lets too many programs act for them.
    pub async fn decide(&self, person: UserId, request: &AuthorizationRequest, decision: Decision) -> Result<Url> {
        let asking = self.asking(request).await?;
        let refusal = |refused| Ok(asking.back.with_refusal(self.issuer(), &refused));
        let wanted = match request.wanted(&asking.client) {
            Ok(wanted) => wanted,
            Err(refused) => return refusal(refused),
        };
        if decision == Decision::Deny {
            return refusal(refused("access_denied", "The person did not agree."));
        }
        match self.offered(person, wanted.workspace).await?.as_slice() {
            [] => refusal(NO_WORKSPACE),
            [(workspace, _)] => self.code(person, *workspace, &asking, wanted).await,
            _ => refusal(refused("invalid_request", "The person chose no workspace.")),
        }
    }

    async fn asking(&self, request: &AuthorizationRequest) -> Result<Asking> {
        let found = oauth_clients::find_in_use(self.store.reader(), request.client()?).await?;
        let (client, workspace) = found.ok_or_else(no_such_client)?;
        let back = request.return_address(&client)?;
        Ok(Asking { client, registered_by: workspace.name, back })
    }

    /// The workspaces of a person that are in use, or the one of them that is wanted.
    async fn offered(&self, person: UserId, wanted: Option<WorkspaceId>) -> Result<Vec<(WorkspaceId, String)>> {
        let reader = self.store.reader();
        let Some(wanted) = wanted else {
            let all = Page { after: None, limit: WORKSPACES_MAX };
            let rows = workspaces::list(reader, person, false, all).await?;
            return Ok(rows.into_iter().map(|row| (row.id, row.name)).collect());
        };
        let found = workspaces::find_for_member(reader, wanted, person).await?;
        let found = found.filter(|(workspace, _)| workspace.deleted_at.is_none());
        Ok(found.map(|(workspace, _)| (workspace.id, workspace.name)).into_iter().collect())
    }

    async fn decided_before(
        &self,
        person: UserId,
        workspace: WorkspaceId,
        asking: &Asking,
        wanted: &Wanted,
    ) -> Result<bool> {
        if !redirect_uri::is_claimed(&asking.back.redirect_uri) {
            return Ok(false);
        }
        let known = oauth_consents::find(self.store.reader(), person, asking.client.id, workspace).await?;
        Ok(known.is_some_and(|known| covers(&known, &wanted.scopes)))
    }

    /// The way back, with a code.
    async fn code(&self, person: UserId, workspace: WorkspaceId, asking: &Asking, wanted: Wanted) -> Result<Url> {
        let (code, now) = (Token::random(TokenKind::AuthorizationCode), clock::now());
        let transaction = self.store.write().await?;
        let user = users::lock(&transaction, person).await?.ok_or_else(|| Error::not_found("account"))?;
        require_enabled(&user)?;
        let (consent_id, recorded_action) =
            remember(&transaction, person, &asking.client, workspace, &wanted.scopes).await?;
        let grant = OAuthGrant {
            id: OAuthGrantId::new(),
            consent_id,
            scopes: Json(wanted.scopes),
            code_hash: code.hash(),
            code_challenge: wanted.code_challenge,
            redirect_uri: asking.back.redirect_uri.clone(),
            code_used_at: None,
            created_at: now,
            expires_at: now.plus(CODE_HOLDS_FOR),
        };
        oauth_grants::insert(&transaction, grant).await?;
        oauth_grants::prune(&transaction, consent_id, false, CODES_MAX).await?;
        self.commit(transaction, recorded_action.into_iter().collect()).await?;
        Ok(asking.back.with(self.issuer(), &[("code", code.secret().expose_secret())]))
    }
}
