//! The clicks that a limited link has left, of all and of a period.
//!
//! Invariant: no more are used than there are, whoever uses them at once. A period never gives way to an earlier one, so that clocks which
//! differ open none twice.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter};

use super::Connection;
use super::entities::link;
use super::links::Link;
use crate::domain::click_budget::BudgetUse;
use crate::domain::error::Result;
use crate::domain::id::LinkId;
use crate::domain::time::Timestamp;

/// Whether a link has a click left; uses none up.
///
/// # Errors
/// Only those of the database.
pub async fn has_click_left(connection: &impl Connection, id: LinkId, now: Timestamp) -> Result<bool> {
    let Some(link) = link::Entity::find_by_id(id).one(connection).await? else { return Ok(false) };
    Ok(is_left(&link, now))
}

/// Whether this link has a click left.
#[must_use]
pub fn is_left(link: &link::Model, now: Timestamp) -> bool {
    let of_all = link.max_clicks.is_none_or(|max| link.used_clicks < max);
    of_all && budget_use(link, now).is_none_or(|budget| budget.left > 0)
}

/// How much of this link's budget is used, if it has one.
#[must_use]
pub fn budget_use(link: &link::Model, now: Timestamp) -> Option<BudgetUse> {
    let budget = &link.click_budget.as_ref()?.0;
    Some(budget.used_at(now, link.period_start, link.period_clicks))
}

/// Uses up one of a link's clicks, in one statement. Returns the link as it is then, or none if no click is left.
///
/// # Errors
/// Only those of the database.
pub async fn claim_click(connection: &impl Connection, id: LinkId, now: Timestamp) -> Result<Option<Link>> {
    let Some(link) = link::Entity::find_by_id(id).one(connection).await? else { return Ok(None) };
    let left = Expr::col(link::Column::UsedClicks).lt(Expr::col(link::Column::MaxClicks));
    let mut claim = link::Entity::update_many()
        .col_expr(link::Column::UsedClicks, Expr::col(link::Column::UsedClicks).add(1))
        .filter(link::Column::Id.eq(id))
        .filter(link::Column::MaxClicks.is_null().or(left));
    if let Some(budget) = link.click_budget {
        let start = budget.0.period_at(now).start;
        let begun = || link::Column::PeriodStart.gte(start);
        let clicks = Expr::case(begun(), Expr::col(link::Column::PeriodClicks).add(1)).finally(1);
        let kept_start = Expr::case(begun(), Expr::col(link::Column::PeriodStart)).finally(start);
        let is_new = link::Column::PeriodStart.is_null().or(link::Column::PeriodStart.lt(start));
        claim = claim
            .col_expr(link::Column::PeriodClicks, clicks.into())
            .col_expr(link::Column::PeriodStart, kept_start.into())
            .filter(is_new.or(link::Column::PeriodClicks.lt(budget.0.clicks)));
    }
    Ok(claim.exec_with_returning(connection).await?.into_iter().next())
}
