//! What the edge knows of a link and of the domain it lives on. These are the
//! values that origins answer, caches keep and snapshots store.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::{RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

use super::click_budget::ClickBudget;
use super::id::{DomainId, LinkId, WorkspaceId};
use super::link_extras::LinkExtras;
use super::rule::Rule;
use super::time::Timestamp;
use super::url::Destination;

/// The status that a link redirects with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub enum RedirectStatus {
    /// 301, permanent.
    MovedPermanently,
    /// 302, the default.
    #[default]
    Found,
    /// 303, always followed with GET.
    SeeOther,
    /// 307, method and body kept.
    TemporaryRedirect,
    /// 308, permanent, method and body kept.
    PermanentRedirect,
}

impl RedirectStatus {
    /// The number on the wire.
    #[must_use]
    pub const fn as_u16(self) -> u16 {
        match self {
            Self::MovedPermanently => 301,
            Self::Found => 302,
            Self::SeeOther => 303,
            Self::TemporaryRedirect => 307,
            Self::PermanentRedirect => 308,
        }
    }

    /// Whether clients may remember it (RFC 9110, section 15.4).
    #[must_use]
    pub const fn is_permanent(self) -> bool {
        matches!(self, Self::MovedPermanently | Self::PermanentRedirect)
    }

    /// Whether it redirects every method, not only GET and HEAD.
    #[must_use]
    pub const fn keeps_method(self) -> bool {
        matches!(self, Self::TemporaryRedirect | Self::PermanentRedirect)
    }
}

impl PartialSchema for RedirectStatus {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .enum_values(Some([301, 302, 303, 307, 308]))
            .description(Some("The status that the link redirects with."))
            .into()
    }
}

impl ToSchema for RedirectStatus {}

impl From<RedirectStatus> for u16 {
    fn from(status: RedirectStatus) -> Self {
        status.as_u16()
    }
}

impl TryFrom<u16> for RedirectStatus {
    type Error = &'static str;

    fn try_from(number: u16) -> Result<Self, Self::Error> {
        match number {
            301 => Ok(Self::MovedPermanently),
            302 => Ok(Self::Found),
            303 => Ok(Self::SeeOther),
            307 => Ok(Self::TemporaryRedirect),
            308 => Ok(Self::PermanentRedirect),
            _ => Err("redirect_status is one of 301, 302, 303, 307, 308"),
        }
    }
}

/// What happens to the query string that a visitor brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ForwardQuery {
    /// It is dropped.
    #[default]
    Off,
    /// It is added; where both have a parameter, the visitor's value wins.
    VisitorWins,
    /// It is added; where both have a parameter, the link's value wins.
    LinkWins,
}

/// Whether a link redirects at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkState {
    /// It redirects, as long as its dates and limits allow.
    #[default]
    Active,
    /// Archived by its owner, or deleted and not yet forgotten: 410.
    Archived,
    /// Switched off by the platform: 410.
    Disabled,
}

/// A link as the edge needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkRecord {
    /// The link.
    pub id: LinkId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// The domain it lives on.
    pub domain_id: DomainId,
    /// The slug as the domain files it (lower-cased where the domain ignores case).
    pub slug: Box<str>,
    /// Where visitors go unless a rule says otherwise.
    pub destination: Destination,
    /// The status of the redirect.
    pub redirect_status: RedirectStatus,
    /// Whether it redirects at all.
    pub state: LinkState,
    /// Not before this moment: 404 until then.
    pub starts_at: Option<Timestamp>,
    /// Not from this moment on: 410, or `expired_url`.
    pub expires_at: Option<Timestamp>,
    /// Where visitors of the expired link go.
    pub expired_url: Option<Destination>,
    /// How many redirects there may ever be; exact.
    pub max_clicks: Option<u64>,
    /// Argon2id hash in PHC form; visitors must know the password.
    pub password_hash: Option<Box<str>>,
    /// What happens to the visitor's query string.
    pub forward_query: ForwardQuery,
    /// Whether a path after the slug is appended to the destination's path.
    pub forward_path: bool,
    /// The smart-link rules, in order.
    pub rules: Vec<Rule>,
    /// Shown on the preview page.
    pub title: Option<Box<str>>,
    /// Shown on the preview page.
    pub description: Option<Box<str>>,
    /// What few links have.
    pub extras: Option<Box<LinkExtras>>,
}

impl LinkRecord {
    /// How many redirects there may be in a period.
    #[must_use]
    pub fn budget(&self) -> Option<&ClickBudget> {
        self.extras.as_ref()?.budget.as_ref()
    }

    /// Whether every redirect has to claim one of its clicks.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.max_clicks.is_some() || self.budget().is_some()
    }
}

/// A domain as the edge needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainRecord {
    /// The domain.
    pub id: DomainId,
    /// Its tenant; none for the instance's own default domain, which every workspace may use.
    pub workspace_id: Option<WorkspaceId>,
    /// The host name, lower-case, without a port.
    pub hostname: Box<str>,
    /// Whether `/Sale` and `/sale` are two links.
    pub case_sensitive: bool,
    /// Whether its links redirect.
    pub enabled: bool,
    /// Where `/` goes.
    pub root_url: Option<Destination>,
    /// Where missing links go.
    pub not_found_url: Option<Destination>,
    /// Where expired links without an `expired_url` of their own go.
    pub expired_url: Option<Destination>,
    /// The `X-Robots-Tag` header of redirects of links that have none of their own.
    #[serde(default)]
    pub robots: Option<Box<str>>,
    /// What `/.well-known/apple-app-site-association` answers, as JSON.
    #[serde(default)]
    pub apple_app_site_association: Option<Box<str>>,
    /// What `/.well-known/assetlinks.json` answers, as JSON.
    #[serde(default)]
    pub asset_links: Option<Box<str>>,
    /// The `Strict-Transport-Security` header (RFC 6797) of answers over TLS, as it is sent.
    #[serde(default)]
    pub hsts: Option<Box<str>>,
    /// Whether slugs may have letters of other scripts and emoji.
    #[serde(default)]
    pub unicode_slugs: bool,
    /// Whether visitors of missing links are told of one that is nearly written so.
    #[serde(default)]
    pub suggests_slugs: bool,
}

/// How long what was read of a link is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkLifetimes {
    /// A link without rules, and a domain.
    pub plain: Duration,
    /// A link with rules.
    pub with_rules: Duration,
    /// That there is no such link.
    pub missing: Duration,
}

impl LinkLifetimes {
    /// That of a link, or of its absence.
    #[must_use]
    pub fn of(&self, link: Option<&LinkRecord>) -> Duration {
        match link {
            None => self.missing,
            Some(link) if link.rules.is_empty() => self.plain,
            Some(_) => self.with_rules,
        }
    }
}
