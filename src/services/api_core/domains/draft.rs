//! Domains and edits of domains as callers write them.

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::link::RedirectStatus;
use crate::domain::url::Destination;
use crate::domain::utm::Utm;
use crate::services::api_core::patch::present;

/// A domain to be. Only `hostname` is needed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainDraft {
    /// The host name, as people write it. Letters of one script a part; no `*`, no port, no IP address.
    #[schema(min_length = 1, max_length = 253, example = "go.example.com")]
    pub hostname: String,
    /// Whether `/Sale` and `/sale` are two links; they are if absent.
    #[serde(default)]
    pub case_sensitive: Option<bool>,
    /// Whether slugs may have letters of other scripts and emoji; they may not if absent.
    #[serde(default)]
    pub unicode_slugs: Option<bool>,
    /// Whether visitors of missing links are told of one that is nearly written so; they are not if absent.
    #[serde(default)]
    pub suggests_slugs: Option<bool>,
    /// The status of new links that say nothing of theirs; 302 if absent.
    #[serde(default)]
    pub default_redirect_status: Option<RedirectStatus>,
    /// Campaign parameters of new links that say nothing of theirs.
    #[serde(default)]
    pub utm: Option<Utm>,
    /// Where `/` goes.
    #[serde(default)]
    #[schema(value_type = Option<Destination>)]
    pub root_url: Option<String>,
    /// Where missing links go.
    #[serde(default)]
    #[schema(value_type = Option<Destination>)]
    pub not_found_url: Option<String>,
    /// Where expired links without an `expired_url` of their own go.
    #[serde(default)]
    #[schema(value_type = Option<Destination>)]
    pub expired_url: Option<String>,
    /// The `X-Robots-Tag` header of redirects of links that have none of their own: directives with commas between them.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255, example = "noindex, nofollow")]
    pub robots: Option<String>,
    /// What `/.well-known/apple-app-site-association` answers, so that links open in apps of iOS: at most 64 KiB.
    #[serde(default)]
    #[schema(value_type = Option<Object>, example = json!({"applinks": {"details": []}}))]
    pub apple_app_site_association: Option<Value>,
    /// What `/.well-known/assetlinks.json` answers, so that links open in apps of Android: at most 64 KiB.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>, max_items = 1000)]
    pub asset_links: Option<Value>,
    /// How long browsers remember to come over TLS alone, in seconds; 0 has them forget it. They are told nothing if absent.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 63_072_000)]
    pub hsts_max_age: Option<i64>,
    /// Whether that holds for every name below the host name too, whoever answers there. Needs `hsts_max_age`; it does not if absent.
    #[serde(default)]
    pub hsts_include_subdomains: Option<bool>,
}

/// An edit of a domain. What is absent stays as it is, `null` clears.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainPatch {
    /// Another way to write the same host name.
    #[schema(min_length = 1, max_length = 253, nullable = false, example = "Go.Example.com")]
    pub display_name: Option<String>,
    /// Whether `/Sale` and `/sale` are two links. Refused if two links would become one.
    #[schema(nullable = false)]
    pub case_sensitive: Option<bool>,
    /// Whether slugs may have letters of other scripts and emoji. Refused while links have such slugs.
    #[schema(nullable = false)]
    pub unicode_slugs: Option<bool>,
    /// Whether visitors of missing links are told of one that is nearly written so.
    #[schema(nullable = false)]
    pub suggests_slugs: Option<bool>,
    /// The status of new links that say nothing of theirs.
    #[schema(value_type = RedirectStatus, required = false)]
    pub default_redirect_status: Option<RedirectStatus>,
    /// Campaign parameters of new links that say nothing of theirs, all of them. Links that are there keep theirs.
    #[schema(value_type = Utm, required = false)]
    pub utm: Option<Utm>,
    /// Where `/` goes.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Destination>)]
    pub root_url: Option<Option<String>>,
    /// Where missing links go.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Destination>)]
    pub not_found_url: Option<Option<String>>,
    /// Where expired links without an `expired_url` of their own go.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Destination>)]
    pub expired_url: Option<Option<String>>,
    /// The `X-Robots-Tag` header of redirects of links that have none of their own: directives with commas between them.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255, example = "noindex, nofollow")]
    pub robots: Option<Option<String>>,
    /// What `/.well-known/apple-app-site-association` answers, so that links open in apps of iOS: at most 64 KiB.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Object>, example = json!({"applinks": {"details": []}}))]
    pub apple_app_site_association: Option<Option<Value>>,
    /// What `/.well-known/assetlinks.json` answers, so that links open in apps of Android: at most 64 KiB.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<Object>>, max_items = 1000)]
    pub asset_links: Option<Option<Value>>,
    /// How long browsers remember to come over TLS alone, in seconds; 0 has them forget it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 63_072_000)]
    pub hsts_max_age: Option<Option<i64>>,
    /// Whether that holds for every name below the host name too, whoever answers there. Needs `hsts_max_age`.
    #[schema(nullable = false)]
    pub hsts_include_subdomains: Option<bool>,
}

impl DomainDraft {
    /// The content as an edit of a domain without any.
    pub(super) fn into_patch(self) -> DomainPatch {
        DomainPatch {
            display_name: None,
            case_sensitive: self.case_sensitive,
            unicode_slugs: self.unicode_slugs,
            suggests_slugs: self.suggests_slugs,
            default_redirect_status: self.default_redirect_status,
            utm: self.utm,
            root_url: Some(self.root_url),
            not_found_url: Some(self.not_found_url),
            expired_url: Some(self.expired_url),
            robots: Some(self.robots),
            apple_app_site_association: Some(self.apple_app_site_association),
            asset_links: Some(self.asset_links),
            hsts_max_age: Some(self.hsts_max_age),
            hsts_include_subdomains: self.hsts_include_subdomains,
        }
    }
}
