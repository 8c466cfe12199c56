//! Changes of links that need a second person: asked for by one, made when another approves.
//!
//! Invariants: nobody decides about what they asked for themselves, be it by a key or a program of theirs; what is made is what was asked
//! for and nothing beside it, of the version that it was asked for; a request is decided once.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asked_change::{Subject, action_of};
use super::content::{FieldChange, LinkContent, decode, encode};
use super::draft::LinkPatch;
use super::writing::Edited;
use crate::domain::change_request::{ChangeRequestAction, ChangeRequestState};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{ChangeRequestId, LinkId, UserId};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;
use crate::infra::store::change_requests::{self, ChangeRequest as Row, ChangeRequestFilter};
use crate::infra::store::links::{self, Link as LinkRow};
use crate::infra::store::page::Page;
use crate::infra::store::{Connection, Transaction, deleted_links, tags};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::principal::Access;
use crate::services::api_core::recorded_action::{Action, Recorded};
use crate::services::api_core::text_validation::Lines;

/// How long somebody may decide.
const DECIDED_WITHIN: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 60 * 60);
/// How many requests of a link nobody has decided about.
const PENDING_MAX: u64 = 10;
/// The longest note or reason, in characters.
const TEXT_LENGTH_MAX: usize = 1_000;

pub(in crate::services::api_core) const REQUESTED: Action<ChangeRequest> =
    Action::new("link_change.requested", "Somebody asked for a change of a link that needs a second person.");
pub(in crate::services::api_core) const APPROVED: Action<ChangeRequest> =
    Action::new("link_change.approved", "A second person approved a change of a link, which was made.");
pub(in crate::services::api_core) const REFUSED: Action<ChangeRequest> =
    Action::new("link_change.refused", "A second person refused a change of a link.");
pub(in crate::services::api_core) const WITHDRAWN: Action<ChangeRequest> =
    Action::new("link_change.withdrawn", "Whoever asked for a change of a link does not want it any longer.");

/// A change of a link that somebody asks for.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ChangeRequest {
    /// Its id.
    pub id: ChangeRequestId,
    /// The link.
    pub link_id: LinkId,
    /// The version of the link that the change was made from. Once the link has another one, nobody can approve the change.
    pub link_version: i64,
    /// What is asked for.
    pub action: ChangeRequestAction,
    /// Whether the link shall be deleted.
    pub deletes: bool,
    /// The fields that shall change.
    pub changes: Vec<FieldChange>,
    /// Why, for whoever decides.
    pub note: Option<String>,
    /// What became of it.
    pub state: ChangeRequestState,
    /// Who asks: the id of a person, a key or a program.
    pub author: Author,
    /// Who decided.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Why it was refused.
    pub reason: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Nobody can approve it from then on.
    pub expires_at: Timestamp,
}

/// A change to ask for: an edit, or the deletion; of a deleted link, that it comes back or is forgotten.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRequestDraft {
    /// What shall change.
    #[serde(default)]
    #[schema(value_type = LinkPatch, required = false)]
    pub changes: Option<LinkPatch>,
    /// Whether the link shall be deleted.
    #[serde(default)]
    pub delete: bool,
    /// Whether the link, which is deleted, shall come back.
    #[serde(default)]
    pub restore: bool,
    /// Whether the link, which is deleted, shall be forgotten before its time.
    #[serde(default)]
    pub purge: bool,
    /// Why, for whoever decides.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub note: Option<String>,
}

/// That a change is to be made.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalDraft {
    /// That the link's QR code may be in print is known.
    #[serde(default)]
    pub confirm_printed: bool,
}

/// That a change is not to be made.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefusalDraft {
    /// Why, for whoever asked.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: Option<String>,
}

/// Which changes a list shows. What is absent does not limit.
#[derive(Debug, Clone, Copy, Default)]
pub struct ChangeRequestQuery {
    /// Only those of this link.
    pub link: Option<LinkId>,
    /// Only those that this became of.
    pub state: Option<ChangeRequestState>,
}

