import type { components } from "./schema";

type Schemas = components["schemas"];

export type Link = Schemas["Link"];
export type LinkDraft = Schemas["LinkDraft"];
export type LinkPatch = Schemas["LinkPatch"];
export type Rule = Schemas["Rule"];
export type Condition = Schemas["Condition"];
export type Outcome = Schemas["Outcome"];
export type Resolution = Schemas["Resolution"];
export type VisitorDraft = Schemas["VisitorDraft"];
export type ChangeRequest = Schemas["ChangeRequest"];
export type FreezeWindow = Schemas["FreezeWindow"];
export type BudgetPeriod = Schemas["BudgetPeriod"];
export type Workspace = Schemas["Workspace"];
export type Person = Schemas["Person"];
export type Account = Schemas["Account"];
export type DeletedLink = Schemas["DeletedLink"];
export type EventFailure = Schemas["EventFailure"];
export type Job = Schemas["Job"];
export type LinkComment = Schemas["LinkComment"];
export type SavedView = Schemas["SavedView"];
export type SavedViewPatch = Schemas["SavedViewPatch"];
export type Share = Schemas["Share"];
export type SharedReport = Schemas["SharedReport"];
export type UtmTemplate = Schemas["UtmTemplate"];
export type Domain = Schemas["Domain"];
export type ApiKey = Schemas["ApiKey"];
export type OAuthClient = Schemas["OAuthClient"];
export type Consent = Schemas["Consent"];
export type ExternalIdentity = Schemas["ExternalIdentity"];
export type EvidenceExport = Schemas["EvidenceExport"];
export type FolderAccess = Schemas["FolderAccess"];
export type FolderMember = Schemas["FolderMember"];
export type Utm = Schemas["Utm"];
export type Scope = Schemas["Scope"];
export type Member = Schemas["Member"];
export type Invitation = Schemas["Invitation"];
export type InvitationView = Schemas["InvitationView"];
export type Role = Schemas["Role"];
export type AuditEvent = Schemas["AuditEvent"];
export type LinkVersion = Schemas["LinkVersion"];
export type Session = Schemas["Session"];
export type BulkEdit = Schemas["BulkEdit"];
export type BulkEditChanges = Schemas["BulkEditChanges"];
export type BulkEditFilter = Schemas["BulkEditFilter"];
export type BulkEditPreview = Schemas["BulkEditPreview"];
export type BulkPatch = Schemas["BulkPatch"];
export type BulkResults = Schemas["BulkResults"];
export type Tag = Schemas["Tag"];
export type Folder = Schemas["Folder"];
export type Summary = Schemas["AnalyticsSummary"];
export type Timeseries = Schemas["AnalyticsTimeseries"];
export type HoursOfWeek = Schemas["AnalyticsHoursOfWeek"];
export type Breakdown = Schemas["AnalyticsBreakdown"];
export type Click = Schemas["AnalyticsEvent"];
export type Live = Schemas["AnalyticsLive"];
export type BreakdownRow = Schemas["AnalyticsValue"];
export type ProblemBody = Schemas["Problem"];

/** One part of an aggregate: what `/v1` answered to it. */
export interface Part<Body> {
  status: number;
  etag?: string;
  body?: Body;
  problem?: ProblemBody;
}
