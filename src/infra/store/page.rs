//! Lists by key set: a page starts after the last row of the page before, wherever that row has gone since.

use sea_orm::sea_query::{Expr, Order};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use crate::domain::time::Timestamp;

/// Where a row stands in a list: its time, then its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The time that the list is sorted by.
    pub time: Timestamp,
    /// Tells rows of one time apart.
    pub id: Uuid,
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The last row of the page before; none for the first page.
    pub after: Option<Position>,
    /// At most this many rows.
    pub limit: u64,
}

/// The page of a list that is sorted by `time` and then `id`, newest first.
pub(super) fn newest_first<E: EntityTrait>(
    query: Select<E>,
    time: impl ColumnTrait,
    id: impl ColumnTrait,
    page: Page,
) -> Select<E> {
    sorted(query, time, id, Order::Desc, page)
}

/// The page of a list that is sorted by `time` and then `id`.
pub(super) fn sorted<E: EntityTrait>(
    query: Select<E>,
    time: impl ColumnTrait,
    id: impl ColumnTrait,
    order: Order,
    page: Page,
) -> Select<E> {
    // As one comparison of rows, which is a range of an index; with OR between its parts it would be a filter of all rows before.
    let query = match page.after {
        None => query,
        Some(last) => {
            let row = Expr::tuple([time.into_expr(), id.into_expr()]);
            let last = Expr::tuple([Expr::value(last.time), Expr::value(last.id)]);
            query.filter(if order == Order::Asc { row.gt(last) } else { row.lt(last) })
        }
    };
    query.order_by(time, order.clone()).order_by(id, order).limit(page.limit)
}
