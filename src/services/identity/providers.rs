//! The identity providers of this installation, and what each of them may do.

use std::sync::Arc;

use url::Url;

use super::Identity;
use crate::config::sections::{AccessTokenCheck, IdentityConfig, OidcConfig};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::hostname::canonical;
use crate::infra::identity_provider::{AccessTokens, Issuer, IssuerSettings, Kratos};
use crate::infra::store::users::User;

pub use crate::config::sections::{ClientRule, RoleRule};

/// All providers, by name. Clones share them.
#[derive(Clone, Default)]
pub struct Providers(Arc<All>);

#[derive(Default)]
struct All {
    issuers: Vec<Provider>,
    kratos: Option<(Kratos, Admission)>,
}

/// One provider.
pub(super) struct Provider {
    /// Answers for people and tokens.
    pub(super) issuer: Issuer,
    /// Whom it lets in.
    pub(super) admission: Admission,
    /// The claim whose values give roles.
    pub(super) role_claim: String,
    /// Which value gives which.
    pub(super) role_rules: Vec<RoleRule>,
    /// Programs that act for themselves.
    pub(super) client_rules: Vec<ClientRule>,
    /// Whether the people of its domains sign in here alone.
    is_exclusive: bool,
}

/// Whom a provider lets in.
#[derive(Debug, Clone)]
pub(super) struct Admission {
    /// The domains of the addresses; any if empty.
    pub(super) domains: Vec<String>,
    /// Whether people without an account get one.
    pub(super) create_accounts: bool,
}

impl Providers {
    /// Those of the settings. Nothing is asked of them yet.
    ///
    /// # Errors
    /// The machine gives no HTTP client.
    pub fn new(config: &IdentityConfig, public_url: &Url) -> Result<Self> {
        let issuers: Result<Vec<Provider>> =
            config.oidc.iter().map(|(name, config)| Provider::new(name, config, public_url)).collect();
        let (domains, create_accounts) = (config.kratos.domains(), config.kratos.create_accounts);
        let kratos = config.kratos.url().map(Kratos::new).transpose()?;
        let kratos = kratos.map(|kratos| (kratos, Admission { domains, create_accounts }));
        Ok(Self(Arc::new(All { issuers: issuers?, kratos })))
    }

    /// Ory Kratos and whom it lets in, if there is one.
    pub(super) fn kratos(&self) -> Option<(&Kratos, &Admission)> {
        self.0.kratos.as_ref().map(|(kratos, admission)| (kratos, admission))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.0.issuers.iter()
    }

    /// # Errors
    /// `NotFound` if there is none of this name.
    pub(super) fn find(&self, name: &str) -> Result<&Provider> {
        self.iter().find(|provider| provider.issuer.name() == name).ok_or_else(|| Error::not_found("identity provider"))
    }

    /// The providers through which alone the people of an address sign in.
    fn exclusive_for(&self, email: &str) -> impl Iterator<Item = &Provider> {
        self.iter().filter(move |provider| provider.is_exclusive && provider.admission.binds(email))
    }
}

impl Provider {
    fn new(name: &str, config: &OidcConfig, public_url: &Url) -> Result<Self> {
        let redirect_uri = public_url.join(&format!("/v1/auth/providers/{name}/callback")).map_err(Error::internal)?;
        let settings = IssuerSettings {
            name: name.to_owned(),
            issuer: config.issuer.clone(),
            client_id: config.client_id.clone(),
            client_secret: config.client_secret.clone(),
            scopes: config.scopes.clone(),
            redirect_uri,
            access_tokens: access_tokens(config),
        };
        Ok(Self {
            issuer: Issuer::new(settings)?,
            admission: Admission { domains: config.domains(), create_accounts: config.create_accounts },
            role_claim: config.role_claim.clone(),
            role_rules: config.role_rules().map_err(Error::internal)?,
            client_rules: config.client_rules().map_err(Error::internal)?,
            is_exclusive: config.exclusive,
        })
    }
}

impl Admission {
    /// Whether the provider is the authority for an address, because the operator named its domain.
    pub(super) fn binds(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').and_then(|(_, domain)| canonical(domain).ok());
        domain.is_some_and(|domain| self.domains.contains(&domain))
    }
}

impl Identity {
    /// The names of the providers that people can sign in through.
    pub fn provider_names(&self) -> impl Iterator<Item = String> {
        self.providers.iter().map(|provider| provider.issuer.name().to_owned())
    }

    /// Refuses somebody whose password was right and who signs in through a provider alone. Those who run the instance keep their
    /// password, so that a provider that is unavailable locks nobody out for good.
    ///
    /// # Errors
    /// `Forbidden` with the name of the provider.
    pub(super) fn require_password_allowed(&self, user: &User) -> Result<()> {
        if user.is_admin { Ok(()) } else { self.require_passwords_allowed_for(&user.email_key) }
    }

    /// The same of an address, whether it has an account or not.
    ///
    /// # Errors
    /// `Forbidden` with the name of the provider.
    pub(super) fn require_passwords_allowed_for(&self, email_key: &str) -> Result<()> {
        self.providers.exclusive_for(email_key).next().map_or(Ok(()), |provider| Err(provider_required(provider)))
    }

    /// Refuses another provider than the one through which alone somebody signs in.
    ///
    /// # Errors
    /// `Forbidden` with the name of the provider.
    pub(super) fn require_provider_allowed(&self, user: &User, name: &str) -> Result<()> {
        let is_named = |provider: &Provider| provider.issuer.name() == name;
        if user.is_admin || self.providers.exclusive_for(&user.email_key).any(is_named) {
            return Ok(());
        }
        self.require_passwords_allowed_for(&user.email_key)
    }

    /// Refuses an address under which somebody would no longer sign in through the provider alone that the present one binds them to.
    /// An address is changed by its owner, and whether they are bound is not for them to say.
    ///
    /// # Errors
    /// `Forbidden` with the name of the provider.
    pub(super) fn require_change_allowed(&self, user: &User, email: &str) -> Result<()> {
        let mut leaves =
            self.providers.exclusive_for(&user.email_key).filter(|provider| !provider.admission.binds(email));
        let Some(provider) = leaves.next().filter(|_| !user.is_admin) else { return Ok(()) };
        let message = format!(
            "People of this domain sign in through {} alone, so that their address stays in its domains. Ask whoever runs this \
             instance.",
            provider.issuer.name()
        );
        Err(Error::new(ErrorKind::Forbidden, "provider_required", message))
    }
}

fn provider_required(provider: &Provider) -> Error {
    let message = format!("People of this domain sign in through {}.", provider.issuer.name());
    Error::new(ErrorKind::Forbidden, "provider_required", message)
}

fn access_tokens(config: &OidcConfig) -> AccessTokens {
    let audience = Some(config.audience.clone()).filter(|audience| !audience.is_empty());
    match (config.access_tokens, audience) {
        (AccessTokenCheck::Jwt, Some(audience)) => AccessTokens::Signed { audience },
        (AccessTokenCheck::Introspection, audience) => {
            AccessTokens::Introspected { endpoint: config.introspection_endpoint(), audience }
        }
        (AccessTokenCheck::Refused | AccessTokenCheck::Jwt, _) => AccessTokens::Refused,
    }
}
