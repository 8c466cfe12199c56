//! The form of a record: `version u8, kind u8, position u64 LE, payload`, under the name of its journal as key.
//!
//! What is replayed has a header that says how often it was, and where among the dead records it stood: its own position has been passed,
//! so that it needs a journal of its own.

use std::collections::BTreeMap;

use ring::digest;

use crate::infra::bus::{Received, Record};
use crate::infra::journal::{JournalId, Tally};
use crate::runtime::clock;

/// The version of the form.
const VERSION: u8 = 1;
/// Kinds of records.
const RECORD: u8 = 0;
const TALLY: u8 = 1;
/// Version, kind and position.
const HEAD_BYTES: usize = 10;
/// The header of a record that is replayed.
pub const REPLAY_HEADER: &str = "elido-replay";

/// What a record of the topic is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The journal that it stood in.
    pub journal: JournalId,
    /// Its position there.
    pub position: u64,
    /// What it says.
    pub content: Content<'a>,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content<'a> {
    /// What an edge wrote: a click, unless it is damaged.
    Record(&'a [u8]),
    /// How many records there should be.
    Tally(Tally),
    /// Something that only a newer version of the program, or none, can read.
    Unknown(EnvelopeError),
}

/// Why a record has no known form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The key is not the name of a journal.
    #[error("the key is not the name of a journal")]
    Key,
    /// The value is shorter than any record.
    #[error("the value is too short")]
    Short,
    /// The form is of another version.
    #[error("the form is of another version")]
    Version,
    /// The kind is none of the known ones.
    #[error("the kind is unknown")]
    Kind,
    /// The header of a replayed record cannot be read.
    #[error("the header elido-replay is not generation:partition:offset")]
    Replay,
}

/// The key of the records of a journal.
#[must_use]
pub fn key_of(journal: JournalId) -> Vec<u8> {
    journal.to_string().into_bytes()
}

/// The record for what an edge wrote. Its time is that of sending: brokers delete by it.
#[must_use]
pub fn record_of(journal: JournalId, position: u64, payload: &[u8]) -> Record {
    with_head(journal, RECORD, position, payload)
}

/// The record for a tally.
#[must_use]
pub fn tally_of(journal: JournalId, position: u64, tally: Tally) -> Record {
    with_head(journal, TALLY, position, &tally.encode())
}

fn with_head(journal: JournalId, kind: u8, position: u64, payload: &[u8]) -> Record {
    let mut value = Vec::with_capacity(HEAD_BYTES + payload.len());
    value.extend_from_slice(&[VERSION, kind]);
    value.extend_from_slice(&position.to_le_bytes());
    value.extend_from_slice(payload);
    Record { key: key_of(journal), value, headers: BTreeMap::new(), at: clock::now() }
}

/// How a record came back from the dead ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replay {
    /// How often it was replayed, from 1.
    pub generation: u32,
    /// In which partition of the dead ones it stood.
    pub partition: i32,
    /// And where there.
    pub offset: i64,
}

impl Replay {
    /// The value of the header that says so.
    #[must_use]
    pub fn to_header(self) -> Vec<u8> {
        let Self { generation, partition, offset } = self;
        format!("{generation}:{partition}:{offset}").into_bytes()
    }

    /// What a header says.
    #[must_use]
    pub fn from_header(header: &[u8]) -> Option<Self> {
        let mut parts = std::str::from_utf8(header).ok()?.split(':');
        let (generation, partition, offset) = (parts.next()?, parts.next()?, parts.next()?);
        let replay = Self {
            generation: generation.parse().ok()?,
            partition: partition.parse().ok()?,
            offset: offset.parse().ok()?,
        };
        (replay.offset >= 0 && parts.next().is_none()).then_some(replay)
    }

    /// The journal under whose name this is known. A record may be among the dead more than once, by an ingester that was killed; so
    /// whoever can say where it stood first, says that.
    fn journal(self, dead_topic: &str, journal: Option<JournalId>) -> JournalId {
        let Self { generation, partition, .. } = self;
        let first = journal.map_or_else(String::new, |journal| format!("{journal} {generation}"));
        let name = format!("replay of {dead_topic} {partition} {first}");
        let hash = digest::digest(&digest::SHA256, name.as_bytes());
        JournalId::from_u64(hash.as_ref().first_chunk().copied().map_or(0, u64::from_le_bytes))
    }
}

impl<'a> Entry<'a> {
    /// Reads a record of the topic, whose dead records are in `dead_topic`.
    ///
    /// # Errors
    /// Nothing says which record it is, so that it cannot be told from others.
    pub fn read(received: &'a Received, dead_topic: &str) -> Result<Self, EnvelopeError> {
        let key = received.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
        let journal = key.and_then(JournalId::from_name).ok_or(EnvelopeError::Key);
        let head = Head::read(received.value.as_deref().unwrap_or_default());
        if let Some(header) = received.headers.get(REPLAY_HEADER) {
            let replay = Replay::from_header(header).ok_or(EnvelopeError::Replay)?;
            return Ok(replayed(replay, dead_topic, journal, head));
        }
        let (journal, head) = (journal?, head?);
        Ok(Self { journal, position: head.position, content: head.content() })
    }
}

