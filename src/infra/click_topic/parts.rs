//! A record that is too long for its topic, as several that are not, and back.
//!
//! Invariants: the parts of a record have one key, so that they stand in one partition, in their order. Parts may come twice, and between those of other
//! records. Whoever puts them together knows from where on it has to read again so as to miss none.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::infra::bus::{Received, Record};
use crate::runtime::clock;

/// The header of a part: which it is and how many there are, as `2/3`.
pub const PART_HEADER: &str = "elido-part";
/// How many records at once may lack a part, and how many bytes of them are kept. Beyond it, those that began first are given up.
const OPEN_MAX: usize = 1_000;
const OPEN_BYTES_MAX: usize = 256 * 1024 * 1024;

/// What the parts hold together, as JSON.
#[derive(Serialize, Deserialize)]
struct Whole {
    key: Option<String>,
    value: Option<String>,
    headers: BTreeMap<String, String>,
}

/// The record in parts of at most `bytes` each, besides these headers, which all of them have. `name` is their key, and is that of no other record.
#[must_use]
pub fn split(record: &Received, name: &str, headers: &BTreeMap<String, Vec<u8>>, bytes: usize) -> Vec<Record> {
    let encode = |bytes: &Vec<u8>| STANDARD.encode(bytes);
    let whole = Whole {
        key: record.key.as_ref().map(encode),
        value: record.value.as_ref().map(encode),
        headers: record.headers.iter().map(|(name, value)| (name.clone(), encode(value))).collect(),
    };
    let text = serde_json::to_vec(&whole).unwrap_or_default();
    let parts = text.chunks(bytes.max(1));
    let count = parts.len();
    let part = |(index, value): (usize, &[u8])| {
        let mut headers = headers.clone();
        headers.insert(PART_HEADER.to_owned(), format!("{}/{count}", index + 1).into_bytes());
        Record { key: name.as_bytes().to_vec(), value: value.to_vec(), headers, at: clock::now() }
    };
    parts.enumerate().map(part).collect()
}

/// Puts the parts of records together, as they stand in a partition.
#[derive(Default)]
pub struct Joiner {
    open: BTreeMap<Name, Open>,
}

/// The key of the parts, and how many there are.
type Name = (Vec<u8>, usize);

struct Open {
    first_offset: i64,
    parts: BTreeMap<usize, Vec<u8>>,
}

/// Why a record is not taken for a part, or its parts for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// The header has another form.
    #[error("the header elido-part is not part/parts")]
    Header,
    /// Together they are no record.
    #[error("the parts are no record together")]
    Whole,
}

impl Joiner {
    /// Takes the next record of the partition. Gives it back where it is no part; where it is the last part that lacked, the record that they were, at
    /// this offset.
    ///
    /// # Errors
    /// It is not what [`split`] makes.
    pub fn take(&mut self, received: Received) -> Result<Option<Received>, PartError> {
        let Some(header) = received.headers.get(PART_HEADER) else { return Ok(Some(received)) };
        let (part, count) = read_header(header).ok_or(PartError::Header)?;
        let name = (received.key.clone().unwrap_or_default(), count);
        let open = self
            .open
            .entry(name.clone())
            .or_insert_with(|| Open { first_offset: received.offset, parts: BTreeMap::new() });
        open.parts.insert(part, received.value.clone().unwrap_or_default());
        if open.parts.len() < count {
            self.keep_within_limits();
            return Ok(None);
        }
        let text = open.parts.values().flatten().copied().collect::<Vec<u8>>();
        // Also those of an attempt with longer parts, which ended when one of them was refused.
        self.open.retain(|(key, _), _| *key != name.0);
        let (key, value, headers) = read_whole(&text).ok_or(PartError::Whole)?;
        Ok(Some(Received { key, value, headers, ..received }))
    }

    /// The first offset at which a part stands whose record is not whole.
    #[must_use]
    pub fn first_open(&self) -> Option<i64> {
        self.open.values().map(|open| open.first_offset).min()
    }

