//! Which partition a key belongs to: the same that clients of Kafka in Java choose, so that all who write to a topic agree.

const SEED: u32 = 0x9747_b28c;
const MIXER: u32 = 0x5bd1_e995;
const SHIFT: u32 = 24;

/// The place of the partition of a key, of `count` partitions.
pub(super) fn partition(key: &[u8], count: usize) -> usize {
    let hash = usize::try_from(murmur2(key) & 0x7fff_ffff).unwrap_or_default();
    hash.checked_rem(count).unwrap_or_default()
}

/// MurmurHash2 by Austin Appleby (32 bits), with the seed that Kafka uses.
fn murmur2(bytes: &[u8]) -> u32 {
    let mut hash = SEED ^ u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let (words, rest) = bytes.as_chunks::<4>();
    for word in words {
        let mut mixed = u32::from_le_bytes(*word).wrapping_mul(MIXER);
        mixed ^= mixed >> SHIFT;
        hash = hash.wrapping_mul(MIXER) ^ mixed.wrapping_mul(MIXER);
    }
    if !rest.is_empty() {
        let mut word = [0; 4];
        word.iter_mut().zip(rest).for_each(|(byte, of_rest)| *byte = *of_rest);
        hash = (hash ^ u32::from_le_bytes(word)).wrapping_mul(MIXER);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MIXER);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values that the tests of Kafka's own client have.
    #[test]
    fn keys_are_hashed_as_by_kafka() {
        let known: [(&str, i32); 6] = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ];
        for (key, hash) in known {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
        }
    }

    #[test]
    fn a_partition_is_one_that_there_is() {
        for count in 0..20 {
            for number in 0..100_u32 {
                assert!(partition(&number.to_le_bytes(), count) < count.max(1));
            }
        }
    }
}
