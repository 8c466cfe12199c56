//! Certificates of the edge: what a handshake shows for a name, and where that comes from.
//!
//! Invariants: a certificate without its own key is never taken; what is shown for a name covers that name.

mod authority;
mod authority_client;
mod certified;
mod challenge_certificate;
mod files;
mod handshakes;
mod issue;
mod order_failure;

pub use authority::{Authority, AuthorityAccount, Challenge};
pub use certified::{Certified, Unusable};
pub use challenge_certificate::{ACME_TLS, challenge_config};
pub use files::CertificateFiles;
pub use handshakes::Handshakes;
pub use issue::IssueCertificate;
pub use order_failure::{OrderFailure, limits_one_name};
