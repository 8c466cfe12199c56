//! Makes links: all of one request in one transaction, each by itself right or wrong.

use std::collections::HashMap;
use std::sync::Arc;

use super::CREATED;
use super::bulk::{BulkItem, Created, Place, check_length, check_passwords, only};
use super::changes::Changes;
use super::draft::{IfExists, LinkDraft};
use super::identical::{CANDIDATES_MAX, decide, decide_duplicate, find_identical, has_same_content};
use super::plan::{Plan, Planned, check_letters, new_row};
use super::reach::Folders;
use super::redirect_loops::LoopGuard;
use super::tagging::TagsByName;
use super::view::Link;
use crate::domain::change::Invalidation;
use crate::domain::error::{Error, Result};
use crate::domain::id::LinkId;
use crate::domain::slug_words::SlugWords;
use crate::domain::url::Destination;
use crate::infra::store::domains::{self, Domain};
use crate::infra::store::links::{self, Link as Row};
use crate::infra::store::{Transaction, workspaces};
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::principal::Access;
use crate::services::api_core::unit_of_work::once_more;

/// A draft whose fields were checked by themselves.
struct Checked {
    pointer: String,
    hostname: Option<String>,
    destination: Destination,
    slug_chosen: bool,
    if_exists: Option<IfExists>,
    on_duplicate: Option<IfExists>,
    tag_names: Vec<String>,
    changes: Changes,
}

/// What the drafts of one request refer to.
struct References {
    domains: HashMap<String, Domain>,
    default_domain: Domain,
    tags: TagsByName,
    folders: Folders,
    own: LoopGuard,
    words: Arc<SlugWords>,
}

impl ApiCore {
    /// Makes a link, or finds the identical one if the draft says so.
    ///
    /// # Errors
    /// `Invalid` with every field that is wrong; `Conflict` if the slug or the external id is in use.
    pub async fn create_link(&self, access: &Access, draft: LinkDraft) -> Result<Created> {
        only(self.create(access, vec![draft], Place::Single).await?)
    }

    /// Makes up to a thousand links in one transaction. Errors of one do not keep the others from being made; pointers
    /// start at `/links`.
    ///
    /// # Errors
    /// `TooLarge` if there are too many; otherwise only those of the store, and then nothing was made.
    pub async fn create_links(&self, access: &Access, drafts: Vec<LinkDraft>) -> Result<Vec<BulkItem<Created>>> {
        check_length(drafts.len())?;
        check_passwords(drafts.iter().filter(|draft| matches!(draft.password, Some(Some(_)))).count())?;
        once_more(|| self.create(access, drafts.clone(), Place::Bulk)).await
    }

    async fn create(&self, access: &Access, drafts: Vec<LinkDraft>, place: Place) -> Result<Vec<BulkItem<Created>>> {
        let mut checked = Vec::with_capacity(drafts.len());
        for (index, draft) in drafts.into_iter().enumerate() {
            checked.push(self.check_draft(access, draft, place.pointer(index, "")).await?);
        }
        if checked.iter().all(Result::is_err) {
            return Ok(checked.into_iter().filter_map(Result::err).map(Err).collect());
        }
        let transaction = self.store.write().await?;
        let references = load_references(self, &transaction, access, &checked).await?;
        let mut plan = Plan::with_capacity(checked.len());
        for draft in checked {
            let planned = match draft {
                Ok(draft) => plan_one(&transaction, access, &references, draft, &plan).await?,
                Err(error) => Err(error),
            };
            plan.push(planned);
        }
        plan.write(&transaction, access, &references.tags).await?;
        let mut created = self.view_plan(&transaction, access, &plan).await?;
        let stale = plan.made().map(|planned| invalidation(&planned.row)).collect();
        let mut recorded_actions = references.tags.recorded_actions(access)?;
        for link in plan.made().filter_map(|planned| created.get(&planned.row.id)) {
            recorded_actions.push(CREATED.made(access.by(), link)?);
        }
        self.commit(transaction, recorded_actions, stale).await?;
        self.count_clicks(access, created.values_mut()).await;
        Ok(plan.finish(&created))
    }

    /// The row of a draft, of which nothing is written. Pointers start at `/link`. Its place, tags, folder and password are not looked at.
    pub(super) async fn sketch(&self, access: &Access, draft: LinkDraft) -> Result<Row> {
        let draft = LinkDraft { password: None, ..draft };
        let checked = self.check_draft(access, draft, "/link".to_owned()).await??;
        let domain = domains::find_default(self.store.reader()).await?;
        let domain = domain.ok_or_else(|| Error::internal("there is no default domain"))?;
        let mut errors = FieldErrors::under(checked.pointer);
        let mut row = new_row(access, &domain, checked.destination);
        checked.changes.apply(&mut row, &mut errors);
        errors.into_result()?;
        Ok(row)
    }

    /// Checks a draft and hashes its password. The inner error is the draft's own.
    async fn check_draft(&self, access: &Access, mut draft: LinkDraft, pointer: String) -> Result<BulkItem<Checked>> {
        let mut errors = FieldErrors::under(pointer.clone());
        if let Some(template) = draft.utm_template_id {
            let own = draft.utm.take().unwrap_or_default();
            draft.utm = Some(self.with_template(access, template, own, &mut errors).await?);
        }
        let hostname = draft.domain.as_ref().and_then(|hostname| errors.hostname("/domain", hostname));
        let (if_exists, on_duplicate) = (draft.if_exists, draft.on_duplicate);
        let slug_chosen = draft.slug.is_some();
        let mut changes = Changes::check(draft.into_patch(), &self.settings.destinations, &mut errors);
        self.check_words(changes.slug.as_ref(), &mut errors);
        let tag_names = changes.tags.take().unwrap_or_default();
        let destination = changes.destination_url.take();
        if let Err(error) = errors.into_result() {
            return Ok(Err(error));
        }
        let destination = destination.ok_or_else(|| Error::internal("a destination neither right nor wrong"))?;
        changes.hash_password(self.passwords()).await?;
        Ok(Ok(Checked { pointer, hostname, destination, slug_chosen, if_exists, on_duplicate, tag_names, changes }))
    }

