//! How the operations on one link name it.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::id::{LinkId, WorkspaceId};

/// Names a link.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
pub(super) struct LinkPath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The link.
    pub(super) link_id: LinkId,
}