impl Recorded for ChangeRequest {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl ChangeRequestDraft {
    /// What is asked for, which is one thing.
    fn action(&self, errors: &mut FieldErrors) -> ChangeRequestAction {
        let asked = [
            (self.changes.is_some(), ChangeRequestAction::Edit),
            (self.delete, ChangeRequestAction::Delete),
            (self.restore, ChangeRequestAction::Restore),
            (self.purge, ChangeRequestAction::Purge),
        ];
        let mut asked = asked.into_iter().filter(|(is_asked, _)| *is_asked).map(|(_, action)| action);
        match (asked.next(), asked.next()) {
            (Some(action), None) => action,
            _ => {
                errors.add("/changes", "required", "send either changes, or one of delete, restore and purge as true");
                ChangeRequestAction::Edit
            }
        }
    }
}

impl ChangeRequest {
    fn of(row: Row) -> Result<Self> {
        let is_late = row.state == ChangeRequestState::Pending && row.expires_at <= clock::now();
        Ok(Self {
            id: row.id,
            link_id: row.link_id,
            link_version: row.link_version,
            action: action_of(&row),
            deletes: action_of(&row) == ChangeRequestAction::Delete,
            changes: decode(&row.changes)?,
            note: row.note,
            state: if is_late { ChangeRequestState::Expired } else { row.state },
            author: row.author,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            reason: row.reason,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

impl ApiCore {
    /// Asks for a change of a link that needs a second person.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such link; `Invalid` with every field that is wrong; `Conflict` if the link needs nobody's
    /// approval, or too much is asked for already.
    pub async fn request_link_change(
        &self,
        access: &Access,
        id: LinkId,
        draft: ChangeRequestDraft,
    ) -> Result<ChangeRequest> {
        let mut errors = FieldErrors::default();
        let action = draft.action(&mut errors);
        let note = draft.note.map(|text| errors.text("/note", &text, (1, TEXT_LENGTH_MAX), Lines::Many));
        errors.into_result()?;
        let checked = match draft.changes {
            Some(patch) => Some(self.check_edit(id, patch, "/changes").await?),
            None => None,
        };
        let transaction = self.store.write().await?;
        let subject = Subject::lock(&transaction, access, action, id).await?;
        require_need(&transaction, access, id, &subject).await?;
        let (content, changes) = match checked {
            Some(checked) => {
                let edited = checked.apply(&transaction, access).await?;
                content_of(&transaction, edited).await.map(|(content, changes)| (Some(content), changes))?
            }
            None => (None, Vec::new()),
        };
        let now = clock::now();
        let request = Row {
            id: ChangeRequestId::new(),
            workspace_id: access.workspace_id(),
            link_id: id,
            link_version: subject.version()?,
            action: Some(action),
            content: content.as_ref().map(encode).transpose()?,
            changes: encode(&changes)?,
            note,
            state: ChangeRequestState::Pending,
            author: access.author(),
            person: access.user_id(),
            decided_by: None,
            decided_at: None,
            reason: None,
            created_at: now,
            expires_at: now.plus(DECIDED_WITHIN),
        };
        change_requests::insert(&transaction, request.clone()).await?;
        let request = ChangeRequest::of(request)?;
        self.commit(transaction, vec![REQUESTED.made(access.by(), &request)?], Vec::new()).await?;
        Ok(request)
    }

    /// A page of what is asked for of links that exist for the caller, newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_change_requests(
        &self,
        access: &Access,
        query: ChangeRequestQuery,
        page: Page,
    ) -> Result<Vec<ChangeRequest>> {
        let filter = ChangeRequestFilter {
            link: query.link,
            state: query.state.map(|state| (state, clock::now())),
            hidden_folders: access.folders.hidden(),
        };
        let rows = change_requests::list(self.store.reader(), access.workspace_id(), filter, page).await?;
        rows.into_iter().map(ChangeRequest::of).collect()
    }

    /// One change that is asked for.
    ///
    /// # Errors
    /// `NotFound` if there is none, or its link does not exist for the caller.
    pub async fn find_change_request(&self, access: &Access, id: ChangeRequestId) -> Result<ChangeRequest> {
        let reader = self.store.reader();
        let row = change_requests::find(reader, access.workspace_id(), id).await?.ok_or_else(not_found)?;
        require_seen(reader, access, &row).await?;
        ChangeRequest::of(row)
    }

    /// Makes a change that somebody else asked for.
    ///
    /// # Errors
    /// `NotFound` if there is none; `Forbidden` if the caller asked for it; `Conflict` if it was decided, is too old, or the link is another
    /// by now; those of the edit itself.
    pub async fn approve_link_change(
        &self,
        access: &Access,
        id: ChangeRequestId,
        draft: ApprovalDraft,
    ) -> Result<ChangeRequest> {
        let transaction = self.store.write().await?;
        let (row, subject) = lock_undecided(&transaction, access, id).await?;
        if subject.version()? != row.link_version {
            let message = "The link was changed since this was asked for. Ask for the change anew.";
            return Err(Error::new(ErrorKind::Conflict, "link_changed", message));
        }
        let (mut recorded_actions, stale) =
            Box::pin(self.make_change(&transaction, access, &row, subject, draft.confirm_printed)).await?;
        let (before, after) = self.decide_change(&transaction, access, row, ChangeRequestState::Approved, None).await?;
        recorded_actions.push(APPROVED.edited(access.by(), &before, &after)?);
        self.commit(transaction, recorded_actions, stale).await?;
        Ok(after)
    }

    /// Refuses a change that somebody else asked for.
    ///
    /// # Errors
    /// `NotFound` if there is none; `Forbidden` if the caller asked for it; `Conflict` if it was decided or is too old.
    pub async fn refuse_link_change(
        &self,
        access: &Access,
        id: ChangeRequestId,
        draft: RefusalDraft,
    ) -> Result<ChangeRequest> {
        let mut errors = FieldErrors::default();
        let reason = draft.reason.map(|text| errors.text("/reason", &text, (1, TEXT_LENGTH_MAX), Lines::Many));
        errors.into_result()?;
        let transaction = self.store.write().await?;
        let (row, _) = lock_undecided(&transaction, access, id).await?;
        let (before, after) =
            self.decide_change(&transaction, access, row, ChangeRequestState::Refused, reason).await?;
        self.commit(transaction, vec![REFUSED.edited(access.by(), &before, &after)?], Vec::new()).await?;
        Ok(after)
    }

    /// Takes a change back that the caller asked for.
    ///
    /// # Errors
    /// `NotFound` if there is none; `Forbidden` if somebody else asked for it; `Conflict` if it was decided or is too old.
    pub async fn withdraw_link_change(&self, access: &Access, id: ChangeRequestId) -> Result<()> {
        let transaction = self.store.write().await?;
        let row = lock_pending(&transaction, access, id).await?;
        if !is_own(access, &row) {
            let message = "Only whoever asked for a change takes it back. You may refuse it.";
            return Err(Error::new(ErrorKind::Forbidden, "not_your_request", message));
        }
        let (before, after) =
            self.decide_change(&transaction, access, row, ChangeRequestState::Withdrawn, None).await?;
        self.commit(transaction, vec![WITHDRAWN.edited(access.by(), &before, &after)?], Vec::new()).await
    }

    async fn decide_change(
        &self,
        transaction: &Transaction,
        access: &Access,
        row: Row,
        state: ChangeRequestState,
        reason: Option<String>,
    ) -> Result<(ChangeRequest, ChangeRequest)> {
        let before = ChangeRequest::of(row.clone())?;
        let row = Row { state, reason, decided_by: access.user_id(), decided_at: Some(clock::now()), ..row };
        change_requests::update(transaction, row.clone()).await?;
        Ok((before, ChangeRequest::of(row)?))
    }
}

/// Refuses to do to a link what needs a second person.
pub(super) fn require_no_approval(row: &LinkRow) -> Result<()> {
    if row.needs_approval { Err(approval_required(row.id)) } else { Ok(()) }
}

/// A second person has to approve what somebody does to a link.
pub(super) fn approval_required(id: LinkId) -> Error {
    let message =
        format!("A second person has to approve this of the link {id}. Ask for it at …/links/{id}/change-requests.");
    Error::new(ErrorKind::Conflict, "approval_required", message)
}

/// Whether a second person has to approve the difference, of a link that needs that.
pub(super) fn is_noticed(before: &LinkRow, after: &LinkRow) -> bool {
    before.needs_approval != after.needs_approval || visitors_notice(before, after)
}

/// Whether visitors notice the difference: where a link leads, under which address, and whether it does.
pub(super) fn visitors_notice(before: &LinkRow, after: &LinkRow) -> bool {
    let noticed = |row: &LinkRow| LinkContent {
        title: None,
        description: None,
        image_url: None,
        comment: None,
        external_id: None,
        folder_id: None,
        preview: None,
        robots: None,
        expired_text: None,
        not_found_text: None,
        needs_approval: false,
        ..LinkContent::of(row.clone(), Vec::new())
    };
    noticed(before) != noticed(after)
}

async fn require_need(transaction: &Transaction, access: &Access, id: LinkId, subject: &Subject) -> Result<()> {
    if !subject.needs_approval()? {
        let message = "This link needs nobody's approval. Change it without.";
        return Err(Error::new(ErrorKind::Conflict, "needs_no_approval", message));
    }
    if change_requests::count_pending(transaction, access.workspace_id(), id, clock::now()).await? >= PENDING_MAX {
        let message = format!("{PENDING_MAX} changes of this link wait for somebody who decides. Withdraw one.");
        return Err(Error::new(ErrorKind::Conflict, "too_many_change_requests", message));
    }
    Ok(())
}

/// What the link shall be, and in which fields that differs.
async fn content_of(transaction: &Transaction, edited: Edited) -> Result<(LinkContent, Vec<FieldChange>)> {
    let own = tags::names_on(transaction, &[edited.before.id]).await?.remove(&edited.before.id).unwrap_or_default();
    let content = LinkContent::of(edited.after, edited.tag_names.unwrap_or_else(|| own.clone()));
    let changes = LinkContent::of(edited.before, own).differences(&content)?;
    if changes.is_empty() {
        return Err(Error::invalid_field("/changes", "empty_changes", "the link is so already"));
    }
    Ok((content, changes))
}

/// A change that the caller may decide about, and its link.
async fn lock_undecided(transaction: &Transaction, access: &Access, id: ChangeRequestId) -> Result<(Row, Subject)> {
    let row = lock_pending(transaction, access, id).await?;
    let subject = Subject::lock(transaction, access, action_of(&row), row.link_id).await?;
    if is_own(access, &row) {
        let message = "You asked for this change yourself. Somebody else has to decide; you may withdraw it.";
        return Err(Error::new(ErrorKind::Forbidden, "own_request", message));
    }
    Ok((row, subject))
}

/// A change about which nobody has decided, of a link that exists for the caller.
async fn lock_pending(transaction: &Transaction, access: &Access, id: ChangeRequestId) -> Result<Row> {
    let row = change_requests::lock(transaction, access.workspace_id(), id).await?.ok_or_else(not_found)?;
    require_seen(transaction, access, &row).await?;
    match ChangeRequest::of(row.clone())?.state {
        ChangeRequestState::Pending => Ok(row),
        ChangeRequestState::Expired => {
            let message = "Nobody decided about this change in time. Ask for it anew.";
            Err(Error::new(ErrorKind::Conflict, "request_expired", message))
        }
        _ => Err(Error::new(ErrorKind::Conflict, "already_decided", "Somebody has decided about this change.")),
    }
}

/// Refuses a request of a link that does not exist for the caller.
async fn require_seen(connection: &impl Connection, access: &Access, row: &Row) -> Result<()> {
    let folder = match links::find(connection, access.workspace_id(), row.link_id).await? {
        Some(link) => link.folder_id,
        None => deleted_links::folder_of(connection, access.workspace_id(), row.link_id).await?,
    };
    if access.folders.sees(folder) { Ok(()) } else { Err(not_found()) }
}

fn is_own(access: &Access, row: &Row) -> bool {
    row.author == access.author() || (row.person.is_some() && row.person == access.user_id())
}

fn not_found() -> Error {
    Error::not_found("change request")
}
