//! Floor 4: one folder a service, named as operators know it.
//!
//! Invariant: other services may call the use cases of [`api_core`], the source of truth; nobody calls anybody else.

pub mod api_core;
//! Floor 4: the services of the platform, one folder each, named as operators know them.

pub mod analytics_api;
pub mod edge_redirect;
