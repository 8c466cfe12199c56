//! Looks after the domains of workspaces: whether their DNS records are there and still are, and their certificates.
//!
//! A service of the workers role. Its jobs are `check_domains`, which is due every minute and finds the domains whose time has come, and
//! `verify_domain`, which looks at one. What a look leads to is decided by api-core, the source of truth, which also looks when
//! somebody asks for it. `issue_certificate` and `renew_certificates` order certificates. It consumes no events.
//!
//! Invariant: an authority is asked for certificates of domains that are in use alone, and is left alone when it wants to be.

mod issuer;
pub mod jobs;
mod metrics;
mod order_schedule;
mod verification;

pub use issuer::CertificateIssuer;
