//! Table `users`.

use sea_orm::entity::prelude::*;

use crate::domain::id::UserId;
use crate::domain::time::Timestamp;

/// A person who can sign in.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    /// As it was typed.
    pub email: String,
    /// Lower-cased; unique.
    pub email_key: String,
    /// What to call them; may be empty.
    pub name: String,
    /// Argon2id in PHC form; empty for people who have no password, because they came through a provider.
    pub password_hash: String,
    /// Whether they run this instance.
    pub is_admin: bool,
    /// When it was shown that mail to the address reaches them.
    pub email_verified_at: Option<Timestamp>,
    /// Nobody signs in since this moment.
    pub disabled_at: Option<Timestamp>,
    /// How often the password or the address was replaced, or the account disabled or enabled: what was asked for before counts
    /// no more.
    pub credentials_version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The hash of the password, if there is one.
    #[must_use]
    pub fn password(&self) -> Option<String> {
        (!self.password_hash.is_empty()).then(|| self.password_hash.clone())
    }
}
