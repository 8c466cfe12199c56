//! Looks after the domains of workspaces: whether their DNS records are there, and whether they still are.
//!
//! A service of the workers role. Its jobs are `check_domains`, which is due every minute and finds the domains whose time has come, and
//! `verify_domain`, which looks at one. What a look leads to is decided by api-core, the source of truth, which also looks when
//! somebody asks for it. It consumes no events.

pub mod jobs;
mod verification;
