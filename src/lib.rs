//! Elido, a self-hosted link platform in one executable.
//!
//! Five floors; a floor uses only floors below it (tests/tidy.rs holds that):
//! `roles` composes, [`services`] work, [`infra`] and [`http`] connect,
//! [`config`], [`telemetry`] and [`runtime`] support, [`domain`] knows the rules.
//! `cli` is the way in from the terminal.
//!
//! Fuzzing and model checks are of the floors below and of the edge: what they have no use for is left out of their builds, which take
//! half as long without it.

#![cfg_attr(any(fuzzing, shuttle), allow(dead_code, reason = "what uses it is left out"))]

#[cfg(not(any(fuzzing, shuttle)))]
pub mod cli;
#[cfg(fuzzing)]
#[path = "cli/fuzzing/mod.rs"]
pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod infra;
#[cfg(not(any(fuzzing, shuttle)))]
pub mod roles;
pub mod runtime;
pub mod services;
pub mod telemetry;
