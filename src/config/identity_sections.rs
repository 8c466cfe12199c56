//! Settings of accounts, and of the identity providers that people come through.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::config_error::quoted;
use crate::domain::id::WorkspaceId;
use crate::domain::role::{Role, Scope};

/// Accounts and how people prove who they are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityConfig {
    /// Whether anybody may make an account.
    pub open_registration: bool,
    /// The key under which secrets of second factors are sealed: 32 bytes in base64. Empty means one in the data folder.
    pub sealing_key: SecretString,
    /// Providers of OpenID Connect, by name.
    pub oidc: BTreeMap<String, OidcConfig>,
    /// Ory Kratos, whose sessions count.
    pub kratos: KratosConfig,
}

/// Ory Kratos.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KratosConfig {
    /// Where its public API is reached from here; empty if there is none.
    pub public_url: String,
    /// The domains of addresses that may come in, with commas between them; empty for all.
    pub allowed_domains: String,
    /// Whether people who have no account get one.
    pub create_accounts: bool,
}

impl KratosConfig {
    /// Where it is, if there is one.
    #[must_use]
    pub fn url(&self) -> Option<Url> {
        Url::parse(&self.public_url).ok()
    }

    /// The domains, in lower case.
    #[must_use]
    pub fn domains(&self) -> Vec<String> {
        entries(&self.allowed_domains).map(str::to_lowercase).collect()
    }
}

/// One provider of OpenID Connect.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// How it calls itself, to the letter.
    pub issuer: String,
    /// How it knows this installation.
    pub client_id: String,
    /// What proves that; empty for a public client.
    pub client_secret: SecretString,
    /// What is asked for at sign-in, separated by spaces.
    pub scopes: String,
    /// The domains of addresses that may come in, with commas between them; empty for all.
    pub allowed_domains: String,
    /// Whether people who have no account get one.
    pub create_accounts: bool,
    /// Whether people of these domains sign in here alone.
    pub exclusive: bool,
    /// The claim whose values give roles; empty if none does.
    pub role_claim: String,
    /// Which value gives which role in which workspace; see [`OidcConfig::role_rules`].
    pub roles: String,
    /// How its access tokens are looked at.
    pub access_tokens: AccessTokenCheck,
    /// The audience that they must name; empty for any.
    pub audience: String,
    /// Where the provider is asked about them; empty for where it says itself.
    pub introspection_url: String,
    /// Programs that act for themselves; see [`OidcConfig::client_rules`].
    pub clients: String,
}

/// How access tokens of a provider are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenCheck {
    /// They count for nothing.
    Refused,
    /// By their signature.
    Jwt,
    /// By asking the provider.
    Introspection,
}

/// A value of a claim that gives a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRule {
    /// The value.
    pub value: String,
    /// Where.
    pub workspace: WorkspaceId,
    /// Which role.
    pub role: Role,
}

/// A program that acts for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRule {
    /// How the provider calls it.
    pub client_id: String,
    /// Where it works.
    pub workspace: WorkspaceId,
    /// The most that it may do.
    pub scopes: Vec<Scope>,
}

impl OidcConfig {
    /// The domains, in lower case.
    #[must_use]
    pub fn domains(&self) -> Vec<String> {
        entries(&self.allowed_domains).map(str::to_lowercase).collect()
    }

    /// `VALUE: WORKSPACE ROLE`, with commas between them.
    ///
    /// # Errors
    /// What is wrong with the first that is wrong.
    pub fn role_rules(&self) -> Result<Vec<RoleRule>, String> {
        entries(&self.roles).map(role_rule).collect()
    }

    /// `CLIENT: WORKSPACE SCOPE SCOPE`, with commas between them.
    ///
    /// # Errors
    /// What is wrong with the first that is wrong.
    pub fn client_rules(&self) -> Result<Vec<ClientRule>, String> {
        entries(&self.clients).map(client_rule).collect()
    }

    /// Where the provider is asked about tokens, if the operator says so.
    #[must_use]
    pub fn introspection_endpoint(&self) -> Option<Url> {
        Url::parse(&self.introspection_url).ok()
    }
}

/// What stands between commas.
fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

fn role_rule(entry: &str) -> Result<RoleRule, String> {
    let (value, workspace, rest) = rule(entry)?;
    let role = Role::ALL.into_iter().find(|role| role.as_str() == rest);
    match role {
        Some(Role::Owner) => Err(format!("{}: owners are made by owners, not by a claim", quoted(entry))),
        Some(role) => Ok(RoleRule { value, workspace, role }),
        None => Err(format!("{} is no role", quoted(rest))),
    }
}

fn client_rule(entry: &str) -> Result<ClientRule, String> {
    let (client_id, workspace, rest) = rule(entry)?;
    let scopes: Result<Vec<Scope>, String> = rest.split_whitespace().map(client_scope).collect();
    match scopes? {
        scopes if scopes.is_empty() => Err(format!("{} names no scope", quoted(entry))),
        scopes => Ok(ClientRule { client_id, workspace, scopes }),
    }
}

/// Nobody answers for a program that lets people in or makes keys.
fn client_scope(name: &str) -> Result<Scope, String> {
    let scope = Scope::ALL.into_iter().find(|scope| scope.as_str() == name);
    let scope = scope.ok_or_else(|| format!("{} is no scope", quoted(name)))?;
    match scope {
        Scope::MembersWrite | Scope::KeysWrite | Scope::WorkspaceWrite => Err(format!("{name} is for people alone")),
        scope => Ok(scope),
    }
}

/// What stands before the last `: `, the workspace behind it, and the rest.
fn rule(entry: &str) -> Result<(String, WorkspaceId, &str), String> {
    let unreadable = || format!("{} lacks a name, a workspace or what it is given", quoted(entry));
    let (name, rest) = entry.rsplit_once(": ").ok_or_else(unreadable)?;
    let (workspace, rest) = rest.trim().split_once(' ').ok_or_else(unreadable)?;
    let workspace = workspace.parse().map_err(|_| format!("{} is no id of a workspace", quoted(workspace)))?;
    if name.trim().is_empty() {
        return Err(unreadable());
    }
    Ok((name.trim().to_owned(), workspace, rest.trim()))
}
