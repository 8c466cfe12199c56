//! Which host names and slugs there are, as hashes that an edge keeps in a filter.
//!
//! Invariant: the hash is the same in every process and release, and nobody who
//! does not know the key can choose names whose hashes collide.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::id::DomainId;

/// The secret under which one filter hashes names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NameKey([u8; 16]);

impl NameKey {
    /// Wraps random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bare bytes, for a message.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The hash of a slug, as its domain files it.
    #[must_use]
    pub fn link(&self, domain: DomainId, slug: &str) -> u64 {
        self.hash(b'l', domain.as_uuid().as_bytes(), slug)
    }

    /// The hash of a host name, lower-case.
    #[must_use]
    pub fn host(&self, hostname: &str) -> u64 {
        self.hash(b'h', &[], hostname)
    }

    fn hash(&self, kind: u8, scope: &[u8], name: &str) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.0);
        hasher.write(&[kind]);
        hasher.write(scope);
        hasher.write(name.as_bytes());
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_hash_is_the_same_in_every_release() {
        let key = NameKey::new([7; 16]);
        let domain = DomainId::from_uuid(Uuid::from_u128(1));
        assert_eq!(
            (key.link(domain, "sale"), key.host("go.example.com")),
            (13_597_040_065_226_384_187, 13_119_777_035_395_864_603)
        );
    }

    #[test]
    fn kinds_domains_names_and_keys_are_told_apart() {
        let (key, other) = (NameKey::new([7; 16]), NameKey::new([8; 16]));
        let domain = DomainId::from_uuid(Uuid::from_u128(1));
        let hash = key.link(domain, "sale");
        assert_ne!(hash, key.link(DomainId::from_uuid(Uuid::from_u128(2)), "sale"));
        assert_ne!(hash, key.link(domain, "Sale"));
        assert_ne!(hash, other.link(domain, "sale"));
        assert_ne!(key.host("a"), key.host("b"));
    }
}
