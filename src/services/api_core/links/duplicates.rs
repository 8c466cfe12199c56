//! Links of one workspace that lead to the same place. Two destinations are the same if they are equal once they are written as URLs are
//! (host in lower case, no default port, and so on); a query or a fragment tells them apart.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::error::Result;
use crate::domain::id::LinkId;
use crate::domain::url::Destination;
use crate::infra::store::links;
use crate::services::api_core::ApiCore;
use crate::services::api_core::principal::Access;

/// The most links that are named of one destination.
const LINKS_MAX: u64 = 100;

/// A destination that several links have.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DuplicateDestination {
    /// Where they lead.
    pub destination_url: Destination,
    /// The links, oldest first; the first hundred of them.
    pub link_ids: Vec<LinkId>,
    /// Tells destinations apart, and sorts them in no order that means anything.
    #[serde(skip)]
    pub hash: i64,
}

impl ApiCore {
    /// Destinations that several links have which the caller sees, after the one with this hash, at most `limit`.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_duplicate_destinations(
        &self,
        access: &Access,
        after: Option<i64>,
        limit: u64,
    ) -> Result<Vec<DuplicateDestination>> {
        let reader = self.store.reader();
        let (workspace, hidden) = (access.workspace_id(), access.folders.hidden());
        let hashes = links::repeated_destinations(reader, workspace, hidden.clone(), after, limit).await?;
        let mut found = Vec::with_capacity(hashes.len());
        for hash in hashes {
            let rows = links::visible_by_destination(reader, workspace, hidden.clone(), hash, LINKS_MAX).await?;
            let Some(destination_url) = rows.first().map(|row| row.destination_url.clone()) else { continue };
            let link_ids = rows.iter().filter(|row| row.destination_url == destination_url).map(|row| row.id);
            found.push(DuplicateDestination { link_ids: link_ids.collect(), destination_url, hash });
        }
        Ok(found)
    }
}
