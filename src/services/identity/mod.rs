//! identity: signing in and out, and sessions.
//!
//! Invariant: whether an address has an account shows neither in the response to a sign-in nor in how long it takes.

mod attempts;
pub mod rest;
mod sessions;
mod sign_in;

pub use sessions::{ACTIONS, Person, Session};
pub use sign_in::{Client, SignIn, SignedIn};

use std::sync::Arc;
use std::time::Duration;

use attempts::Attempts;

use crate::infra::cache::redis::Redis;
use crate::infra::passwords::Passwords;
use crate::infra::store::Store;
use crate::services::api_core::ApiCore;

/// What the use cases need. Clones share it.
#[derive(Clone)]
pub struct Identity {
    core: ApiCore,
    store: Store,
    passwords: Passwords,
    attempts: Arc<Attempts>,
    session_lifetime: Duration,
}

impl Identity {
    /// The service on the store of `core`, by which it commits; sessions last so long. All processes with this Redis count
    /// attempts together.
    #[must_use]
    pub fn new(core: ApiCore, session_lifetime: Duration, redis: Option<Redis>) -> Self {
        let (store, passwords) = (core.store().clone(), core.passwords().clone());
        Self { core, store, passwords, attempts: Arc::new(Attempts::new(redis)), session_lifetime }
    }
}
