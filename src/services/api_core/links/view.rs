//! Links as callers see them.

use std::collections::HashMap;

use percent_encoding::{CONTROLS, utf8_percent_encode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::click_budget::{BudgetUse, ClickBudget};
use crate::domain::error::{Error, Result};
use crate::domain::id::{DomainId, FolderId, LinkId, UserId, WorkspaceId};
use crate::domain::link::{ForwardQuery, RedirectStatus};
use crate::domain::link_extras::LinkPreview;
use crate::domain::rule::Rule;
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;
use crate::domain::utm::Utm;
use crate::infra::store::domains::{self, Domain as DomainRow};
use crate::infra::store::links::Link as Row;
use crate::infra::store::{Connection, link_clicks, tags};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::recorded_action::Recorded;

/// A short link.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// The host name that it lives on.
    #[schema(example = "go.example.com")]
    pub domain: String,
    /// The part after the host.
    #[schema(example = "summer-sale")]
    pub slug: String,
    /// The whole short link.
    #[schema(example = "https://go.example.com/summer-sale")]
    pub short_url: String,
    /// Where visitors go unless a rule says otherwise.
    pub destination_url: Destination,
    /// The status that it redirects with.
    pub redirect_status: RedirectStatus,
    /// Shown on the preview page.
    pub title: Option<String>,
    /// Shown on the preview page.
    pub description: Option<String>,
    /// Shown where the link is shared.
    pub image_url: Option<Destination>,
    /// For the team only.
    pub comment: Option<String>,
    /// Names of its tags, sorted.
    pub tags: Vec<String>,
    /// Its name in another system.
    pub external_id: Option<String>,
    /// It answers 404 until then.
    pub starts_at: Option<Timestamp>,
    /// It answers 410, or `expired_url`, from then on.
    pub expires_at: Option<Timestamp>,
    /// Where visitors go once it has expired.
    pub expired_url: Option<Destination>,
    /// What visitors read once it is over, where they are not sent elsewhere.
    pub expired_text: Option<String>,
    /// What visitors read before `starts_at`.
    pub not_found_text: Option<String>,
    /// What programs that preview links are shown.
    pub preview: Option<LinkPreview>,
    /// The `X-Robots-Tag` header of its redirects; `null` for that of its domain.
    #[schema(example = "noindex, nofollow")]
    pub robots: Option<String>,
    /// Where visitors with iOS go unless a rule says otherwise.
    pub ios_url: Option<Destination>,
    /// Where visitors with Android go unless a rule says otherwise.
    pub android_url: Option<Destination>,
    /// How many redirects there may ever be.
    pub max_clicks: Option<i64>,
    /// How many redirects there may be in a period.
    pub click_budget: Option<ClickBudget>,
    /// How much of `click_budget` is used; `null` if there is none.
    pub budget_use: Option<BudgetUse>,
    /// Whether visitors must know a password.
    pub password_protected: bool,
    /// What happens to the visitor's query string.
    pub forward_query: ForwardQuery,
    /// Whether a path after the slug is appended to the destination's path.
    pub forward_path: bool,
    /// Campaign parameters for the destinations that do not carry them.
    pub utm: Utm,
    /// The smart-link rules, in order.
    pub rules: Vec<Rule>,
    /// The folder that it is in; `null` if it is in none.
    pub folder_id: Option<FolderId>,
    /// Since when its QR code may be in print; `null` if nobody downloaded it.
    pub printed_at: Option<Timestamp>,
    /// Whether it is archived and answers 410.
    pub archived: bool,
    /// Whether a second person has to approve what visitors notice.
    pub needs_approval: bool,
    /// Why the platform switched it off; `null` if it did not.
    pub disabled_reason: Option<String>,
    /// How many people it led on; bots, previews and prefetches are not counted. `null` while that is unknown.
    pub clicks: Option<u64>,
    /// When the last of them came.
    pub last_click_at: Option<Timestamp>,
    /// Grows with every edit.
    pub version: i64,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Recorded for Link {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl ApiCore {
    /// The links with their domains and tags, in the same order.
    pub(in crate::services::api_core) async fn view_links(
        &self,
        connection: &impl Connection,
        workspace: WorkspaceId,
        rows: Vec<Row>,
    ) -> Result<Vec<Link>> {
        let mut ids: Vec<DomainId> = rows.iter().map(|row| row.domain_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let domains = domains::find_all(connection, workspace, ids).await?;
        let domains: HashMap<DomainId, DomainRow> = domains.into_iter().map(|domain| (domain.id, domain)).collect();
        let ids: Vec<LinkId> = rows.iter().map(|row| row.id).collect();
        let mut tags = tags::names_on(connection, &ids).await?;
        let view = |row: Row| {
            let domain = domains.get(&row.domain_id).ok_or_else(|| Error::internal("a link without its domain"))?;
            let tags = tags.remove(&row.id).unwrap_or_default();
            Ok(self.view_link(row, domain, tags))
        };
        rows.into_iter().map(view).collect()
    }

    /// One link with its domain and tags.
    pub(super) async fn view_single(
        &self,
        connection: &impl Connection,
        workspace: WorkspaceId,
        row: Row,
    ) -> Result<Link> {
        let views = self.view_links(connection, workspace, vec![row]).await?;
        views.into_iter().next().ok_or_else(|| Error::internal("a link without its view"))
    }

    fn view_link(&self, row: Row, domain: &DomainRow, tags: Vec<String>) -> Link {
        Link {
            budget_use: link_clicks::budget_use(&row, clock::now()),
            id: row.id,
            domain: domain.hostname.clone(),
            short_url: format!("{}/{}", self.base_url(domain), utf8_percent_encode(&row.slug, CONTROLS)),
            slug: row.slug,
            destination_url: row.destination_url,
            redirect_status: row.redirect_status,
            title: row.title,
            description: row.description,
            image_url: row.image_url,
            comment: row.comment,
            tags,
            external_id: row.external_id,
            starts_at: row.starts_at,
            expires_at: row.expires_at,
            expired_url: row.expired_url,
            expired_text: row.expired_text,
            not_found_text: row.not_found_text,
            preview: row.preview.map(|preview| preview.0),
            robots: row.robots,
            ios_url: row.ios_url,
            android_url: row.android_url,
            max_clicks: row.max_clicks,
            click_budget: row.click_budget.map(|budget| budget.0),
            password_protected: row.password_hash.is_some(),
            forward_query: row.forward_query,
            forward_path: row.forward_path,
            utm: row.utm.0,
            rules: row.rules.0,
            folder_id: row.folder_id,
            printed_at: row.printed_at,
            archived: row.archived,
            needs_approval: row.needs_approval,
            disabled_reason: row.disabled_reason,
            clicks: None,
            last_click_at: None,
            version: row.version,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}
