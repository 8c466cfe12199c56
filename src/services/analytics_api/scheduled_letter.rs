//! What a scheduled report says: what there is to say, and the same as a text with the days in a file.

use std::fmt::Write;

use chrono_tz::Tz;

use super::analytics::Analytics;
use super::calendar::Interval;
use super::dimension::ReportDimension;
use super::reports;
use super::responses::{BreakdownResponse, Series, Summary};
use super::tags::LinkTags;
use crate::domain::error::{Error, Result};
use crate::domain::time::Timestamp;
use crate::infra::click_store::{Dimension, Period, Selection};
use crate::infra::mail::Attachment;

/// What clicks are told apart by.
const DIMENSIONS: [Dimension; 4] = [Dimension::Slug, Dimension::Country, Dimension::Referrer, Dimension::Device];
/// How many values of each are shown.
const VALUES_MAX: u32 = 10;

/// What there is to say about the clicks of a period.
pub(super) struct Findings {
    pub(super) summary: Summary,
    pub(super) days: Series,
    pub(super) breakdowns: Vec<(Dimension, BreakdownResponse)>,
}

/// What is said about them by mail.
pub(super) struct Letter {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) days: Attachment,
}

impl Analytics {
    /// Looks at these clicks, beside those of the period `before`.
    ///
    /// # Errors
    /// The store is unavailable, or a question is beyond its limits.
    pub(super) async fn scheduled_findings(&self, selection: &Selection, before: Period, zone: Tz) -> Result<Findings> {
        let summary = reports::summary_beside(self.clicks(), selection, Some(before)).await?;
        let days = reports::timeseries(self.clicks(), selection, Interval::Day, zone, false).await?.current;
        let mut breakdowns = Vec::new();
        for dimension in DIMENSIONS {
            let by = ReportDimension::Click(dimension);
            let tags = LinkTags::default();
            let breakdown = reports::breakdown(self.clicks(), selection, by, &tags, VALUES_MAX, false).await?;
            breakdowns.push((dimension, breakdown));
        }
        Ok(Findings { summary, days, breakdowns })
    }

    /// Writes the report of these clicks.
    ///
    /// # Errors
    /// As [`Analytics::scheduled_findings`].
    pub(super) async fn scheduled_letter(
        &self,
        name: &str,
        selection: &Selection,
        before: Period,
        zone: Tz,
    ) -> Result<Letter> {
        let findings = self.scheduled_findings(selection, before, zone).await?;
        let period = selection.period;
        let (first, last) = (day(period.from, zone), day(Timestamp::from_micros(period.to.as_micros() - 1), zone));
        let text = text(name, &format!("{first} to {last} ({})", zone.name()), &findings);
        let days = Attachment { name: format!("clicks-{first}.csv"), csv: days_file(&findings.days, zone)? };
        let clicks = findings.summary.current.clicks;
        Ok(Letter { subject: format!("{name}: {clicks} clicks, {first} to {last}"), text, days })
    }
}

/// How a dimension is called in a letter.
const fn title(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Slug => "link",
        other => other.as_str(),
    }
}

fn text(name: &str, period: &str, findings: &Findings) -> String {
    let Findings { summary, breakdowns, .. } = findings;
    let (now, before) = (&summary.current, summary.previous.as_ref());
    let compared = |count: u64, before: Option<u64>| match before {
        Some(before) => format!("{count} (the period before: {before})"),
        None => count.to_string(),
    };
    let mut lines = vec![
        name.to_owned(),
        period.to_owned(),
        String::new(),
        format!("Clicks    {}", compared(now.clicks, before.map(|before| before.clicks))),
        format!("Visitors  {}", compared(now.visitors, before.map(|before| before.visitors))),
    ];
    let out = &summary.left_out;
    let reasons = [
        (out.bots, "bots"),
        (out.previews, "previews"),
        (out.prefetches, "prefetches"),
        (out.heads, "HEAD requests"),
        (out.opted_out, "visitors who opted out"),
    ];
    let told = reasons.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let told: Vec<String> = told.collect();
    if !told.is_empty() {
        lines.push(format!("Left out  {}", told.join(", ")));
    }
    for (dimension, breakdown) in breakdowns.iter().filter(|(_, breakdown)| !breakdown.data.is_empty()) {
        lines.extend([String::new(), format!("By {}", title(*dimension))]);
        lines.extend(breakdown.data.iter().map(|item| {
            let value = item.value.as_deref().filter(|value| !value.is_empty()).unwrap_or("(none)");
            format!("{:>10}  {}", item.clicks, one_line(value))
        }));
        if breakdown.other.clicks > 0 {
            lines.push(format!("{:>10}  (others)", breakdown.other.clicks));
        }
    }
    lines.extend([String::new(), "The clicks of each day are in the file beside this text.".to_owned(), String::new()]);
    lines.join("\n")
}

/// What visitors send must not look like a line of the report.
fn one_line(value: &str) -> String {
    value.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(200).collect()
}

fn days_file(series: &Series, zone: Tz) -> Result<String> {
    let mut file = String::from("day,clicks,visitors\r\n");
    for point in &series.data {
        write!(file, "{},{},{}\r\n", day(point.start, zone), point.clicks, point.visitors).map_err(Error::internal)?;
    }
    Ok(file)
}

fn day(moment: Timestamp, zone: Tz) -> String {
    moment.to_utc().map_or_else(|| moment.to_string(), |utc| utc.with_timezone(&zone).date_naive().to_string())
}
