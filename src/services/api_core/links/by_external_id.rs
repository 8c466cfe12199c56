//! Links by the names that they have in another system: found, and made to be what that system says.

use secrecy::{ExposeSecret, SecretString};

use super::bulk::Created;
use super::draft::{LinkDraft, LinkPatch};
use super::plan::new_row;
use super::reach::seen;
use super::view::Link;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::infra::store::domains::{self, Domain};
use crate::infra::store::links::{self, Link as Row};
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::principal::Access;
use crate::services::api_core::text_validation::PASSWORD_LENGTH_MAX;

/// How often a link is looked for anew that somebody else makes in the same moment.
const TRIES_MAX: usize = 3;

impl ApiCore {
    /// The link with this external id.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such link.
    pub async fn find_link_by_external_id(&self, access: &Access, external_id: &str) -> Result<Link> {
        let row = self.find_row(access, external_id).await?;
        let link = self.view_single(self.store.reader(), access.workspace_id(), row).await?;
        Ok(self.with_clicks(access, link).await)
    }

    /// Makes the link with this external id, or makes it what the draft says: what is absent there gets the value that new links on
    /// its domain have, apart from slug, domain, password and the need of an approval, which stay. Where the link is so already, nothing is
    /// written.
    ///
    /// # Errors
    /// `Invalid` with every field that is wrong; `Conflict` if the slug is in use, the link is on another domain than the draft says, or it
    /// may be in print, would lead elsewhere, and `confirm_printed` is false.
    pub async fn put_link(&self, access: &Access, external_id: &str, draft: LinkDraft) -> Result<Created> {
        check(external_id, &draft)?;
        let draft = LinkDraft { external_id: Some(external_id.to_owned()), ..draft };
        for _ in 0..TRIES_MAX {
            match self.find_row(access, external_id).await {
                Ok(row) => {
                    let (id, patch) = (row.id, self.whole(access, row, draft).await?);
                    let link = self.update_link(access, id, None::<i64>, patch).await?;
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

    async fn find_row(&self, access: &Access, external_id: &str) -> Result<Row> {
        let id = external_id.trim().to_owned();
        let found = links::find_by_external_ids(self.store.reader(), access.workspace_id(), vec![id]).await?.pop();
        seen(access, found)
    }

    /// The draft as an edit that leaves nothing else as it is but slug, domain, password and the need of an approval.
    async fn whole(&self, access: &Access, row: Row, draft: LinkDraft) -> Result<LinkPatch> {
        let domain = domains::find(self.store.reader(), access.workspace_id(), row.domain_id).await?;
        let domain = domain.ok_or_else(|| Error::internal("a link without its domain"))?;
        let mut errors = FieldErrors::default();
        let hostname = draft.domain.as_ref().and_then(|hostname| errors.hostname("/domain", hostname));
        let utm = match (draft.utm_template_id, draft.utm.clone()) {
            (Some(template), own) => {
                Some(self.with_template(access, template, own.unwrap_or_default(), &mut errors).await?)
            }
            (None, own) => own,
        };
        errors.into_result()?;
        if hostname.is_some_and(|hostname| hostname != domain.hostname) {
            return Err(on_another_domain(&domain));
        }
        let password = self.changed_password(&row, draft.password.clone()).await?;
        let (patch, new) = (draft.into_patch(), new_row(access, &domain, row.destination_url));
        Ok(LinkPatch {
            redirect_status: patch.redirect_status.or(Some(new.redirect_status)),
            forward_query: patch.forward_query.or(Some(new.forward_query)),
            forward_path: patch.forward_path.or(Some(new.forward_path)),
            utm: utm.or(Some(new.utm.0)),
            archived: patch.archived.or(Some(new.archived)),
            password,
            ..patch
        })
    }

    /// The password as an edit: nothing to change where the link has this one already, which its hash alone does not tell.
    async fn changed_password(
        &self,
        row: &Row,
        wanted: Option<Option<SecretString>>,
    ) -> Result<Option<Option<SecretString>>> {
        let (Some(Some(password)), Some(hash)) = (&wanted, &row.password_hash) else { return Ok(wanted) };
        // A text that is too long to be a password is told so by the edit, and costs no hash.
        let is_short = password.expose_secret().chars().count() <= PASSWORD_LENGTH_MAX;
        let is_same = is_short && self.passwords().verify(password.clone(), Some(hash.clone())).await?;
        Ok(if is_same { None } else { wanted })
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

fn on_another_domain(domain: &Domain) -> Error {
    let message = format!("The link with this external id is on the domain {}.", domain.hostname);
    Error::new(ErrorKind::Conflict, "on_another_domain", message)
}
