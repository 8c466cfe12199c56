//! Something that happened, as followers are told of it.
//!
//! Invariant: events are numbered in the order of the commits, without gaps. Who has read up to a number has read all there
//! was up to there.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::id::{EventId, WorkspaceId};
use super::recorded::Author;
use super::time::Timestamp;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Its number in the stream of the whole instance. Those of one workspace are not all there are.
    #[schema(minimum = 1, example = 4711)]
    pub sequence: i64,
    /// Its id, the same for everybody who is told, however often.
    pub id: EventId,
    /// What happened.
    #[schema(example = "link.created")]
    pub r#type: String,
    /// The version of the type's schema that `data` keeps to.
    #[schema(minimum = 1, example = 1)]
    pub schema_version: u32,
    /// Where; `null` for what concerns the instance.
    pub workspace_id: Option<WorkspaceId>,
    /// The id of what it happened to.
    #[schema(example = "lnk_01976a3e5d7c7f3a9b1c2d4e6f8a0b1c")]
    pub subject: String,
    /// Who did it.
    pub actor: Author,
    /// When it was committed, or shortly before.
    pub at: Timestamp,
    /// What there is to say, by the schema of the type.
    #[schema(value_type = Object)]
    pub data: Value,
}
