//! The table itself.

use super::{Caller, Operation, Permission, Right};
use crate::domain::role::Scope;

macro_rules! operations {
    ($($name:ident $id:literal $caller:expr;)+) => {
        $(
            #[doc = concat!("The operation `", $id, "`.")]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl Operation for $name {
                const PERMISSION: Permission = Permission { operation: $id, caller: $caller };
            }
        )+

        /// Every operation of the API, in the order that documents list them.
        pub const TABLE: &[Permission] = &[$($name::PERMISSION),+];
    };
}

const fn within(scope: Scope) -> Right {
    Right::within(scope)
}

operations! {
    SignIn "signIn" Caller::Anyone;
    SignInWithCode "signInWithCode" Caller::Anyone;
    RequestRegistration "requestRegistration" Caller::Anyone;
    Register "register" Caller::Anyone;
    RequestPasswordReset "requestPasswordReset" Caller::Anyone;
    ResetPassword "resetPassword" Caller::Anyone;
    ConfirmEmail "confirmEmail" Caller::Anyone;
    ListIdentityProviders "listIdentityProviders" Caller::Anyone;
    BeginProviderSignIn "beginProviderSignIn" Caller::Anyone;
    FinishProviderSignIn "finishProviderSignIn" Caller::Anyone;
    SignOut "signOut" Caller::Person;
    GetCsrfToken "getCsrfToken" Caller::Person;
    ListSessions "listSessions" Caller::Person;
    EndOtherSessions "endOtherSessions" Caller::Person;
    EndSession "endSession" Caller::Person;

    GetMe "getMe" Caller::Credential;
    ListIdentities "listIdentities" Caller::Person;
    BeginIdentityLink "beginIdentityLink" Caller::Person;
    UnlinkIdentity "unlinkIdentity" Caller::Person;
    RequestEmailVerification "requestEmailVerification" Caller::Person;
    RequestEmailChange "requestEmailChange" Caller::Person;
    ChangePassword "changePassword" Caller::Person;
    GetSecondFactor "getSecondFactor" Caller::Person;
    BeginSecondFactor "beginSecondFactor" Caller::Person;
    ConfirmSecondFactor "confirmSecondFactor" Caller::Person;
    DisableSecondFactor "disableSecondFactor" Caller::Person;
    ReplaceRecoveryCodes "replaceRecoveryCodes" Caller::Person;
    ListConsents "listConsents" Caller::Person;
    RevokeConsent "revokeConsent" Caller::Person;

    ListAccounts "listAccounts" Caller::InstanceAdmin;
    GetAccount "getAccount" Caller::InstanceAdmin;
    DisableAccount "disableAccount" Caller::InstanceAdmin;
    EnableAccount "enableAccount" Caller::InstanceAdmin;
    ResetSecondFactor "resetSecondFactor" Caller::InstanceAdmin;

    ListWorkspaces "list_workspaces" Caller::Credential;
    CreateWorkspace "create_workspace" Caller::Person;
    GetWorkspace "get_workspace" Caller::Member(within(Scope::WorkspaceRead).while_deleted());
    UpdateWorkspace "update_workspace" Caller::Member(within(Scope::WorkspaceWrite));
    DeleteWorkspace "delete_workspace" Caller::Member(within(Scope::WorkspaceWrite).by_owners());
    UndeleteWorkspace "undelete_workspace" Caller::Member(within(Scope::WorkspaceWrite).by_owners().while_deleted());
    TransferWorkspace "transfer_workspace" Caller::Member(within(Scope::MembersWrite).by_owners());
    LeaveWorkspace "leave_workspace" Caller::Member(within(Scope::WorkspaceRead).by_people());

    ListMembers "list_members" Caller::Member(within(Scope::MembersRead));
    GetMember "get_member" Caller::Member(within(Scope::MembersRead));
    UpdateMember "update_member" Caller::Member(within(Scope::MembersWrite).by_people());
    RemoveMember "remove_member" Caller::Member(within(Scope::MembersWrite));

    ListInvitations "list_invitations" Caller::Member(within(Scope::MembersRead));
    GetInvitation "get_invitation" Caller::Member(within(Scope::MembersRead));
    CreateInvitation "create_invitation" Caller::Member(within(Scope::MembersWrite).by_people());
    ResendInvitation "resend_invitation" Caller::Member(within(Scope::MembersWrite).by_people());
    RevokeInvitation "revoke_invitation" Caller::Member(within(Scope::MembersWrite));
    ShowInvitation "show_invitation" Caller::Anyone;
    AcceptInvitation "accept_invitation" Caller::Anyone;

    ListApiKeys "list_api_keys" Caller::Member(within(Scope::KeysRead));
    GetApiKey "get_api_key" Caller::Member(within(Scope::KeysRead));
    CreateApiKey "create_api_key" Caller::Member(within(Scope::KeysWrite).by_people());
    UpdateApiKey "update_api_key" Caller::Member(within(Scope::KeysWrite).by_people());
    RotateApiKey "rotate_api_key" Caller::Member(within(Scope::KeysWrite).by_people());
    RevokeApiKey "revoke_api_key" Caller::Member(within(Scope::KeysWrite));
    RevokeLeakedApiKey "revoke_leaked_api_key" Caller::Anyone;

    ListOAuthClients "listOAuthClients" Caller::Member(within(Scope::KeysRead));
    GetOAuthClient "getOAuthClient" Caller::Member(within(Scope::KeysRead));
    CreateOAuthClient "createOAuthClient" Caller::Member(within(Scope::KeysWrite).by_people());
    UpdateOAuthClient "updateOAuthClient" Caller::Member(within(Scope::KeysWrite).by_people());
    RotateOAuthClientSecret "rotateOAuthClientSecret" Caller::Member(within(Scope::KeysWrite).by_people());
    DeleteOAuthClient "deleteOAuthClient" Caller::Member(within(Scope::KeysWrite));

    GetAuthorizationServer "getAuthorizationServer" Caller::Anyone;
    RequestAuthorization "requestAuthorization" Caller::Anyone;
    DecideAuthorization "decideAuthorization" Caller::Anyone;
    SignInToAuthorize "signInToAuthorize" Caller::Anyone;
    IssueToken "issueToken" Caller::Anyone;
    RevokeToken "revokeToken" Caller::Anyone;
    IntrospectToken "introspectToken" Caller::Anyone;

    ListDomains "list_domains" Caller::Member(within(Scope::WorkspaceRead));
    GetDomain "get_domain" Caller::Member(within(Scope::WorkspaceRead));
    CreateDomain "create_domain" Caller::Member(within(Scope::WorkspaceWrite));
    UpdateDomain "update_domain" Caller::Member(within(Scope::WorkspaceWrite));
    DeleteDomain "delete_domain" Caller::Member(within(Scope::WorkspaceWrite));
    VerifyDomain "verify_domain" Caller::Member(within(Scope::WorkspaceWrite));

    ListLinks "list_links" Caller::Member(within(Scope::LinksRead));
    CountLinks "count_links" Caller::Member(within(Scope::LinksRead));
    CreateLink "create_link" Caller::Member(within(Scope::LinksWrite));
    LookUpLink "look_up_link" Caller::Member(within(Scope::LinksRead));
    GetLink "get_link" Caller::Member(within(Scope::LinksRead));
    UpdateLink "update_link" Caller::Member(within(Scope::LinksWrite));
    MoveLink "move_link" Caller::Member(within(Scope::LinksWrite).by_people());
    DeleteLink "delete_link" Caller::Member(within(Scope::LinksWrite));
    ResolveLink "resolve_link" Caller::Member(within(Scope::LinksRead));
    ResolveDraft "resolve_draft" Caller::Member(within(Scope::LinksRead));
    ListLinkVersions "list_link_versions" Caller::Member(within(Scope::LinksRead));
    RevertLink "revert_link" Caller::Member(within(Scope::LinksWrite));
    UndoLinkChange "undo_link_change" Caller::Member(within(Scope::LinksWrite));
    ListDeletedLinks "list_deleted_links" Caller::Member(within(Scope::LinksRead));
    RestoreLink "restore_link" Caller::Member(within(Scope::LinksWrite));
    PurgeLink "purge_link" Caller::Member(within(Scope::LinksWrite));
    GetLinkByExternalId "get_link_by_external_id" Caller::Member(within(Scope::LinksRead));
    PutLinkByExternalId "put_link_by_external_id" Caller::Member(within(Scope::LinksWrite));
    ListDuplicateDestinations "list_duplicate_destinations" Caller::Member(within(Scope::LinksRead));
    ListLinkComments "list_link_comments" Caller::Member(within(Scope::LinksRead));
    CreateLinkComment "create_link_comment" Caller::Member(within(Scope::LinksWrite));
    UpdateLinkComment "update_link_comment" Caller::Member(within(Scope::LinksWrite));
    DeleteLinkComment "delete_link_comment" Caller::Member(within(Scope::LinksWrite));
    DownloadLinkQrCode "download_link_qr_code" Caller::Member(within(Scope::LinksRead));
    DrawLinkQrCode "draw_link_qr_code" Caller::Member(within(Scope::LinksRead));
    PreviewQrCode "preview_qr_code" Caller::Member(within(Scope::LinksRead));
    MarkLinkPrinted "mark_link_printed" Caller::Member(within(Scope::LinksWrite));
    UnmarkLinkPrinted "unmark_link_printed" Caller::Member(within(Scope::LinksWrite));
    BulkEditLinks "bulk_edit_links" Caller::Member(within(Scope::LinksWrite));
    GetBulkEdit "get_bulk_edit" Caller::Member(within(Scope::LinksRead));
    CreateLinks "create_links" Caller::Member(within(Scope::LinksWrite));
    UpdateLinks "update_links" Caller::Member(within(Scope::LinksWrite));
    DeleteLinks "delete_links" Caller::Member(within(Scope::LinksWrite));

    RequestLinkChange "request_link_change" Caller::Member(within(Scope::LinksWrite));
    ListChangeRequests "list_change_requests" Caller::Member(within(Scope::LinksRead));
    GetChangeRequest "get_change_request" Caller::Member(within(Scope::LinksRead));
    WithdrawLinkChange "withdraw_link_change" Caller::Member(within(Scope::LinksWrite));
    ApproveLinkChange "approve_link_change" Caller::Member(within(Scope::LinksWrite).by_people());
    RefuseLinkChange "refuse_link_change" Caller::Member(within(Scope::LinksWrite).by_people());
    ListFreezeWindows "list_freeze_windows" Caller::Member(within(Scope::LinksRead));
    CreateFreezeWindow "create_freeze_window" Caller::Member(within(Scope::WorkspaceWrite));
    GetFreezeWindow "get_freeze_window" Caller::Member(within(Scope::LinksRead));
    UpdateFreezeWindow "update_freeze_window" Caller::Member(within(Scope::WorkspaceWrite));
    DeleteFreezeWindow "delete_freeze_window" Caller::Member(within(Scope::WorkspaceWrite));

    ListTags "list_tags" Caller::Member(within(Scope::LinksRead));
    CreateTag "create_tag" Caller::Member(within(Scope::LinksWrite));
    GetTag "get_tag" Caller::Member(within(Scope::LinksRead));
    UpdateTag "update_tag" Caller::Member(within(Scope::LinksWrite));
    DeleteTag "delete_tag" Caller::Member(within(Scope::LinksWrite));

    ListFolders "list_folders" Caller::Member(within(Scope::LinksRead));
    CreateFolder "create_folder" Caller::Member(within(Scope::LinksWrite));
    GetFolder "get_folder" Caller::Member(within(Scope::LinksRead));
    UpdateFolder "update_folder" Caller::Member(within(Scope::LinksWrite));
    UpdateFolderAccess "update_folder_access" Caller::Member(within(Scope::WorkspaceWrite).by_people());
    DeleteFolder "delete_folder" Caller::Member(within(Scope::LinksWrite));

    ListUtmTemplates "list_utm_templates" Caller::Member(within(Scope::LinksRead));
    CreateUtmTemplate "create_utm_template" Caller::Member(within(Scope::LinksWrite));
    GetUtmTemplate "get_utm_template" Caller::Member(within(Scope::LinksRead));
    UpdateUtmTemplate "update_utm_template" Caller::Member(within(Scope::LinksWrite));
    DeleteUtmTemplate "delete_utm_template" Caller::Member(within(Scope::LinksWrite));

    ListViews "list_views" Caller::Member(within(Scope::LinksRead));
    CreateView "create_view" Caller::Member(within(Scope::LinksRead).by_people());
    GetView "get_view" Caller::Member(within(Scope::LinksRead));
    UpdateView "update_view" Caller::Member(within(Scope::LinksRead).by_people());
    DeleteView "delete_view" Caller::Member(within(Scope::LinksRead).by_people());

    ListAuditEvents "list_audit_events" Caller::Member(within(Scope::AuditRead));
    ExportAuditEvents "export_audit_events" Caller::Member(within(Scope::AuditRead));
    ListInstanceAuditEvents "list_instance_audit_events" Caller::InstanceAdmin;
    ExportInstanceAuditEvents "export_instance_audit_events" Caller::InstanceAdmin;

    ListEvidenceExports "list_evidence_exports" Caller::Member(within(Scope::AuditRead));
    CreateEvidenceExport "create_evidence_export" Caller::Member(within(Scope::AuditRead));
    GetEvidenceExport "get_evidence_export" Caller::Member(within(Scope::AuditRead));
    GetEvidenceExportLink "get_evidence_export_link" Caller::Member(within(Scope::AuditRead));
    GetEvidenceKey "get_evidence_key" Caller::Anyone;

    ListEvents "list_events" Caller::Member(within(Scope::EventsRead));
    ListEventTypes "list_event_types" Caller::Credential;
    GetEventTypeSchema "get_event_type_schema" Caller::Credential;

    ListEventConsumers "list_event_consumers" Caller::InstanceAdmin;
    ListEventFailures "list_event_failures" Caller::InstanceAdmin;
    RetryEventFailure "retry_event_failure" Caller::InstanceAdmin;
    DiscardEventFailure "discard_event_failure" Caller::InstanceAdmin;

    DownloadObject "download_object" Caller::Anyone;

    ListJobs "list_jobs" Caller::InstanceAdmin;
    GetJob "get_job" Caller::InstanceAdmin;
    RetryJob "retry_job" Caller::InstanceAdmin;
    DiscardJob "discard_job" Caller::InstanceAdmin;

    GetAnalyticsSummary "getAnalyticsSummary" Caller::Member(within(Scope::AnalyticsRead));
    GetAnalyticsTimeseries "getAnalyticsTimeseries" Caller::Member(within(Scope::AnalyticsRead));
    GetAnalyticsSparklines "getAnalyticsSparklines" Caller::Member(within(Scope::AnalyticsRead));
    GetAnalyticsHoursOfWeek "getAnalyticsHoursOfWeek" Caller::Member(within(Scope::AnalyticsRead));
    GetAnalyticsBreakdown "getAnalyticsBreakdown" Caller::Member(within(Scope::AnalyticsRead));
    GetAnalyticsFunnel "getAnalyticsFunnel" Caller::Member(within(Scope::AnalyticsRead));
    FollowAnalytics "followAnalytics" Caller::Member(within(Scope::AnalyticsRead));
    ListAnalyticsEvents "listAnalyticsEvents" Caller::Member(within(Scope::AnalyticsRead));
    ExportAnalyticsEvents "exportAnalyticsEvents" Caller::Member(within(Scope::AnalyticsRead));
    ListClickExports "listClickExports" Caller::Member(within(Scope::AnalyticsRead));
    CreateClickExport "createClickExport" Caller::Member(within(Scope::AnalyticsRead));
    GetClickExport "getClickExport" Caller::Member(within(Scope::AnalyticsRead));
    GetClickExportLink "getClickExportLink" Caller::Member(within(Scope::AnalyticsRead));
    ListReportSchedules "listReportSchedules" Caller::Member(within(Scope::AnalyticsRead));
    CreateReportSchedule "createReportSchedule" Caller::Member(within(Scope::LinksWrite).by_people());
    GetReportSchedule "getReportSchedule" Caller::Member(within(Scope::AnalyticsRead));
    UpdateReportSchedule "updateReportSchedule" Caller::Member(within(Scope::LinksWrite).by_people());
    DeleteReportSchedule "deleteReportSchedule" Caller::Member(within(Scope::LinksWrite).by_people());
    TestReportSchedule "testReportSchedule" Caller::Member(within(Scope::LinksWrite).by_people());
    GetQueryLimits "getQueryLimits" Caller::InstanceAdmin;
    UpdateQueryLimits "updateQueryLimits" Caller::InstanceAdmin;
    EraseClicks "eraseClicks" Caller::Member(within(Scope::WorkspaceWrite));
    GetProcessingRecord "getProcessingRecord" Caller::Member(within(Scope::AuditRead));

    ListShares "listShares" Caller::Member(within(Scope::AnalyticsRead));
    CreateShare "createShare" Caller::Member(within(Scope::LinksWrite).by_people());
    GetShare "getShare" Caller::Member(within(Scope::AnalyticsRead));
    UpdateShare "updateShare" Caller::Member(within(Scope::LinksWrite).by_people());
    RevokeShare "revokeShare" Caller::Member(within(Scope::LinksWrite).by_people());
    GetSharedReport "getSharedReport" Caller::Anyone;
}
