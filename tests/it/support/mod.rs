//! What the tests share.

pub mod simulated_file_system;
