//! Who may do what: the running server against the one table of permissions, and docs/permissions.md against it.

mod calls;
mod cross_site;
pub mod document;
mod foreign_ids;
mod grpc;
mod grpc_foreign_ids;
mod isolation;
pub mod requests;
mod table;
mod walk;
