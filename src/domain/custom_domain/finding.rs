//! What is wrong with a domain though it works, or will be soon: somebody may take it over, or no certificate can be had.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::time::Timestamp;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingCode {
    /// A CNAME record leads to a name that does not exist, which whoever registers it takes over.
    DanglingCname,
    /// A CAA record (RFC 8659) forbids the authority that certificates come from.
    CaaForbidsIssuer,
    /// The certificate ends soon, and no newer one could be had.
    CertificateExpires,
}

/// Something that the people of a domain should see to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// What it is.
    pub code: FindingCode,
    /// The same for people, with what to do.
    pub detail: String,
    /// Since when it is known.
    pub since: Timestamp,
}

/// What DNS said beside the records that a domain needs. What it could not be asked is none of these.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// The target of a CNAME record behind which there is nothing.
    pub dangling: Option<String>,
    /// The authorities that may issue for the domain, by their names in CAA records; `None` where there is no such record.
    pub issuers: Option<Vec<String>>,
}

/// What is to be told of a domain whose certificates `issuer` issues, by its name in CAA records; empty for no such look.
#[must_use]
pub fn findings(observed: &Observed, issuer: &str, now: Timestamp) -> Vec<Finding> {
    let found = |code, detail| Finding { code, detail, since: now };
    let dangling = observed.dangling.as_ref().map(|target| {
        let detail = format!(
            "A CNAME record leads to {target}, which does not exist. Whoever registers that name takes the domain over: \
             change the record or remove it."
        );
        found(FindingCode::DanglingCname, detail)
    });
    let forbidding =
        observed.issuers.as_ref().filter(|names| !issuer.is_empty() && !names.iter().any(|name| name == issuer));
    let forbidding = forbidding.map(|names| {
        let allowed = if names.is_empty() { "no authority".to_owned() } else { names.join(", ") };
        let detail = format!(
            "CAA records allow {allowed} to issue certificates for the domain. Certificates come from {issuer}: \
             add a CAA record 0 issue \"{issuer}\"."
        );
        found(FindingCode::CaaForbidsIssuer, detail)
    });
    dangling.into_iter().chain(forbidding).collect()
}

/// What is to be told of a certificate that should be newer by now: half of the time that there was for renewing it is over.
#[must_use]
pub fn expiry(renew_at: Timestamp, not_after: Timestamp, error: Option<&str>, now: Timestamp) -> Option<Finding> {
    let half = not_after.as_micros().saturating_sub(renew_at.as_micros()) / 2;
    if now.as_micros() < not_after.as_micros().saturating_sub(half) {
        return None;
    }
    let ends = if now < not_after { "ends at" } else { "ended at" };
    let reason = error.map(|error| format!(" The last order failed: {error}")).unwrap_or_default();
    let detail = format!("The domain's certificate {ends} {not_after}, and no newer one could be had.{reason}");
    Some(Finding { code: FindingCode::CertificateExpires, detail, since: now })
}

/// The new findings, each since it was first known.
#[must_use]
pub fn keep_since(before: &[Finding], now: Vec<Finding>) -> Vec<Finding> {
    let since =
        |finding: &Finding| before.iter().find(|old| old.code == finding.code).map_or(finding.since, |old| old.since);
    now.into_iter().map(|finding| Finding { since: since(&finding), ..finding }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_what_to_do() {
        let now = Timestamp::from_micros(1_780_000_000_000_000);
        let issuers = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect());
        let codes = |observed: Observed, issuer| {
            findings(&observed, issuer, now).iter().map(|finding| finding.code).collect::<Vec<_>>()
        };
        let caa = |names| Observed { issuers: issuers(names), dangling: None };
        assert!(codes(Observed::default(), "letsencrypt.org").is_empty());
        assert!(codes(caa(&["digicert.com", "letsencrypt.org"]), "letsencrypt.org").is_empty());
        assert!(codes(caa(&["digicert.com"]), "").is_empty(), "nobody asked");
        assert_eq!(codes(caa(&["digicert.com"]), "letsencrypt.org"), [FindingCode::CaaForbidsIssuer]);
        assert_eq!(codes(caa(&[]), "letsencrypt.org"), [FindingCode::CaaForbidsIssuer]);
        let dangling = Observed { dangling: Some("gone.example.net".into()), issuers: None };
        let before = findings(&dangling, "", now);
        assert!(before[0].detail.contains("gone.example.net"));
        let later = now.plus(std::time::Duration::from_secs(60));
        assert_eq!(keep_since(&before, findings(&dangling, "", later)), before);
    }

    #[test]
    fn a_certificate_is_told_of_when_half_of_its_time_for_renewal_is_over() {
        let at = |second: i64| Timestamp::from_micros(second * 1_000_000);
        let told = |now| expiry(at(60), at(90), Some("the authority said no"), at(now)).map(|finding| finding.detail);
        assert_eq!((told(0), told(60), told(74)), (None, None, None));
        assert!(told(75).is_some_and(|detail| detail.contains("ends at") && detail.ends_with("the authority said no")));
        assert!(told(91).is_some_and(|detail| detail.contains("ended at")));
        assert!(expiry(at(60), at(90), None, at(80)).is_some_and(|finding| finding.detail.ends_with("could be had.")));
    }
}
