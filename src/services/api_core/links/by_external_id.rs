//! Links by the names that they have in another system: found, and made to be what that system says.

use super::bulk::Created;
use super::draft::{LinkDraft, LinkPatch};
use super::reach::seen;
use super::view::Link;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::link::{ForwardQuery, RedirectStatus};
use crate::infra::store::links;
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::principal::Access;

/// How often a link is looked for anew that somebody else makes in the same moment.
const TRIES_MAX: usize = 3;

impl ApiCore {
    /// The link with this external id.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such link.
    pub async fn find_link_by_external_id(&self, access: &Access, external_id: &str) -> Result<Link> {
        let reader = self.store.reader();
        let id = external_id.trim().to_owned();
        let found = links::find_by_external_ids(reader, access.workspace_id(), vec![id]).await?.pop();
        let link = self.view_single(reader, access.workspace_id(), seen(access, found)?).await?;
        Ok(self.with_clicks(access, link).await)
    }

    /// Makes the link with this external id, or makes it what the draft says: what is absent there gets the value that new links
    /// have, apart from slug and domain, which stay. Where the link is so already, nothing is written.
    ///
    /// # Errors
    /// `Invalid` with every field that is wrong; `Conflict` if the slug is in use, or the link is on another domain than the draft says.
    pub async fn put_link(&self, access: &Access, external_id: &str, draft: LinkDraft) -> Result<Created> {
        check(external_id, &draft)?;
        let draft = LinkDraft { external_id: Some(external_id.to_owned()), ..draft };
        for _ in 0..TRIES_MAX {
            match self.find_link_by_external_id(access, external_id).await {
                Ok(link) => {
                    check_domain(&link, &draft)?;
                    let link = self.update_link(access, link.id, None::<i64>, whole(draft)).await?;
                    return Ok(Created { link, existed: true });
                }
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            match self.create_link(access, draft.clone()).await {
                // Somebody made it since it was looked for; or it is in a folder that is closed to the caller.
                Err(error) if error.code == "external_id_taken" => {}
                created => return created,
            }
        }
        Err(super::plan::external_id_taken())
    }
}

fn check(external_id: &str, draft: &LinkDraft) -> Result<()> {
    let mut errors = FieldErrors::default();
    if draft.external_id.as_ref().is_some_and(|own| own.trim() != external_id.trim()) {
        errors.add("/external_id", "differs", "the path names another external id");
    }
    for (pointer, is_set) in
        [("/if_exists", draft.if_exists.is_some()), ("/on_duplicate", draft.on_duplicate.is_some())]
    {
        if is_set {
            errors.add(pointer, "not_here", "a link is found by its external id alone here; leave this out");
        }
    }
    errors.into_result()
}

fn check_domain(link: &Link, draft: &LinkDraft) -> Result<()> {
    if draft.domain.as_ref().is_none_or(|domain| domain.eq_ignore_ascii_case(&link.domain)) {
        return Ok(());
    }
    let message = format!("The link with this external id is on the domain {}.", link.domain);
    Err(Error::new(ErrorKind::Conflict, "on_another_domain", message))
}

/// The draft as an edit that leaves nothing but slug and domain as it is.
fn whole(draft: LinkDraft) -> LinkPatch {
    let patch = draft.into_patch();
    LinkPatch {
        redirect_status: patch.redirect_status.or(Some(RedirectStatus::default())),
        forward_query: patch.forward_query.or(Some(ForwardQuery::default())),
        forward_path: patch.forward_path.or(Some(false)),
        utm: Some(patch.utm.unwrap_or_default()),
        archived: patch.archived.or(Some(false)),
        ..patch
    }
}
