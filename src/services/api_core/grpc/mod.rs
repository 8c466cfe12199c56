//! api-core for the other processes of the cluster, over gRPC.
//!
//! Invariant: a call ends within ten seconds, and sooner if its caller says so.

mod api_keys;
mod audit;
mod bulk_edits;
mod call_metrics;
mod callers;
mod domains;
mod event_consumers;
mod events;
mod evidence_exports;
mod folders;
mod freeze_windows;
mod idempotency;
mod jobs;
mod link_approvals;
mod link_batches;
mod link_comments;
mod link_explanations;
mod link_history;
mod link_requests;
mod link_resolver;
mod link_responses;
mod links;
mod offered_invitations;
mod people_messages;
mod qr_codes;
mod status;
mod tags;
mod utm_templates;
mod workspaces;

use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Error, ServerTlsConfig};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

pub(in crate::services) use callers::{Work, access, answer, origin_of, principal};
pub(in crate::services) use link_requests::{limit, read_body};
pub(in crate::services) use link_resolver::parsed;
pub(in crate::services) use link_responses::time;
pub use tonic::transport::Server;

use super::ApiCore;
use crate::http::idempotency::Idempotency;
use crate::infra::grpc::v1::api_keys_server::ApiKeysServer;
use crate::infra::grpc::v1::audit_server::AuditServer;
use crate::infra::grpc::v1::bulk_edits_server::BulkEditsServer;
use crate::infra::grpc::v1::domains_server::DomainsServer;
use crate::infra::grpc::v1::event_consumers_server::EventConsumersServer;
use crate::infra::grpc::v1::events_server::EventsServer;
use crate::infra::grpc::v1::evidence_exports_server::EvidenceExportsServer;
use crate::infra::grpc::v1::folders_server::FoldersServer;
use crate::infra::grpc::v1::freeze_windows_server::FreezeWindowsServer;
use crate::infra::grpc::v1::jobs_server::JobsServer;
use crate::infra::grpc::v1::link_approvals_server::LinkApprovalsServer;
use crate::infra::grpc::v1::link_batches_server::LinkBatchesServer;
use crate::infra::grpc::v1::link_comments_server::LinkCommentsServer;
use crate::infra::grpc::v1::link_explanations_server::LinkExplanationsServer;
use crate::infra::grpc::v1::link_history_server::LinkHistoryServer;
use crate::infra::grpc::v1::link_resolver_server::LinkResolverServer;
use crate::infra::grpc::v1::links_server::LinksServer;
use crate::infra::grpc::v1::offered_invitations_server::OfferedInvitationsServer;
use crate::infra::grpc::v1::qr_codes_server::QrCodesServer;
use crate::infra::grpc::v1::tags_server::TagsServer;
use crate::infra::grpc::v1::utm_templates_server::UtmTemplatesServer;
use crate::infra::grpc::v1::workspaces_server::WorkspacesServer;
use crate::infra::grpc::{BATCH_BYTES_MAX, FILE_DESCRIPTORS, LINK_BYTES_MAX, REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX};
use api_keys::ApiKeysService;
use audit::AuditService;
use bulk_edits::BulkEditsService;
use call_metrics::CallMetricsLayer;
use domains::DomainsService;
use event_consumers::EventConsumersService;
use events::EventsService;
use evidence_exports::EvidenceExportsService;
use folders::FoldersService;
use freeze_windows::FreezeWindowsService;
use idempotency::IdempotencyLayer;
use jobs::JobsService;
use link_approvals::LinkApprovalsService;
use link_batches::LinkBatchesService;
use link_comments::LinkCommentsService;
use link_explanations::LinkExplanationsService;
use link_history::LinkHistoryService;
use link_resolver::LinkResolverService;
use links::LinksService;
use offered_invitations::OfferedInvitationsService;
use qr_codes::QrCodesService;
use tags::TagsService;
use utm_templates::UtmTemplatesService;
use workspaces::WorkspacesService;

