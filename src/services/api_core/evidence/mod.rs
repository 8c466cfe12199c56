//! Evidence exports: a part of a workspace's audit trail as a signed archive, which anybody can check without a server.
//!
//! Invariants: an archive has every row of its range, in one piece, as it was sealed; a trail that is not whole gives no archive but the
//! reason; what is ready can be downloaded until it expires, and then row and archive go.

mod archive;
mod manifest;
mod write;

pub use manifest::{ArchivedFile, EvidenceManifest, MANIFEST_FILE, ROWS_FILE, SIGNATURE_FILE};

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiCore;
use super::jobs::WriteEvidence;
use super::principal::Access;
use super::recorded_action::{Action, Recorded};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::evidence::EvidenceState;
use crate::domain::id::{EvidenceExportId, WorkspaceId};
use crate::domain::recorded::{Author, Chain};
use crate::domain::time::Timestamp;
use crate::infra::jobs::{NewJob, enqueue};
use crate::infra::objects::{ObjectKey, ObjectKind};
use crate::infra::signing::PublicKey;
use crate::infra::store::evidence_exports::{self, EvidenceExport as Row};
use crate::infra::store::page::Page;
use crate::infra::store::{Transaction, audit, workspaces};
use crate::runtime::clock;

pub(super) const CREATED: Action<EvidenceExport> =
    Action::new("evidence_export.created", "An evidence export of the audit trail was asked for.");
pub(super) const FINISHED: Action<EvidenceExport> =
    Action::new("evidence_export.finished", "An evidence export can be downloaded, or cannot be written.");

/// Archives, by workspace and export.
pub(super) const ARCHIVES: ObjectKind = ObjectKind {
    name: "evidence",
    content_type: "application/gzip",
    bytes_max: 4 * 1024 * 1024 * 1024,
    kept_for: KEPT_FOR,
    ends_with_workspace: true,
};

/// How long an export can be downloaded.
const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long a link holds.
const LINK_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// The most exports of a workspace that are not written yet.
const PENDING_MAX: u64 = 5;
/// The most exports of a workspace.
const EXPORTS_MAX: u64 = 100;

/// An archive of a part of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EvidenceExport {
    /// Its id.
    pub id: EvidenceExportId,
    /// How far it is.
    pub state: EvidenceState,
    /// The number of the row of the trail behind which it starts; 0 for the beginning.
    #[schema(minimum = 0, example = 0)]
    pub after: i64,
    /// The number of its last row.
    #[schema(minimum = 1, example = 17)]
    pub through: i64,
    /// The length of the archive in bytes, once it is ready.
    pub bytes: Option<i64>,
    /// SHA-256 of the archive, once it is ready.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub sha256: Option<String>,
    /// Why it cannot be written, if it has failed.
    pub error: Option<String>,
    /// Who asked for it.
    pub created_by: Author,
    /// When.
    pub created_at: Timestamp,
    /// When it was ready, or had failed.
    pub finished_at: Option<Timestamp>,
    /// Gone from this moment on.
    pub expires_at: Timestamp,
}

/// Which part of the trail: numbers of rows, or times, or all of it where nothing is given.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceDraft {
    /// The number of the row behind which the export starts, such as the last one of the export before; 0 for the beginning.
    #[schema(minimum = 0, example = 0)]
    pub after: Option<u32>,
    /// The number of its last row; the last one of the trail if absent.
    #[schema(minimum = 1, example = 17)]
    pub through: Option<u32>,
    /// Everything from this moment on. Rows between the first and the last that fit are in the export too, so that it is in one piece.
    pub from: Option<Timestamp>,
    /// Everything before this moment.
    pub until: Option<Timestamp>,
}

/// Where an archive is downloaded.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EvidenceLink {
    /// The address. Whoever has it can read the archive without a credential.
    #[schema(format = "uri", example = "https://api.example.com/v1/objects/eyJwYXRo")]
    pub url: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What tells whether an archive is by this instance.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EvidenceKey {
    /// The algorithm of the signature, `ed25519` (RFC 8032).
    #[schema(example = "ed25519")]
    pub algorithm: &'static str,
    /// The key, 32 bytes in base64.
    pub public_key: PublicKey,
}

/// A part of a chain, by the numbers of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    after: i64,
    through: i64,
}

impl Recorded for EvidenceExport {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl From<Row> for EvidenceExport {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            state: row.state,
            after: row.after_sequence,
            through: row.through_sequence,
            bytes: row.bytes,
            sha256: row.sha256,
            error: row.error,
            created_by: row.created_by,
            created_at: row.created_at,
            finished_at: row.finished_at,
            expires_at: row.expires_at,
        }
    }
}

