//! Claims a host name for a workspace.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;

use super::new_row::new_row;
use super::update::apply;
use super::view::Domain;
use super::{CREATED, DomainDraft};
use crate::domain::custom_domain::{ClaimedName, ClaimedNameError, DomainState, DomainStatus};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::infra::store::domains::{self, Domain as Row};
use crate::infra::store::workspaces;
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::principal::Access;

/// How many random bytes the value of a TXT record carries.
const TOKEN_BYTES: usize = 16;

impl ApiCore {
    /// Claims a host name. The domain is pending until its DNS records are found.
    ///
    /// # Errors
    /// `Invalid` with every field that is wrong; `Conflict` if the workspace has the domain, another workspace uses it, or the workspace
    /// has too many.
    pub async fn create_domain(&self, access: &Access, draft: DomainDraft) -> Result<Domain> {
        let mut errors = FieldErrors::default();
        let name = self.check_claim(&mut errors, &draft.hostname);
        let empty = claimed(access, name.unwrap_or_else(nobodys));
        let row = apply(draft.into_patch(), empty, &self.settings.destinations, &mut errors);
        errors.into_result()?;

        let transaction = self.store.write().await?;
        Box::pin(self.refuse_domain_in_a_loop(&transaction, access, &row)).await?;
        let workspace = access.workspace_id();
        workspaces::lock(&transaction, workspace).await?.ok_or_else(|| Error::not_found("workspace"))?;
        let max = self.limits.as_ref().map_or(u64::MAX, |limits| limits.domains_max);
        if domains::count(&transaction, workspace).await? >= max {
            let message = format!("A workspace of this instance has at most {max} domains. Delete one first.");
            return Err(Error::new(ErrorKind::Conflict, "too_many_domains", message));
        }
        let owner = domains::find_owner(&transaction, &row.hostname).await?;
        if owner.is_some_and(|owner| owner.state == DomainState::Active && owner.workspace_id != Some(workspace)) {
            return Err(used_by_another());
        }
        if !domains::insert(&transaction, row.clone()).await? {
            let message = "The workspace has this domain already.";
            return Err(Error::new(ErrorKind::Conflict, "domain_exists", message));
        }
        let domain = self.view_domain(row);
        self.commit(transaction, vec![CREATED.made(access.by(), &domain)?], Vec::new()).await?;
        Ok(domain)
    }

    fn check_claim(&self, errors: &mut FieldErrors, text: &str) -> Option<ClaimedName> {
        let name = match ClaimedName::parse(text) {
            Ok(name) => name,
            Err(error) => {
                errors.add("/hostname", code(&error), error.to_string());
                return None;
            }
        };
        if self.settings.domains.reserved.contains(&name.hostname) {
            errors.add("/hostname", "reserved", "this is a host name of the instance itself");
        }
        Some(name)
    }
}

const fn code(error: &ClaimedNameError) -> &'static str {
    match error {
        ClaimedNameError::MixedScripts(_) => "mixed_scripts",
        _ => "invalid_hostname",
    }
}

/// Stands in for a name that is wrong while the rest of the draft is looked at.
fn nobodys() -> ClaimedName {
    ClaimedName { hostname: String::new(), display_name: String::new() }
}

fn claimed(access: &Access, name: ClaimedName) -> Row {
    Row {
        workspace_id: Some(access.workspace_id()),
        token: token(),
        ..new_row(name, DomainStatus::claimed(clock::now()))
    }
}

/// What the TXT record has to say. Everybody may read it; nobody else can have set it.
fn token() -> String {
    let mut bytes = [0; TOKEN_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn used_by_another() -> Error {
    let message = "This host name is in use by another workspace. It can be claimed once it no longer points here.";
    Error::new(ErrorKind::Conflict, "hostname_taken", message)
}
