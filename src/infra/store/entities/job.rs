//! Table `jobs`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{JobId, WorkerId};
use crate::domain::job::{JobState, Priority};
use crate::domain::time::Timestamp;

/// Work that goes on after a response.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobId,
    /// What sort of work it is.
    pub kind: String,
    /// What it is about: JSON.
    pub payload: String,
    /// No other job of the kind that is ready or running has the same.
    pub unique_key: Option<String>,
    /// What only so many jobs of the kind may work on at once, such as a host.
    pub concurrency_key: Option<String>,
    /// Which of those that are due goes first.
    pub priority: Priority,
    /// Not before this moment.
    pub run_at: Timestamp,
    /// How many tries have begun.
    pub attempts: i64,
    /// After how many it is given up.
    pub max_attempts: i64,
    /// Until when whoever runs it holds it.
    pub lease_until: Option<Timestamp>,
    /// Who runs it.
    pub lease_owner: Option<WorkerId>,
    /// How far it is.
    pub state: JobState,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// When it was done or given up.
    pub finished_at: Option<Timestamp>,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
