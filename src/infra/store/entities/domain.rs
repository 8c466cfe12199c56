//! Table `domains`.

use sea_orm::entity::prelude::*;

use crate::domain::certificate::CertificateState;
use crate::domain::id::{DomainId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;

/// A host name that short links live on.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "domains")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DomainId,
    /// None for the default domain, which belongs to the instance.
    pub workspace_id: Option<WorkspaceId>,
    /// Lower-case, without a port; unique.
    pub hostname: String,
    /// At most one domain is.
    pub is_default: bool,
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
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
