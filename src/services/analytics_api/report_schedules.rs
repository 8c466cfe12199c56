//! Reports that members get by mail, or a webhook gets, week by week or month by month.
//!
//! Invariants: the report of a period is enqueued once for each recipient, or for the webhook, in the transaction that sets the time of the next; it says nothing of links in
//! folders that are closed to members; whoever is no member any more gets none.

use std::collections::HashSet;
use std::time::Duration;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::analytics::Analytics;
use super::jobs::SendReport;
use super::report_webhooks;
use super::request::ReportRequest;
use super::scheduled_period::{latest_turn, turn};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{FolderId, ReportScheduleId, UserId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::report_schedule::{ReportDelivery, ReportInterval};
use crate::domain::time::Timestamp;
use crate::infra::click_store::{Dimension, Filter, Period, Selection, Value};
use crate::infra::jobs::{NewJob, enqueue};
use crate::infra::mail::Message;
use crate::infra::store::columns::Json;
use crate::infra::store::page::Page;
use crate::infra::store::report_schedules::{self, ReportSchedule as Row};
use crate::infra::store::{Connection, Transaction, folders, links, workspaces};
use crate::runtime::clock;
use crate::services::api_core::{Access, Action, ExpectedVersion, FieldErrors, Recorded};

pub(in crate::services::analytics_api) const CREATED: Action<ReportSchedule> =
    Action::new("report_schedule.created", "A report by mail or webhook was set up.");
pub(in crate::services::analytics_api) const UPDATED: Action<ReportSchedule> =
    Action::new("report_schedule.updated", "A report by mail or webhook was changed, paused or resumed.");
pub(in crate::services::analytics_api) const DELETED: Action<ReportSchedule> =
    Action::new("report_schedule.deleted", "A report by mail or webhook was called off.");

/// The most reports of a workspace.
const SCHEDULES_MAX: u64 = 50;
/// The most recipients of a report.
const RECIPIENTS_MAX: usize = 20;
/// The most links of a folder that a report is about.
const FOLDER_LINKS_MAX: u64 = 10_000;

/// When a report is looked at again whose time zone, say, is not known any more.
const TROUBLE_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// A report that members get by mail, or a webhook gets, from time to time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReportSchedule {
    /// Its id.
    pub id: ReportScheduleId,
    /// The heading of the report.
    #[schema(example = "Spring campaign")]
    pub name: String,
    /// Which clicks it is about, as a query string of analytics.
    #[schema(example = "tag=spring&country=!DE")]
    pub filters: String,
    /// The folder of whose links it is, if it is of one.
    pub folder_id: Option<FolderId>,
    /// How often it comes.
    pub every: ReportInterval,
    /// Whose weeks and months they are.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// The members who get it by mail; none where it goes to a webhook.
    pub recipients: Vec<UserId>,
    /// The webhook that it goes to, if it goes to one.
    #[schema(format = "uri", example = "https://hooks.example.com/elido")]
    pub webhook_url: Option<String>,
    /// What came of the last message to the webhook, tests included.
    pub last_delivery: Option<ReportDelivery>,
    /// Whether it rests.
    pub paused: bool,
    /// When it comes next: an hour after its period is over.
    pub next_at: Timestamp,
    /// Who made it.
    pub created_by: Author,
    /// Grows with every edit.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A report to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportScheduleDraft {
    /// The heading of the report.
    #[schema(min_length = 1, max_length = 100, example = "Spring campaign")]
    pub name: String,
    /// Which clicks it is about, as a query string of analytics without a period; all of the workspace if empty.
    #[serde(default)]
    #[schema(max_length = 4000, example = "tag=spring&country=!DE")]
    pub filters: String,
    /// The folder of whose links it is; of all if absent.
    #[serde(default)]
    #[schema(nullable = false)]
    pub folder_id: Option<FolderId>,
    /// How often it comes.
    pub every: ReportInterval,
    /// Whose weeks and months they are: an IANA name; UTC if absent.
    #[serde(default)]
    #[schema(nullable = false, max_length = 100, example = "Europe/Berlin")]
    pub time_zone: Option<String>,
    /// The members who get it by mail: 1 to 20 of them; the caller alone if neither they nor a webhook are named.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 20, nullable = false)]
    pub recipients: Option<Vec<UserId>>,
    /// The webhook that it goes to in place of mail: an address of the internet, over HTTPS.
    #[serde(default)]
    #[schema(max_length = 2000, nullable = false, format = "uri", example = "https://hooks.example.com/elido")]
    pub webhook_url: Option<String>,
}

