//! Floor 4: one folder a service, named as operators know it.
//!
//! Invariant: other services may call the use cases of [`api_core`], the source of truth; nobody calls anybody else.

pub mod api_core;
