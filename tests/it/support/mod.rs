//! What the tests share.

pub mod cache;
pub mod cuttable_proxy;
pub mod database;
pub mod people;
pub mod platform;
pub mod simulated_file_system;
pub mod statements;
