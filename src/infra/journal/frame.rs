//! Frames: `length u32 LE, checksum u32 LE, payload`. A length of zero is
//! space that nothing was written to yet. The checksum (CRC-32) starts from the
//! journal's random id, so that bytes which a visitor made up are never a frame.
//! The highest bit of the length marks a tally, whose checksum starts from one
//! byte more, so that no damaged bit makes a tally of a record.

use std::ops::Range;

use super::segment::JournalId;
use super::tally::Tally;

/// The longest payload, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024;
/// Length and checksum.
pub(super) const HEADER_BYTES: usize = 8;
/// What in the length says that the frame is a tally.
const TALLY_BIT: u32 = 1 << 31;
/// What the checksum of a tally takes before its payload.
const TALLY_START: [u8; 1] = *b"T";

/// A whole and sound frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    /// A record, and where its payload lies.
    Record(Range<usize>),
    /// What the writer counted, and where the frame ends.
    Tally(Tally, usize),
}

impl Frame {
    /// Where the frame ends.
    pub fn end(&self) -> usize {
        match self {
            Self::Record(payload) => payload.end,
            Self::Tally(_, end) => *end,
        }
    }
}

/// Appends one frame, whose payload `fill` writes. Says whether it did: an empty or too long payload leaves no trace.
pub(super) fn append(id: JournalId, buffer: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) -> bool {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; HEADER_BYTES]);
    fill(buffer);
    let Some((header, payload)) = buffer.get_mut(start..).and_then(|frame| frame.split_at_mut_checked(HEADER_BYTES))
    else {
        buffer.truncate(start);
        return false;
    };
    let length = payload.len();
    if length == 0 || length > PAYLOAD_BYTES_MAX {
        buffer.truncate(start);
        return false;
    }
    let (length_bytes, checksum_bytes) = header.split_at_mut(4);
    length_bytes.copy_from_slice(&u32::try_from(length).unwrap_or(0).to_le_bytes());
    checksum_bytes.copy_from_slice(&checksum(id, &[], payload).to_le_bytes());
    true
}

/// Appends a tally.
pub(super) fn append_tally(id: JournalId, buffer: &mut Vec<u8>, tally: Tally) {
    let payload = tally.encode();
    buffer.extend_from_slice(&(TALLY_BIT | Tally::BYTES).to_le_bytes());
    buffer.extend_from_slice(&checksum(id, &TALLY_START, &payload).to_le_bytes());
    buffer.extend_from_slice(&payload);
}

/// The frame that starts at `offset`, if a whole and sound one does.
pub(super) fn frame_at(id: JournalId, bytes: &[u8], offset: usize) -> Option<Frame> {
    let start = offset.checked_add(HEADER_BYTES)?;
    let header: &[u8; HEADER_BYTES] = bytes.get(offset..start)?.first_chunk()?;
    let [a, b, c, d, expected @ ..] = *header;
    let length = u32::from_le_bytes([a, b, c, d]);
    let is_tally = length & TALLY_BIT != 0;
    let length = (length & !TALLY_BIT) as usize;
    if length == 0 || length > PAYLOAD_BYTES_MAX {
        return None;
    }
    let range = start..start.checked_add(length)?;
    let payload = bytes.get(range.clone())?;
    let first: &[u8] = if is_tally { &TALLY_START } else { &[] };
    if checksum(id, first, payload).to_le_bytes() != expected {
        return None;
    }
    if is_tally { Some(Frame::Tally(Tally::decode(payload)?, range.end)) } else { Some(Frame::Record(range)) }
}

/// How many bytes at the front of `bytes`, which holds only whole frames, are whole frames within `limit` bytes, and how many
/// records those are.
pub(super) fn whole_frames_within(bytes: &[u8], limit: usize) -> (usize, u64) {
    let (mut end, mut records) = (0, 0);
    while let Some(length) = bytes.get(end..).and_then(<[u8]>::first_chunk).map(|length| u32::from_le_bytes(*length)) {
        let next = end + HEADER_BYTES + (length & !TALLY_BIT) as usize;
        if next > limit {
            break;
        }
        end = next;
        records += u64::from(length & TALLY_BIT == 0);
    }
    (end, records)
}

fn checksum(id: JournalId, first: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&id.to_bytes());
    hasher.update(first);
    hasher.update(payload);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(id: JournalId, payloads: &[Vec<u8>]) -> Vec<u8> {
        let mut buffer = Vec::new();
        for payload in payloads {
            assert!(append(id, &mut buffer, |buffer| buffer.extend_from_slice(payload)));
        }
        buffer
    }

    proptest! {
        #[test]
        fn what_is_appended_is_found(payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..10)) {
            let id = JournalId::random();
            let buffer = frames(id, &payloads);
            let mut offset = 0;
            for payload in &payloads {
                let Some(Frame::Record(range)) = frame_at(id, &buffer, offset) else { panic!("a record") };
                prop_assert_eq!(&buffer[range.clone()], payload.as_slice());
                offset = range.end;
            }
            prop_assert_eq!(frame_at(id, &buffer, offset), None);
            prop_assert_eq!(whole_frames_within(&buffer, buffer.len()), (buffer.len(), payloads.len() as u64));
        }

        #[test]
        fn a_changed_byte_is_noticed(payload in proptest::collection::vec(any::<u8>(), 1..50), at in any::<prop::sample::Index>(), bit in 0..8) {
            let id = JournalId::random();
            let mut buffer = frames(id, &[payload]);
            let at = at.index(buffer.len());
            buffer[at] ^= 1_u8 << bit;
            prop_assert_eq!(frame_at(id, &buffer, 0), None);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100), offset in 0usize..200) {
            let _ = frame_at(JournalId::random(), &bytes, offset);
            let _ = whole_frames_within(&bytes, offset);
        }
    }

    proptest! {
        #[test]
        fn a_tally_is_found_and_is_no_record(records: u64, dropped: u64, bit in 0..8 * (HEADER_BYTES + Tally::BYTES as usize)) {
            let (id, tally) = (JournalId::random(), Tally { records, dropped });
            let mut buffer = frames(id, &[vec![1, 2, 3]]);
            let start = buffer.len();
            append_tally(id, &mut buffer, tally);
            prop_assert_eq!(frame_at(id, &buffer, start), Some(Frame::Tally(tally, buffer.len())));
            prop_assert_eq!(whole_frames_within(&buffer, buffer.len()), (buffer.len(), 1));
            buffer[start + bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(frame_at(id, &buffer, start), None);
        }
    }

    #[test]
    fn empty_and_oversized_payloads_leave_no_trace() {
        let mut buffer = Vec::new();
        assert!(!append(JournalId::random(), &mut buffer, |_| {}));
        assert!(!append(JournalId::random(), &mut buffer, |buffer| buffer.resize(PAYLOAD_BYTES_MAX + 100, 1)));
        assert!(buffer.is_empty());
    }
}