/// The longest that a call may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// Calls under way on one connection; more are refused at once, so that an edge looks elsewhere or serves what it knows.
const CALLS_MAX: usize = 512;
/// Streams at once on one connection: room for calls that are refused, and no more.
const STREAMS_MAX: u32 = 1024;
/// The longest head of a call, in bytes as HTTP/2 counts them.
const HEAD_BYTES_MAX: u32 = 16 * 1024;
/// Streams that were reset before the server took them up; one more ends the connection.
const PENDING_RESETS_MAX: usize = 20;
/// How often an idle connection is asked whether its other end is still there, and how long that may take.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// The services of api-core, as health checks ask for them.
const NAMES: [&str; 22] = [
    LinkResolverServer::<LinkResolverService>::NAME,
    LinksServer::<LinksService>::NAME,
    LinkExplanationsServer::<LinkExplanationsService>::NAME,
    LinkHistoryServer::<LinkHistoryService>::NAME,
    EventsServer::<EventsService>::NAME,
    AuditServer::<AuditService>::NAME,
    WorkspacesServer::<WorkspacesService>::NAME,
    ApiKeysServer::<ApiKeysService>::NAME,
    OfferedInvitationsServer::<OfferedInvitationsService>::NAME,
    JobsServer::<JobsService>::NAME,
    DomainsServer::<DomainsService>::NAME,
    EventConsumersServer::<EventConsumersService>::NAME,
    EvidenceExportsServer::<EvidenceExportsService>::NAME,
    BulkEditsServer::<BulkEditsService>::NAME,
    FreezeWindowsServer::<FreezeWindowsService>::NAME,
    FoldersServer::<FoldersService>::NAME,
    TagsServer::<TagsService>::NAME,
    LinkBatchesServer::<LinkBatchesService>::NAME,
    QrCodesServer::<QrCodesService>::NAME,
    LinkApprovalsServer::<LinkApprovalsService>::NAME,
    LinkCommentsServer::<LinkCommentsService>::NAME,
    UtmTemplatesServer::<UtmTemplatesService>::NAME,
];

/// Services of others, which the listener answers for besides those of api-core.
#[derive(Default)]
pub struct Beside {
    /// The services.
    pub routes: Routes,
    /// Their names, as health checks ask for them.
    pub names: Vec<&'static str>,
}

/// A server with the limits of this listener; over TLS if it is given certificates.
///
/// # Errors
/// The certificates cannot be used, as when a key is not that of its certificate.
pub fn server(tls: Option<ServerTlsConfig>) -> Result<Server, Error> {
    let server = Server::builder()
        .timeout(DEADLINE)
        .load_shed(true)
        .concurrency_limit_per_connection(CALLS_MAX)
        .max_concurrent_streams(Some(STREAMS_MAX))
        .http2_max_header_list_size(Some(HEAD_BYTES_MAX))
        .http2_max_pending_accept_reset_streams(Some(PENDING_RESETS_MAX))
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE));
    match tls {
        Some(tls) => server.tls_config(tls),
        None => Ok(server),
    }
}

