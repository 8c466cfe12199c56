//! One file a table. What a column means, its unit and its limits are said in the migrations and in the API's schemas.

pub mod api_key;
pub mod audit_event;
pub mod audit_head;
pub mod bootstrap;
pub mod change;
pub mod change_sequence;
pub mod domain;
pub mod event;
pub mod event_consumer;
pub mod event_failure;
pub mod evidence_export;
pub mod health;
pub mod idempotency_key;
pub mod invitation;
pub mod job;
pub mod link;
pub mod link_tag;
pub mod mail_token;
pub mod membership;
pub mod recovery_code;
pub mod session;
pub mod sign_in_challenge;
pub mod tag;
pub mod totp;
pub mod user;
pub mod workspace;
