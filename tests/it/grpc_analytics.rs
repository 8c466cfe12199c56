//! Files of clicks and reports over gRPC: what REST does, with its rights.

use elido::domain::role::Role;
use elido::infra::grpc::v1;
use elido::infra::grpc::v1::click_exports_client::ClickExportsClient;
use elido::infra::grpc::v1::report_schedules_client::ReportSchedulesClient;
use tonic::{Code, Request};

use crate::support::members::{member, user_id};
use crate::support::platform::{Account, Platform, eventually};

fn call<T>(account: &Account, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let bearer = format!("Bearer {}", account.token);
    request.metadata_mut().insert("authorization", bearer.parse().expect("a header"));
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_clicks_is_asked_for_followed_and_linked() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let workspace_id = owner.workspace.clone();
    let client = ClickExportsClient::connect(platform.grpc()).await.expect("a connection");
    let create = |filters: &str| v1::CreateClickExportRequest {
        workspace_id: workspace_id.clone(),
        format: v1::ClickExportFormat::Parquet.into(),
        filters: filters.to_owned(),
    };
    let refused = client.clone().create_click_export(call(&owner, create("country=Atlantis"))).await;
    assert_eq!(refused.expect_err("no such country").code(), Code::InvalidArgument);
    let made = client.clone().create_click_export(call(&owner, create("kind=redirect"))).await.expect("an export");
    let made = made.into_inner().click_export.expect("an export");
    assert_eq!((made.format(), made.filters.as_str()), (v1::ClickExportFormat::Parquet, "kind=redirect"));

    let get = || {
        let (workspace_id, click_export_id) = (workspace_id.clone(), made.id.clone());
        let request = call(&owner, v1::GetClickExportRequest { workspace_id, click_export_id });
        let mut client = client.clone();
        async move {
            let found = client.get_click_export(request).await.expect("an export").into_inner();
            found.click_export.expect("an export")
        }
    };
    eventually("it is written", || async { get().await.state() == v1::ClickExportState::Ready }).await;
    let ready = get().await;
    let link = v1::GetClickExportLinkRequest { workspace_id: workspace_id.clone(), click_export_id: made.id };
    let link = client.clone().get_click_export_link(call(&owner, link)).await.expect("a link").into_inner();
    assert!(link.url.contains("/v1/objects/") || link.url.contains("clicks-parquet"), "{}", link.url);
    let list = v1::ListClickExportsRequest { workspace_id, limit: Some(1), cursor: None };
    let listed = client.clone().list_click_exports(call(&owner, list)).await.expect("a page").into_inner();
    assert_eq!((listed.click_exports, listed.next_cursor), (vec![ready], None));
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_set_up_changed_and_called_off() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let viewer = member(&platform, &owner, "viewer@example.com", Role::Viewer).await;
    let workspace_id = owner.workspace.clone();
    let mut client = ReportSchedulesClient::connect(platform.grpc()).await.expect("a connection");
    let draft = v1::CreateReportScheduleRequest {
        workspace_id: workspace_id.clone(),
        name: "Spring".to_owned(),
        every: v1::ReportInterval::Month.into(),
        ..Default::default()
    };
    let refused = client.create_report_schedule(call(&viewer, draft.clone())).await;
    assert_eq!(refused.expect_err("viewers change nothing").code(), Code::PermissionDenied);
    let without = v1::CreateReportScheduleRequest { every: 0, ..draft.clone() };
    let refused = client.create_report_schedule(call(&owner, without)).await;
    assert_eq!(refused.expect_err("how often?").code(), Code::InvalidArgument);

    let by_mail = client.create_report_schedule(call(&owner, draft.clone())).await.expect("a report").into_inner();
    assert_eq!(by_mail.webhook_secret, None);
    assert_eq!(by_mail.report_schedule.expect("a report").recipients, [user_id(&platform, &owner).await]);
    let inside = v1::CreateReportScheduleRequest { webhook_url: Some("https://10.0.0.1/".to_owned()), ..draft.clone() };
    let refused = client.create_report_schedule(call(&owner, inside)).await;
    assert_eq!(refused.expect_err("it is of the operator's network").code(), Code::InvalidArgument);
    let url = Some("https://hooks.example.com/elido".to_owned());
    let to_webhook = v1::CreateReportScheduleRequest { webhook_url: url.clone(), ..draft };
    let to_webhook = client.create_report_schedule(call(&owner, to_webhook)).await.expect("a report").into_inner();
    assert!(to_webhook.webhook_secret.is_some_and(|secret| secret.starts_with("whsec_")));
    let made = to_webhook.report_schedule.expect("a report");
    assert_eq!((&made.webhook_url, made.recipients.len(), &made.last_delivery), (&url, 0, &None));

    let update = v1::UpdateReportScheduleRequest {
        workspace_id: workspace_id.clone(),
        report_schedule_id: made.id.clone(),
        version: Some(made.version),
        paused: Some(true),
        ..Default::default()
    };
    let updated = client.update_report_schedule(call(&owner, update.clone())).await.expect("a report").into_inner();
    assert!(updated.report_schedule.expect("a report").paused);
    let stale = client.update_report_schedule(call(&owner, update)).await.expect_err("it has another version");
    assert_eq!(stale.code(), Code::FailedPrecondition);
    let delete = v1::DeleteReportScheduleRequest {
        workspace_id: workspace_id.clone(),
        report_schedule_id: made.id,
        version: None,
    };
    client.delete_report_schedule(call(&owner, delete)).await.expect("called off");
    let list = v1::ListReportSchedulesRequest { workspace_id, limit: None, cursor: None };
    let left = client.list_report_schedules(call(&owner, list)).await.expect("a page").into_inner();
    assert_eq!(left.report_schedules.len(), 1);
}
