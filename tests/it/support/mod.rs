//! What the tests share.

pub mod authenticator;
pub mod authority;
pub mod cache;
pub mod cuttable_proxy;
pub mod database;
pub mod identity_provider;
pub mod mailbox;
pub mod members;
pub mod name_server;
pub mod oauth;
pub mod pebble;
pub mod people;
pub mod platform;
pub mod ports;
pub mod schema;
pub mod settings;
pub mod simulated_file_system;
pub mod statements;
pub mod tls;