    fn keep_within_limits(&mut self) {
        let bytes = |open: &Open| open.parts.values().map(Vec::len).sum::<usize>();
        while self.open.len() > OPEN_MAX || self.open.values().map(bytes).sum::<usize>() > OPEN_BYTES_MAX {
            let Some(name) = self.open.iter().min_by_key(|(_, open)| open.first_offset).map(|(name, _)| name.clone())
            else {
                return;
            };
            let given_up = self.open.remove(&name);
            let offset = given_up.map(|open| open.first_offset);
            tracing::error!(
                offset,
                "parts of a dead record are given up, because too many records lack a part: they stay among the dead"
            );
        }
    }
}

fn read_header(header: &[u8]) -> Option<(usize, usize)> {
    let (part, count) = std::str::from_utf8(header).ok()?.split_once('/')?;
    let (part, count) = (part.parse().ok()?, count.parse().ok()?);
    (1..=count).contains(&part).then_some((part, count))
}

type KeyValueHeaders = (Option<Vec<u8>>, Option<Vec<u8>>, BTreeMap<String, Vec<u8>>);

fn read_whole(text: &[u8]) -> Option<KeyValueHeaders> {
    let Whole { key, value, headers } = serde_json::from_slice(text).ok()?;
    let decode = |text: String| STANDARD.decode(text).ok();
    let headers = headers.into_iter().map(|(name, value)| Some((name, decode(value)?)));
    let optional = |text: Option<String>| text.map_or(Some(None), |text| decode(text).map(Some));
    Some((optional(key)?, optional(value)?, headers.collect::<Option<_>>()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::time::Timestamp;

    fn received(offset: i64, record: Record) -> Received {
        let Record { key, value, headers, .. } = record;
        Received { offset, sent_at: Timestamp::from_micros(0), key: Some(key), value: Some(value), headers }
    }

    fn long(value: &[u8]) -> Received {
        let headers = BTreeMap::from([("trace".to_owned(), vec![0, 255])]);
        Received { offset: 3, sent_at: Timestamp::from_micros(0), key: None, value: Some(value.to_vec()), headers }
    }

    fn joined(joiner: &mut Joiner, parts: impl IntoIterator<Item = (i64, Record)>) -> Vec<Received> {
        parts.into_iter().filter_map(|(offset, part)| joiner.take(received(offset, part)).expect("a part")).collect()
    }

    proptest! {
        #[test]
        fn what_is_split_is_joined(value: Vec<u8>, bytes in 1_usize..100) {
            let (record, mut joiner) = (long(&value), Joiner::default());
            let parts = split(&record, "0 3", &BTreeMap::new(), bytes);
            prop_assert!(parts.iter().all(|part| part.value.len() <= bytes));
            let whole = joined(&mut joiner, (10..).zip(parts.clone()));
            let offset = 9 + i64::try_from(parts.len()).expect("few");
            prop_assert_eq!(whole, vec![Received { offset, ..record }]);
            prop_assert_eq!(joiner.first_open(), None);
        }

        #[test]
        fn arbitrary_parts_never_panic(key: Option<Vec<u8>>, value: Option<Vec<u8>>, header: Vec<u8>) {
            let headers = BTreeMap::from([(PART_HEADER.to_owned(), header)]);
            drop(Joiner::default().take(Received { offset: 0, sent_at: Timestamp::from_micros(0), key, value, headers }));
        }
    }

    #[test]
    fn parts_that_were_sent_in_vain_and_those_of_others_are_told_apart() {
        let (one, other, mut joiner) = (long(&[1; 300]), long(&[2; 300]), Joiner::default());
        let [longer, shorter] = [200, 100].map(|bytes| split(&one, "0 3", &BTreeMap::new(), bytes));
        let others = split(&other, "1 3", &BTreeMap::new(), 300);
        let mut take = |parts: &[Record]| joined(&mut joiner, (10..).zip(parts.to_vec()));
        assert_eq!(take(&longer[..1]), []);
        assert_eq!(take(&shorter[..2]), []);
        assert_eq!(take(&others[..1]), []);
        let whole = take(&shorter);
        assert_eq!(whole.iter().map(|whole| &whole.value).collect::<Vec<_>>(), [&one.value]);
        let whole = take(&others[1..]);
        assert_eq!(whole.iter().map(|whole| &whole.value).collect::<Vec<_>>(), [&other.value]);
        assert_eq!(joined(&mut joiner, [(70, shorter[0].clone()), (71, shorter[1].clone())]), []);
        assert_eq!(joiner.first_open(), Some(70));
    }
}
