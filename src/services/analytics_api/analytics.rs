//! The use cases. Each answers about one workspace, to which the caller was let in.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;

use super::calendar::Interval;
use super::dimension::ReportDimension;
use super::request::ReportRequest;
use super::responses::{BreakdownResponse, HoursOfWeek, Sparklines, Summary, Timeseries};
use super::tags::LinkTags;
use super::{metrics, reports};
use crate::domain::click_policy::ClickPolicy;
use crate::domain::error::{Error, Result};
use crate::domain::id::{LinkId, WorkspaceId};
use crate::infra::click_store::{ClickStore, Event, EventPosition, Filter, Selection};
use crate::infra::outbound::Outbound;
use crate::infra::sealing::Sealing;
use crate::infra::store::{query_limits, workspaces};
use crate::runtime::clock;
use crate::services::api_core::{Access, ApiCore, Followers, ProcessingFacts, WorkspacePolicy};

/// The most links of one request for sparklines.
const SPARKLINES_MAX: usize = 100;
/// Long enough for thirty days, the last of which is not over.
const SPARKLINE_PERIOD: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What the use cases need. Clones share it.
#[derive(Clone)]
pub struct Analytics {
    clicks: ClickStore,
    core: ApiCore,
    /// Those who watch clicks come in.
    followers: Followers,
    /// What the settings say of personal data.
    facts: Arc<ProcessingFacts>,
    /// What reports go to webhooks by.
    webhooks: Webhooks,
}

/// What reports go to webhooks by: requests, and what seals their secrets.
#[derive(Clone)]
pub struct Webhooks {
    /// Makes the requests.
    pub outbound: Outbound,
    /// Seals the secrets.
    pub sealing: Sealing,
}

impl Analytics {
    /// Analytics of these clicks; `core` says who may see them and which tags links carry, `facts` what the settings say of personal data, and
    /// `webhooks` is what reports leave by.
    #[must_use]
    pub fn new(clicks: ClickStore, core: ApiCore, facts: ProcessingFacts, webhooks: Webhooks) -> Self {
        let followers = Followers::of("live clicks", metrics::live_followers);
        Self { clicks, core, followers, facts: Arc::new(facts), webhooks }
    }

    /// What makes requests to addresses that people name.
    pub(super) const fn outbound(&self) -> &Outbound {
        &self.webhooks.outbound
    }

    /// What seals secrets.
    pub(super) const fn sealing(&self) -> &Sealing {
        &self.webhooks.sealing
    }

    /// The record of processing of a workspace, as Markdown.
    ///
    /// # Errors
    /// `NotFound` if the workspace is gone; a database that is unavailable.
    pub async fn processing_record(&self, access: &Access) -> Result<String> {
        let found = workspaces::find(self.core.store().reader(), access.workspace_id()).await?;
        let workspace = found.ok_or_else(|| Error::not_found("workspace"))?;
        let policy = ClickPolicy {
            retention_days: workspace.click_retention_days,
            addresses: workspace.visitor_addresses,
            count_opted_out: workspace.count_opted_out,
        };
        Ok(self.facts.record(&[WorkspacePolicy { name: workspace.name, policy }]))
    }

    /// Where clicks are.
    pub(super) const fn clicks(&self) -> &ClickStore {
        &self.clicks
    }

    /// Those who watch clicks come in.
    pub(super) const fn followers(&self) -> &Followers {
        &self.followers
    }

    /// Who may see what.
    #[must_use]
    pub const fn core(&self) -> &ApiCore {
        &self.core
    }

    /// Clicks and visitors in total, and of the period before if `compare`.
    ///
    /// # Errors
    /// Errors in the fields of the request; a store that is unavailable or too slow.
    pub async fn summary(&self, access: &Access, request: &ReportRequest, compare: bool) -> Result<Summary> {
        let selection = self.selection(access, request).await?;
        reports::summary(&self.clicks, &selection, compare).await
    }

    /// Clicks and visitors over time, in the intervals of a time zone named as IANA does.
    ///
    /// # Errors
    /// Errors in the fields of the request, too many points; a store that is unavailable or too slow.
    pub async fn timeseries(
        &self,
        access: &Access,
        request: &ReportRequest,
        interval: Interval,
        time_zone: &str,
        compare: bool,
    ) -> Result<Timeseries> {
        let zone = zone_of(time_zone)?;
        let selection = self.selection(access, request).await?;
        reports::timeseries(&self.clicks, &selection, interval, zone, compare).await
    }

