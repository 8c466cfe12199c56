//! What a writer counts of its own journal, written into it now and then, so that whoever reads the journal knows how many
//! records should have been in it.

/// The counts of one journal since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Records that were written before this place.
    pub records: u64,
    /// Records that were given up because neither disk nor memory had room.
    pub dropped: u64,
}

/// A tally, and where in its journal it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedTally {
    /// As of a record: every record before it has a lower one.
    pub position: u64,
    /// What was counted.
    pub tally: Tally,
}

impl Tally {
    pub(super) const BYTES: u32 = 16;

    /// The counts as bytes, in a journal and wherever it goes.
    #[must_use]
    pub fn encode(self) -> [u8; Self::BYTES as usize] {
        let mut bytes = [0; Self::BYTES as usize];
        bytes[..8].copy_from_slice(&self.records.to_le_bytes());
        bytes[8..].copy_from_slice(&self.dropped.to_le_bytes());
        bytes
    }

    /// What [`Tally::encode`] wrote; `None` for what is too short.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (records, dropped) = bytes.split_first_chunk()?;
        Some(Self { records: u64::from_le_bytes(*records), dropped: u64::from_le_bytes(*dropped.first_chunk()?) })
    }
}
