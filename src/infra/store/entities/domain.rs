//! Table `domains`.

use sea_orm::entity::prelude::*;

use crate::domain::certificate::CertificateState;
use crate::domain::custom_domain::{DomainCheck, DomainState, Finding, StateReason};
use crate::domain::id::{DomainId, WorkspaceId};
use crate::domain::link::RedirectStatus;
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;
use crate::domain::utm::Utm;
use crate::infra::store::columns::Json;

/// A host name that short links live on.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "domains")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DomainId,
    /// None for the default domain, which belongs to the instance.
    pub workspace_id: Option<WorkspaceId>,
    /// Lower-case, without a port. Unique in a workspace, and among the domains that are not pending.
    pub hostname: String,
    /// At most one domain is.
    pub is_default: bool,
    /// Whether `/Sale` and `/sale` are two links.
    pub case_sensitive: bool,
    /// Whether slugs may have letters of other scripts and emoji.
    pub unicode_slugs: bool,
    /// Whether visitors of missing links are told of one that is nearly written so.
    pub suggests_slugs: bool,
    /// Whether its links redirect: in the state active alone.
    pub enabled: bool,
    /// Where `/` goes.
    pub root_url: Option<Destination>,
    /// Where missing links go.
    pub not_found_url: Option<Destination>,
    /// Where expired links without an `expired_url` of their own go.
    pub expired_url: Option<Destination>,
    /// The `X-Robots-Tag` header of redirects of links that have none of their own.
    pub robots: Option<String>,
    /// What `/.well-known/apple-app-site-association` answers, as JSON.
    pub apple_app_site_association: Option<String>,
    /// What `/.well-known/assetlinks.json` answers, as JSON.
    pub asset_links: Option<String>,
    /// How long browsers remember to come over TLS alone, in seconds.
    pub hsts_max_age: Option<i64>,
    /// Whether that holds for the names below it too.
    pub hsts_include_subdomains: bool,
    /// What became of the certificate; none where none was ever ordered.
    pub certificate_state: Option<CertificateState>,
    /// Until when the certificate holds.
    pub certificate_not_after: Option<Timestamp>,
    /// When the certificate is to be renewed.
    pub certificate_renew_at: Option<Timestamp>,
    /// No order before this moment.
    pub certificate_next_order_at: Option<Timestamp>,
    /// How many orders have failed since the last that did not.
    pub certificate_failures: i64,
    /// Why the last order failed.
    pub certificate_error: Option<String>,
    /// Grows with every edit.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The host name as people read it.
    pub display_name: String,
    /// The status of new links that say nothing of theirs.
    pub default_redirect_status: RedirectStatus,
    /// Campaign parameters of new links that say nothing of theirs.
    pub utm: Json<Utm>,
    /// Whether it is in use.
    pub state: DomainState,
    /// Why.
    pub state_reason: StateReason,
    /// Since when.
    pub state_since: Timestamp,
    /// What its TXT record has to say.
    pub token: String,
    /// When its records were first seen.
    pub verified_at: Option<Timestamp>,
    /// How many checks in a row found that it does not point here.
    pub failures: i64,
    /// Since when.
    pub failing_since: Option<Timestamp>,
    /// When it is looked at next.
    pub next_check_at: Option<Timestamp>,
    /// What the last look at its DNS showed.
    pub last_check: Option<Json<DomainCheck>>,
    /// What its people should see to.
    pub findings: Json<Vec<Finding>>,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
