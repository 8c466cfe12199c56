//! Reports that go to a webhook: a signed message of JSON for each period, tried again by the job, and what came of it.
//!
//! Invariants: the secret is shown once and sealed for its report; a message keeps its id at every attempt; what came of an attempt stands in the
//! report before the attempt is over.

use std::time::Duration;

use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::analytics::Analytics;
use super::jobs::PostReport;
use super::report_schedules::zone_of;
use super::scheduled_letter::Findings;
use super::scheduled_period::turn;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::ReportScheduleId;
use crate::domain::report_schedule::{ReportDelivery, ReportDeliveryState};
use crate::infra::click_store::Period;
use crate::infra::jobs::{JobFailure, NewJob};
use crate::infra::outbound::{Answer, OutboundError, WebhookSecret};
use crate::infra::store::columns::Json;
use crate::infra::store::report_schedules::{self, ReportSchedule as Row};
use crate::runtime::clock;
use crate::services::api_core::FieldErrors;

/// The longest address, in characters.
pub(super) const URL_LENGTH_MAX: usize = 2_000;
/// The type of the messages.
const MESSAGE_TYPE: &str = "report.ready";
/// For how long a receiver may put a message off.
const PUT_OFF_MAX: Duration = Duration::from_secs(24 * 60 * 60);
const GONE: u16 = 410;
const TOO_MANY_REQUESTS: u16 = 429;
const UNAVAILABLE: u16 = 503;

/// What came of one attempt.
struct Outcome {
    status: Option<u16>,
    failure: Option<JobFailure>,
    /// For people.
    error: Option<String>,
}

/// The job that sends the report of a period to its webhook.
pub(super) fn job(row: &Row, period: Period, is_test: bool) -> Result<NewJob> {
    let message_id = format!("msg_{}", Uuid::now_v7().simple());
    let host = row.webhook_url.as_deref().and_then(|url| Some(Url::parse(url).ok()?.host_str()?.to_owned()));
    let (workspace_id, schedule_id) = (row.workspace_id, row.id);
    let job = PostReport { workspace_id, schedule_id, from: period.from, to: period.to, message_id, is_test };
    Ok(NewJob::of(&job)?.on(host.unwrap_or_default()))
}

impl Analytics {
    /// The address of a webhook, if it may be asked; notes why not.
    pub(super) fn check_webhook(&self, errors: &mut FieldErrors, text: &str) {
        let pointer = "/webhook_url";
        if text.chars().count() > URL_LENGTH_MAX {
            return errors.add(pointer, "too_long", format!("at most {URL_LENGTH_MAX} characters"));
        }
        match Url::parse(text) {
            Ok(url) => {
                if let Err(refusal) = self.outbound().check(&url) {
                    errors.add(pointer, "refused_url", refusal.to_string());
                }
            }
            Err(_) => errors.add(pointer, "invalid_url", "write an address such as https://hooks.example.com/elido"),
        }
    }

    /// A new secret for a report, and how it is kept.
    pub(super) fn new_webhook_secret(&self, id: ReportScheduleId) -> Result<(String, Vec<u8>)> {
        let secret = WebhookSecret::make();
        Ok((secret.shown(), self.sealing().seal(&context(id), secret.bytes())?))
    }

    /// Sends a report, and writes down what came of it. `is_last` says that nobody tries it again.
    ///
    /// # Errors
    /// What the job failed of; stores that are unavailable.
    pub(super) async fn post_report(
        &self,
        job: &PostReport,
        attempt: i64,
        is_last: bool,
    ) -> std::result::Result<(), JobFailure> {
        let reader = self.core().store().reader();
        let row = report_schedules::find(reader, job.workspace_id, job.schedule_id).await?;
        let Some(row) = row.filter(|row| job.is_test || !row.is_paused) else { return Ok(()) };
        let Some(url) = row.webhook_url.as_deref().and_then(|url| Url::parse(url).ok()) else { return Ok(()) };
        let outcome = match self.report_body(&row, job).await {
            Ok(Some(body)) => self.send(&row, &url, job, body).await?,
            Ok(None) => return Ok(()),
            Err(error) => Outcome::of_error(error),
        };
        self.write_down(job, &outcome, attempt, is_last).await?;
        outcome.failure.map_or(Ok(()), Err)
    }

