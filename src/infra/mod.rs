//! Floor 3: one seam a folder. A backend is chosen by configuration, never by a cargo feature.

pub mod bootstrap_secret;
pub mod cache;
pub mod click_store;
pub mod data_folder;
pub mod events;
pub mod geo;
pub mod grpc;
pub mod identity_provider;
pub mod jobs;
pub mod journal;
pub mod mail;
pub mod passwords;
pub mod sealing;
pub mod sqlite;
pub mod store;
pub mod user_agent;
