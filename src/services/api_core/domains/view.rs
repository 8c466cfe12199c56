//! Domains as callers see them.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::associations;
use crate::domain::custom_domain::{DomainState, Finding, RecordToSet, StateReason};
use crate::domain::id::DomainId;
use crate::domain::link::RedirectStatus;
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;
use crate::domain::utm::Utm;
use crate::infra::store::domains::Domain as Row;
use crate::services::api_core::ApiCore;
use crate::services::api_core::certificates::DomainCertificate;
use crate::services::api_core::recorded_action::Recorded;

/// A host name that short links live on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Domain {
    /// Its id.
    pub id: DomainId,
    /// The host name, lower-case and in Punycode, without a port.
    #[schema(example = "go.example.com")]
    pub hostname: String,
    /// The host name as people read it, such as `bücher.example`.
    #[schema(example = "go.example.com")]
    pub display_name: String,
    /// Whether it is the instance's own domain, which every workspace may use.
    pub is_default: bool,
    /// What short links start with.
    #[schema(example = "https://go.example.com")]
    pub url: String,
    /// Whether it is in use.
    pub state: DomainState,
    /// Why it is in its state.
    pub state_reason: StateReason,
    /// Since when it is in its state.
    pub state_since: Timestamp,
    /// When its records were last found while it was not in use; `null` if never.
    pub verified_at: Option<Timestamp>,
    /// The DNS records that it needs, and what the last check found; none for the default domain.
    pub records: Vec<RecordToSet>,
    /// When its records were last looked at, right to the last check that showed anything new.
    pub last_check_at: Option<Timestamp>,
    /// Why DNS could not be asked at the last check.
    #[schema(example = "no answer in time")]
    pub last_check_trouble: Option<String>,
    /// When it is looked at next; `null` for only when asked.
    pub next_check_at: Option<Timestamp>,
    /// What its people should see to.
    pub findings: Vec<Finding>,
    /// Whether `/Sale` and `/sale` are two links.
    pub case_sensitive: bool,
    /// Whether slugs may have letters of other scripts and emoji.
    pub unicode_slugs: bool,
    /// Whether visitors of missing links are told of one that is nearly written so.
    pub suggests_slugs: bool,
    /// The status of new links that say nothing of theirs.
    pub default_redirect_status: RedirectStatus,
    /// Campaign parameters of new links that say nothing of theirs.
    pub utm: Utm,
    /// Where `/` goes.
    pub root_url: Option<Destination>,
    /// Where missing links go; `null` for a plain 404.
    pub not_found_url: Option<Destination>,
    /// Where expired links without an `expired_url` of their own go; `null` for a plain 410.
    pub expired_url: Option<Destination>,
    /// The `X-Robots-Tag` header of redirects of links that have none of their own.
    #[schema(example = "noindex, nofollow")]
    pub robots: Option<String>,
    /// What `/.well-known/apple-app-site-association` answers; `null` for 404.
    #[schema(value_type = Option<Object>)]
    pub apple_app_site_association: Option<Value>,
    /// What `/.well-known/assetlinks.json` answers; `null` for 404.
    #[schema(value_type = Option<Vec<Object>>)]
    pub asset_links: Option<Value>,
    /// How long browsers remember to come over TLS alone, in seconds (HSTS, RFC 6797); `null` for not at all. Sent over TLS only.
    #[schema(example = 31_536_000)]
    pub hsts_max_age: Option<i64>,
    /// Whether that holds for every name below the host name too.
    pub hsts_include_subdomains: bool,
    /// What became of the certificate that this installation orders for it; `null` where none was ordered.
    pub certificate: Option<DomainCertificate>,
    /// Grows with every edit.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Recorded for Domain {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl ApiCore {
    pub(super) fn view_domain(&self, row: Row) -> Domain {
        let check = row.last_check.as_ref().map(|check| &check.0);
        let expected = &self.settings.domains.expected;
        let records = if row.is_default { Vec::new() } else { expected.records(&row.hostname, &row.token, check) };
        Domain {
            url: self.base_url(&row),
            records,
            certificate: DomainCertificate::of(&row),
            last_check_at: check.map(|check| check.at),
            last_check_trouble: check.and_then(|check| check.trouble.clone()),
            id: row.id,
            hostname: row.hostname,
            display_name: row.display_name,
            is_default: row.is_default,
            state: row.state,
            state_reason: row.state_reason,
            state_since: row.state_since,
            verified_at: row.verified_at,
            next_check_at: row.next_check_at,
            findings: row.findings.0,
            case_sensitive: row.case_sensitive,
            unicode_slugs: row.unicode_slugs,
            suggests_slugs: row.suggests_slugs,
            default_redirect_status: row.default_redirect_status,
            utm: row.utm.0,
            root_url: row.root_url,
            not_found_url: row.not_found_url,
            expired_url: row.expired_url,
            robots: row.robots,
            apple_app_site_association: row.apple_app_site_association.as_deref().and_then(associations::read),
            asset_links: row.asset_links.as_deref().and_then(associations::read),
            hsts_max_age: row.hsts_max_age,
            hsts_include_subdomains: row.hsts_include_subdomains,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }

    /// What the short links of a domain start with, without a slash at the end.
    pub(in crate::services::api_core) fn base_url(&self, domain: &Row) -> String {
        if domain.is_default {
            return self.settings.default_domain_url.as_str().trim_end_matches('/').to_owned();
        }
        format!("https://{}", domain.hostname)
    }
}