    /// The links that a plan made or found, by their ids.
    async fn view_plan(
        &self,
        transaction: &Transaction,
        access: &Access,
        plan: &Plan,
    ) -> Result<HashMap<LinkId, Link>> {
        let mut rows: HashMap<LinkId, _> = HashMap::new();
        rows.extend(plan.planned().map(|planned| (planned.row.id, planned.row.clone())));
        let views = self.view_links(transaction, access.workspace_id(), rows.into_values().collect()).await?;
        Ok(views.into_iter().map(|link| (link.id, link)).collect())
    }
}

async fn load_references(
    core: &ApiCore,
    transaction: &Transaction,
    access: &Access,
    checked: &[BulkItem<Checked>],
) -> Result<References> {
    let valid = || checked.iter().filter_map(|item| item.as_ref().ok());
    if valid().any(|item| item.if_exists.is_some() || item.on_duplicate.is_some()) {
        // Two that look for the same link at once must not both find none.
        workspaces::lock(transaction, access.workspace_id()).await?.ok_or_else(|| Error::not_found("workspace"))?;
    }
    let mut hostnames: Vec<String> = valid().filter_map(|item| item.hostname.clone()).collect();
    hostnames.sort_unstable();
    hostnames.dedup();
    let named = domains::hold_named(transaction, access.workspace_id(), hostnames).await?;
    let default_domain = domains::hold_default(transaction).await?;
    let names = valid().flat_map(|item| item.tag_names.clone()).collect();
    Ok(References {
        domains: named.into_iter().map(|domain| (domain.hostname.clone(), domain)).collect(),
        default_domain: default_domain.ok_or_else(|| Error::internal("there is no default domain"))?,
        tags: TagsByName::load(transaction, access, names).await?,
        folders: Folders::load(transaction, access, valid().filter_map(|item| item.changes.folder_id.flatten()))
            .await?,
        own: LoopGuard::load(core, transaction, access).await?,
        words: core.settings.slug_words.clone(),
    })
}

/// Turns a draft into a row to write, or finds the row that is there already.
async fn plan_one(
    transaction: &Transaction,
    access: &Access,
    references: &References,
    checked: Checked,
    before: &Plan,
) -> Result<BulkItem<Planned>> {
    let mut errors = FieldErrors::under(checked.pointer);
    let domain = match &checked.hostname {
        None => Some(&references.default_domain),
        Some(hostname) => references.domains.get(hostname),
    };
    let Some(domain) = domain else {
        errors.add("/domain", "unknown_domain", "the workspace has no such domain");
        return Ok(Err(errors.into_error()));
    };
    let mut row = new_row(access, domain, checked.destination);
    checked.changes.apply(&mut row, &mut errors);
    references.folders.check(access, row.folder_id, &mut errors);
    if let Err(error) = check_letters(&row.slug, domain) {
        errors.extend(error.fields);
    }
    if !errors.is_empty() {
        return Ok(Err(errors.into_error()));
    }
    let mut planned = Planned::new(row, domain, checked.slug_chosen, checked.tag_names, references.words.clone());
    references.own.refuse_loops(transaction, &planned.row, before, &mut errors).await?;
    if !errors.is_empty() {
        return Ok(Err(errors.into_error()));
    }
    let identical = match checked.if_exists {
        Some(choice) => identical(transaction, &planned, before).await?.map(|row| decide(choice, row)),
        None => None,
    };
    let existing = match (identical, checked.on_duplicate) {
        (None, Some(choice)) => {
            duplicate(transaction, access, &planned, before).await?.map(|row| decide_duplicate(choice, row))
        }
        (identical, _) => identical,
    };
    let Some(existing) = existing else { return Ok(Ok(planned)) };
    planned.is_new = false;
    Ok(existing.map(|row| {
        planned.row = row;
        planned
    }))
}

/// A link with the same content: of the same request, or of the store.
async fn identical(transaction: &Transaction, planned: &Planned, before: &Plan) -> Result<Option<Row>> {
    let same = before.planned().find(|earlier| {
        has_same_content(&earlier.row, &planned.row, planned.slug_chosen) && earlier.has_tags_of(planned)
    });
    match same {
        Some(earlier) => Ok(Some(earlier.row.clone())),
        None => find_identical(transaction, &planned.row, planned.slug_chosen, &planned.tag_names).await,
    }
}

/// A link with the same destination that exists for the caller: of the same request, or of the store.
async fn duplicate(
    transaction: &Transaction,
    access: &Access,
    planned: &Planned,
    before: &Plan,
) -> Result<Option<Row>> {
    let row = &planned.row;
    let same = before.planned().find(|earlier| earlier.row.destination_url == row.destination_url);
    if let Some(earlier) = same {
        return Ok(Some(earlier.row.clone()));
    }
    let hidden = access.folders.hidden();
    let hash = row.destination_hash;
    let found = links::visible_by_destination(transaction, row.workspace_id, hidden, hash, CANDIDATES_MAX).await?;
    Ok(found.into_iter().find(|found| found.destination_url == row.destination_url))
}

/// Word that whatever is believed of this link's place is no longer right.
pub(in crate::services::api_core) fn invalidation(row: &Row) -> Invalidation {
    Invalidation::Link { domain_id: row.domain_id, slug: row.slug_key.as_str().into() }
}
