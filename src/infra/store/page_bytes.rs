//! Pages of rows whose length nobody limits closer: they are bounded in bytes as well as in rows, and have at least one row.

use sea_orm::sea_query::{Expr, Func, SimpleExpr};
use sea_orm::{ColumnTrait, ExprTrait, FromQueryResult, QuerySelect, Select};

use super::Connection;
use crate::domain::error::Result;

/// What the texts of the rows of a page hold together, in bytes, unless it has a single row.
const PAGE_BYTES_MAX: i64 = 1024 * 1024;

#[derive(FromQueryResult)]
struct Length {
    sequence: i64,
    bytes: i64,
}

/// How far a page goes.
pub(super) struct PageEnd {
    /// The number of its last row.
    pub(super) sequence: i64,
    /// Whether it ends before the last row that was asked for.
    pub(super) is_cut: bool,
}

/// Where a page of these rows ends, whose numbers are in `sequence` and whose long texts are in `texts`. `None` without rows.
///
/// # Errors
/// Only those of the database.
pub(super) async fn end<E, C>(
    connection: &impl Connection,
    rows: Select<E>,
    sequence: C,
    texts: &[C],
) -> Result<Option<PageEnd>>
where
    E: sea_orm::EntityTrait,
    C: ColumnTrait,
{
    let none = || Expr::cust("0");
    let bytes = texts.iter().fold(none(), |sum, text| {
        let length = Func::cust("octet_length").arg(Expr::col((text.entity_name(), *text)));
        sum.add(Func::coalesce([SimpleExpr::from(length), none()]))
    });
    let lengths = rows
        .select_only()
        .column_as(sequence, "sequence")
        .expr_as(bytes.cast_as("BIGINT"), "bytes")
        .into_model::<Length>()
        .all(connection)
        .await?;
    Ok(end_of(&lengths))
}

fn end_of(rows: &[Length]) -> Option<PageEnd> {
    let mut bytes = 0_i64;
    let fits = |row: &&Length| {
        bytes = bytes.saturating_add(row.bytes);
        bytes <= PAGE_BYTES_MAX
    };
    let count = rows.iter().take_while(fits).count().max(1);
    let last = rows.get(count.saturating_sub(1))?;
    Some(PageEnd { sequence: last.sequence, is_cut: count < rows.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_before_the_row_that_makes_it_too_long_and_has_at_least_one() {
        let end = |lengths: &[i64]| {
            let rows: Vec<Length> =
                (1..).zip(lengths).map(|(sequence, bytes)| Length { sequence, bytes: *bytes }).collect();
            end_of(&rows).map(|end| (end.sequence, end.is_cut))
        };
        assert_eq!(end(&[]), None);
        assert_eq!(end(&[10, 20]), Some((2, false)));
        assert_eq!(end(&[PAGE_BYTES_MAX, 1, 1]), Some((1, true)));
        assert_eq!(end(&[PAGE_BYTES_MAX + 1]), Some((1, false)));
        assert_eq!(end(&[PAGE_BYTES_MAX + 1, 1]), Some((1, true)));
        assert_eq!(end(&[1, i64::MAX, 1]), Some((1, true)));
    }
}
