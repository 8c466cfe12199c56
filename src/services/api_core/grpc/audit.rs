//! `elido.v1.Audit`: the audit trail, with the rights that credentials have over REST.
//!
//! Invariant: a call reaches a trail only through [`AuditService::trail`].

use std::fmt::Display;
use std::str::FromStr;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, iter, once};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::callers::{Work, access, answer, origin_of, principal};
use super::link_requests::{limit, moment};
use super::link_responses::time;
use super::status::to_status;
use crate::domain::audit::{AuditEvent, ChainHead};
use crate::domain::error::{Error, Result as DomainResult};
use crate::domain::permission::{ExportAuditEvents, ListAuditEvents, Operation, Permission};
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::audit_server::Audit;
use crate::infra::store::audit::AuditFilter;
use crate::services::api_core::rest::page_of_trail;
use crate::services::api_core::{ApiCore, AuditExportFormat, Trail};

/// The longest piece of a file, in bytes.
const PIECE_BYTES_MAX: usize = 1024 * 1024;

/// The use cases of the audit trail, which REST calls too.
pub(super) struct AuditService {
    pub(super) core: ApiCore,
    /// Cancelled when streams shall end, because the process does.
    pub(super) stopping: CancellationToken,
}

type Pieces = BoxStream<'static, Result<v1::ExportAuditEventsResponse, Status>>;

impl AuditService {
    /// What the sender of a call may read: the trail of the workspace that it names, or else that of the instance.
    async fn trail<T>(
        &self,
        request: &Request<T>,
        workspace: Option<&str>,
        permission: &Permission,
    ) -> DomainResult<Trail> {
        match workspace {
            Some(workspace) => Ok(Trail::of(&access(&self.core, request, workspace, permission).await?)),
            None => Ok(Trail::of_instance(self.core.authorize_admin(&principal(&self.core, request).await?)?)),
        }
    }

    fn list(&self, request: Request<v1::ListAuditEventsRequest>) -> Work<'_, v1::ListAuditEventsResponse> {
        Box::pin(async move {
            let workspace = request.get_ref().workspace_id.as_deref();
            let trail = self.trail(&request, workspace, &ListAuditEvents::PERMISSION).await?;
            let request = request.into_inner();
            let limit = limit(request.limit)?;
            let filter = AuditFilter {
                actor: request.actor.map(|actor| read("actor", &actor)).transpose()?,
                action: request.action,
                target: request.target,
                from: moment("from", request.from)?,
                until: moment("until", request.until)?,
            };
            let page = page_of_trail(&self.core, trail, &filter, limit, request.cursor.as_deref()).await?;
            let audit_events = page.data.into_iter().map(to_message).collect();
            Ok(v1::ListAuditEventsResponse { audit_events, next_cursor: page.next_cursor })
        })
    }

    fn verify(&self, request: Request<v1::VerifyAuditHeadRequest>) -> Work<'_, v1::VerifyAuditHeadResponse> {
        Box::pin(async move {
            let workspace = request.get_ref().workspace_id.as_deref();
            let trail = self.trail(&request, workspace, &ListAuditEvents::PERMISSION).await?;
            let noted = request.into_inner().noted.map(|noted| {
                Ok::<_, Error>(ChainHead { sequence: noted.sequence, hash: read("noted.hash", &noted.hash)? })
            });
            let has_noted = match noted.transpose()? {
                Some(noted) => Some(self.core.has_audit_row(trail, noted).await?),
                None => None,
            };
            let head = self.core.audit_head(trail).await?;
            let head = v1::AuditHead { sequence: head.sequence, hash: head.hash.to_string() };
            Ok(v1::VerifyAuditHeadResponse { head: Some(head), has_noted })
        })
    }

    fn export(&self, request: Request<v1::ExportAuditEventsRequest>) -> Work<'_, Pieces> {
        Box::pin(async move {
            let workspace = request.get_ref().workspace_id.as_deref();
            let trail = self.trail(&request, workspace, &ExportAuditEvents::PERMISSION).await?;
            let after = request.get_ref().after;
            let export = self.core.export_audit_events(trail, after, AuditExportFormat::Ndjson).await?;
            let pieces = export.pieces().flat_map(|piece| match piece {
                Ok(piece) => iter(parts(piece)).map(Ok).left_stream(),
                Err(error) => iter([Err(to_status(error))]).right_stream(),
            });
            let stopping = self.stopping.clone();
            let broken_off =
                once(async move { stopping.is_cancelled().then(|| Err(Status::unavailable("the server ends"))) });
            let pieces = pieces.take_until(self.stopping.clone().cancelled_owned());
            Ok(pieces.chain(broken_off.filter_map(std::future::ready)).boxed())
        })
    }
}

fn read<T: FromStr<Err: Display>>(field: &str, text: &str) -> DomainResult<T> {
    text.parse().map_err(|error: T::Err| Error::invalid_field(field, "invalid_value", error.to_string()))
}

/// A piece in parts that fit into a message.
fn parts(mut piece: Bytes) -> Vec<v1::ExportAuditEventsResponse> {
    let mut parts = Vec::new();
    while !piece.is_empty() {
        let part = piece.split_to(piece.len().min(PIECE_BYTES_MAX));
        parts.push(v1::ExportAuditEventsResponse { piece: part.into() });
    }
    parts
}

fn to_message(row: AuditEvent) -> v1::AuditEvent {
    v1::AuditEvent {
        chain: row.chain.to_string(),
        sequence: row.sequence,
        id: row.id.to_string(),
        at: Some(time(row.at)),
        actor: row.actor.to_string(),
        action: row.action,
        target: row.target,
        before_json: row.before.map(|before| before.to_string()),
        after_json: row.after.map(|after| after.to_string()),
        address: row.address,
        request_id: row.request_id,
        hash: row.hash.to_string(),
    }
}

#[tonic::async_trait]
impl Audit for AuditService {
    type ExportAuditEventsStream = Pieces;

    async fn list_audit_events(
        &self,
        request: Request<v1::ListAuditEventsRequest>,
    ) -> Result<Response<v1::ListAuditEventsResponse>, Status> {
        answer(origin_of(&request), self.list(request)).await
    }

    async fn verify_audit_head(
        &self,
        request: Request<v1::VerifyAuditHeadRequest>,
    ) -> Result<Response<v1::VerifyAuditHeadResponse>, Status> {
        answer(origin_of(&request), self.verify(request)).await
    }

    async fn export_audit_events(
        &self,
        request: Request<v1::ExportAuditEventsRequest>,
    ) -> Result<Response<Pieces>, Status> {
        answer(origin_of(&request), self.export(request)).await
    }
}
