//! Floor 4: the services of the platform, one folder each, named as operators know them.
//!
//! Invariant: other services may call the use cases of `api_core`, the source of truth; nobody calls anybody else.

#[cfg(not(any(fuzzing, shuttle)))]
pub mod analytics_api;
#[cfg(not(any(fuzzing, shuttle)))]
pub mod api_bff;
#[cfg(not(any(fuzzing, shuttle)))]
pub mod api_core;
#[cfg(not(any(fuzzing, shuttle)))]
pub mod click_ingester;
#[cfg(not(any(fuzzing, shuttle)))]
pub mod click_shipper;
#[cfg(not(any(fuzzing, shuttle)))]
pub mod domain_manager;
pub mod edge_redirect;
#[cfg(not(any(fuzzing, shuttle)))]
pub mod identity;
