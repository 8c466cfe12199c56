//! Which slugs a visitor may have meant whose link is missing: those that differ by one slip of the fingers.
//!
//! Invariants: nobody is asked but the filter of names in memory, with a bounded number of slugs; nothing is told of links that are not open to
//! everybody at that moment.

use crate::domain::link::{LinkRecord, LinkState};
use crate::domain::slug::is_reserved_path;
use crate::domain::time::Timestamp;

/// The longest slug of which others are looked for, in bytes: one of this length has some 3,200 neighbours.
const LENGTH_MAX: usize = 24;
/// The shortest: nearly everything is one slip away from shorter ones.
const LENGTH_MIN: usize = 3;
/// What people type.
const LETTERS: &[u8; 65] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

/// Calls `is_there` with every slug that one slip makes `slug` of, until it was true `wanted` times, and returns those: other case first, then two
/// letters in the wrong order, one too many, one wrong, one too few.
pub(super) fn near(slug: &str, wanted: usize, is_there: impl Fn(&str) -> bool) -> Vec<String> {
    if !slug.is_ascii() || !(LENGTH_MIN..=LENGTH_MAX).contains(&slug.len()) {
        return Vec::new();
    }
    let is_new = |near: &String| near != slug && !is_reserved_path(near);
    let candidates =
        other_case(slug).chain(swapped(slug)).chain(shorter(slug)).chain(replaced(slug)).chain(longer(slug));
    let mut found: Vec<String> = Vec::with_capacity(wanted);
    for near in candidates.filter(|near| is_there(near)).filter(is_new) {
        if !found.contains(&near) {
            found.push(near);
        }
        if found.len() == wanted {
            break;
        }
    }
    found
}

/// Whether visitors may be told of this link.
pub(super) fn is_open(record: &LinkRecord, now: Timestamp) -> bool {
    let needs_approval = record.extras.as_ref().is_some_and(|extras| extras.needs_approval);
    record.state == LinkState::Active
        && !needs_approval
        && record.password_hash.is_none()
        && !record.is_limited()
        && record.starts_at.is_none()
        && record.expires_at.is_none_or(|end| now < end)
}

fn other_case(slug: &str) -> impl Iterator<Item = String> {
    [slug.to_ascii_lowercase(), slug.to_ascii_uppercase()].into_iter()
}

fn swapped(slug: &str) -> impl Iterator<Item = String> + '_ {
    (1..slug.len()).map(|place| {
        let mut near = slug.as_bytes().to_vec();
        near.swap(place - 1, place);
        text(near)
    })
}

fn shorter(slug: &str) -> impl Iterator<Item = String> + '_ {
    (0..slug.len()).map(|place| {
        let mut near = slug.as_bytes().to_vec();
        near.remove(place);
        text(near)
    })
}

fn replaced(slug: &str) -> impl Iterator<Item = String> + '_ {
    (0..slug.len()).flat_map(move |place| {
        LETTERS.iter().map(move |letter| {
            let mut near = slug.as_bytes().to_vec();
            if let Some(old) = near.get_mut(place) {
                *old = *letter;
            }
            text(near)
        })
    })
}

fn longer(slug: &str) -> impl Iterator<Item = String> + '_ {
    (0..=slug.len()).flat_map(move |place| {
        LETTERS.iter().map(move |letter| {
            let mut near = slug.as_bytes().to_vec();
            near.insert(place, *letter);
            text(near)
        })
    })
}

/// ASCII stays ASCII.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn found(slug: &str, there: &[&str]) -> Vec<String> {
        near(slug, 3, |near| there.contains(&near))
    }

    #[test]
    fn one_slip_is_mended_and_two_are_not() {
        for slip in ["sael", "sal", "salee", "sald", "SALE", "asle", "ale"] {
            assert_eq!(found(slip, &["sale"]), ["sale"], "{slip}");
        }
        for other in ["sa", "lase", "summer", "sale", "s\u{e4}le"] {
            assert!(found(other, &["sale"]).is_empty(), "{other}");
        }
        assert_eq!(found("a/bd", &["a/bc"]), ["a/bc"]);
    }

    #[test]
    fn the_work_is_bounded_however_long_the_slug_is() {
        for length in [3, 24, 25, 30_000] {
            let asked = Cell::new(0);
            near(&"x".repeat(length), 3, |_| {
                asked.set(asked.get() + 1);
                false
            });
            assert!(asked.get() < 3_300, "{length}: {}", asked.get());
        }
    }
}
