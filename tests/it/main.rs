//! Behaviour through the real interfaces, in one binary.

mod journal;
mod redirects;
mod support;
