//! Finds links: one, by its place, or a page of a list.

use serde::Serialize;
use utoipa::ToSchema;

use super::changes::destination_hash;
use super::plan::slug_key;
use super::reach::seen;
use super::view::Link;
use crate::domain::error::{Error, Result};
use crate::domain::folded_text::{fold, name_key};
use crate::domain::id::{FolderId, LinkId, UserId};
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;
use crate::infra::store::links::{self, FolderFilter, LinkFilter, SortOrder, SortTime};
use crate::infra::store::page::Page;
use crate::infra::store::{domains, tags};
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::principal::Access;
use crate::services::api_core::text_validation::Lines;

/// The longest text that can be searched for, in characters.
const SEARCH_LENGTH_MAX: usize = 200;

/// Which links a list shows. What is absent does not limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LinkQuery {
    /// Only those on the domain of this host name, however it is written.
    pub domain: Option<String>,
    /// Only those with the tag of this name.
    pub tag: Option<String>,
    /// Only those with this destination, once both are written as URLs are.
    pub destination_url: Option<String>,
    /// Only those in this folder; `none` for those in no folder.
    pub folder: Option<String>,
    /// Only those that are archived, or are not.
    pub archived: Option<bool>,
    /// Only those that this person made.
    pub created_by: Option<UserId>,
    /// Only those whose slug, destination or title contains this text, in any case.
    pub search: Option<String>,
    /// Only those made at this moment or later.
    pub created_from: Option<Timestamp>,
    /// Only those made before this moment.
    pub created_until: Option<Timestamp>,
}

/// How many links there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct LinkCount {
    /// Their number.
    #[schema(minimum = 0, example = 12)]
    pub links: u64,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkSort {
    /// Whether by the time of the last change, or by the time when links were made.
    pub by_update: bool,
    /// Whether the oldest come first.
    pub ascending: bool,
}

impl ApiCore {
    /// One link.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such link.
    pub async fn find_link(&self, access: &Access, id: LinkId) -> Result<Link> {
        let reader = self.store.reader();
        let row = seen(access, links::find(reader, access.workspace_id(), id).await?)?;
        let link = self.view_single(reader, access.workspace_id(), row).await?;
        Ok(self.with_clicks(access, link).await)
    }

    /// The workspace's link at a slug of a domain, as visitors would write it.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no link there; `Invalid` if the host name is none.
    pub async fn look_up_link(&self, access: &Access, hostname: &str, slug: &str) -> Result<Link> {
        let reader = self.store.reader();
        let mut errors = FieldErrors::default();
        let hostname = errors.hostname("domain", hostname);
        errors.into_result()?;
        let found = domains::find_named(reader, access.workspace_id(), hostname.into_iter().collect()).await?;
        let domain = found.into_iter().next().ok_or_else(|| Error::not_found("link"))?;
        let key = slug_key(slug, domain.case_sensitive);
        let row = links::find_by_slug(reader, access.workspace_id(), domain.id, &key).await?;
        let link = self.view_single(reader, access.workspace_id(), seen(access, row)?).await?;
        Ok(self.with_clicks(access, link).await)
    }

    /// A page of the workspace's links.
    ///
    /// # Errors
    /// `Invalid` if the search cannot be made.
    pub async fn list_links(&self, access: &Access, query: LinkQuery, sort: LinkSort, page: Page) -> Result<Vec<Link>> {
        let Some(filter) = self.filter(access, query).await? else { return Ok(Vec::new()) };
        let reader = self.store.reader();
        let time = if sort.by_update { SortTime::Updated } else { SortTime::Created };
        let order = if sort.ascending { SortOrder::Ascending } else { SortOrder::Descending };
        let rows = links::list(reader, access.workspace_id(), filter, (time, order), page).await?;
        let mut links = self.view_links(reader, access.workspace_id(), rows).await?;
        self.count_clicks(access, links.iter_mut()).await;
        Ok(links)
    }

    /// How many of the workspace's links the query finds.
    ///
    /// # Errors
    /// `Invalid` if the search cannot be made.
    pub async fn count_links(&self, access: &Access, query: LinkQuery) -> Result<LinkCount> {
        let links = match self.filter(access, query).await? {
            Some(filter) => links::count_filtered(self.store.reader(), access.workspace_id(), filter).await?,
            None => 0,
        };
        Ok(LinkCount { links })
    }

    /// The query with ids for names; none if a name is unknown, so that nothing can fit.
    pub(super) async fn filter(&self, access: &Access, query: LinkQuery) -> Result<Option<LinkFilter>> {
        let mut errors = FieldErrors::default();
        let lengths = (1, SEARCH_LENGTH_MAX);
        let search = query.search.map(|text| fold(&errors.text("search", &text, lengths, Lines::One)));
        let domain = query.domain.and_then(|text| errors.hostname("domain", &text));
        let tag = query.tag.map(|text| name_key(&errors.text("tag", &text, lengths, Lines::One)));
        let destination = query
            .destination_url
            .and_then(|text| errors.check("destination_url", "invalid_url", Destination::parse(&text)));
        let folder = query.folder.and_then(|text| folder_filter(&text, &mut errors));
        errors.into_result()?;
        let mut filter = LinkFilter {
            search,
            destination: destination.map(|destination| (destination_hash(&destination), destination)),
            folder,
            hidden_folders: access.folders.hidden(),
            archived: query.archived,
            created_by: query.created_by,
            created_from: query.created_from,
            created_until: query.created_until,
            ..LinkFilter::default()
        };
        let reader = self.store.reader();
        if let Some(hostname) = domain {
            let found = domains::find_named(reader, access.workspace_id(), vec![hostname]).await?;
            let Some(domain) = found.first() else { return Ok(None) };
            filter.domain = Some(domain.id);
        }
        if let Some(name) = tag {
            let found = tags::find_named(reader, access.workspace_id(), &[name]).await?;
            let Some(tag) = found.first() else { return Ok(None) };
            filter.tag = Some(tag.id);
        }
        Ok(Some(filter))
    }
}

fn folder_filter(text: &str, errors: &mut FieldErrors) -> Option<FolderFilter> {
    match text.parse::<FolderId>() {
        Ok(folder) => Some(FolderFilter::In(folder)),
        Err(_) if text == "none" => Some(FolderFilter::Outside),
        Err(error) => {
            errors.add("folder", "invalid_value", format!("{error}, or none for links that are in no folder"));
            None
        }
    }
}
