//! Which clicks a file or a report is about, as the query string in its draft.

use super::parameters::{ExportFilters, LiveParameters};
use crate::domain::error::{Error, Result};
use crate::http::extract::parse_query;
use crate::services::analytics_api::request::ReportRequest;
use crate::services::analytics_api::shared_report::in_filters;

/// The longest text of filters, in characters.
const FILTERS_MAX: usize = 4_000;

/// Of a file, with its period.
///
/// # Errors
/// It is too long, or cannot be understood.
pub(in crate::services::analytics_api) fn of_export(text: &str) -> Result<ReportRequest> {
    require_short(text)?;
    let filters: ExportFilters = parse_query(text.trim()).map_err(in_filters)?;
    Ok(filters.report())
}

/// Of a report, which has the periods of its own.
///
/// # Errors
/// It is too long, or cannot be understood.
pub(in crate::services::analytics_api) fn of_report(text: &str) -> Result<ReportRequest> {
    require_short(text)?;
    let filters: LiveParameters = parse_query(text.trim()).map_err(in_filters)?;
    Ok(filters.of_any_time())
}

/// Errors in fields are those of the filters.
pub(in crate::services::analytics_api) fn of_filters(error: Error) -> Error {
    if error.fields.is_empty() { error } else { in_filters(error) }
}

fn require_short(text: &str) -> Result<()> {
    match text.chars().count() > FILTERS_MAX {
        true => Err(Error::invalid_field("/filters", "too_long", format!("at most {FILTERS_MAX} characters"))),
        false => Ok(()),
    }
}
