//! Files of raw clicks, written by a worker and downloaded by a link: for what is too large for one request.
//!
//! Invariants: whoever asks for one sees all links of the workspace, and so does whoever reads one; its period is fixed when it is asked for; what is
//! ready can be downloaded until it expires, and then row and file go.

use std::time::Duration;

use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::analytics::Analytics;
use super::export::{ExportFormat, export};
use super::jobs::WriteClicks;
use super::request::ReportRequest;
use crate::domain::click_export::ClickExportState;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{ClickExportId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;
use crate::infra::jobs::{NewJob, enqueue};
use crate::infra::objects::{ObjectKey, ObjectKind, Stored};
use crate::infra::store::click_exports::{self, ClickExport as Row};
use crate::infra::store::columns::Json;
use crate::infra::store::page::Page;
use crate::infra::store::{Transaction, workspaces};
use crate::runtime::clock;
use crate::services::api_core::{Access, Action, By, Recorded};

pub(in crate::services::analytics_api) const CREATED: Action<ClickExport> =
    Action::new("click_export.created", "A file of clicks was asked for.");
pub(in crate::services::analytics_api) const FINISHED: Action<ClickExport> =
    Action::new("click_export.finished", "A file of clicks can be downloaded, or cannot be written.");

/// The kinds of objects of the service: files of clicks, by workspace and export.
pub const OBJECT_KINDS: &[ObjectKind] = &[CSV, NDJSON, PARQUET];

const CSV: ObjectKind = file_kind("clicks-csv", "text/csv");
const NDJSON: ObjectKind = file_kind("clicks-ndjson", "application/x-ndjson");
const PARQUET: ObjectKind = file_kind("clicks-parquet", "application/vnd.apache.parquet");
const BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;
/// How long an export can be downloaded.
const KEPT_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long a link holds.
const LINK_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// The most exports of a workspace that are not written yet.
const PENDING_MAX: u64 = 3;
/// The most exports of a workspace.
const EXPORTS_MAX: u64 = 100;
/// A job is tried for less than that, so that nobody writes what is pending for longer: its last worker was killed.
const STUCK_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
const NOT_WRITTEN: &str = "The file could not be written. Try again later.";

/// A file of clicks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClickExport {
    /// Its id.
    pub id: ClickExportId,
    /// How far it is.
    pub state: ClickExportState,
    /// The form of the file.
    pub format: ExportFormat,
    /// Which clicks, as the query string of the list of raw clicks.
    #[schema(example = "country=DE&from=2026-05-01T00:00:00Z")]
    pub filters: String,
    /// The length of the file in bytes, once it is ready.
    pub bytes: Option<i64>,
    /// SHA-256 of the file, once it is ready.
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

/// Which clicks a file is to have.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClickExportDraft {
    /// The form of the file; `csv` if absent.
    #[serde(default)]
    pub format: ExportFormat,
    /// Which clicks, as the query string of the list of raw clicks, with its period; those of the last thirty days if absent.
    #[serde(default)]
    #[schema(max_length = 4000, example = "country=DE&from=2026-05-01T00:00:00Z")]
    pub filters: String,
}

/// Where a file is downloaded.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClickExportLink {
    /// The address. Whoever has it can read the file without a credential.
    #[schema(format = "uri", example = "https://api.example.com/v1/objects/eyJwYXRo")]
    pub url: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What becomes of an export.
enum Outcome {
    Ready(Stored),
    Failed(String),
}

