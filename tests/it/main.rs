//! Behaviour through the real interfaces, in one binary.

mod accounts;
mod idempotency;
mod journal;
mod links;
mod redirects;
mod store;
mod support;
mod workspaces;
