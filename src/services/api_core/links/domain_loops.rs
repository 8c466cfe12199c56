//! Pages of a domain that lead back to it: its front page, and where visitors of missing and of expired links go.
//!
//! Invariant: they are followed over all domains and links of the workspace, however the addresses are written.

use super::redirect_loops::{LoopGuard, Place, Visits};
use crate::domain::error::Result;
use crate::domain::url::Destination;
use crate::infra::store::Transaction;
use crate::infra::store::domains::Domain;
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::principal::Access;

impl ApiCore {
    /// Refuses a front page that leads back to itself, and pages for missing and for expired links that lead to what could be missing or
    /// expired itself: any link of the domain, whether it is there today or not, because nobody looks at loops when links go.
    ///
    /// # Errors
    /// `Invalid` with each of the fields that is wrong.
    pub(in crate::services::api_core) async fn refuse_domain_in_a_loop(
        &self,
        transaction: &Transaction,
        access: &Access,
        domain: &Domain,
    ) -> Result<()> {
        let places = LoopGuard::load(self, transaction, access).await?.with(self, domain);
        let workspace = access.workspace_id();
        let visits = |exit| Visits { places: &places, transaction, workspace, written: None, planned: None, exit };
        let is_front = |place: &Place| place.domain == domain.id && place.slug_key.is_empty();
        let is_no_way_out =
            |place: &Place| place.domain == domain.id && !(place.slug_key.is_empty() && domain.root_url.is_some());
        let mut errors = FieldErrors::default();
        check(&visits(None), "/root_url", domain.root_url.as_ref(), is_front, &mut errors).await?;
        let visits = visits(Some(domain.id));
        for (pointer, url) in [("/not_found_url", &domain.not_found_url), ("/expired_url", &domain.expired_url)] {
            check(&visits, pointer, url.as_ref(), is_no_way_out, &mut errors).await?;
        }
        errors.into_result()
    }
}

async fn check(
    visits: &Visits<'_>,
    pointer: &str,
    url: Option<&Destination>,
    is_back: impl Fn(&Place) -> bool,
    errors: &mut FieldErrors,
) -> Result<()> {
    let Some(url) = url else { return Ok(()) };
    let Some(start) = visits.place(url).await? else { return Ok(()) };
    if is_back(&start) {
        errors.add(pointer, "links_to_itself", "this is on the domain itself, and would lead back here");
    } else if visits.lead_to(start, is_back).await? {
        errors.add(pointer, "links_in_a_loop", "by way of links and domains of the workspace this leads back here");
    }
    Ok(())
}