/// A report that was just set up.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CreatedReportSchedule {
    /// The report.
    #[serde(flatten)]
    pub schedule: ReportSchedule,
    /// What the messages to its webhook are signed with. It is shown this once; `null` for a report by mail.
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    pub webhook_secret: Option<String>,
}

/// An edit of a report. What is absent stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportSchedulePatch {
    /// The heading of the report.
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    pub name: Option<String>,
    /// The members who get it by mail: 1 to 20 of them. Not for a report that goes to a webhook.
    #[schema(min_items = 1, max_items = 20, nullable = false)]
    pub recipients: Option<Vec<UserId>>,
    /// Another webhook, for a report that goes to one. The secret stays.
    #[schema(max_length = 2000, nullable = false, format = "uri", example = "https://hooks.example.com/elido")]
    pub webhook_url: Option<String>,
    /// Whether it rests. One that goes on comes after the period that runs then; what was left out is not made up for.
    #[schema(nullable = false)]
    pub paused: Option<bool>,
}

impl Recorded for ReportSchedule {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl From<Row> for ReportSchedule {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            filters: row.filters,
            folder_id: row.folder_id,
            every: row.every,
            time_zone: row.time_zone,
            recipients: row.recipients.0,
            webhook_url: row.webhook_url,
            last_delivery: row.last_delivery.map(|delivery| delivery.0),
            paused: row.is_paused,
            next_at: row.next_at,
            created_by: row.created_by,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl Analytics {
    /// Sets a report up; `request` is what the draft's filters say, and names no period.
    ///
    /// # Errors
    /// `Invalid` with every field that is wrong; `Conflict` if the workspace has too many.
    pub async fn create_report_schedule(
        &self,
        access: &Access,
        draft: ReportScheduleDraft,
        request: ReportRequest,
    ) -> Result<CreatedReportSchedule> {
        let (workspace_id, now) = (access.workspace_id(), clock::now());
        let mut errors = FieldErrors::default();
        let name = errors.name("/name", &draft.name);
        if let Err(error) = request.check(workspace_id, now) {
            errors.extend(super::shared_report::in_filters(error).fields);
        }
        let named = draft.time_zone.as_deref().unwrap_or("UTC");
        let zone: Option<Tz> = named.parse().ok();
        if zone.is_none() {
            errors.add("/time_zone", "unknown_time_zone", "expected an IANA name such as Europe/Berlin");
        }
        let recipients = match (draft.recipients, &draft.webhook_url) {
            (Some(recipients), None) => recipients,
            (None, None) => vec![person(access)?],
            (None, Some(url)) => {
                self.check_webhook(&mut errors, url);
                Vec::new()
            }
            (Some(_), Some(_)) => {
                errors.add("/webhook_url", "not_with_recipients", "a report goes to recipients or to a webhook");
                Vec::new()
            }
        };
        let transaction = self.core().store().write().await?;
        require_room(&transaction, workspace_id).await?;
        if draft.webhook_url.is_none() {
            check_recipients(&mut errors, &transaction, workspace_id, &recipients).await?;
        }
        check_folder(&mut errors, &transaction, workspace_id, draft.folder_id).await?;
        errors.into_result()?;
        let id = ReportScheduleId::new();
        let secret = draft.webhook_url.is_some().then(|| self.new_webhook_secret(id)).transpose()?;
        let (webhook_secret, sealed_webhook_secret) = secret.unzip();
        let row = Row {
            id,
            workspace_id,
            name,
            filters: draft.filters,
            request: Json(serde_json::to_value(&request).map_err(Error::internal)?),
            folder_id: draft.folder_id,
            every: draft.every,
            time_zone: named.to_owned(),
            recipients: Json(recipients),
            webhook_url: draft.webhook_url,
            sealed_webhook_secret,
            last_delivery: None,
            is_paused: false,
            next_at: turn(draft.every, zone.unwrap_or(Tz::UTC), now)?.next_at,
            created_by: access.author(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        report_schedules::insert(&transaction, row.clone()).await?;
        let schedule = ReportSchedule::from(row);
        self.core().commit(transaction, vec![CREATED.made(access.by(), &schedule)?], Vec::new()).await?;
        Ok(CreatedReportSchedule { schedule, webhook_secret })
    }

    /// A page of the reports, newest first.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn list_report_schedules(&self, access: &Access, page: Page) -> Result<Vec<ReportSchedule>> {
        let rows = report_schedules::list(self.core().store().reader(), access.workspace_id(), page).await?;
        Ok(rows.into_iter().map(ReportSchedule::from).collect())
    }

    /// One report.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such report.
    pub async fn find_report_schedule(&self, access: &Access, id: ReportScheduleId) -> Result<ReportSchedule> {
        let row = report_schedules::find(self.core().store().reader(), access.workspace_id(), id).await?;
        row.map(ReportSchedule::from).ok_or_else(not_found)
    }

    /// Changes, pauses or resumes a report.
    ///
    /// # Errors
    /// `Invalid` with every field that is wrong; `PreconditionFailed` if it is not in the version expected.
    pub async fn update_report_schedule(
        &self,
        access: &Access,
        id: ReportScheduleId,
        expected: &impl ExpectedVersion,
        patch: ReportSchedulePatch,
    ) -> Result<ReportSchedule> {
        let (workspace_id, now) = (access.workspace_id(), clock::now());
        let transaction = self.core().store().write().await?;
        let current = lock(&transaction, workspace_id, id).await?;
        expected.require(current.version)?;
        let mut errors = FieldErrors::default();
        let name = patch.name.map(|name| errors.name("/name", &name));
        match (&patch.recipients, &patch.webhook_url, &current.webhook_url) {
            (Some(_), _, Some(_)) => {
                errors.add("/recipients", "goes_to_webhook", "this report goes to a webhook; set one up by mail");
            }
            (_, Some(_), None) => {
                errors.add("/webhook_url", "goes_by_mail", "this report goes by mail; set one up for the webhook");
            }
            (Some(recipients), _, None) => {
                check_recipients(&mut errors, &transaction, workspace_id, recipients).await?;
            }
            (None, Some(url), Some(_)) => self.check_webhook(&mut errors, url),
            (None, None, _) => {}
        }
        errors.into_result()?;
        let before = ReportSchedule::from(current.clone());
        let is_paused = patch.paused.unwrap_or(current.is_paused);
        let goes_on = current.is_paused && !is_paused;
        let next_at = if goes_on { turn(current.every, zone_of(&current)?, now)?.next_at } else { current.next_at };
        let row = Row {
            name: name.unwrap_or_else(|| current.name.clone()),
            recipients: patch.recipients.map_or_else(|| current.recipients.clone(), Json),
            webhook_url: patch.webhook_url.or_else(|| current.webhook_url.clone()),
            is_paused,
            next_at,
            version: current.version.saturating_add(1),
            updated_at: now,
            ..current
        };
        report_schedules::update(&transaction, row.clone()).await?;
        let schedule = ReportSchedule::from(row);
        self.core().commit(transaction, vec![UPDATED.edited(access.by(), &before, &schedule)?], Vec::new()).await?;
        Ok(schedule)
    }

    /// Calls a report off.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such report; `PreconditionFailed` if it is not in the version expected.
    pub async fn delete_report_schedule(
        &self,
        access: &Access,
        id: ReportScheduleId,
        expected: &impl ExpectedVersion,
    ) -> Result<()> {
        let transaction = self.core().store().write().await?;
        let current = lock(&transaction, access.workspace_id(), id).await?;
        expected.require(current.version)?;
        report_schedules::delete(&transaction, id).await?;
        let recorded_action = DELETED.removed(access.by(), &ReportSchedule::from(current))?;
        self.core().commit(transaction, vec![recorded_action], Vec::new()).await
    }

    /// Has the report of the last period sent to the caller alone, now; or to its webhook, if it goes to one.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such report; `Forbidden` for a caller who is no person.
    pub async fn test_report_schedule(&self, access: &Access, id: ReportScheduleId) -> Result<()> {
        let recipient = person(access)?;
        let transaction = self.core().store().write().await?;
        let row = lock(&transaction, access.workspace_id(), id).await?;
        let period = turn(row.every, zone_of(&row)?, clock::now())?.last;
        let job = match row.webhook_url {
            Some(_) => report_webhooks::job(&row, period, true)?,
            None => NewJob::of(&SendReport::of(&row, recipient, period, true))?,
        };
        enqueue(&transaction, job.unique(format!("test:{id}:{recipient}"))).await?;
        self.core().commit(transaction, Vec::new(), Vec::new()).await
    }

    /// Enqueues the reports that are due at this moment, each once; at most `limit` schedules. Returns how many were due.
    ///
    /// # Errors
    /// Those of the database; what was enqueued until then stays so.
    pub(super) async fn plan_reports(&self, now: Timestamp, limit: u64) -> Result<usize> {
        let due = report_schedules::due(self.core().store().reader(), now, limit).await?;
        for row in &due {
            let transaction = self.core().store().write().await?;
            let current = report_schedules::lock(&transaction, row.workspace_id, row.id).await?;
            // Somebody else may have been faster.
            let Some(current) = current.filter(|row| row.next_at <= now && !row.is_paused) else { continue };
            let turn = zone_of(&current).and_then(|zone| turn(current.every, zone, now));
            let next_at = match turn {
                Ok(turn) => {
                    enqueue_all_of(&transaction, &current, turn.last).await?;
                    turn.next_at
                }
                Err(error) => {
                    // It keeps no other from its turn.
                    tracing::error!(schedule = %current.id, "a report cannot be planned; trying again in a day: {error}");
                    now.plus(TROUBLE_PAUSE)
                }
            };
            report_schedules::update(&transaction, Row { next_at, ..current }).await?;
            self.core().commit(transaction, Vec::new(), Vec::new()).await?;
        }
        Ok(due.len())
    }

    /// Gives reports their next turn anew that are further ahead than any turn is, as where they were planned by a clock that was ahead; at
    /// most `limit` schedules of each interval. Returns how many there were.
    ///
    /// # Errors
    /// Those of the database; what was planned until then stays so.
    pub(super) async fn plan_far_reports(&self, now: Timestamp, limit: u64) -> Result<usize> {
        let mut count = 0;
        for every in [ReportInterval::Week, ReportInterval::Month] {
            let latest = latest_turn(every, now);
            for row in report_schedules::far_ahead(self.core().store().reader(), every, latest, limit).await? {
                let transaction = self.core().store().write().await?;
                let current = report_schedules::lock(&transaction, row.workspace_id, row.id).await?;
                let Some(current) = current.filter(|row| row.next_at > latest && row.every == every) else { continue };
                let next_at = zone_of(&current).and_then(|zone| turn(current.every, zone, now));
                let next_at = next_at.map_or_else(|_| now.plus(TROUBLE_PAUSE), |turn| turn.next_at);
                let (schedule, before) = (current.id, current.next_at);
                tracing::warn!(%schedule, %before, %next_at, "a report was planned by a clock that was ahead; it is planned anew");
                report_schedules::update(&transaction, Row { next_at, ..current }).await?;
                self.core().commit(transaction, Vec::new(), Vec::new()).await?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// What a recipient is to be sent; none if there is nothing to send any more: the report was called off or paused, or they are no member, or
    /// cannot sign in.
    ///
    /// # Errors
    /// `Invalid` if the report cannot be made at all; stores that are unavailable.
    pub(super) async fn report_message(&self, job: &SendReport) -> Result<Option<Message>> {
        let reader = self.core().store().reader();
        let row = report_schedules::find(reader, job.workspace_id, job.schedule_id).await?;
        let Some(row) = row.filter(|row| job.is_test || !row.is_paused) else { return Ok(None) };
        let Some(access) = self.core().access_of_outsiders(job.workspace_id).await? else { return Ok(None) };
        let member = workspaces::find_member(reader, job.workspace_id, job.recipient).await?;
        let person = member.map(|(_, person)| person).filter(|person| person.disabled_at.is_none());
        let Some(to) = person.and_then(|person| person.email.parse().ok()) else { return Ok(None) };
        let selection = self.scheduled_selection(&row, &access, Period { from: job.from, to: job.to }).await?;
        let zone = zone_of(&row)?;
        // The week or the month before, however long it was.
        let before = turn(row.every, zone, job.from)?.last;
        let letter = self.scheduled_letter(&row.name, &selection, before, zone).await?;
        let (subject, text) = (letter.subject, letter.text);
        Ok(Some(Message { to, subject, text, attachment: Some(letter.days) }))
    }

    /// The clicks of a period that a report is about.
    pub(super) async fn scheduled_selection(&self, row: &Row, access: &Access, period: Period) -> Result<Selection> {
        let request: ReportRequest = serde_json::from_value(row.request.0.clone()).map_err(Error::internal)?;
        let request = ReportRequest { from: Some(period.from), to: Some(period.to), ..request };
        let mut selection = self.selection(access, &request).await?;
        if let Some(folder) = row.folder_id {
            let reader = self.core().store().reader();
            let found = links::ids_in_folders(reader, row.workspace_id, vec![folder], FOLDER_LINKS_MAX + 1).await?;
            if found.len() as u64 > FOLDER_LINKS_MAX {
                let message = format!("the folder has more than {FOLDER_LINKS_MAX} links");
                return Err(Error::invalid_field("/folder_id", "too_many_links", message));
            }
            // No link has the empty id, so that an empty folder has no clicks.
            let ids = found.iter().map(|link| link.as_uuid()).chain([Uuid::nil()]);
            let any_of = ids.map(|id| Some(Value::Id(id))).collect();
            selection.filters.push(Filter::any_of(Dimension::Link, any_of));
        }
        Ok(selection)
    }
}

async fn enqueue_all_of(transaction: &Transaction, row: &Row, period: Period) -> Result<()> {
    if row.webhook_url.is_some() {
        enqueue(transaction, report_webhooks::job(row, period, false)?).await?;
    }
    for recipient in &row.recipients.0 {
        enqueue(transaction, NewJob::of(&SendReport::of(row, *recipient, period, false))?).await?;
    }
    Ok(())
}

async fn check_recipients(
    errors: &mut FieldErrors,
    connection: &impl Connection,
    workspace: WorkspaceId,
    recipients: &[UserId],
) -> Result<()> {
    let pointer = "/recipients";
    if recipients.is_empty() || recipients.len() > RECIPIENTS_MAX {
        errors.add(pointer, "invalid_length", format!("name 1 to {RECIPIENTS_MAX} members"));
        return Ok(());
    }
    if recipients.iter().collect::<HashSet<_>>().len() < recipients.len() {
        errors.add(pointer, "duplicate", "name each member once");
    }
    for (number, recipient) in recipients.iter().enumerate() {
        if workspaces::find_member(connection, workspace, *recipient).await?.is_none() {
            errors.add(
                &format!("{pointer}/{number}"),
                "unknown_member",
                "reports go to members of the workspace alone",
            );
        }
    }
    Ok(())
}

async fn check_folder(
    errors: &mut FieldErrors,
    connection: &impl Connection,
    workspace: WorkspaceId,
    folder: Option<FolderId>,
) -> Result<()> {
    let Some(folder) = folder else { return Ok(()) };
    if folders::closed(connection, workspace).await?.contains(&folder) {
        let message = "this folder is closed to some members; what is in it is in no report";
        errors.add("/folder_id", "in_closed_folder", message);
    } else if folders::find(connection, workspace, folder).await?.is_none() {
        errors.add("/folder_id", "unknown_folder", "the workspace has no such folder");
    }
    Ok(())
}

/// Who asks.
fn person(access: &Access) -> Result<UserId> {
    let Author::Person(user) = access.author() else {
        let message = "Reports go to people: ask as one.";
        return Err(Error::new(ErrorKind::Forbidden, "session_required", message));
    };
    Ok(user)
}

/// Whose weeks and months a report has.
pub(super) fn zone_of(row: &Row) -> Result<Tz> {
    row.time_zone.parse().map_err(|_| Error::internal(format!("{} is no time zone any more", row.time_zone)))
}

async fn lock(transaction: &Transaction, workspace: WorkspaceId, id: ReportScheduleId) -> Result<Row> {
    report_schedules::lock(transaction, workspace, id).await?.ok_or_else(not_found)
}

async fn require_room(transaction: &Transaction, workspace: WorkspaceId) -> Result<()> {
    workspaces::lock(transaction, workspace).await?.ok_or_else(|| Error::not_found("workspace"))?;
    if report_schedules::count(transaction, workspace).await? >= SCHEDULES_MAX {
        let message = format!("A workspace has at most {SCHEDULES_MAX} reports. Call some off first.");
        return Err(Error::new(ErrorKind::Conflict, "too_many_reports", message));
    }
    Ok(())
}

fn not_found() -> Error {
    Error::not_found("report schedule")
}
