//! Links as messages.

use serde::Serialize;
use serde_json::json;

use crate::domain::click_budget::{BudgetPeriod, BudgetUse, ClickBudget};
use crate::domain::error::{Error, Result};
use crate::domain::link::ForwardQuery;
use crate::domain::link_extras::LinkPreview;
use crate::domain::time::Timestamp;
use crate::domain::utm::Utm;
use crate::infra::grpc::v1;
use crate::services::api_core::Link;

const SECOND_MICROS: i64 = 1_000_000;

/// The message that says what a link is.
pub(super) fn to_message(link: Link) -> Result<v1::Link> {
    Ok(v1::Link {
        id: link.id.to_string(),
        domain: link.domain,
        slug: link.slug,
        short_url: link.short_url,
        destination_url: link.destination_url.to_string(),
        redirect_status: link.redirect_status.as_u16().into(),
        title: link.title,
        description: link.description,
        image_url: link.image_url.map(|url| url.to_string()),
        comment: link.comment,
        tags: link.tags,
        external_id: link.external_id,
        starts_at: link.starts_at.map(time),
        expires_at: link.expires_at.map(time),
        expired_url: link.expired_url.map(|url| url.to_string()),
        expired_text: link.expired_text,
        not_found_text: link.not_found_text,
        preview: link.preview.map(preview),
        robots: link.robots,
        ios_url: link.ios_url.map(|url| url.to_string()),
        android_url: link.android_url.map(|url| url.to_string()),
        max_clicks: link.max_clicks,
        click_budget: link.click_budget.map(click_budget),
        budget_use: link.budget_use.map(budget_use),
        password_protected: link.password_protected,
        forward_query: forward_query(link.forward_query).into(),
        forward_path: link.forward_path,
        utm: Some(utm(link.utm)),
        rules_json: serde_json::to_string(&link.rules).map_err(Error::internal)?,
        archived: link.archived,
        needs_approval: link.needs_approval,
        disabled_reason: link.disabled_reason,
        clicks: link.clicks,
        last_click_at: link.last_click_at.map(time),
        version: link.version,
        created_by: link.created_by.map(|id| id.to_string()),
        created_at: Some(time(link.created_at)),
        updated_at: Some(time(link.updated_at)),
        printed_at: link.printed_at.map(time),
        folder_id: link.folder_id.map(|id| id.to_string()),
    })
}

fn preview(preview: LinkPreview) -> v1::LinkPreview {
    let image_url = preview.image_url.map(|url| url.to_string());
    v1::LinkPreview { title: preview.title, description: preview.description, image_url }
}

fn budget_use(budget: BudgetUse) -> v1::BudgetUse {
    let BudgetUse { used, left, period_end } = budget;
    v1::BudgetUse { used, left, period_end: Some(time(period_end)) }
}

fn click_budget(budget: ClickBudget) -> v1::ClickBudget {
    let period = match budget.period {
        BudgetPeriod::Day => "day",
        BudgetPeriod::Week => "week",
        BudgetPeriod::Month => "month",
    };
    v1::ClickBudget { clicks: budget.clicks, period: period.to_owned(), time_zone: budget.time_zone }
}

const fn forward_query(forward: ForwardQuery) -> v1::ForwardQuery {
    match forward {
        ForwardQuery::Off => v1::ForwardQuery::Off,
        ForwardQuery::VisitorWins => v1::ForwardQuery::VisitorWins,
        ForwardQuery::LinkWins => v1::ForwardQuery::LinkWins,
    }
}

/// Campaign parameters as messages have them.
pub(super) fn utm(utm: Utm) -> v1::Utm {
    v1::Utm { source: utm.source, medium: utm.medium, campaign: utm.campaign, term: utm.term, content: utm.content }
}

/// A moment as messages have it.
pub(in crate::services) fn time(moment: Timestamp) -> prost_types::Timestamp {
    let micros = moment.as_micros();
    let nanos = micros.rem_euclid(SECOND_MICROS).saturating_mul(1_000);
    prost_types::Timestamp {
        seconds: micros.div_euclid(SECOND_MICROS),
        nanos: i32::try_from(nanos).unwrap_or_default(),
    }
}

/// What REST calls a value without data.
pub(super) fn name(value: &impl Serialize) -> String {
    json!(value).as_str().unwrap_or_default().to_owned()
}
