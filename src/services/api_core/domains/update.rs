//! Reads and changes domains.

use super::view::Domain;
use super::{DomainPatch, UPDATED, associations, told_of};
use crate::domain::change::Invalidation;
use crate::domain::custom_domain::{ClaimedName, display_name};
use crate::domain::destination_policy::DestinationPolicy;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::DomainId;
use crate::domain::url::Destination;
use crate::infra::store::columns::Json;
use crate::infra::store::domains::{self, Domain as Row};
use crate::infra::store::page::Page;
use crate::infra::store::{Transaction, deleted_links};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::freeze_windows::refuse_frozen_links_on;
use crate::services::api_core::links::directives;
use crate::services::api_core::principal::{Access, Actor};
use crate::services::api_core::version::ExpectedVersion;

/// The longest time for HSTS: two years, in seconds.
const HSTS_SECONDS_MAX: i64 = 63_072_000;
/// How many slugs that clash are named.
const CLASHES_TOLD_MAX: u64 = 10;

impl ApiCore {
    /// A page of the domains that the workspace may use, newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_domains(&self, access: &Access, page: Page) -> Result<Vec<Domain>> {
        let rows = domains::list(self.store.reader(), access.workspace_id(), page).await?;
        Ok(rows.into_iter().map(|row| self.view_domain(row)).collect())
    }

    /// One domain.
    ///
    /// # Errors
    /// `NotFound` if the workspace may not use such a domain.
    pub async fn find_domain(&self, access: &Access, id: DomainId) -> Result<Domain> {
        let row = domains::find(self.store.reader(), access.workspace_id(), id).await?;
        row.map(|row| self.view_domain(row)).ok_or_else(|| Error::not_found("domain"))
    }

    /// Changes a domain. The default domain belongs to the instance, so that only its administrators may change it.
    ///
    /// # Errors
    /// `Forbidden` to others; `PreconditionFailed` if it is not in the version expected; `Conflict` if links would clash.
    pub async fn update_domain(
        &self,
        access: &Access,
        id: DomainId,
        expected: &impl ExpectedVersion,
        patch: DomainPatch,
    ) -> Result<Domain> {
        let transaction = self.store.write().await?;
        let current = domains::lock(&transaction, access.workspace_id(), id).await?;
        let current = current.ok_or_else(|| Error::not_found("domain"))?;
        require_right_to_change(access, &current)?;
        expected.require(current.version)?;
        let refiled = patch.case_sensitive.filter(|choice| *choice != current.case_sensitive);
        let before = self.view_domain(current.clone());
        let mut errors = FieldErrors::default();
        let row = apply(patch, current, &self.settings.destinations, &mut errors);
        errors.into_result()?;
        let row = Row { version: row.version + 1, updated_at: clock::now(), ..row };
        if leads_elsewhere(&before, &row) {
            Box::pin(self.refuse_domain_in_a_loop(&transaction, access, &row)).await?;
        }
        if before.unicode_slugs && !row.unicode_slugs {
            refuse_unicode_slugs(&transaction, id).await?;
        }
        if !domains::update(&transaction, row.clone()).await? {
            return Err(Error::internal("a host name clashed though it did not change"));
        }
        // A mere claim is nothing to edges, and must not touch whoever has the name.
        let mut stale = if row.enabled { vec![told_of(&row)] } else { Vec::new() };
        if let Some(case_sensitive) = refiled {
            refuse_frozen_links_on(&transaction, id).await?;
            refuse_clashing_slugs(&transaction, id, case_sensitive).await?;
            if !domains::refile_links(&transaction, id, case_sensitive).await? {
                return Err(slugs_clash("one was made just now"));
            }
            refile_deleted_links(&transaction, id, case_sensitive).await?;
            stale = vec![Invalidation::Everything];
        }
        let domain = self.view_domain(row);
        self.commit(transaction, vec![UPDATED.edited(access.by(), &before, &domain)?], stale).await?;
        Ok(domain)
    }
}

/// Whether an edit may make a loop; other edits are not kept from a domain that is in one already.
fn leads_elsewhere(before: &Domain, after: &Row) -> bool {
    before.root_url != after.root_url
        || before.not_found_url != after.not_found_url
        || before.expired_url != after.expired_url
}

/// Refuses to leave links behind that no visitor finds.
async fn refuse_unicode_slugs(transaction: &Transaction, id: DomainId) -> Result<()> {
    let slugs = domains::unicode_slugs(transaction, id, CLASHES_TOLD_MAX).await?;
    if slugs.is_empty() {
        return Ok(());
    }
    let message = format!(
        "Some links of this domain have slugs that are not in ASCII ({}): change these first, or delete them for good.",
        slugs.join(", ")
    );
    Err(Error::new(ErrorKind::Conflict, "unicode_slugs_in_use", message))
}