impl ApiCore {
    /// Has a part of the trail written into an archive.
    ///
    /// # Errors
    /// `Invalid` if the trail has no such part; `Conflict` if the workspace has too many exports.
    pub async fn create_evidence_export(&self, access: &Access, draft: &EvidenceDraft) -> Result<EvidenceExport> {
        draft.check()?;
        let workspace_id = access.workspace_id();
        let transaction = self.store.write().await?;
        // Exports are counted by one transaction at a time.
        workspaces::lock(&transaction, workspace_id).await?.ok_or_else(|| Error::not_found("workspace"))?;
        require_room(&transaction, workspace_id).await?;
        let range = range(&transaction, Chain::Workspace(workspace_id), draft).await?;
        let now = clock::now();
        let row = Row {
            id: EvidenceExportId::new(),
            workspace_id,
            state: EvidenceState::Pending,
            after_sequence: range.after,
            through_sequence: range.through,
            bytes: None,
            sha256: None,
            error: None,
            created_by: access.author(),
            created_at: now,
            finished_at: None,
            expires_at: now.plus(KEPT_FOR),
        };
        evidence_exports::insert(&transaction, row.clone()).await?;
        let job = WriteEvidence { workspace_id, export_id: row.id };
        let job = NewJob::of(&job)?.unique(row.id.to_string()).on(workspace_id.to_string());
        enqueue(&transaction, job).await?;
        let export = EvidenceExport::from(row);
        self.commit(transaction, vec![CREATED.made(access.by(), &export)?], Vec::new()).await?;
        Ok(export)
    }

    /// A page of the exports that have not expired, newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_evidence_exports(&self, access: &Access, page: Page) -> Result<Vec<EvidenceExport>> {
        let rows = evidence_exports::list(self.store.reader(), access.workspace_id(), page).await?;
        Ok(rows.into_iter().map(EvidenceExport::from).collect())
    }

    /// One export.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such export, or it has expired.
    pub async fn find_evidence_export(&self, access: &Access, id: EvidenceExportId) -> Result<EvidenceExport> {
        let row = evidence_exports::find(self.store.reader(), access.workspace_id(), id).await?;
        row.map(EvidenceExport::from).ok_or_else(|| Error::not_found("evidence export"))
    }

    /// Where the archive of an export is downloaded.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such export; `Conflict` if it is not ready.
    pub async fn link_evidence_export(&self, access: &Access, id: EvidenceExportId) -> Result<EvidenceLink> {
        let export = self.find_evidence_export(access, id).await?;
        if export.state != EvidenceState::Ready {
            let message = "This export is not ready. Read its state until it is.";
            return Err(Error::new(ErrorKind::Conflict, "not_ready", message));
        }
        let link = self.objects()?.link(&archive_key(access.workspace_id(), id)?, LINK_LIFETIME).await?;
        Ok(EvidenceLink { url: link.url.into(), expires_at: link.until })
    }

    /// What tells whether an archive is by this instance.
    ///
    /// # Errors
    /// `Internal` if the service signs nothing.
    pub fn evidence_key(&self) -> Result<EvidenceKey> {
        Ok(EvidenceKey { algorithm: "ed25519", public_key: self.signing()?.public_key()? })
    }
}

impl EvidenceDraft {
    fn check(&self) -> Result<()> {
        let by_number = self.after.is_some() || self.through.is_some();
        if by_number && (self.from.is_some() || self.until.is_some()) {
            let message = "give numbers of rows (after, through) or times (from, until), not both";
            return Err(Error::invalid_field("", "ambiguous_range", message));
        }
        if let (Some(from), Some(until)) = (self.from, self.until)
            && from >= until
        {
            return Err(Error::invalid_field("/until", "empty_range", "this is not after from"));
        }
        if let (after, Some(through)) = (self.after.unwrap_or(0), self.through)
            && after >= through
        {
            return Err(Error::invalid_field("/through", "empty_range", "this is not above after"));
        }
        Ok(())
    }
}

async fn require_room(transaction: &Transaction, workspace: WorkspaceId) -> Result<()> {
    if evidence_exports::count(transaction, workspace, Some(EvidenceState::Pending)).await? >= PENDING_MAX {
        let message =
            format!("At most {PENDING_MAX} evidence exports of a workspace are written at once. Wait for one.");
        return Err(Error::new(ErrorKind::Conflict, "too_many_exports", message));
    }
    if evidence_exports::count(transaction, workspace, None).await? >= EXPORTS_MAX {
        let message = format!("A workspace has at most {EXPORTS_MAX} evidence exports. Wait until one has expired.");
        return Err(Error::new(ErrorKind::Conflict, "too_many_exports", message));
    }
    Ok(())
}

/// The rows that were asked for.
async fn range(transaction: &Transaction, chain: Chain, draft: &EvidenceDraft) -> Result<Range> {
    let head = audit::head(transaction, chain).await?.sequence;
    let first = match draft.from {
        Some(from) => audit::first_from(transaction, chain, from).await?,
        None => Some(i64::from(draft.after.unwrap_or(0)).saturating_add(1)),
    };
    let last = match (draft.until, draft.through) {
        (Some(until), _) => audit::last_before(transaction, chain, until).await?,
        (None, Some(through)) if i64::from(through) > head => {
            let message = format!("the trail has no row of this number; its last one is {head}");
            return Err(Error::invalid_field("/through", "no_such_row", message));
        }
        (None, through) => Some(through.map_or(head, i64::from)),
    };
    match first.zip(last) {
        Some((first, last)) if first <= last => Ok(Range { after: first.saturating_sub(1), through: last }),
        _ => Err(Error::invalid_field("", "empty_range", "the trail has no row in this range")),
    }
}

/// What the archive of an export is called.
pub(super) fn archive_key(workspace: WorkspaceId, id: EvidenceExportId) -> Result<ObjectKey> {
    ObjectKey::new(ARCHIVES, &[&workspace.to_string(), &format!("{id}.tar.gz")])
}
