//! Weighted splits: each visitor to one variant, always the same one, without a cookie.

use super::Variant;
use super::field_errors::{FieldErrors, ValueError};
use super::limits::{VARIANTS_MAX, WEIGHT_MAX};

/// The upper bounds of the variants' shares, ascending.
#[derive(Debug)]
pub(super) struct Split {
    bounds: Box<[u32]>,
    total: u32,
}

impl Split {
    /// Adds up the weights of the variants at `pointer`.
    pub fn compile(pointer: &str, variants: &[Variant], errors: &mut FieldErrors) -> Self {
        if variants.len() > VARIANTS_MAX {
            errors.add(pointer, ValueError::new("too_many", format!("a split has at most {VARIANTS_MAX} variants")));
        }
        let variants = variants.get(..VARIANTS_MAX).unwrap_or(variants);
        errors.check_names(pointer, variants.iter().map(|variant| variant.name.as_str()));
        let mut total = 0;
        let mut bounds = Vec::with_capacity(variants.len());
        for (index, variant) in variants.iter().enumerate() {
            if variant.weight > WEIGHT_MAX {
                let error = ValueError::new("range", format!("a weight is at most {WEIGHT_MAX}"));
                errors.add(format!("{pointer}/{index}/weight"), error);
            }
            total += variant.weight.min(WEIGHT_MAX);
            bounds.push(total);
        }
        if total == 0 {
            errors.add(pointer, ValueError::new("no_weight", "at least one variant needs a weight above 0"));
        }
        Self { bounds: bounds.into(), total }
    }

    /// The index of the variant that a visitor gets.
    pub fn choose(&self, visitor_hash: u64) -> usize {
        let point = scale(mix(visitor_hash), self.total);
        self.bounds.partition_point(|bound| *bound <= point)
    }

    /// Memory on the heap, in bytes.
    pub fn heap_bytes(&self) -> usize {
        size_of_val::<[u32]>(&self.bounds)
    }
}

/// Spreads hashes that differ in few bits over the whole range (the finaliser of SplitMix64).
const fn mix(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Maps the whole range of hashes evenly onto `0..total`.
fn scale(hash: u64, total: u32) -> u32 {
    let product = u128::from(hash) * u128::from(total);
    u32::try_from(product >> 64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::url::Destination;

    fn split(weights: &[u32]) -> Split {
        let destination_url = Destination::parse("https://example.com/").expect("a destination");
        let variant = |(index, weight): (usize, &u32)| Variant {
            name: format!("variant {index}"),
            weight: *weight,
            destination_url: destination_url.clone(),
        };
        let variants: Vec<_> = weights.iter().enumerate().map(variant).collect();
        let mut errors = FieldErrors::default();
        let split = Split::compile("", &variants, &mut errors);
        errors.into_result(split).expect("no errors")
    }

    proptest! {
        #[test]
        fn shares_are_in_proportion_to_the_weights(weights in proptest::collection::vec(0_u32..=100, 1..=20), start: u64) {
            let total: u32 = weights.iter().sum();
            prop_assume!(total > 0);
            let split = split(&weights);
            let visitors = 20_000;
            let mut counts = vec![0_u32; weights.len()];
            for visitor in 0..visitors {
                counts[split.choose(start.wrapping_add(visitor))] += 1;
            }
            for (count, weight) in counts.iter().zip(&weights) {
                let (share, wanted) = (f64::from(*count) / 20_000.0, f64::from(*weight) / f64::from(total));
                // Seven standard deviations of a fair draw, so that a correct split does not fail by bad luck.
                let tolerance = 7.0 * (wanted * (1.0 - wanted) / 20_000.0).sqrt();
                prop_assert!((share - wanted).abs() <= tolerance, "{share} instead of {wanted}");
            }
        }

        #[test]
        fn a_visitor_always_gets_the_same_variant_and_never_one_without_weight(
            weights in proptest::collection::vec(0_u32..=10_000, 1..=20),
            hash: u64,
        ) {
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let split = split(&weights);
            let chosen = split.choose(hash);
            prop_assert!(weights[chosen] > 0);
            prop_assert_eq!(split.choose(hash), chosen);
        }
    }
}