fn replayed<'a>(
    replay: Replay,
    dead_topic: &str,
    journal: Result<JournalId, EnvelopeError>,
    head: Result<Head<'a>, EnvelopeError>,
) -> Entry<'a> {
    match (journal, head) {
        (Ok(journal), Ok(head)) => {
            let content = match head.content() {
                // What there should be of a journal is no word about its dead records.
                Content::Tally(_) => Content::Unknown(EnvelopeError::Kind),
                content => content,
            };
            Entry { journal: replay.journal(dead_topic, Some(journal)), position: head.position, content }
        }
        (Err(error), _) | (_, Err(error)) => Entry {
            journal: replay.journal(dead_topic, None),
            position: replay.offset.unsigned_abs(),
            content: Content::Unknown(error),
        },
    }
}

struct Head<'a> {
    kind: u8,
    position: u64,
    payload: &'a [u8],
}

impl<'a> Head<'a> {
    fn read(value: &'a [u8]) -> Result<Self, EnvelopeError> {
        let (head, payload) = value.split_first_chunk::<HEAD_BYTES>().ok_or(EnvelopeError::Short)?;
        let [version, kind, position @ ..] = *head;
        if version != VERSION {
            return Err(EnvelopeError::Version);
        }
        // The store keeps positions as signed numbers.
        let position = u64::from_le_bytes(position);
        if i64::try_from(position).is_err() {
            Err(EnvelopeError::Version)
        } else {
            Ok(Self { kind, position, payload })
        }
    }

    fn content(&self) -> Content<'a> {
        match self.kind {
            RECORD => Content::Record(self.payload),
            TALLY => Tally::decode(self.payload).map_or(Content::Unknown(EnvelopeError::Short), Content::Tally),
            _ => Content::Unknown(EnvelopeError::Kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::time::Timestamp;

    const DEAD: &str = "clicks.dead";

    fn received(record: Record) -> Received {
        Received {
            offset: 0,
            sent_at: Timestamp::from_micros(0),
            key: Some(record.key),
            value: Some(record.value),
            headers: record.headers,
        }
    }

    proptest! {
        #[test]
        fn what_is_sent_is_read(journal: u64, position in 0..u64::MAX / 2, payload: Vec<u8>, records: u64, dropped: u64) {
            let journal = JournalId::from_u64(journal);
            let record = received(record_of(journal, position, &payload));
            let expected = Entry { journal, position, content: Content::Record(&payload) };
            prop_assert_eq!(Entry::read(&record, DEAD), Ok(expected));
            let tally = Tally { records, dropped };
            let record = received(tally_of(journal, position, tally));
            prop_assert_eq!(Entry::read(&record, DEAD), Ok(Entry { journal, position, content: Content::Tally(tally) }));
        }

        #[test]
        fn arbitrary_records_never_panic(key: Option<Vec<u8>>, value: Option<Vec<u8>>, header: Option<Vec<u8>>) {
            let headers = header.map(|header| (REPLAY_HEADER.to_owned(), header)).into_iter().collect();
            drop(Entry::read(&Received { offset: 0, sent_at: Timestamp::from_micros(0), key, value, headers }, DEAD));
        }
    }

    #[test]
    fn what_is_replayed_is_known_by_where_it_stood_first_and_how_often_it_came_back() {
        let replayed = |generation, partition, offset, value: &[u8]| {
            let mut record = received(record_of(JournalId::from_u64(7), 5, b"click"));
            record.headers.insert(REPLAY_HEADER.to_owned(), Replay { generation, partition, offset }.to_header());
            record.value = record.value.filter(|_| value.is_empty()).or(Some(value.to_vec()));
            record
        };
        let identity = |record: &Received| {
            let entry = Entry::read(record, DEAD).expect("an entry");
            (entry.journal, entry.position)
        };
        let first = identity(&replayed(1, 3, 41, b""));
        assert_eq!(first.1, 5);
        assert_eq!(identity(&replayed(1, 3, 44, b"")), first, "it died twice");
        assert_ne!(identity(&replayed(2, 3, 44, b"")), first, "it died again");
        assert_eq!(Entry::read(&replayed(1, 3, 41, b""), DEAD).expect("an entry").content, Content::Record(b"click"));

        let unknown = replayed(1, 3, 41, &[9; 20]);
        let entry = Entry::read(&unknown, DEAD).expect("an entry");
        assert_eq!((entry.position, entry.content), (41, Content::Unknown(EnvelopeError::Version)));
        let mut wrong = unknown.clone();
        wrong.headers.insert(REPLAY_HEADER.to_owned(), b"1:3:-1".to_vec());
        assert_eq!(Entry::read(&wrong, DEAD), Err(EnvelopeError::Replay));
    }
}
