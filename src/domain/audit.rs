//! The audit trail: what was changed by whom, in chains whose every row seals those before it.
//!
//! Invariant: the hash of a row is SHA-256 over the hash before it (32 bytes; zeros before the first row) and the row as
//! canonical JSON (RFC 8785) without its hash. So a row that is edited, removed, inserted or moved changes every later
//! hash, and whoever noted the head of a chain finds out.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::{RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

use super::id::AuditEventId;
use super::recorded::{Author, Chain};
use super::time::Timestamp;

/// How many bytes a hash has.
const HASH_BYTES: usize = 32;

/// The seal of a row and of all before it; 64 hexadecimal digits outside.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct ChainHash([u8; HASH_BYTES]);

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditEvent {
    /// In whose trail it stands: a workspace's, or the instance's.
    pub chain: Chain,
    /// Its number there, from 1 and without gaps.
    #[schema(minimum = 1, example = 17)]
    pub sequence: i64,
    /// Its id.
    pub id: AuditEventId,
    /// When it was committed, or shortly before.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Author,
    /// What was done.
    #[schema(example = "link.updated")]
    pub action: String,
    /// The id of what it was done to.
    #[schema(example = "lnk_01976a3e5d7c7f3a9b1c2d4e6f8a0b1c")]
    pub target: String,
    /// What was there before: of an edit the fields that changed; `null` if nothing was there. Never a secret.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// What was there afterwards, likewise.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
    /// The address that it was asked from; `null` if unknown.
    #[schema(example = "203.0.113.7")]
    pub address: Option<String>,
    /// The id of the request (`X-Request-Id`); `null` if none asked for it.
    pub request_id: Option<String>,
    /// The seal of this row and of all before it.
    pub hash: ChainHash,
}

/// How far a chain goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainHead {
    /// The number of its last row; 0 while it has none.
    #[schema(minimum = 0, example = 17)]
    pub sequence: i64,
    /// The hash of its last row; zeros while it has none.
    pub hash: ChainHash,
}

/// Reads a chain row by row and knows whether it is whole.
#[derive(Debug, Clone)]
pub struct Verifier {
    chain: Chain,
    reached: ChainHead,
}

/// Where a chain is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// A row of another chain stands in it.
    #[error("row {sequence} belongs to the chain {found}")]
    OtherChain {
        /// The row's number.
        sequence: i64,
        /// Whose it is.
        found: Chain,
    },
    /// A number does not follow the one before: rows were removed, inserted twice or moved.
    #[error("row {found} stands where row {expected} should: rows were removed, inserted or moved")]
    Order {
        /// The number that should come.
        expected: i64,
        /// The number that came.
        found: i64,
    },
    /// The row is not the one that was sealed, or one before it is not.
    #[error("row {sequence} does not fit its hash: it was edited or inserted, or the hash before it was")]
    Hash {
        /// The row's number.
        sequence: i64,
    },
    /// The rows end elsewhere than the head says.
    #[error("the rows end at {found}, but the head of the chain is {expected}: the end was cut off or replaced")]
    End {
        /// What the head says.
        expected: i64,
        /// Where the rows end.
        found: i64,
    },
}

impl ChainHash {
    /// Wraps the bytes that a database row holds; `None` unless there are 32.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes, for a database row.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; HASH_BYTES] {
        &self.0
    }
}

impl AuditEvent {
    /// The seal that this row gets after `before`.
    ///
    /// # Errors
    /// The row holds a number that JSON cannot.
    pub fn hash_after(&self, before: ChainHash) -> serde_json::Result<ChainHash> {
        let mut row = serde_json::to_value(self)?;
        if let Some(fields) = row.as_object_mut() {
            fields.remove("hash");
        }
        let canonical = serde_json_canonicalizer::to_vec(&row)?;
        let mut hash = Sha256::new();
        hash.update(before.0);
        hash.update(canonical);
        Ok(ChainHash(hash.finalize().into()))
    }
}

impl Verifier {
    /// Reads `chain` on from where it was known to be whole; from its beginning by the default head.
    #[must_use]
    pub const fn new(chain: Chain, from: ChainHead) -> Self {
        Self { chain, reached: from }
    }

    /// How far the rows were whole.
    #[must_use]
    pub const fn reached(&self) -> ChainHead {
        self.reached
    }

    /// Reads the next row.
    ///
    /// # Errors
    /// Where the chain is broken. Nothing can be said of the rows after that.
    pub fn read(&mut self, row: &AuditEvent) -> Result<(), Break> {
        if row.chain != self.chain {
            return Err(Break::OtherChain { sequence: row.sequence, found: row.chain });
        }
        let expected = self.reached.sequence.saturating_add(1);
        if row.sequence != expected {
            return Err(Break::Order { expected, found: row.sequence });
        }
        let hash = row.hash_after(self.reached.hash).ok().filter(|hash| *hash == row.hash);
        let hash = hash.ok_or(Break::Hash { sequence: row.sequence })?;
        self.reached = ChainHead { sequence: row.sequence, hash };
        Ok(())
    }

    /// Whether the rows end where they should.
    ///
    /// # Errors
    /// They do not.
    pub fn finish(&self, head: ChainHead) -> Result<(), Break> {
        if self.reached == head {
            return Ok(());
        }
        Err(Break::End { expected: head.sequence, found: self.reached.sequence })
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// A text that is no hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 64 hexadecimal digits in lower case")]
pub struct ParseHashError;

impl FromStr for ChainHash {
    type Err = ParseHashError;

    fn from_str(text: &str) -> Result<Self, ParseHashError> {
        let digits = text.as_bytes();
        if digits.len() != 2 * HASH_BYTES || !digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(ParseHashError);
        }
        let mut bytes = [0; HASH_BYTES];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| ParseHashError)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| ParseHashError)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for ChainHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ChainHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for ChainHash {
    fn schema() -> RefOr<Schema> {
        let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9a-f]{64}$"));
        schema.examples(["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]).into()
    }
}

impl ToSchema for ChainHash {}

#[cfg(test)]
mod tests;
