//! Table `links`.

use sea_orm::entity::prelude::*;

use crate::domain::click_budget::ClickBudget;
use crate::domain::id::{DomainId, FolderId, LinkId, UserId, WorkspaceId};
use crate::domain::link::{ForwardQuery, RedirectStatus};
use crate::domain::link_extras::LinkPreview;
use crate::domain::rule::Rule;
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;
use crate::domain::utm::Utm;
use crate::infra::store::columns::Json;

/// A short link.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "links")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LinkId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// Where it lives.
    pub domain_id: DomainId,
    /// As it was typed.
    pub slug: String,
    /// As the domain files it; unique in the domain.
    pub slug_key: String,
    /// Where visitors go unless a rule says otherwise.
    pub destination_url: Destination,
    /// Finds links by destination, which is too long for an index.
    pub destination_hash: i64,
    /// The status of the redirect.
    pub redirect_status: RedirectStatus,
    /// Shown on the preview page.
    pub title: Option<String>,
    /// Shown on the preview page.
    pub description: Option<String>,
    /// Shown where the link is shared.
    pub image_url: Option<Destination>,
    /// For the team only.
    pub comment: Option<String>,
    /// Unique in the workspace.
    pub external_id: Option<String>,
    /// 404 until then.
    pub starts_at: Option<Timestamp>,
    /// Not valid from this moment on.
    pub expires_at: Option<Timestamp>,
    /// The `expires_at` of which followers have been told.
    pub told_expiry: Option<Timestamp>,
    /// Where visitors of the expired link go.
    pub expired_url: Option<Destination>,
    /// What visitors read once it is over.
    pub expired_text: Option<String>,
    /// What visitors read before it begins.
    pub not_found_text: Option<String>,
    /// What programs that preview links are shown.
    pub preview: Option<Json<LinkPreview>>,
    /// The `X-Robots-Tag` header of its redirects.
    pub robots: Option<String>,
    /// Where visitors with iOS go unless a rule says otherwise.
    pub ios_url: Option<Destination>,
    /// Where visitors with Android go unless a rule says otherwise.
    pub android_url: Option<Destination>,
    /// How many redirects there may ever be.
    pub max_clicks: Option<i64>,
    /// How many of `max_clicks` are gone.
    pub used_clicks: i64,
    /// How many redirects there may be in a period.
    pub click_budget: Option<Json<ClickBudget>>,
    /// When the period began of which `period_clicks` are gone.
    pub period_start: Option<Timestamp>,
    /// How many clicks of that period are gone.
    pub period_clicks: i64,
    /// Argon2id in PHC form.
    pub password_hash: Option<String>,
    /// What happens to the visitor's query string.
    pub forward_query: ForwardQuery,
    /// Whether a path after the slug is appended to the destination's.
    pub forward_path: bool,
    /// Campaign parameters that its destinations get.
    pub utm: Json<Utm>,
    /// The smart-link rules, in order.
    pub rules: Json<Vec<Rule>>,
    /// The folder that it is in, if any.
    pub folder_id: Option<FolderId>,
    /// Since when its QR code may be in print.
    pub printed_at: Option<Timestamp>,
    /// Archived by its owner.
    pub archived: bool,
    /// Whether visitors only notice changes that a second person approved.
    pub needs_approval: bool,
    /// Why the platform switched the link off.
    pub disabled_reason: Option<String>,
    /// Slug, destination and title, folded, a line each.
    pub search_key: String,
    /// Which form `search_key` has.
    pub search_form: i64,
    /// Grows with every edit.
    pub version: i64,
    /// Whose doing it was.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
