//! The only service on the path of a redirect. It answers `https://<domain>/<slug>` and nothing else.
//!
//! Invariants:
//! - It never opens a database connection, parses JSON, compiles a regular
//!   expression, calls another host or writes a log line while a request whose
//!   link is cached waits.
//! - It reaches the source of truth through [`origin::Origin`] alone.
//! - A redirect is answered only after its click is with the kernel.

mod associations;
mod capture;
mod certificates;
mod change_log_follower;
mod channel;
mod checked_file;
mod compiled_link;
mod connection;
mod decide;
mod destination;
mod fast_path;
#[cfg(fuzzing)]
pub mod fuzzing;
mod grpc_origin;
mod handler;
mod handshake;
mod hosts_file;
mod http2;
mod journal_health;
mod kept_certificates;
mod link_cache;
mod link_path;
mod metrics;
mod near_slugs;
pub mod origin;
mod pages;
mod password;
mod prefixed;
mod protection;
mod request;
mod request_reader;
mod respond;
mod response_writer;
mod retry;
mod server;
mod snapshot;

pub use certificates::EdgeCertificates;
pub use channel::Channel;
pub use compiled_link::CompiledLink;
pub use decide::{Decision, Facts, decide};
pub use grpc_origin::GrpcOrigin;
pub use handler::{Edge, EdgeParts};
pub use hosts_file::HostsFile;
pub use kept_certificates::KeptCertificates;
pub use link_cache::Known;
pub use request::RequestView;
pub use server::{EdgeServer, EdgeSockets};
pub use snapshot::SnapshotFile;
