//! What a shared page shows: counts of the clicks that it is about, and nothing that is not on its list.
//!
//! Invariant: which clicks those are is decided when the page is shared; visitors choose the period alone.

use futures_util::future::try_join_all;
use serde::Serialize;
use utoipa::ToSchema;

use super::Analytics;
use super::calendar::Interval;
use super::dimension::ReportDimension;
use super::reports;
use super::request::ReportRequest;
use super::responses::{BreakdownResponse, Summary, Timeseries};
use super::tags::LinkTags;
use crate::domain::error::{Error, FieldError, Result};
use crate::domain::id::LinkId;
use crate::domain::time::Timestamp;
use crate::infra::click_store::Dimension;
use crate::runtime::clock;
use crate::services::api_core::{Access, CreatedShare, OpenShare, ShareDraft};

/// What clicks are told apart by on a shared page.
const DIMENSIONS: [Dimension; 7] = [
    Dimension::Slug,
    Dimension::Country,
    Dimension::City,
    Dimension::Referrer,
    Dimension::Device,
    Dimension::Os,
    Dimension::Browser,
];
/// How many values of each are shown.
const VALUES_MAX: u32 = 10;
/// Where the filters of a share stand in its draft.
const FILTERS: &str = "/filters";

/// The statistics of a shared page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SharedReport {
    /// The heading of the page.
    pub name: String,
    /// When the page ends.
    pub expires_at: Option<Timestamp>,
    /// Clicks and visitors in total.
    pub summary: Summary,
    /// Clicks and visitors over time.
    pub timeseries: Timeseries,
    /// Clicks and visitors by slug, country, city, referrer, device, operating system and browser: the ten most of each.
    pub breakdowns: Vec<BreakdownResponse>,
}

impl Analytics {
    /// Shares a page about the clicks that `request` names, which is what the draft's filters say.
    ///
    /// # Errors
    /// `Invalid` where the filters name a period, or are not valid, or one of their links is in a closed folder; as
    /// [`crate::services::api_core::ApiCore::create_share`].
    pub async fn share(&self, access: &Access, draft: ShareDraft, request: &ReportRequest) -> Result<CreatedShare> {
        if request.from.is_some() || request.to.is_some() {
            let message = "leave from and to out: whoever opens the page chooses the period";
            return Err(Error::invalid_field(FILTERS, "names_a_period", message));
        }
        request.check(access.workspace_id(), clock::now()).map_err(in_filters)?;
        self.core().require_shareable(access, &links_of(request)).await?;
        self.core().create_share(access, draft).await
    }

    /// The statistics of a page that was opened, in a period.
    ///
    /// # Errors
    /// Errors in the period; a store that is unavailable or too slow.
    pub async fn shared_report(
        &self,
        open: OpenShare,
        request: &ReportRequest,
        interval: Interval,
        time_zone: &str,
    ) -> Result<SharedReport> {
        let (access, share) = (open.access, open.share);
        let summary = self.summary(&access, request, false).await?;
        let timeseries = self.timeseries(&access, request, interval, time_zone, false).await?;
        let (store, selection) = self.to_export(&access, request).await?;
        let tags = LinkTags::default();
        let by = DIMENSIONS.into_iter().map(ReportDimension::Click);
        let breakdowns = by.map(|by| reports::breakdown(&store, &selection, by, &tags, VALUES_MAX, false));
        let breakdowns = try_join_all(breakdowns).await?;
        Ok(SharedReport { name: share.name, expires_at: share.expires_at, summary, timeseries, breakdowns })
    }
}

/// The links that the filters let through by name.
fn links_of(request: &ReportRequest) -> Vec<LinkId> {
    let of_links = request.filters.iter().filter(|(by, _)| *by == ReportDimension::Click(Dimension::Link));
    of_links.flat_map(|(_, values)| values).filter_map(|text| text.parse().ok()).collect()
}

/// The errors of a query string, where it stands in the body.
#[must_use]
pub fn in_filters(error: Error) -> Error {
    let named = |field: FieldError| FieldError {
        message: format!("{}: {}", field.pointer, field.message),
        pointer: FILTERS.to_owned(),
        ..field
    };
    Error::invalid_fields(error.fields.into_iter().map(named).collect())
}
