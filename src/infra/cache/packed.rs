//! The form in which domains, rules and changes travel between processes: MessagePack with the names of fields, so that
//! releases which know different fields understand each other. Links, which are many, have a form of their own.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a record cannot be packed or unpacked.
#[derive(Debug, thiserror::Error)]
pub enum PackedError {
    /// It cannot be written.
    #[error("a record cannot be packed: {0}")]
    Pack(#[from] rmp_serde::encode::Error),
    /// It is damaged, or of a release that this one does not understand.
    #[error("a record cannot be unpacked: {0}")]
    Unpack(#[from] rmp_serde::decode::Error),
    /// It is damaged, or of a release that this one does not understand.
    #[error("a link cannot be unpacked: {0}")]
    Form(&'static str),
}

/// Packs a record.
///
/// # Errors
/// The record cannot be written, which those of links and domains always can.
pub fn pack(record: &impl Serialize) -> Result<Vec<u8>, PackedError> {
    Ok(rmp_serde::to_vec_named(record)?)
}

/// Unpacks a record.
///
/// # Errors
/// The bytes are no such record.
pub fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, PackedError> {
    Ok(rmp_serde::from_slice(bytes)?)
}
