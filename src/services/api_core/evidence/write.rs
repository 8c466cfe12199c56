//! Writes an evidence export: what the job does.

use std::time::Duration;

use super::archive::{Entry, Rows, archive};
use super::manifest::{EvidenceManifest, FORM, MANIFEST_FILE, SIGNATURE_FILE};
use super::{EvidenceExport, FINISHED, Row, archive_key};
use crate::domain::audit::ChainHead;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::evidence::EvidenceState;
use crate::domain::id::{EvidenceExportId, WorkspaceId};
use crate::domain::recorded::Chain;
use crate::infra::objects::Stored;
use crate::infra::store::{audit, evidence_exports};
use crate::runtime::clock;
use crate::services::api_core::audit_export::AuditExportHeader;
use crate::services::api_core::recorded_action::By;
use crate::services::api_core::{ApiCore, audit_export};

/// A job is tried for less than that, so that nobody writes what is pending for longer: its last worker was killed.
const STUCK_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
const NOT_WRITTEN: &str = "The archive could not be written. Try again later.";

/// What becomes of an export.
enum Outcome {
    Ready(Stored),
    Failed(String),
}

impl ApiCore {
    /// Writes an export that is pending. `is_last_try` says that nobody tries it again.
    ///
    /// # Errors
    /// Those of the stores, when it may be tried again.
    pub(in crate::services::api_core) async fn write_evidence_export(
        &self,
        workspace: WorkspaceId,
        id: EvidenceExportId,
        is_last_try: bool,
    ) -> Result<()> {
        let row = evidence_exports::find(self.store.reader(), workspace, id).await?;
        let Some(row) = row.filter(|row| row.state == EvidenceState::Pending) else { return Ok(()) };
        let outcome = match self.write_archive(&row).await {
            Ok(outcome) => outcome,
            Err(error) if error.kind == ErrorKind::TooLarge => {
                Outcome::Failed("The archive would be too long. Export smaller parts of the trail.".to_owned())
            }
            Err(error) if is_last_try => {
                tracing::error!(error = ?error, export = %id, "an evidence export is given up: {error}");
                Outcome::Failed(NOT_WRITTEN.to_owned())
            }
            Err(error) => return Err(error),
        };
        self.finish_evidence_export(row, outcome).await
    }

    /// Ends exports that are pending and that nobody writes any more; at most `limit` of them.
    ///
    /// # Errors
    /// Only those of the store.
    pub(in crate::services::api_core) async fn give_up_stuck_evidence_exports(&self, limit: u64) -> Result<()> {
        let asked_before = clock::now().minus(STUCK_AFTER);
        for row in evidence_exports::pending_since(self.store.reader(), asked_before, limit).await? {
            tracing::error!(export = %row.id, "nobody writes this evidence export any more; it is given up");
            self.finish_evidence_export(row, Outcome::Failed(NOT_WRITTEN.to_owned())).await?;
        }
        Ok(())
    }

    async fn write_archive(&self, row: &Row) -> Result<Outcome> {
        let chain = Chain::Workspace(row.workspace_id);
        let (after, through) =
            (self.head_at(chain, row.after_sequence).await?, self.head_at(chain, row.through_sequence).await?);
        let Some((after, through)) = after.zip(through) else {
            return Ok(Outcome::Failed("The trail is not whole: a row is not there any more.".to_owned()));
        };
        let at = clock::now();
        let header = AuditExportHeader { elido_audit_export: audit_export::FORM, chain, after, head: through, at };
        let rows = Rows { store: self.store.clone(), header };
        let survey = match rows.survey().await? {
            Ok(survey) => survey,
            Err(broken) => return Ok(Outcome::Failed(format!("The trail is not whole: {broken}."))),
        };
        let signing = self.signing()?;
        let manifest = EvidenceManifest {
            elido_evidence: FORM,
            instance: self.settings.public_url.to_string(),
            export_id: row.id,
            chain,
            after,
            through,
            head: audit::head(self.store.reader(), chain).await?,
            rows: survey.rows,
            actions: survey.actions.clone(),
            written_at: at,
            file: survey.file.clone(),
            public_key: signing.public_key()?,
        };
        let manifest = serde_json::to_vec_pretty(&manifest).map_err(Error::internal)?;
        let signature = signing.sign(&manifest);
        let entries =
            [Entry { name: MANIFEST_FILE, content: &manifest }, Entry { name: SIGNATURE_FILE, content: &signature }];
        let content = archive(&entries, rows, &survey)?;
        let stored = self.objects()?.put(&archive_key(row.workspace_id, row.id)?, content).await?;
        Ok(Outcome::Ready(stored))
    }

    /// The row of this number and its hash; none if it is not there.
    async fn head_at(&self, chain: Chain, sequence: i64) -> Result<Option<ChainHead>> {
        if sequence == 0 {
            return Ok(Some(ChainHead::default()));
        }
        let rows = audit::range(self.store.reader(), chain, sequence.saturating_sub(1), sequence, 1).await?;
        Ok(rows.first().map(|row| ChainHead { sequence: row.sequence, hash: row.hash }))
    }

    async fn finish_evidence_export(&self, row: Row, outcome: Outcome) -> Result<()> {
        let before = EvidenceExport::from(row.clone());
        let row = Row { finished_at: Some(clock::now()), ..row };
        let row = match outcome {
            Outcome::Ready(stored) => Row {
                state: EvidenceState::Ready,
                bytes: i64::try_from(stored.bytes).ok(),
                sha256: Some(stored.sha256),
                ..row
            },
            Outcome::Failed(reason) => Row { state: EvidenceState::Failed, error: Some(reason), ..row },
        };
        let transaction = self.store.write().await?;
        let known = evidence_exports::find(&transaction, row.workspace_id, row.id).await?;
        if known.is_none_or(|known| known.state != EvidenceState::Pending) {
            return Ok(());
        }
        let by = By::instance().within(row.workspace_id);
        evidence_exports::update(&transaction, row.clone()).await?;
        let recorded_action = FINISHED.edited(by, &before, &row.into())?;
        self.commit(transaction, vec![recorded_action], Vec::new()).await
    }
}
