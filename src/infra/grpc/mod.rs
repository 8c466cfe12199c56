//! The messages of proto/, which build.rs turns into Rust, the limits that both ends keep to, and their certificates.

pub mod tls;

/// The messages and services of `elido.v1`.
#[allow(missing_docs, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction, reason = "generated")]
pub mod v1 {
    tonic::include_proto!("elido.v1");
}

/// What the files of proto/ say, for callers that ask: an encoded `google.protobuf.FileDescriptorSet`.
pub const FILE_DESCRIPTORS: &[u8] = tonic::include_file_descriptor_set!("elido_v1");
/// The largest request of the link resolver, in bytes: ids, a host name, a slug.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// The largest request about a link, or about a domain and its files for apps, in bytes.
pub const LINK_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The largest request about many links, in bytes. It is less than that about one, because an empty item takes some hundred times the memory
/// of its bytes until it is refused.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// The largest answer, in bytes. A link whose rules use every limit to the full has about ten million.
pub const RESPONSE_BYTES_MAX: usize = 16 * 1024 * 1024;
