//! What a client asks a person for, by way of their browser (RFC 6749, section 4.1.1; RFC 7636, section 4.3).
//!
//! Invariant: nothing is sent to an address before it is known to be one that the client registered.

use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::{IntoParams, ToSchema};

use super::refusals::invalid_request;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{OAuthClientId, WorkspaceId};
use crate::domain::role::Scope;
use crate::domain::{pkce, redirect_uri};
use crate::infra::store::oauth_clients::OAuthClient;

/// What a client asks for. Parameters that nobody here knows are left alone, as RFC 6749 wants it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub struct AuthorizationRequest {
    /// `code`, which is the one way here.
    #[param(required = true, nullable = false, example = "code")]
    #[schema(nullable = false, example = "code")]
    pub response_type: Option<String>,
    /// The client.
    #[param(required = true, nullable = false, example = "oac_01976a3e5d7c7f3a9b1c2d4e6f8a0b1c")]
    #[schema(nullable = false, example = "oac_01976a3e5d7c7f3a9b1c2d4e6f8a0b1c")]
    pub client_id: Option<String>,
    /// Where the code shall go: one of the client's redirect URIs, to the letter.
    #[param(required = true, nullable = false, example = "https://example.com/callback")]
    #[schema(nullable = false, example = "https://example.com/callback")]
    pub redirect_uri: Option<String>,
    /// Scopes with a space between each two; all that the client may ask for if absent.
    #[param(nullable = false, example = "links:read links:write")]
    #[schema(nullable = false, example = "links:read links:write")]
    pub scope: Option<String>,
    /// Comes back as it is, so that the client knows its own request again.
    #[param(nullable = false)]
    #[schema(nullable = false)]
    pub state: Option<String>,
    /// The SHA-256 hash of a verifier, in base64url (RFC 7636).
    #[param(required = true, nullable = false, example = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]
    #[schema(nullable = false, example = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]
    pub code_challenge: Option<String>,
    /// `S256`, which is the one method here.
    #[param(required = true, nullable = false, example = "S256")]
    #[schema(nullable = false, example = "S256")]
    pub code_challenge_method: Option<String>,
    /// The workspace that the client wants to work in; the person chooses one if absent.
    #[param(nullable = false, example = "ws_01976a3e5d7c7f3a9b1c2d4e6f8a0b1c")]
    #[schema(nullable = false, example = "ws_01976a3e5d7c7f3a9b1c2d4e6f8a0b1c")]
    pub workspace: Option<String>,
}

/// A request that is in order.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) scopes: Vec<Scope>,
    pub(super) code_challenge: String,
    pub(super) workspace: Option<WorkspaceId>,
}

/// Why a request is not answered with a code, as the client reads it (RFC 6749, section 4.1.2.1).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: &'static str,
    pub(super) description: &'static str,
}

/// Where answers to one request go.
#[derive(Debug)]
pub(super) struct ReturnAddress {
    pub(super) redirect_uri: String,
    url: Url,
    state: Option<String>,
}

impl AuthorizationRequest {
    /// The client that asks, by its id.
    ///
    /// # Errors
    /// `NotFound` for what is no id of a client.
    pub(super) fn client(&self) -> Result<OAuthClientId> {
        let id = present(self.client_id.as_ref()).and_then(|id| id.parse().ok());
        id.ok_or_else(no_such_client)
    }

    /// Where answers go.
    ///
    /// # Errors
    /// `Invalid` unless the client registered the very address.
    pub(super) fn return_address(&self, client: &OAuthClient) -> Result<ReturnAddress> {
        let asked = present(self.redirect_uri.as_ref());
        let asked = asked.filter(|asked| client.redirect_uris.0.iter().any(|own| redirect_uri::is_same(own, asked)));
        let address = asked.and_then(|asked| Url::parse(asked).ok().zip(Some(asked)));
        let Some((url, redirect_uri)) = address else {
            let message = "The program that sent you here did not say where to go back to, or not as it is registered.";
            return Err(invalid_request(message));
        };
        Ok(ReturnAddress { redirect_uri: redirect_uri.to_owned(), url, state: self.state.clone() })
    }

    /// What is wanted.
    ///
    /// # Errors
    /// What the client did wrong, for the client.
    pub(super) fn wanted(&self, client: &OAuthClient) -> std::result::Result<Wanted, Refused> {
        match present(self.response_type.as_ref()) {
            Some("code") => {}
            Some(_) => return Err(refused("unsupported_response_type", "response_type must be code.")),
            None => return Err(refused("invalid_request", "response_type is missing; it must be code.")),
        }
        let code_challenge = self.challenge()?;
        let scopes = match present(self.scope.as_ref()) {
            None => client.scopes.0.clone(),
            Some(text) => allowed_scopes(text, client)?,
        };
        let workspace = match present(self.workspace.as_ref()) {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| refused("invalid_request", "workspace is no id of one."))?),
        };
        Ok(Wanted { scopes, code_challenge, workspace })
    }

    fn challenge(&self) -> std::result::Result<String, Refused> {
        let Some(challenge) = present(self.code_challenge.as_ref()) else {
            return Err(refused("invalid_request", "code_challenge is missing: every client needs PKCE (RFC 7636)."));
        };
        if self.code_challenge_method.as_deref() != Some(pkce::METHOD) {
            return Err(refused("invalid_request", "code_challenge_method must be S256."));
        }
        if !pkce::is_challenge(challenge) {
            return Err(refused("invalid_request", "code_challenge must be a SHA-256 hash in base64url."));
        }
        Ok(challenge.to_owned())
    }
}

