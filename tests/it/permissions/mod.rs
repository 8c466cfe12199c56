//! Who may do what: the running server against the one table of permissions, and docs/permissions.md against it.

mod document;
mod isolation;
mod requests;
mod table;
mod walk;
