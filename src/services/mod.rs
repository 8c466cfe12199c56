//! Floor 4: the services of the platform, one folder each, named as operators know them.
//!
//! Invariant: other services may call the use cases of [`api_core`], the source of truth; nobody calls anybody else.

pub mod analytics_api;
pub mod api_core;
pub mod click_ingester;
pub mod domain_manager;
pub mod edge_redirect;
pub mod identity;
