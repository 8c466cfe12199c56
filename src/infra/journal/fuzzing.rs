//! What fuzz targets call of the journal's insides; there is nothing of it in an ordinary build.

use super::frame;
use super::segment::JournalId;
use crate::domain::click::Click;

/// Looks for frames at every offset of these bytes, and for a click in each; a click in the bytes themselves is written
/// and found again as it was.
pub fn frames(bytes: &[u8]) {
    let id = JournalId::from_u64(0);
    for offset in 0..bytes.len() {
        if let Some(payload) = payload_at(id, bytes, offset).and_then(|range| bytes.get(range)) {
            drop(Click::decode(payload));
        }
    }
    frame::whole_frames_within(bytes, bytes.len());
    let Ok(click) = Click::decode(bytes) else { return };
    // The first writing may cut texts that are too long; from then on nothing changes.
    let once = framed(id, &click);
    let Some(click) = payload_at(id, &once, 0).and_then(|range| Click::decode(once.get(range)?).ok()) else {
        assert!(once.is_empty(), "a click that was written is found");
        return;
    };
    assert_eq!(framed(id, &click), once);
}

fn payload_at(id: JournalId, bytes: &[u8], offset: usize) -> Option<std::ops::Range<usize>> {
    match frame::frame_at(id, bytes, offset)? {
        frame::Frame::Record(payload) => Some(payload),
        frame::Frame::Tally(..) => None,
    }
}

fn framed(id: JournalId, click: &Click<'_>) -> Vec<u8> {
    let mut written = Vec::new();
    frame::append(id, &mut written, |buffer| click.encode(buffer));
    written
}
