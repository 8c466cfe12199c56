//! Codes on paper for whoever has lost the authenticator: 50 random bits each, of which only a keyed hash is kept.

use rand::Rng;

/// How many a person has.
pub(super) const COUNT: usize = 10;
/// How many characters a code has, in two halves.
const LENGTH: usize = 10;
/// Digits and letters that nobody takes for another.
const ALPHABET: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";

/// New codes that nobody can guess, such as `7hkq2-m3xwp`.
pub(super) fn random() -> Vec<String> {
    (0..COUNT).map(|_| code(&mut rand::rng())).collect()
}

fn code(random: &mut impl Rng) -> String {
    let mut code: String = (0..LENGTH).map(|_| character(random)).collect();
    code.insert(LENGTH / 2, '-');
    code
}

fn character(random: &mut impl Rng) -> char {
    let place = random.random_range(0..ALPHABET.len());
    ALPHABET.get(place).copied().map_or('2', char::from)
}

/// The one spelling of a code, however somebody typed it.
pub(super) fn canonical(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|character| character.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_differ_and_are_read_however_they_are_typed() {
        let codes = random();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), COUNT);
        for code in codes {
            assert_eq!(code.len(), LENGTH + 1, "{code}");
            assert_eq!(canonical(&format!(" {} ", code.to_uppercase())), canonical(&code));
            assert_eq!(canonical(&code).len(), LENGTH);
        }
    }
}
