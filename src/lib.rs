//! Elido, a self-hosted link platform in one executable.
//!
//! Five floors; a floor uses only floors below it (tests/tidy.rs holds that):
//! [`roles`] composes, [`services`] work, [`infra`] and [`http`] connect,
//! [`config`], [`telemetry`] and [`runtime`] support, [`domain`] knows the rules.
//! [`cli`] is the way in from the terminal.

pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod infra;
pub mod roles;
pub mod runtime;
pub mod services;
pub mod telemetry;
