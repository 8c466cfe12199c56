//! Which links carry which tags, for whoever counts by tag.

use super::ApiCore;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::folded_text::name_key;
use crate::domain::id::{LinkId, TagId, WorkspaceId};
use crate::infra::store::tags;

/// The most pairs of a tag and a link that are handed out at once.
const PAIRS_MAX: usize = 200_000;

/// A tag and the links that carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedLinks {
    /// The tag.
    pub tag_id: TagId,
    /// Its name.
    pub name: String,
    /// The links that carry it now.
    pub links: Vec<LinkId>,
}

impl ApiCore {
    /// A workspace's tags with the links that carry them: all tags, or those of these names in any case.
    ///
    /// # Errors
    /// `Invalid` where there are more than 200,000 pairs of a tag and a link.
    pub async fn tagged_links(&self, workspace_id: WorkspaceId, names: Option<&[String]>) -> Result<Vec<TaggedLinks>> {
        let keys: Option<Vec<String>> = names.map(|names| names.iter().map(|name| name_key(name)).collect());
        let tags = tags::carried(self.store.reader(), workspace_id, keys.as_deref(), PAIRS_MAX).await?;
        if tags.iter().map(|(_, links)| links.len()).sum::<usize>() > PAIRS_MAX {
            let message = format!("More than {PAIRS_MAX} links with tags would have to be looked at. Name fewer tags.");
            return Err(Error::new(ErrorKind::Invalid, "too_many_tagged_links", message));
        }
        Ok(tags.into_iter().map(|(tag, links)| TaggedLinks { tag_id: tag.id, name: tag.name, links }).collect())
    }
}
