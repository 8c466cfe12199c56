//! What can be wrong with the settings of identity providers.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;
use url::{Host, Url};

use super::check::Check;
use super::config_error::quoted;
use super::sections::{AccessTokenCheck, IdentityConfig, KratosConfig, OidcConfig};
use crate::domain::hostname::canonical;

/// The longest name of a provider, in bytes.
const NAME_BYTES_MAX: usize = 32;
/// The most providers.
const PROVIDERS_MAX: usize = 32;
const ISSUER: &str = "Write how the provider calls itself: https://login.example.com";

pub(super) fn values(check: &mut Check<'_>, config: &IdentityConfig) {
    if config.oidc.len() > PROVIDERS_MAX {
        let fix = format!("Keep at most {PROVIDERS_MAX}");
        check.wrong("identity.oidc", format!("there are {} providers", config.oidc.len()), fix);
    }
    for (name, provider) in &config.oidc {
        let key = format!("identity.oidc.{name}");
        let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(is_inner) || name.contains("__") {
            let problem = format!("{} is no name for a provider", quoted(name));
            check.wrong(&key, problem, format!("Write up to {NAME_BYTES_MAX} lower-case letters, digits and _"));
        }
        OneProvider { check, key: &key, config: provider }.all();
    }
    one_issuer_each(check, &config.oidc);
    kratos(check, &config.kratos);
}

fn kratos(check: &mut Check<'_>, config: &KratosConfig) {
    let is_address = |url: Url| matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none();
    if !config.public_url.is_empty() && !config.url().is_some_and(is_address) {
        let problem = format!("{} is no http address", quoted(&config.public_url));
        check.wrong("identity.kratos.public_url", problem, "Write http://kratos-public:4433, or nothing");
    }
    domains(check, "identity.kratos.allowed_domains", &config.domains());
}

fn domains(check: &mut Check<'_>, key: &str, domains: &[String]) {
    for domain in domains.iter().filter(|domain| canonical(domain).as_ref() != Ok(*domain)) {
        let problem = format!("{} is no domain", quoted(domain));
        check.wrong(key, problem, "Write domains such as example.com, with commas between them");
    }
}

/// One provider, to be looked at.
struct OneProvider<'a, 'b> {
    check: &'a mut Check<'b>,
    key: &'a str,
    config: &'a OidcConfig,
}

impl OneProvider<'_, '_> {
    fn all(&mut self) {
        self.issuer();
        if self.config.client_id.is_empty() {
            self.wrong("client_id", "there is none", "Write how the provider knows this installation");
        }
        if self.config.client_secret.expose_secret().contains(char::is_whitespace) {
            self.wrong("client_secret", "there is a space in it", "Copy it from the provider once more");
        }
        if !self.config.scopes.split_whitespace().any(|scope| scope == "openid") {
            self.wrong("scopes", "openid is missing", "Write openid email profile");
        }
        self.domains();
        self.roles();
        self.access_tokens();
    }

    fn wrong(&mut self, name: &str, problem: impl Into<String>, fix: impl Into<String>) {
        self.check.wrong(&format!("{}.{name}", self.key), problem, fix);
    }

    fn issuer(&mut self) {
        let text = &self.config.issuer;
        let Some(url) = Url::parse(text).ok().filter(Url::has_host) else {
            return self.wrong("issuer", format!("{} is no address", quoted(text)), ISSUER);
        };
        let is_bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if url.scheme() != "https" && !(url.scheme() == "http" && is_this_machine(&url)) {
            self.wrong("issuer", "only a provider on this machine is reached without TLS", "Begin it with https://");
        } else if !is_bare || url.password().is_some() {
            self.wrong("issuer", "there is a query, a fragment or a user in it", ISSUER);
        }
    }

    fn domains(&mut self) {
        let named = self.config.domains();
        domains(self.check, &format!("{}.allowed_domains", self.key), &named);
        if self.config.exclusive && named.is_empty() {
            self.wrong("exclusive", "it is for the people of allowed_domains, and there are none", "Name the domains");
        }
    }

    fn roles(&mut self) {
        let right =
            "Write entries such as link-editors: ws_01a209e18730708ab3e272629a4968a9 editor, with commas between them";
        match self.config.role_rules() {
            Err(problem) => self.wrong("roles", problem, right),
            Ok(rules) if rules.is_empty() != self.config.role_claim.is_empty() => {
                self.wrong("role_claim", "roles and role_claim go together", "Write both, or neither");
            }
            Ok(_) => {}
        }
    }

    fn access_tokens(&mut self) {
        let config = self.config;
        if config.access_tokens == AccessTokenCheck::Jwt && config.audience.is_empty() {
            let problem = "without one, tokens for every other service would count here";
            self.wrong("audience", problem, "Write what the provider's tokens for this installation name");
        }
        let asks = config.access_tokens == AccessTokenCheck::Introspection;
        let is_address = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        if !config.introspection_url.is_empty() && !config.introspection_endpoint().is_some_and(|url| is_address(&url))
        {
            let problem = format!("{} is no http address", quoted(&config.introspection_url));
            self.wrong("introspection_url", problem, "Write https://…, or nothing");
        } else if !config.introspection_url.is_empty() && !asks {
            self.wrong("introspection_url", "nobody is asked", "Set access_tokens to introspection, or leave it out");
        }
        let right =
            "Write entries such as reporting: ws_01a209e18730708ab3e272629a4968a9 links:read, with commas between them";
        match config.client_rules() {
            Err(problem) => self.wrong("clients", problem, right),
            Ok(rules) if !rules.is_empty() && config.access_tokens == AccessTokenCheck::Refused => {
                self.wrong("clients", "their tokens are refused", "Set access_tokens to jwt or introspection");
            }
            Ok(_) => {}
        }
    }
}

/// A token must lead to one provider: those that are looked at by asking do not say themselves whose they are.
fn one_issuer_each(check: &mut Check<'_>, providers: &BTreeMap<String, OidcConfig>) {
    let mut earlier: Vec<(&String, &OidcConfig)> = Vec::new();
    for (name, provider) in providers {
        if let Some((other, _)) = earlier.iter().find(|(_, other)| other.issuer == provider.issuer) {
            let problem = format!("it is the issuer of identity.oidc.{other} too");
            check.wrong(&format!("identity.oidc.{name}.issuer"), problem, "Describe each issuer once");
        }
        let asks = |config: &OidcConfig| config.access_tokens == AccessTokenCheck::Introspection;
        if let Some((other, _)) = earlier.iter().find(|(_, other)| asks(other) && asks(provider)) {
            let problem = format!("identity.oidc.{other} is asked about tokens already");
            check.wrong(&format!("identity.oidc.{name}.access_tokens"), problem, "Let one provider alone be asked");
        }
        earlier.push((name, provider));
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
