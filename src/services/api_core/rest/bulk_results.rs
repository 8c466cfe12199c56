//! What became of each item of a request that has many.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::error::Error;
use crate::domain::id::{LinkChangeId, LinkId};
use crate::http::problem::{Problem, ProblemDocument};
use crate::services::api_core::{BulkItem, Changed, Created, Link};

/// What became of every item, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BulkResults {
    /// The change of links that this was, by which it can be undone; absent where links were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    change_id: Option<LinkChangeId>,
    /// One result an item.
    results: Vec<BulkResult>,
}

/// What became of one item.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(super) enum BulkResult {
    /// The link was made.
    Created {
        /// The link.
        link: Box<Link>,
    },
    /// An identical link was there already.
    Existing {
        /// The link.
        link: Box<Link>,
    },
    /// The link was changed.
    Updated {
        /// The link.
        link: Box<Link>,
    },
    /// The link is gone.
    Deleted {
        /// Its id.
        id: LinkId,
    },
    /// Nothing was done; the other items are not touched by that.
    Failed {
        /// Why.
        problem: ProblemDocument,
    },
}

impl BulkResult {
    /// A link that was made, or was there.
    pub(super) fn created(created: Created) -> Self {
        let link = Box::new(created.link);
        if created.existed { Self::Existing { link } } else { Self::Created { link } }
    }

    fn failed(error: Error) -> Self {
        Self::Failed { problem: Problem::from(error).to_document() }
    }
}

impl BulkResults {
    /// What became of links that were to be made.
    pub(super) const fn of_new(results: Vec<BulkResult>) -> Self {
        Self { change_id: None, results }
    }

    /// What became of the links of a change.
    pub(super) fn of<T>(changed: Changed<T>, done: impl Fn(T) -> BulkResult) -> Self {
        Self { change_id: Some(changed.change_id), results: results(changed.results, done) }
    }
}

/// What became of the items.
pub(super) fn results<T>(items: Vec<BulkItem<T>>, done: impl Fn(T) -> BulkResult) -> Vec<BulkResult> {
    items.into_iter().map(|item| item.map_or_else(BulkResult::failed, &done)).collect()
}