impl ReturnAddress {
    /// The address with a code, or with an error, and with who says so (RFC 9207).
    pub(super) fn with(&self, issuer: &str, pairs: &[(&str, &str)]) -> Url {
        let mut url = self.url.clone();
        {
            let mut query = url.query_pairs_mut();
            query.extend_pairs(pairs);
            if let Some(state) = &self.state {
                query.append_pair("state", state);
            }
            query.append_pair("iss", issuer);
        }
        url
    }

    /// The address with a refusal.
    pub(super) fn with_refusal(&self, issuer: &str, refused: &Refused) -> Url {
        self.with(issuer, &[("error", refused.code), ("error_description", refused.description)])
    }
}

/// Told to the person, because it is not known where else.
pub(super) fn no_such_client() -> Error {
    let message = "The program that sent you here is not registered, or not any more.";
    Error::new(ErrorKind::NotFound, "invalid_client", message)
}

pub(super) const fn refused(code: &'static str, description: &'static str) -> Refused {
    Refused { code, description }
}

fn allowed_scopes(text: &str, client: &OAuthClient) -> std::result::Result<Vec<Scope>, Refused> {
    let scopes = scopes(text).ok_or_else(|| refused("invalid_scope", "scope has a word that is no scope here."))?;
    if scopes.iter().any(|scope| !client.scopes.0.contains(scope)) {
        return Err(refused("invalid_scope", "This client is not registered for one of these scopes."));
    }
    Ok(scopes)
}

/// The scopes of a text with a space between each two, each once and in the order that documents list them; `None` if one is unknown.
#[must_use]
pub(in crate::services::identity) fn scopes(text: &str) -> Option<Vec<Scope>> {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let found: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| words.contains(&scope.as_str())).collect();
    let is_known = |word: &&str| found.iter().any(|scope| scope.as_str() == *word);
    words.iter().all(is_known).then_some(found).filter(|found| !found.is_empty())
}

/// A parameter without a value counts as none (RFC 6749, section 3.1).
fn present(parameter: Option<&String>) -> Option<&str> {
    parameter.map(String::as_str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use crate::infra::store::columns::Json;

    fn client() -> OAuthClient {
        let now = Timestamp::from_micros(0);
        OAuthClient {
            id: OAuthClientId::new(),
            workspace_id: WorkspaceId::new(),
            name: "Test".to_owned(),
            redirect_uris: Json(vec!["https://example.com/callback?of=elido".to_owned()]),
            scopes: Json(vec![Scope::LinksRead, Scope::LinksWrite]),
            secret_hash: None,
            secret_start: None,
            previous_secret_hash: None,
            previous_expires_at: None,
            rotated_at: None,
            created_by: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    fn request() -> AuthorizationRequest {
        AuthorizationRequest {
            response_type: Some("code".to_owned()),
            redirect_uri: Some("https://example.com/callback?of=elido".to_owned()),
            code_challenge: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned()),
            code_challenge_method: Some("S256".to_owned()),
            state: Some("a&b=c".to_owned()),
            ..AuthorizationRequest::default()
        }
    }

    fn refusal(change: impl FnOnce(&mut AuthorizationRequest)) -> &'static str {
        let mut request = request();
        change(&mut request);
        request.wanted(&client()).expect_err("a refusal").code
    }

    #[test]
    fn a_request_without_scopes_is_for_all_that_the_client_may_ask_for() {
        let wanted = request().wanted(&client()).expect("in order");
        assert_eq!(wanted.scopes, [Scope::LinksRead, Scope::LinksWrite]);
        let narrower = AuthorizationRequest { scope: Some("links:read  links:read".to_owned()), ..request() };
        assert_eq!(narrower.wanted(&client()).expect("in order").scopes, [Scope::LinksRead]);
    }

    #[test]
    fn what_is_not_in_order_is_told_by_its_code() {
        assert_eq!(refusal(|request| request.response_type = Some("token".to_owned())), "unsupported_response_type");
        assert_eq!(refusal(|request| request.response_type = None), "invalid_request");
        assert_eq!(refusal(|request| request.code_challenge = None), "invalid_request");
        assert_eq!(refusal(|request| request.code_challenge_method = None), "invalid_request");
        assert_eq!(refusal(|request| request.code_challenge_method = Some("plain".to_owned())), "invalid_request");
        assert_eq!(refusal(|request| request.scope = Some("links:read everything".to_owned())), "invalid_scope");
        assert_eq!(refusal(|request| request.scope = Some("members:write".to_owned())), "invalid_scope");
        assert_eq!(refusal(|request| request.workspace = Some("ws_1".to_owned())), "invalid_request");
    }

    #[test]
    fn an_answer_keeps_the_query_of_the_address_and_the_state() {
        let address = request().return_address(&client()).expect("registered");
        let url = address.with("https://elido.example", &[("code", "x y")]);
        assert_eq!(
            url.as_str(),
            "https://example.com/callback?of=elido&code=x+y&state=a%26b%3Dc&iss=https%3A%2F%2Felido.example"
        );
        let other = AuthorizationRequest { redirect_uri: Some("https://example.com/callback".to_owned()), ..request() };
        assert!(other.return_address(&client()).is_err());
    }
}
