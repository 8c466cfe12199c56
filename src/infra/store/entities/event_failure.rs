//! Table `event_failures`.

use sea_orm::entity::prelude::*;

use crate::domain::event::Event;
use crate::domain::time::Timestamp;
use crate::infra::store::columns::Json;

/// An event that a consumer could not take.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "event_failures")]
pub struct Model {
    /// Whose it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub consumer: String,
    /// The number of the event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// What it happened to.
    pub subject: String,
    /// The event.
    pub event: Json<Event>,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried again; never where it was set aside.
    pub retry_at: Option<Timestamp>,
    /// Why it failed the last time.
    pub last_error: String,
    /// When it failed first.
    pub created_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
