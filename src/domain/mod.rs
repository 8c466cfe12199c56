//! Floor 1: pure types and rules.
//!
//! Invariant: nothing here imports another floor, reads a clock, opens a
//! socket or a file, or draws a random number that was not handed in.

pub mod audit;
pub mod bulk_edit;
pub mod certificate;
pub mod change;
pub mod change_request;
pub mod click;
pub mod click_budget;
pub mod click_export;
pub mod click_policy;
pub mod client_address;
pub mod custom_domain;
pub mod destination_policy;
pub mod error;
pub mod event;
pub mod evidence;
pub mod folded_text;
pub mod folder;
pub mod hostname;
pub mod html;
pub mod id;
pub mod job;
pub mod link;
pub mod link_extras;
pub mod link_version;
pub mod mail_token;
pub mod name_key;
pub mod oauth;
pub mod permission;
pub mod pkce;
pub mod public_address;
pub mod query_limits;
pub mod recorded;
pub mod redirect_uri;
pub mod report_schedule;
pub mod robots;
pub mod role;
pub mod rule;
pub mod scripts;
pub mod slug;
pub mod slug_words;
pub mod time;
pub mod trailing_punctuation;
pub mod unicode_slug;
pub mod url;
pub mod utm;
pub mod view;