    async fn send(&self, row: &Row, url: &Url, job: &PostReport, body: Vec<u8>) -> Result<Outcome> {
        let sealed = row.sealed_webhook_secret.clone().unwrap_or_default();
        let secret = WebhookSecret::from(self.sealing().open(&context(row.id), sealed)?);
        let sent = self.outbound().post_webhook(url, &secret, &job.message_id, clock::now(), body).await;
        Ok(sent.map_or_else(Outcome::of_trouble, Outcome::of_answer))
    }

    /// The message; none if the workspace is gone.
    async fn report_body(&self, row: &Row, job: &PostReport) -> Result<Option<Vec<u8>>> {
        let Some(access) = self.core().access_of_outsiders(job.workspace_id).await? else { return Ok(None) };
        let selection = self.scheduled_selection(row, &access, Period { from: job.from, to: job.to }).await?;
        let zone = zone_of(row)?;
        let before = turn(row.every, zone, job.from)?.last;
        let findings = self.scheduled_findings(&selection, before, zone).await?;
        serde_json::to_vec(&message(row, job, &findings)).map(Some).map_err(Error::internal)
    }

    async fn write_down(&self, job: &PostReport, outcome: &Outcome, attempt: i64, is_last: bool) -> Result<()> {
        let transaction = self.core().store().write().await?;
        let found = report_schedules::lock(&transaction, job.workspace_id, job.schedule_id).await?;
        let Some(row) = found else { return Ok(()) };
        let state = match &outcome.failure {
            None => ReportDeliveryState::Delivered,
            Some(failure) if is_last || failure.is_for_good() => ReportDeliveryState::Failed,
            Some(_) => ReportDeliveryState::Retrying,
        };
        let delivery = ReportDelivery {
            from: job.from,
            to: job.to,
            state,
            attempts: attempt,
            attempted_at: clock::now(),
            status: outcome.status,
            error: outcome.error.clone(),
        };
        report_schedules::update(&transaction, Row { last_delivery: Some(Json(delivery)), ..row }).await?;
        self.core().commit(transaction, Vec::new(), Vec::new()).await
    }
}

impl Outcome {
    fn of_answer(answer: Answer) -> Self {
        let status = Some(answer.status);
        if answer.is_success() {
            return Self { status, failure: None, error: None };
        }
        let error = format!("the receiver answered {}", answer.status);
        let put_off = answer.retry_after.filter(|_| matches!(answer.status, TOO_MANY_REQUESTS | UNAVAILABLE));
        let failure = match (answer.status, put_off) {
            (GONE, _) => JobFailure::for_good(&*error),
            (_, Some(pause)) => JobFailure::new(&*error).try_again_after(pause.min(PUT_OFF_MAX)),
            (_, None) => JobFailure::new(&*error),
        };
        Self { status, failure: Some(failure), error: Some(error) }
    }

    fn of_trouble(trouble: OutboundError) -> Self {
        let error = trouble.to_string();
        let failure = match trouble {
            OutboundError::Refused(_) => JobFailure::for_good(&*error),
            _ => JobFailure::new(&*error),
        };
        Self { status: None, failure: Some(failure), error: Some(error) }
    }

    /// The report itself could not be made. What cannot be made at all is not tried again.
    fn of_error(error: Error) -> Self {
        let told = Some(error.message.clone());
        let failure = match error.kind {
            ErrorKind::Invalid => JobFailure::for_good(error.to_string()),
            _ => error.into(),
        };
        Self { status: None, failure: Some(failure), error: told }
    }
}

fn message(row: &Row, job: &PostReport, findings: &Findings) -> Value {
    let breakdowns = findings.breakdowns.iter().map(|(dimension, breakdown)| {
        let values: Vec<Value> = breakdown
            .data
            .iter()
            .map(|item| json!({ "value": item.value, "clicks": item.clicks, "visitors": item.visitors }))
            .collect();
        (dimension.as_str().to_owned(), Value::from(values))
    });
    json!({
        "type": MESSAGE_TYPE,
        "timestamp": clock::now(),
        "data": {
            "workspace_id": row.workspace_id,
            "report_schedule_id": row.id,
            "name": row.name,
            "every": row.every,
            "time_zone": row.time_zone,
            "filters": row.filters,
            "folder_id": row.folder_id,
            "is_test": job.is_test,
            "summary": findings.summary,
            "days": findings.days.data,
            "breakdowns": breakdowns.collect::<serde_json::Map<_, _>>(),
        },
    })
}

fn context(id: ReportScheduleId) -> String {
    format!("webhook of report {id}")
}
