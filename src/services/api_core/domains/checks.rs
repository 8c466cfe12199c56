//! A look at the DNS of a domain.

use crate::domain::custom_domain::{DomainCheck, Expected, Finding, FoundRecords, Looked, Observed, findings};
use crate::domain::error::{Error, Result};
use crate::infra::dns::Dns;
use crate::infra::store::domains::Domain as Row;
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::metrics::domain_checked;

/// What a look showed.
pub(super) struct Look {
    pub(super) check: DomainCheck,
    /// What is wrong besides; absent where DNS could not be asked.
    pub(super) findings: Option<Vec<Finding>>,
}

impl ApiCore {
    /// Asks DNS about a domain, within the deadlines of DNS.
    ///
    /// # Errors
    /// `Internal` if this process asks no DNS. That DNS does not answer is a result.
    pub(super) async fn look_at(&self, row: &Row) -> Result<Look> {
        let dns = self.dns.as_ref().ok_or_else(|| Error::internal("this process asks no DNS"))?;
        let settings = &self.settings.domains;
        let challenge = Expected::challenge_name(&row.hostname);
        let (challenges, names, addresses, issuers) = tokio::join!(
            dns.texts(&challenge),
            dns.canonical_names(&row.hostname),
            dns.addresses(&row.hostname),
            dns.issuers(&row.hostname)
        );
        let dangling = dangling(dns, &names, &settings.expected).await;
        let now = clock::now();
        let check = settings.expected.judge(&row.token, &FoundRecords { challenges, names, addresses }, now);
        domain_checked(check.points_here);
        let observed = dangling.zip(issuers.ok()).map(|(dangling, issuers)| Observed { dangling, issuers });
        Ok(Look { check, findings: observed.map(|observed| findings(&observed, &settings.issuer, now)) })
    }
}

/// The name that CNAME records lead to in the end, if there is no such name. None where DNS could not be asked.
async fn dangling(dns: &Dns, names: &Looked<String>, expected: &Expected) -> Option<Option<String>> {
    let Looked::Found(names) = names else { return None };
    let foreign = names.last().filter(|name| Some(*name) != expected.ingress_name.as_ref());
    let Some(target) = foreign else { return Some(None) };
    let exists = dns.exists(target).await?;
    Some((!exists).then(|| target.clone()))
}
