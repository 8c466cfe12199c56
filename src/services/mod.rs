//! Floor 4: the services of the platform, one folder each, named as operators know them.

pub mod edge_redirect;
