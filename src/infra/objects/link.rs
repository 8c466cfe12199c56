//! Links to objects in a folder, which the API serves to whoever has one.
//!
//! Invariants: a link says which object it is for and until when, and carries a code over both that only this deployment can make;
//! codes are compared in constant time, and before anything that a link says is believed.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use url::Url;

use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::time::Timestamp;
use crate::infra::sealing::Sealing;
use crate::runtime::clock;

/// Where the API serves them.
const PATH: &str = "/v1/objects/";
/// What codes are made for, so that none serves for anything else.
const CONTEXT: &str = "link to an object";

/// An address that leads to one object for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The address. Whoever has it can read the object.
    pub url: Url,
    /// Until when.
    pub until: Timestamp,
}

/// What a link allows.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Grant {
    /// Which object.
    pub(super) path: String,
    /// What it is.
    pub(super) content_type: String,
    until: Timestamp,
}

/// Makes links and knows its own.
pub(super) struct SignedLinks {
    sealing: Sealing,
    public_url: Url,
}

impl SignedLinks {
    pub(super) const fn new(sealing: Sealing, public_url: Url) -> Self {
        Self { sealing, public_url }
    }

    pub(super) fn make(&self, path: &str, content_type: &str, lifetime: Duration) -> Result<Link> {
        let until = clock::now().plus(lifetime);
        let grant = Grant { path: path.to_owned(), content_type: content_type.to_owned(), until };
        let grant = serde_json::to_string(&grant).map_err(Error::internal)?;
        let code = URL_SAFE_NO_PAD.encode(self.sealing.hash(CONTEXT, &grant));
        let token = format!("{}.{code}", URL_SAFE_NO_PAD.encode(grant));
        let url = self.public_url.join(&format!("{PATH}{token}")).map_err(Error::internal)?;
        Ok(Link { url, until })
    }

    /// What a link allows whose last part this is.
    pub(super) fn redeem(&self, token: &str) -> Result<Grant> {
        let grant = self.proven(token).ok_or_else(leads_nowhere)?;
        if grant.until <= clock::now() {
            let message = "This link has expired. Ask for a new one where you got it.";
            return Err(Error::new(ErrorKind::Gone, "link_expired", message));
        }
        Ok(grant)
    }

    fn proven(&self, token: &str) -> Option<Grant> {
        let (grant, code) = token.split_once('.')?;
        let (grant, code) = (URL_SAFE_NO_PAD.decode(grant).ok()?, URL_SAFE_NO_PAD.decode(code).ok()?);
        let grant = String::from_utf8(grant).ok()?;
        let is_ours: bool = self.sealing.hash(CONTEXT, &grant).ct_eq(&code).into();
        is_ours.then(|| serde_json::from_str(&grant).ok()).flatten()
    }
}

/// No link of ours, or an object that is gone.
pub(super) fn leads_nowhere() -> Error {
    Error::new(ErrorKind::NotFound, "not_found", "This link leads nowhere. Copy all of it, or ask for a new one.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use secrecy::SecretString;

    fn links() -> SignedLinks {
        let folder = tempfile::tempdir().expect("a folder");
        let sealing = Sealing::keep_in(folder.path(), &SecretString::default()).expect("a key");
        SignedLinks::new(sealing, "https://api.example.com".parse().expect("a URL"))
    }

    fn token(links: &SignedLinks, lifetime: Duration) -> String {
        let link = links.make("tests/a", "text/plain", lifetime).expect("a link");
        assert!(link.url.as_str().starts_with("https://api.example.com/v1/objects/"), "{}", link.url);
        link.url.path_segments().expect("a path").next_back().expect("a part").to_owned()
    }

    #[test]
    fn a_link_leads_to_its_object_until_it_expires() {
        let links = links();
        let grant = links.redeem(&token(&links, Duration::from_secs(60))).expect("it holds");
        assert_eq!((grant.path.as_str(), grant.content_type.as_str()), ("tests/a", "text/plain"));
        let expired = links.redeem(&token(&links, Duration::ZERO)).expect_err("it has expired");
        assert_eq!((expired.kind, expired.code), (ErrorKind::Gone, "link_expired"));
        let others = self::links().redeem(&token(&links, Duration::from_secs(60)));
        assert_eq!(others.expect_err("another deployment's").kind, ErrorKind::NotFound);
    }

    proptest! {
        #[test]
        fn a_link_that_was_changed_leads_nowhere(place in 0_usize..1000, byte in "[A-Za-z0-9_.-]") {
            let links = links();
            let token = token(&links, Duration::from_secs(60));
            let place = place % token.len();
            let mut changed = token.clone();
            changed.replace_range(place..=place, &byte);
            prop_assume!(changed != token);
            prop_assert!(links.redeem(&changed).is_err());
        }
    }
}