/// Refuses to file slugs that differ only in case under one name.
async fn refuse_clashing_slugs(transaction: &Transaction, id: DomainId, case_sensitive: bool) -> Result<()> {
    let clashing =
        if case_sensitive { Vec::new() } else { domains::clashing_slugs(transaction, id, CLASHES_TOLD_MAX).await? };
    if clashing.is_empty() {
        return Ok(());
    }
    Err(slugs_clash(&clashing.join(", ")))
}

/// Files the slugs that deleted links keep as those of the others, and refuses it where one name would have two links.
async fn refile_deleted_links(transaction: &Transaction, id: DomainId, case_sensitive: bool) -> Result<()> {
    if !deleted_links::refile(transaction, id, case_sensitive).await? {
        return Err(slugs_clash("two deleted ones"));
    }
    let clashing = deleted_links::slugs_in_use(transaction, id, CLASHES_TOLD_MAX).await?;
    if clashing.is_empty() { Ok(()) } else { Err(slugs_clash(&format!("deleted: {}", clashing.join(", ")))) }
}

fn slugs_clash(which: &str) -> Error {
    let message = format!(
        "Some links differ only in the case of their slugs ({which}): change one of each first, or delete it for good."
    );
    Error::new(ErrorKind::Conflict, "slugs_clash", message)
}

/// Writes an edit into a domain.
pub(super) fn apply(patch: DomainPatch, current: Row, policy: &DestinationPolicy, errors: &mut FieldErrors) -> Row {
    if let Some(utm) = &patch.utm {
        errors.utm("/utm", utm);
    }
    let display_name = match &patch.display_name {
        None => current.display_name,
        Some(text) => respelled(errors, &current.hostname, text),
    };
    let row = Row {
        display_name,
        case_sensitive: patch.case_sensitive.unwrap_or(current.case_sensitive),
        unicode_slugs: patch.unicode_slugs.unwrap_or(current.unicode_slugs),
        suggests_slugs: patch.suggests_slugs.unwrap_or(current.suggests_slugs),
        default_redirect_status: patch.default_redirect_status.unwrap_or(current.default_redirect_status),
        utm: patch.utm.map_or(current.utm, Json),
        root_url: changed_url(errors, policy, "/root_url", patch.root_url, current.root_url),
        not_found_url: changed_url(errors, policy, "/not_found_url", patch.not_found_url, current.not_found_url),
        expired_url: changed_url(errors, policy, "/expired_url", patch.expired_url, current.expired_url),
        robots: match patch.robots {
            None => current.robots,
            Some(text) => text.and_then(|text| directives(errors, &text)),
        },
        apple_app_site_association: match patch.apple_app_site_association {
            None => current.apple_app_site_association,
            Some(document) => document.and_then(|document| associations::apple(errors, &document)),
        },
        asset_links: match patch.asset_links {
            None => current.asset_links,
            Some(document) => document.and_then(|document| associations::android(errors, &document)),
        },
        hsts_max_age: patch.hsts_max_age.unwrap_or(current.hsts_max_age),
        hsts_include_subdomains: patch.hsts_include_subdomains.unwrap_or(current.hsts_include_subdomains),
        ..current
    };
    check_hsts(errors, &row);
    row
}

fn check_hsts(errors: &mut FieldErrors, row: &Row) {
    if row.hsts_max_age.is_some_and(|seconds| !(0..=HSTS_SECONDS_MAX).contains(&seconds)) {
        errors.add("/hsts_max_age", "out_of_range", "write a number of seconds from 0 to 63072000, or null");
    }
    if row.hsts_include_subdomains && row.hsts_max_age.is_none() {
        errors.add("/hsts_include_subdomains", "needs_hsts_max_age", "this needs hsts_max_age: set it, or write false");
    }
}

/// Another way to write the same host name.
fn respelled(errors: &mut FieldErrors, hostname: &str, text: &str) -> String {
    match ClaimedName::parse(text) {
        Ok(name) if name.hostname == hostname => name.display_name,
        _ => {
            let message = format!("expected another way to write {}", display_name(hostname, hostname));
            errors.add("/display_name", "another_name", message);
            String::new()
        }
    }
}

fn changed_url(
    errors: &mut FieldErrors,
    policy: &DestinationPolicy,
    pointer: &str,
    patch: Option<Option<String>>,
    current: Option<Destination>,
) -> Option<Destination> {
    match patch {
        None => current,
        Some(None) => None,
        Some(Some(text)) => errors.check(pointer, "invalid_url", policy.parse(&text)),
    }
}

pub(super) fn require_right_to_change(access: &Access, domain: &Row) -> Result<()> {
    if !domain.is_default || matches!(access.actor, Actor::Member { is_admin: true, .. }) {
        return Ok(());
    }
    let message = "The default domain may only be changed by the administrators of this instance.";
    Err(Error::new(ErrorKind::Forbidden, "instance_admin_required", message))
}
