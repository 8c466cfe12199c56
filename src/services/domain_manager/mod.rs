//! domain-manager: what goes on behind domains that nobody waits for.
//!
//! Invariant: an authority is asked for certificates of domains that are in use alone, and is left alone when it wants to be.

mod issuer;
pub mod jobs;
mod metrics;
mod order_schedule;

pub use issuer::CertificateIssuer;
