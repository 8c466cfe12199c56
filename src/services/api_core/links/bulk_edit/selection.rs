//! Which links an edit is about, and the token that stands for them.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::BulkEditDraft;
use crate::domain::error::{Error, FieldError, Result};
use crate::domain::id::{LinkId, UserId};
use crate::domain::time::Timestamp;
use crate::infra::store::links::LinkFilter;
use crate::services::api_core::ApiCore;
use crate::services::api_core::links::LinkQuery;
use crate::services::api_core::principal::Access;

/// A link, in the version in which it was found.
pub(super) type Selected = (LinkId, i64);

/// Which links are edited. What is absent does not limit.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkEditFilter {
    /// Only links on the domain of this host name.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 253, example = "go.example.com", nullable = false)]
    pub domain: Option<String>,
    /// Only links with the tag of this name, in any case.
    #[serde(default)]
    #[schema(min_length = 1, nullable = false)]
    pub tag: Option<String>,
    /// Only links in this folder; `none` for those that are in no folder.
    #[serde(default)]
    #[schema(pattern = "^(none|fld_[0-9a-f]{32})$", example = "none", nullable = false)]
    pub folder: Option<String>,
    /// Only links that are archived (`true`), or are not (`false`).
    #[serde(default)]
    #[schema(nullable = false)]
    pub archived: Option<bool>,
    /// Only links that this person made.
    #[serde(default)]
    #[schema(value_type = UserId, required = false)]
    pub created_by: Option<UserId>,
    /// Only links whose slug, destination or title contains this text, in any case.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    pub search: Option<String>,
    /// Only links made at this moment or later.
    #[serde(default)]
    #[schema(value_type = Timestamp, required = false)]
    pub created_from: Option<Timestamp>,
    /// Only links made before this moment.
    #[serde(default)]
    #[schema(value_type = Timestamp, required = false)]
    pub created_until: Option<Timestamp>,
}

impl ApiCore {
    /// The filter with ids for names; none if nothing can fit.
    pub(super) async fn bulk_filter(&self, access: &Access, filter: &BulkEditFilter) -> Result<Option<LinkFilter>> {
        let filter = filter.clone();
        let query = LinkQuery {
            domain: filter.domain,
            tag: filter.tag,
            destination_url: None,
            folder: filter.folder,
            archived: filter.archived,
            created_by: filter.created_by,
            search: filter.search,
            created_from: filter.created_from,
            created_until: filter.created_until,
        };
        self.filter(access, query).await.map_err(within_filter)
    }
}

/// The same errors, with pointers into the body.
fn within_filter(error: Error) -> Error {
    let field = |field: FieldError| FieldError { pointer: format!("/filter/{}", field.pointer), ..field };
    Error { fields: error.fields.into_iter().map(field).collect(), ..error }
}

/// What a dry run hands out: a hash over who asks, the edit, and the links in their versions.
pub(super) fn token(access: &Access, draft: &BulkEditDraft, selected: &[Selected]) -> Result<String> {
    let shown = (access.workspace_id(), access.author(), &draft.filter, &draft.changes, selected);
    let text = serde_json::to_vec(&shown).map_err(Error::internal)?;
    Ok(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
}