/// Answers calls on `listener`, also those of `beside`, health checks and questions about the protocol, until `stopping` is cancelled and
/// the calls under way have ended.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    server: Server,
    listener: TcpListener,
    (core, idempotency): (ApiCore, Idempotency),
    beside: Beside,
    stopping: CancellationToken,
) -> Result<(), Error> {
    let (health, health_service) = tonic_health::server::health_reporter();
    let names: Vec<&str> = NAMES.into_iter().chain(beside.names).collect();
    report(&health, &names, ServingStatus::Serving).await;
    let resolver = LinkResolverServer::new(LinkResolverService { core: core.clone(), stopping: stopping.clone() })
        .max_decoding_message_size(REQUEST_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let events = EventsServer::new(EventsService { core: core.clone(), stopping: stopping.clone() })
        .max_decoding_message_size(REQUEST_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let audit = AuditServer::new(AuditService { core: core.clone(), stopping: stopping.clone() })
        .max_decoding_message_size(REQUEST_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let jobs = JobsServer::new(JobsService(core.clone()))
        .max_decoding_message_size(REQUEST_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let event_consumers = EventConsumersServer::new(EventConsumersService(core.clone()))
        .max_decoding_message_size(REQUEST_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let evidence_exports =
        EvidenceExportsServer::new(EvidenceExportsService(core.clone())).max_decoding_message_size(REQUEST_BYTES_MAX);
    let workspaces =
        WorkspacesServer::new(WorkspacesService(core.clone())).max_decoding_message_size(REQUEST_BYTES_MAX);
    let api_keys = ApiKeysServer::new(ApiKeysService(core.clone())).max_decoding_message_size(REQUEST_BYTES_MAX);
    let offered_invitations = OfferedInvitationsServer::new(OfferedInvitationsService(core.clone()))
        .max_decoding_message_size(REQUEST_BYTES_MAX);
    let domains = DomainsServer::new(DomainsService(core.clone()))
        .max_decoding_message_size(LINK_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1();
    // The descriptors are made together with the executable; without them everything else works all the same.
    let reflection = reflection.inspect_err(|error| tracing::error!(%error, "the protocol is not described")).ok();
    let is_local = listener.local_addr().is_ok_and(|address| address.ip().is_loopback());
    let reflection = reflection.filter(|_| is_local);
    let stop = async move {
        stopping.cancelled().await;
        report(&health, &names, ServingStatus::NotServing).await;
    };
    server
        .layer(CallMetricsLayer)
        .layer(IdempotencyLayer { core: core.clone(), idempotency })
        .add_routes(with_links(beside.routes, &core))
        .add_service(health_service)
        .add_optional_service(reflection)
        .add_service(resolver)
        .add_service(events)
        .add_service(audit)
        .add_service(workspaces)
        .add_service(api_keys)
        .add_service(offered_invitations)
        .add_service(domains)
        .add_service(jobs)
        .add_service(event_consumers)
        .add_service(evidence_exports)
        .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), stop)
        .await
}

/// Adds the services of links, and of what belongs to them.
fn with_links(routes: Routes, core: &ApiCore) -> Routes {
    let bulk_edits = BulkEditsServer::new(BulkEditsService(core.clone()))
        .max_decoding_message_size(REQUEST_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let freeze_windows = FreezeWindowsServer::new(FreezeWindowsService(core.clone()))
        .max_decoding_message_size(REQUEST_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let folders = FoldersServer::new(FoldersService(core.clone()))
        .max_decoding_message_size(REQUEST_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let tags = TagsServer::new(TagsService(core.clone()))
        .max_decoding_message_size(REQUEST_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let link_batches = LinkBatchesServer::new(LinkBatchesService(core.clone()))
        .max_decoding_message_size(BATCH_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let qr_codes = QrCodesServer::new(QrCodesService(core.clone()))
        .max_decoding_message_size(LINK_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let link_approvals = LinkApprovalsServer::new(LinkApprovalsService(core.clone()))
        .max_decoding_message_size(LINK_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let link_comments = LinkCommentsServer::new(LinkCommentsService(core.clone()))
        .max_decoding_message_size(REQUEST_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let utm_templates = UtmTemplatesServer::new(UtmTemplatesService(core.clone()))
        .max_decoding_message_size(REQUEST_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let link_history = LinkHistoryServer::new(LinkHistoryService(core.clone()))
        .max_decoding_message_size(REQUEST_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let link_explanations = LinkExplanationsServer::new(LinkExplanationsService(core.clone()))
        .max_decoding_message_size(LINK_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    let links = LinksServer::new(LinksService(core.clone()))
        .max_decoding_message_size(LINK_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX);
    routes
        .add_service(links)
        .add_service(link_explanations)
        .add_service(link_history)
        .add_service(utm_templates)
        .add_service(link_comments)
        .add_service(link_approvals)
        .add_service(folders)
        .add_service(tags)
        .add_service(link_batches)
        .add_service(qr_codes)
        .add_service(freeze_windows)
        .add_service(bulk_edits)
}

async fn report(health: &HealthReporter, names: &[&str], status: ServingStatus) {
    for name in names {
        health.set_service_status(*name, status).await;
    }
}
