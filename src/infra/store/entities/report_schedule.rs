//! Table `report_schedules`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{FolderId, ReportScheduleId, UserId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::report_schedule::{ReportDelivery, ReportInterval};
use crate::domain::time::Timestamp;
use crate::infra::store::columns::Json;

/// A report that members get by mail, or a webhook gets, from time to time.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "report_schedules")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReportScheduleId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// The heading of the report.
    pub name: String,
    /// Which clicks it is about, as a query string.
    pub filters: String,
    /// The same, understood.
    pub request: Json<serde_json::Value>,
    /// The folder of whose links it is, if it is of one.
    pub folder_id: Option<FolderId>,
    /// How often it comes.
    pub every: ReportInterval,
    /// Whose weeks and months they are, as IANA names it.
    pub time_zone: String,
    /// Who gets it by mail.
    pub recipients: Json<Vec<UserId>>,
    /// Where it goes in place of that.
    pub webhook_url: Option<String>,
    /// What messages to there are signed with.
    pub sealed_webhook_secret: Option<Vec<u8>>,
    /// What came of the last of them.
    pub last_delivery: Option<Json<ReportDelivery>>,
    /// Whether it rests.
    pub is_paused: bool,
    /// When it comes next.
    pub next_at: Timestamp,
    /// Who made it.
    pub created_by: Author,
    /// Grows with every edit.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
