//! Floor 3: one seam a folder. A backend is chosen by configuration, never by a cargo feature.

pub mod cache;
pub mod journal;
pub mod geo;
