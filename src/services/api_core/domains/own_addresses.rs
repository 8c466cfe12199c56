//! Addresses of a domain that would lead back to it.

use crate::domain::error::Result;
use crate::domain::url::Destination;
use crate::infra::store::domains::Domain as Row;
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;

impl ApiCore {
    /// Refuses a front page that leads to itself, a page for missing links that could be missing itself, and one for expired
    /// links that could be expired itself.
    pub(super) fn refuse_own_addresses(&self, row: &Row) -> Result<()> {
        let own = self.base_url(row);
        let behind =
            |url: &Option<Destination>| url.as_ref().and_then(|url| url.as_str().strip_prefix(&own)).map(str::to_owned);
        let is_front = |rest: &str| matches!(rest.split(['?', '#']).next(), Some("" | "/"));
        let mut errors = FieldErrors::default();
        let message = "this is on the domain itself, and would lead back here";
        if behind(&row.root_url).is_some_and(|rest| is_front(&rest)) {
            errors.add("/root_url", "links_to_itself", message);
        }
        for (pointer, url) in [("/not_found_url", &row.not_found_url), ("/expired_url", &row.expired_url)] {
            let own_page = behind(url).filter(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
            if own_page.is_some_and(|rest| !(is_front(&rest) && row.root_url.is_some())) {
                errors.add(pointer, "links_to_itself", message);
            }
        }
        errors.into_result()
    }
}
