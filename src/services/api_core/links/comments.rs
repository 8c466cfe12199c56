//! What people say to each other about a link: plain text, of which only its author changes a word.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::reach::{editable, seen};
use super::{COMMENT_DELETED, COMMENT_UPDATED, COMMENTED};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{LinkCommentId, LinkId};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;
use crate::infra::store::link_comments::{self, LinkComment as Row};
use crate::infra::store::page::Page;
use crate::infra::store::{Transaction, links};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::principal::Access;
use crate::services::api_core::recorded_action::Recorded;
use crate::services::api_core::text_validation::Lines;
use crate::services::api_core::version::ExpectedVersion;

/// The most comments on one link.
const COMMENTS_MAX: u64 = 500;
/// The longest comment, in characters.
const LENGTH_MAX: usize = 2_000;

/// What somebody said about a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LinkComment {
    /// Its id.
    pub id: LinkCommentId,
    /// About which link.
    pub link_id: LinkId,
    /// Who said it: the id of a person, a key or a program.
    pub author: Author,
    /// What, as plain text.
    pub text: String,
    /// Grows with every edit.
    pub version: i64,
    /// When it was said.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The words of a comment.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkCommentDraft {
    /// The words, as plain text.
    #[schema(min_length = 1, max_length = 2000, example = "The print shop has this one.")]
    pub text: String,
}

impl Recorded for LinkComment {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl From<Row> for LinkComment {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            link_id: row.link_id,
            author: row.author,
            text: row.text,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl ApiCore {
    /// A page of the comments on a link, newest first.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such link.
    pub async fn list_link_comments(&self, access: &Access, link: LinkId, page: Page) -> Result<Vec<LinkComment>> {
        let reader = self.store.reader();
        seen(access, links::find(reader, access.workspace_id(), link).await?)?;
        let rows = link_comments::list(reader, access.workspace_id(), link, page).await?;
        Ok(rows.into_iter().map(LinkComment::from).collect())
    }

    /// Says something about a link.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such link; `Conflict` if too much was said about it.
    pub async fn create_link_comment(
        &self,
        access: &Access,
        link: LinkId,
        draft: LinkCommentDraft,
    ) -> Result<LinkComment> {
        let text = check_text(&draft)?;
        let transaction = self.store.write().await?;
        lock_link(&transaction, access, link).await?;
        if link_comments::count(&transaction, access.workspace_id(), link).await? >= COMMENTS_MAX {
            let message = format!("A link has at most {COMMENTS_MAX} comments.");
            return Err(Error::new(ErrorKind::Conflict, "too_many_comments", message));
        }
        let now = clock::now();
        let row = Row {
            id: LinkCommentId::new(),
            workspace_id: access.workspace_id(),
            link_id: link,
            author: access.author(),
            text,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        link_comments::insert(&transaction, row.clone()).await?;
        let comment = LinkComment::from(row);
        self.commit(transaction, vec![COMMENTED.made(access.by(), &comment)?], Vec::new()).await?;
        Ok(comment)
    }

    /// Changes the words of the caller's own comment.
    ///
    /// # Errors
    /// `NotFound` if there is no such comment; `Forbidden` if somebody else said it; `PreconditionFailed` if it is not in the version
    /// expected.
    pub async fn update_link_comment(
        &self,
        access: &Access,
        (link, id): (LinkId, LinkCommentId),
        expected: &impl ExpectedVersion,
        draft: LinkCommentDraft,
    ) -> Result<LinkComment> {
        let text = check_text(&draft)?;
        let transaction = self.store.write().await?;
        let current = lock(&transaction, access, link, id).await?;
        if current.author != access.author() {
            let message = "Only whoever wrote a comment changes it.";
            return Err(Error::new(ErrorKind::Forbidden, "not_your_comment", message));
        }
        expected.require(current.version)?;
        let before = LinkComment::from(current.clone());
        let row = Row { text, version: current.version.saturating_add(1), updated_at: clock::now(), ..current };
        link_comments::update(&transaction, row.clone()).await?;
        let comment = LinkComment::from(row);
        self.commit(transaction, vec![COMMENT_UPDATED.edited(access.by(), &before, &comment)?], Vec::new()).await?;
        Ok(comment)
    }

    /// Deletes a comment: the caller's own, or anybody's if the caller looks after the workspace.
    ///
    /// # Errors
    /// `NotFound` if there is no such comment; `Forbidden` if somebody else said it; `PreconditionFailed` if it is not in the version
    /// expected.
    pub async fn delete_link_comment(
        &self,
        access: &Access,
        (link, id): (LinkId, LinkCommentId),
        expected: &impl ExpectedVersion,
    ) -> Result<()> {
        let transaction = self.store.write().await?;
        let row = lock(&transaction, access, link, id).await?;
        if row.author != access.author() && !access.actor.looks_after_workspace() {
            let message = "Only whoever wrote a comment, and owners and admins, delete it.";
            return Err(Error::new(ErrorKind::Forbidden, "not_your_comment", message));
        }
        expected.require(row.version)?;
        link_comments::delete(&transaction, access.workspace_id(), id).await?;
        let recorded_actions = vec![COMMENT_DELETED.removed(access.by(), &LinkComment::from(row))?];
        self.commit(transaction, recorded_actions, Vec::new()).await
    }
}

async fn lock_link(transaction: &Transaction, access: &Access, link: LinkId) -> Result<()> {
    let row = links::lock_many(transaction, access.workspace_id(), &[link]).await?.pop();
    editable(access, row).map(drop)
}

async fn lock(transaction: &Transaction, access: &Access, link: LinkId, id: LinkCommentId) -> Result<Row> {
    lock_link(transaction, access, link).await?;
    let row = link_comments::lock(transaction, access.workspace_id(), link, id).await?;
    row.ok_or_else(|| Error::not_found("comment"))
}

fn check_text(draft: &LinkCommentDraft) -> Result<String> {
    let mut errors = FieldErrors::default();
    let text = errors.text("/text", &draft.text, (1, LENGTH_MAX), Lines::Many);
    errors.into_result()?;
    Ok(text)
}
