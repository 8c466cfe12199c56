//! Accounts of people, as those who run the instance see them.

use serde::Serialize;
use utoipa::ToSchema;

use super::recorded_action::{Action, Recorded};
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;
use crate::infra::store::users::User;

/// Whoever makes an account: by registering, by accepting an invitation, or through an identity provider.
pub const REGISTERED: Action<Account> =
    Action::new("account.registered", "A person made an account for an address that is theirs.");

/// An account, as those who run the instance see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Account {
    /// Its id.
    pub id: UserId,
    /// The address.
    pub email: String,
    /// Whether it was shown that mail to the address reaches its owner.
    pub email_verified: bool,
    /// What to call its owner; may be empty.
    pub name: String,
    /// Whether its owner runs this instance.
    pub is_admin: bool,
    /// Whether sign-in asks for a second factor.
    pub second_factor_enabled: bool,
    /// Nobody signs in with it since this moment; `null` while it can be used.
    pub disabled_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Recorded for Account {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl Account {
    /// That of a person.
    #[must_use]
    pub fn of(user: User, second_factor_enabled: bool) -> Self {
        Self {
            id: user.id,
            email: user.email,
            email_verified: user.email_verified_at.is_some(),
            name: user.name,
            is_admin: user.is_admin,
            second_factor_enabled,
            disabled_at: user.disabled_at,
            created_at: user.created_at,
        }
    }
}
