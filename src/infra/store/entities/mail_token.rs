//! Table `mail_tokens`.

use sea_orm::entity::prelude::*;

use crate::domain::id::UserId;
use crate::domain::mail_token::MailTokenPurpose;
use crate::domain::time::Timestamp;

/// What a code in a mail stands for.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "mail_tokens")]
pub struct Model {
    /// SHA-256 of the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: Vec<u8>,
    /// What it may be used for.
    pub purpose: MailTokenPurpose,
    /// Whose it is; none where there is no account yet.
    pub user_id: Option<UserId>,
    /// The address that it was sent to.
    pub email: String,
    /// The same, lower-cased.
    pub email_key: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Not valid from this moment on.
    pub expires_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