impl Recorded for ClickExport {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl From<Row> for ClickExport {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            state: row.state,
            format: row.format,
            filters: row.filters,
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

impl Analytics {
    /// Has clicks written into a file; `request` is what the draft's filters say.
    ///
    /// # Errors
    /// Errors in the filters; `Forbidden` where links are closed to the caller; `Conflict` if the workspace has too many exports.
    pub async fn create_click_export(
        &self,
        access: &Access,
        draft: ClickExportDraft,
        request: ReportRequest,
    ) -> Result<ClickExport> {
        self.require_sight_of_all(access).await?;
        let (workspace_id, now) = (access.workspace_id(), clock::now());
        let period = request.check(workspace_id, now)?.selection.period;
        let request = ReportRequest { from: Some(period.from), to: Some(period.to), ..request };
        let row = Row {
            id: ClickExportId::new(),
            workspace_id,
            state: ClickExportState::Pending,
            format: draft.format,
            filters: draft.filters,
            request: Json(serde_json::to_value(&request).map_err(Error::internal)?),
            bytes: None,
            sha256: None,
            error: None,
            created_by: access.author(),
            created_at: now,
            finished_at: None,
            expires_at: now.plus(KEPT_FOR),
        };
        let transaction = self.core().store().write().await?;
        // Exports are counted by one transaction at a time.
        workspaces::lock(&transaction, workspace_id).await?.ok_or_else(|| Error::not_found("workspace"))?;
        require_room(&transaction, workspace_id).await?;
        click_exports::insert(&transaction, row.clone()).await?;
        let job = NewJob::of(&WriteClicks { workspace_id, export_id: row.id })?;
        enqueue(&transaction, job.unique(row.id.to_string()).on(workspace_id.to_string())).await?;
        let export = ClickExport::from(row);
        self.core().commit(transaction, vec![CREATED.made(access.by(), &export)?], Vec::new()).await?;
        Ok(export)
    }

    /// A page of the exports that have not expired, newest first.
    ///
    /// # Errors
    /// `Forbidden` where links are closed to the caller.
    pub async fn list_click_exports(&self, access: &Access, page: Page) -> Result<Vec<ClickExport>> {
        self.require_sight_of_all(access).await?;
        let rows = click_exports::list(self.core().store().reader(), access.workspace_id(), page).await?;
        Ok(rows.into_iter().map(ClickExport::from).collect())
    }

    /// One export.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such export, or it has expired; `Forbidden` where links are closed to the caller.
    pub async fn find_click_export(&self, access: &Access, id: ClickExportId) -> Result<ClickExport> {
        self.require_sight_of_all(access).await?;
        let row = click_exports::find(self.core().store().reader(), access.workspace_id(), id).await?;
        row.map(ClickExport::from).ok_or_else(|| Error::not_found("click export"))
    }

    /// Where the file of an export is downloaded.
    ///
    /// # Errors
    /// As [`Analytics::find_click_export`]; `Conflict` if it is not ready.
    pub async fn link_click_export(&self, access: &Access, id: ClickExportId) -> Result<ClickExportLink> {
        let export = self.find_click_export(access, id).await?;
        if export.state != ClickExportState::Ready {
            let message = "This export is not ready. Read its state until it is.";
            return Err(Error::new(ErrorKind::Conflict, "not_ready", message));
        }
        let key = key(access.workspace_id(), id, export.format)?;
        let link = self.core().objects()?.link(&key, LINK_LIFETIME).await?;
        Ok(ClickExportLink { url: link.url.into(), expires_at: link.until })
    }

    /// Writes an export that is pending. `is_last_try` says that nobody tries it again.
    ///
    /// # Errors
    /// Those of the stores, when it may be tried again.
    pub(super) async fn write_click_export(
        &self,
        workspace: WorkspaceId,
        id: ClickExportId,
        is_last_try: bool,
    ) -> Result<()> {
        let row = click_exports::find(self.core().store().reader(), workspace, id).await?;
        let Some(row) = row.filter(|row| row.state == ClickExportState::Pending) else { return Ok(()) };
        let outcome = match self.write_file(&row).await {
            Ok(stored) => Outcome::Ready(stored),
            Err(error) if error.kind == ErrorKind::TooLarge => {
                Outcome::Failed("The file would be too long. Export a shorter period.".to_owned())
            }
            Err(error) if error.kind == ErrorKind::Invalid => Outcome::Failed(error.message),
            Err(error) if is_last_try => {
                tracing::error!(error = ?error, export = %id, "a click export is given up: {error}");
                Outcome::Failed(NOT_WRITTEN.to_owned())
            }
            Err(error) => return Err(error),
        };
        self.finish_click_export(row, outcome).await
    }

