//! The clicks of the last half hour as they are stored, for whoever stays to watch.
//!
//! Invariants: a click is told once, unless it is stored more than a minute later than it was answered or is among too many, when only the minutes
//! count it; whoever may no longer see them is let go.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono_tz::Tz;
use futures_util::stream::{self, Stream};
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::analytics::Analytics;
use super::calendar::Interval;
use super::events::ClickEvent;
use super::reports;
use super::request::ReportRequest;
use super::responses::{LeftOutCounts, Point};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::permission::{FollowAnalytics, Operation};
use crate::domain::time::Timestamp;
use crate::infra::click_store::EventPosition;
use crate::runtime::clock;
use crate::services::api_core::{Access, Principal};

/// What is shown by the minute.
const WINDOW: Duration = Duration::from_secs(30 * 60);
/// How often it is looked whether there are new clicks.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How much later than it was answered a click may be stored and still be told by itself.
const LATE_MAX: Duration = Duration::from_secs(60);
/// Clicks in one message.
const CLICKS_MAX: u32 = 100;
/// How often it is asked whether a follower may still follow.
const RIGHT_CHECKED_EVERY: Duration = Duration::from_secs(60);
const MINUTE: Duration = Duration::from_secs(60);

/// What has happened since the message before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AnalyticsLive)]
pub struct Live {
    /// Each of the last thirty minutes, and the one that is not over yet.
    pub minutes: Vec<Point>,
    /// What is not counted in them, and why.
    pub left_out: LeftOutCounts,
    /// The clicks that are new, newest first, at most 100: in the first message the newest of the half hour.
    pub clicks: Vec<ClickEvent>,
}

/// Who follows, and what they have been told.
struct Follower {
    analytics: Analytics,
    principal: Principal,
    access: Access,
    request: ReportRequest,
    told: BTreeSet<EventPosition>,
    /// The minute of the message before.
    minute: Option<Timestamp>,
    checked_at: Instant,
}

impl Analytics {
    /// The clicks of the last half hour, as they are now.
    ///
    /// # Errors
    /// Errors in the fields of the request; a store that is unavailable or too slow.
    pub async fn live(&self, principal: Principal, access: Access, request: ReportRequest) -> Result<Live> {
        Follower::new(self, principal, access, request).next().await
    }

    /// The clicks of the last half hour, and those that come: a message at once, and then whenever there is something new or a minute is over.
    /// `request` says which clicks, and names no period.
    ///
    /// # Errors
    /// Errors in the fields of the request, and later as the last item; `RateLimited` if there are too many followers.
    pub async fn follow(
        &self,
        principal: Principal,
        access: Access,
        request: ReportRequest,
    ) -> Result<impl Stream<Item = Result<Live>> + Send + 'static> {
        self.selection(&access, &request).await?;
        let place = self.followers().enter(access.workspace_id())?;
        let follower = Follower::new(self, principal, access, request);
        Ok(stream::unfold(Some((follower, place)), |state| async move {
            let (mut follower, place) = state?;
            match follower.next().await {
                Ok(live) => Some((Ok(live), Some((follower, place)))),
                Err(error) => Some((Err(error), None)),
            }
        }))
    }
}

impl Follower {
    fn new(analytics: &Analytics, principal: Principal, access: Access, request: ReportRequest) -> Self {
        let analytics = analytics.clone();
        let (told, minute, checked_at) = (BTreeSet::new(), None, Instant::now());
        Self { analytics, principal, access, request, told, minute, checked_at }
    }

    async fn next(&mut self) -> Result<Live> {
        loop {
            if self.minute.is_some() {
                tokio::time::sleep(LOOK_INTERVAL).await;
            }
            match self.look().await {
                Ok(Some(live)) => return Ok(live),
                Ok(None) => {}
                // What is unavailable comes back, and the follower need not know. At first it should.
                Err(error) if is_passing(&error) && self.minute.is_some() => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What is new; nothing if there is nothing.
    async fn look(&mut self) -> Result<Option<Live>> {
        self.require_right().await?;
        let now = clock::now();
        let this_minute = floor(now);
        let clicks = self.new_clicks(now).await?;
        if clicks.is_empty() && self.minute == Some(this_minute) {
            return Ok(None);
        }
        let period = ReportRequest {
            from: Some(this_minute.minus(WINDOW)),
            to: Some(this_minute.plus(MINUTE)),
            ..self.request.clone()
        };
        let selection = self.analytics.selection(&self.access, &period).await?;
        let series = reports::timeseries(self.analytics.clicks(), &selection, Interval::Minute, Tz::UTC, false).await?;
        self.minute = Some(this_minute);
        Ok(Some(Live { minutes: series.current.data, left_out: series.left_out, clicks }))
    }

    async fn new_clicks(&mut self, now: Timestamp) -> Result<Vec<ClickEvent>> {
        let back = if self.minute.is_some() { LATE_MAX } else { WINDOW };
        // Clocks of edges may be a little ahead.
        let period = ReportRequest { from: Some(now.minus(back)), to: Some(now.plus(MINUTE)), ..self.request.clone() };
        let mut events = self.analytics.events(&self.access, &period, None, CLICKS_MAX).await?;
        events.retain(|event| self.told.insert(event.position));
        // Those before can come no more.
        let kept_from = now.minus(LATE_MAX);
        self.told.retain(|position| position.at >= kept_from);
        Ok(events.into_iter().map(ClickEvent::from).collect())
    }

    async fn require_right(&mut self) -> Result<()> {
        if self.checked_at.elapsed() < RIGHT_CHECKED_EVERY {
            return Ok(());
        }
        let core = self.analytics.core();
        let workspace = self.access.workspace_id();
        // Folders may have been closed to the follower meanwhile.
        self.access = core.require_still(&self.principal, workspace, &FollowAnalytics::PERMISSION).await?;
        self.checked_at = Instant::now();
        Ok(())
    }
}

/// Whether what is wrong now may be well when it is looked again.
const fn is_passing(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Unavailable | ErrorKind::RateLimited)
}

/// The start of the minute that `moment` is in.
fn floor(moment: Timestamp) -> Timestamp {
    let minute = i64::try_from(MINUTE.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(moment.as_micros() - moment.as_micros().rem_euclid(minute))
}
