//! Proof Key for Code Exchange (RFC 7636), by the method S256 alone: whoever exchanges a code shows that they asked for it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The one method. With `plain`, whoever reads the request could answer it.
pub const METHOD: &str = "S256";
/// How many bytes a hash has.
const HASH_BYTES: usize = 32;
/// The lengths that a verifier may have, in characters.
const VERIFIER_LENGTHS: std::ops::RangeInclusive<usize> = 43..=128;

/// Whether a text can be a challenge: the hash of a verifier in base64url.
#[must_use]
pub fn is_challenge(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|hash| hash.len() == HASH_BYTES)
}

/// Whether `verifier` is what `challenge` was made from. A verifier that RFC 7636 does not allow answers nothing.
#[must_use]
pub fn answers(challenge: &str, verifier: &str) -> bool {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !VERIFIER_LENGTHS.contains(&verifier.len()) || !verifier.bytes().all(is_unreserved) {
        return false;
    }
    let expected = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    expected.as_bytes().ct_eq(challenge.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_verifier_answers_its_challenge_and_nothing_else_does() {
        assert!(is_challenge(CHALLENGE) && answers(CHALLENGE, VERIFIER));
        for verifier in ["", CHALLENGE, VERIFIER.trim_start_matches('d'), &format!("{VERIFIER}x"), &"a".repeat(129)] {
            assert!(!answers(CHALLENGE, verifier), "{verifier}");
        }
        // As the method plain would have it.
        assert!(!answers(VERIFIER, VERIFIER));
    }

    #[test]
    fn a_challenge_is_a_hash() {
        for text in
            ["", "short", CHALLENGE.trim_start_matches('E'), &format!("{CHALLENGE}="), &CHALLENGE.replace('-', "+")]
        {
            assert!(!is_challenge(text), "{text}");
        }
    }
}
