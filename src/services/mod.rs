//! Floor 4: the services, one folder each. They meet only through the seams below them, and through api_core's use cases.

pub mod analytics_api;
