//! What an archive says of itself. Its bytes are what is signed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::audit::ChainHead;
use crate::domain::id::EvidenceExportId;
use crate::domain::recorded::Chain;
use crate::domain::time::Timestamp;
use crate::infra::signing::PublicKey;

/// The first file of an archive: the manifest, as JSON.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The second: the signature of the first, 64 bytes.
pub const SIGNATURE_FILE: &str = "manifest.json.sig";
/// The third and last: the rows, as `elido audit export` writes them.
pub const ROWS_FILE: &str = "audit.ndjson";
/// The version of the form of an archive.
pub(super) const FORM: u32 = 1;

/// What an archive says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceManifest {
    /// The version of the form of the archive, 1.
    pub elido_evidence: u32,
    /// How the instance that wrote it is reached.
    pub instance: String,
    /// Which export it is.
    pub export_id: EvidenceExportId,
    /// Whose trail.
    pub chain: Chain,
    /// The row behind which it starts.
    pub after: ChainHead,
    /// Its last row.
    pub through: ChainHead,
    /// The last row that the trail had when the archive was written.
    pub head: ChainHead,
    /// How many rows there are.
    pub rows: u64,
    /// How many of them tell of which action.
    pub actions: BTreeMap<String, u64>,
    /// When it was written.
    pub written_at: Timestamp,
    /// The file with the rows.
    pub file: ArchivedFile,
    /// The key that tells whether the signature is right. Believe it only if you know it from elsewhere.
    pub public_key: PublicKey,
}

/// A file of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchivedFile {
    /// What it is called.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of it, in hexadecimal digits.
    pub sha256: String,
}
