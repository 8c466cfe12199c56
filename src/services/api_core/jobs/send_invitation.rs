//! Sends the mail of an invitation.
//!
//! Invariant: the secret is made when the mail is, so that it stands in no job. A mail that is sent twice has two secrets, of which the
//! later one holds. Whoever sends an invitation again adds a job, whatever became of the one before, which sends nothing from then on.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::id::{InvitationId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::infra::jobs::{Handlers, JobFailure, JobKind, Kind};
use crate::services::api_core::ApiCore;

/// Sends this invitation.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::services::api_core) struct SendInvitation {
    pub(in crate::services::api_core) workspace_id: WorkspaceId,
    pub(in crate::services::api_core) invitation_id: InvitationId,
    /// Which sending of it; the latest in jobs of an older version.
    #[serde(default)]
    pub(in crate::services::api_core) sent_at: Option<Timestamp>,
}

impl JobKind for SendInvitation {
    const KIND: Kind = Kind::new("send_invitation", Duration::from_secs(2 * 60));
}

pub(super) fn handlers(core: &ApiCore) -> Handlers {
    let core = core.clone();
    Handlers::default().on(move |job: SendInvitation, _| {
        let core = core.clone();
        async move {
            let Some((relay, message)) = core.invitation_message(&job).await? else {
                return Ok(());
            };
            relay.send(message).await.map_err(|error| match error.is_passing() {
                true => JobFailure::new(error.to_string()),
                false => JobFailure::for_good(error.to_string()),
            })
        }
    })
}
