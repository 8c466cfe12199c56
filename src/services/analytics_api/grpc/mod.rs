//! Analytics for the other processes of the cluster, over gRPC, on the listener of api-core.

mod click_exports;
mod report_schedules;

use tonic::server::NamedService;

use super::Analytics;
use crate::infra::grpc::REQUEST_BYTES_MAX;
use crate::infra::grpc::v1::click_exports_server::ClickExportsServer;
use crate::infra::grpc::v1::report_schedules_server::ReportSchedulesServer;
use crate::services::api_core::grpc::Beside;
use click_exports::ClickExportsService;
use report_schedules::ReportSchedulesService;

/// The services, for the listener, besides others.
#[must_use]
pub fn services(analytics: &Analytics, others: Beside) -> Beside {
    let exports = ClickExportsServer::new(ClickExportsService(analytics.clone()));
    let reports = ReportSchedulesServer::new(ReportSchedulesService(analytics.clone()));
    let mut names = others.names;
    names.extend([
        ClickExportsServer::<ClickExportsService>::NAME,
        ReportSchedulesServer::<ReportSchedulesService>::NAME,
    ]);
    let routes = others.routes.add_service(exports.max_decoding_message_size(REQUEST_BYTES_MAX));
    Beside { routes: routes.add_service(reports.max_decoding_message_size(REQUEST_BYTES_MAX)), names }
}
