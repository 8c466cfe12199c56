//! Floor 3: one seam a folder. A backend is chosen by configuration, never by a cargo feature.

pub mod backup;
pub mod bootstrap_secret;
pub mod bus;
pub mod cache;
pub mod certificates;
pub mod click_store;
pub mod click_topic;
pub mod data_folder;
pub mod dns;
pub mod events;
pub mod geo;
pub mod grpc;
pub mod identity_provider;
pub mod jobs;
pub mod journal;
mod key_file;
pub mod mail;
pub mod objects;
pub mod outbound;
pub mod passwords;
pub mod sealing;
pub mod signing;
pub mod sqlite;
pub mod store;
pub mod user_agent;