    /// The clicks of these links on each of the last thirty days of a time zone, as all reports count.
    ///
    /// # Errors
    /// Too many links, none, one named twice, an unknown zone; a store that is unavailable or too slow.
    pub async fn sparklines(&self, access: &Access, links: Vec<LinkId>, time_zone: &str) -> Result<Sparklines> {
        if links.is_empty() || links.len() > SPARKLINES_MAX {
            let message = format!("name 1 to {SPARKLINES_MAX} links");
            return Err(Error::invalid_field("link", "invalid_length", message));
        }
        if links.iter().collect::<HashSet<_>>().len() < links.len() {
            return Err(Error::invalid_field("link", "duplicate", "name each link once"));
        }
        let to = clock::now();
        let request =
            ReportRequest { from: Some(to.minus(SPARKLINE_PERIOD)), to: Some(to), ..ReportRequest::default() };
        let selection = self.selection(access, &request).await?;
        reports::sparklines(&self.clicks, &selection, links, zone_of(time_zone)?).await
    }

    /// Clicks and visitors by the hour of the week in a time zone named as IANA does.
    ///
    /// # Errors
    /// Errors in the fields of the request, too long a period; a store that is unavailable or too slow.
    pub async fn hours_of_week(
        &self,
        access: &Access,
        request: &ReportRequest,
        time_zone: &str,
    ) -> Result<HoursOfWeek> {
        let zone = zone_of(time_zone)?;
        let selection = self.selection(access, request).await?;
        reports::hours_of_week(&self.clicks, &selection, zone).await
    }

    /// Clicks and visitors by value, at most `limit` values.
    ///
    /// # Errors
    /// Errors in the fields of the request; a store that is unavailable or too slow.
    pub async fn breakdown(
        &self,
        access: &Access,
        request: &ReportRequest,
        dimension: ReportDimension,
        limit: u32,
        compare: bool,
    ) -> Result<BreakdownResponse> {
        let selection = self.selection(access, request).await?;
        let tags = match dimension {
            ReportDimension::Tag => LinkTags::new(self.core.tagged_links(access.workspace_id(), None).await?),
            ReportDimension::Click(_) => LinkTags::default(),
        };
        reports::breakdown(&self.clicks, &selection, dimension, &tags, limit, compare).await
    }

    /// At most `limit` raw clicks, newest first, those after `after`.
    ///
    /// # Errors
    /// Errors in the fields of the request; a store that is unavailable or too slow.
    pub async fn events(
        &self,
        access: &Access,
        request: &ReportRequest,
        after: Option<EventPosition>,
        limit: u32,
    ) -> Result<Vec<Event>> {
        let selection = self.selection(access, request).await?;
        Ok(self.clicks.events(&selection, after, limit).await?)
    }

    /// What an export takes: the clicks it is about, and where they are.
    ///
    /// # Errors
    /// Errors in the fields of the request.
    pub async fn to_export(&self, access: &Access, request: &ReportRequest) -> Result<(ClickStore, Selection)> {
        Ok((self.clicks.clone(), self.selection(access, request).await?))
    }

    /// The clicks that the request is about, without those of links that the caller may not know of, and tags taken for the links that carry them now.
    pub(super) async fn selection(&self, access: &Access, request: &ReportRequest) -> Result<Selection> {
        let selection = self.selection_of_all(access.workspace_id(), request).await?;
        Ok(Selection { hidden_links: self.core.hidden_links(access).await?, ..selection })
    }

    /// The same with those of all links, for what was asked by somebody who sees them all.
    pub(super) async fn selection_of_all(&self, workspace: WorkspaceId, request: &ReportRequest) -> Result<Selection> {
        let report = request.check(workspace, clock::now())?;
        let limits = query_limits::find(self.core.store().reader(), workspace).await?;
        let mut selection = Selection { limits, ..report.selection };
        if !report.tags.is_empty() {
            let tags = LinkTags::new(self.core.tagged_links(workspace, Some(&report.tags)).await?);
            selection.filters.push(tags.filter());
        }
        if !report.tags_not.is_empty() {
            let tags = LinkTags::new(self.core.tagged_links(workspace, Some(&report.tags_not)).await?);
            selection.filters.push(Filter { negated: true, ..tags.filter() });
        }
        Ok(selection)
    }
}

fn zone_of(name: &str) -> Result<Tz> {
    name.parse().map_err(|_| {
        Error::invalid_field("time_zone", "unknown_time_zone", "expected an IANA name such as Europe/Berlin")
    })
}