    async fn write_file(&self, row: &Row) -> Result<Stored> {
        let request: ReportRequest = serde_json::from_value(row.request.0.clone()).map_err(Error::internal)?;
        let selection = self.selection_of_all(row.workspace_id, &request).await?;
        let pieces = export(self.clicks().clone(), selection, row.format).map_err(Error::from);
        let key = key(row.workspace_id, row.id, row.format)?;
        Box::pin(self.core().objects()?.put(&key, pieces)).await
    }

    async fn finish_click_export(&self, row: Row, outcome: Outcome) -> Result<()> {
        let before = ClickExport::from(row.clone());
        let row = Row { finished_at: Some(clock::now()), ..row };
        let row = match outcome {
            Outcome::Ready(stored) => Row {
                state: ClickExportState::Ready,
                bytes: i64::try_from(stored.bytes).ok(),
                sha256: Some(stored.sha256),
                ..row
            },
            Outcome::Failed(reason) => Row { state: ClickExportState::Failed, error: Some(reason), ..row },
        };
        let transaction = self.core().store().write().await?;
        let known = click_exports::find(&transaction, row.workspace_id, row.id).await?;
        if known.is_none_or(|known| known.state != ClickExportState::Pending) {
            return Ok(());
        }
        let by = By::instance().within(row.workspace_id);
        click_exports::update(&transaction, row.clone()).await?;
        let recorded_action = FINISHED.edited(by, &before, &row.into())?;
        self.core().commit(transaction, vec![recorded_action], Vec::new()).await
    }

    /// Forgets exports that expired before `time`, with their files, and gives those up that nobody writes any more; `step` at a time.
    ///
    /// # Errors
    /// Those of the stores; what was forgotten until then stays so.
    pub(super) async fn forget_click_exports(&self, time: Timestamp, step: u64) -> Result<()> {
        let store = self.core().store();
        let asked_before = clock::now().minus(STUCK_AFTER);
        for row in click_exports::pending_since(store.reader(), asked_before, step).await? {
            tracing::error!(export = %row.id, "nobody writes this click export any more; it is given up");
            self.finish_click_export(row, Outcome::Failed(NOT_WRITTEN.to_owned())).await?;
        }
        loop {
            let expired = click_exports::expired_before(store.reader(), time, step).await?;
            if expired.is_empty() {
                return Ok(());
            }
            for export in expired {
                self.core().objects()?.delete(&key(export.workspace_id, export.id, export.format)?).await?;
                let transaction = store.write().await?;
                click_exports::delete(&transaction, export.workspace_id, export.id).await?;
                self.core().commit(transaction, Vec::new(), Vec::new()).await?;
            }
        }
    }
}

const fn file_kind(name: &'static str, content_type: &'static str) -> ObjectKind {
    ObjectKind { name, content_type, bytes_max: BYTES_MAX, kept_for: KEPT_FOR, ends_with_workspace: true }
}

async fn require_room(transaction: &Transaction, workspace: WorkspaceId) -> Result<()> {
    if click_exports::count(transaction, workspace, Some(ClickExportState::Pending)).await? >= PENDING_MAX {
        let message = format!("At most {PENDING_MAX} click exports of a workspace are written at once. Wait for one.");
        return Err(Error::new(ErrorKind::Conflict, "too_many_exports", message));
    }
    if click_exports::count(transaction, workspace, None).await? >= EXPORTS_MAX {
        let message = format!("A workspace has at most {EXPORTS_MAX} click exports. Wait until one has expired.");
        return Err(Error::new(ErrorKind::Conflict, "too_many_exports", message));
    }
    Ok(())
}

/// What the file of an export is called.
fn key(workspace: WorkspaceId, id: ClickExportId, format: ExportFormat) -> Result<ObjectKey> {
    let kind = match format {
        ExportFormat::Csv => CSV,
        ExportFormat::Ndjson => NDJSON,
        ExportFormat::Parquet => PARQUET,
    };
    ObjectKey::new(kind, &[&workspace.to_string(), &format!("{id}.{}", format.ending())])
}
