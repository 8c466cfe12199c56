//! Floor 4: the services, one folder each. They meet only through the seams below them, and through api_core's use cases.

pub mod analytics_api;
//! Floor 4: the services of the platform, one folder each, named as operators know them.

pub mod edge_redirect;
