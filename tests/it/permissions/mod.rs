//! Who may do what: the running server against the one table of permissions, and docs/permissions.md against it.

pub mod document;
mod isolation;
pub mod requests;
mod table;
mod walk;
