//! The way from a scan of a QR code to the page behind it, counted step by step.
//!
//! Invariant: each step counts a part of the one before it.

use serde::Serialize;
use utoipa::ToSchema;

use super::analytics::Analytics;
use super::dimension::ReportDimension;
use super::request::ReportRequest;
use crate::domain::click::ClickKind;
use crate::domain::error::{Error, FieldError, Result};
use crate::domain::time::Timestamp;
use crate::infra::click_store::{Dimension, Filter, Include, Selection, Value, kind_label};
use crate::services::api_core::Access;

/// What the steps decide themselves.
const OWN: [Dimension; 3] = [Dimension::Kind, Dimension::Agent, Dimension::Qr];

/// From a scan of a QR code to the page behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AnalyticsFunnel)]
pub struct Funnel {
    /// The first moment of the period.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// Visits by a QR code, whatever became of them and whoever made them.
    pub scans: u64,
    /// Those by people: no bots, previews, prefetches or HEAD requests, and nobody whom the workspace leaves out.
    pub by_people: u64,
    /// Those that were sent on to a page.
    pub redirected: u64,
    /// Distinct visitors of those.
    pub visitors: u64,
}

impl Analytics {
    /// From a scan of a QR code to the page behind it.
    ///
    /// # Errors
    /// Errors in the fields of the request, which names neither kinds nor sorts of programs; a store that is unavailable, or a question beyond its
    /// limits.
    pub async fn funnel(&self, access: &Access, request: &ReportRequest) -> Result<Funnel> {
        require_open(request)?;
        let mut selection = self.selection(access, request).await?;
        selection.filters.push(Filter::any_of(Dimension::Qr, vec![Some(Value::Flag(true))]));
        let of_people = Selection { filters: with_any_kind(&selection.filters), ..selection.clone() };
        let everybody = Selection { include: Include::EVERYTHING, ..of_people.clone() };
        let scans = self.clicks().summary(&everybody).await?.clicks;
        let by_people = self.clicks().summary(&of_people).await?.clicks;
        let redirected = self.clicks().summary(&selection).await?;
        Ok(Funnel {
            from: selection.period.from,
            to: selection.period.to,
            scans,
            by_people,
            redirected: redirected.clicks,
            visitors: redirected.visitors,
        })
    }
}

/// The steps differ in what a filter on these would say.
fn require_open(request: &ReportRequest) -> Result<()> {
    let is_own = |dimension: &ReportDimension| matches!(dimension, ReportDimension::Click(one) if OWN.contains(one));
    let named = request.filters.iter().filter(|(dimension, values)| !values.is_empty() && is_own(dimension));
    let mut parameters: Vec<&str> = named.map(|(dimension, _)| dimension.as_str()).collect();
    parameters.extend((!request.include.is_empty()).then_some("include"));
    if parameters.is_empty() {
        return Ok(());
    }
    let error = |parameter: &str| FieldError {
        pointer: parameter.to_owned(),
        code: "not_in_funnels",
        message: "leave it out: the steps of a funnel say it themselves".to_owned(),
    };
    Err(Error::invalid_fields(parameters.into_iter().map(error).collect()))
}

fn with_any_kind(filters: &[Filter]) -> Vec<Filter> {
    let kinds = [ClickKind::Redirect, ClickKind::Missing, ClickKind::Gone, ClickKind::Root];
    let kinds = kinds.map(|kind| Some(Value::Text(kind_label(kind).into())));
    filters.iter().cloned().chain([Filter::any_of(Dimension::Kind, kinds.to_vec())]).collect()
}
