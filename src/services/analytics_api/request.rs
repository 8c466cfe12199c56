//! What a caller asks about, checked as a whole: every error is told at once.

use std::time::Duration;

use serde::Serialize;

use super::dimension::ReportDimension;
use crate::domain::error::{Error, FieldError, Result};
use crate::domain::folded_text::name_key;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::infra::click_store::{Dimension, Filter, Include, Period, Selection, Value};

/// The period where the request names none: the last thirty days.
const PERIOD_DEFAULT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The most values of one filter.
const VALUES_MAX: usize = 100;

/// Which clicks, as the caller puts it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ReportRequest {
    /// The first moment; thirty days before `to` if absent.
    pub from: Option<Timestamp>,
    /// The first moment after the period; now if absent.
    pub to: Option<Timestamp>,
    /// What is counted although it is left out by default; each may be a list with commas.
    pub include: Vec<String>,
    /// Values of dimensions; any value of one and all dimensions together. An empty value is a click without the property.
    pub filters: Vec<(ReportDimension, Vec<String>)>,
}

/// Which clicks, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The clicks, apart from the tags of their links.
    pub selection: Selection,
    /// Names of tags of which the link must carry one, lower-case; empty if any link will do.
    pub tags: Vec<String>,
}

impl ReportRequest {
    /// Checks the request of somebody who may see this workspace.
    ///
    /// # Errors
    /// Names every parameter at fault.
    pub fn check(&self, workspace_id: WorkspaceId, now: Timestamp) -> Result<Report> {
        let mut errors = Vec::new();
        let period = self.period(now, &mut errors);
        let include = self.include(&mut errors);
        let mut filters = Vec::new();
        let mut tags = Vec::new();
        for (dimension, values) in self.filters.iter().filter(|(_, values)| !values.is_empty()) {
            if values.len() > VALUES_MAX {
                let message = format!("a filter has at most {VALUES_MAX} values");
                errors.push(field_error(dimension.as_str(), "too_many_values", message));
                continue;
            }
            match dimension {
                ReportDimension::Tag => tags.extend(values.iter().map(|name| name_key(name))),
                ReportDimension::Click(dimension) => filters.push(filter(*dimension, values, &mut errors)),
            }
        }
        if errors.is_empty() {
            let selection = Selection { workspace_id, period, include, filters, hidden_links: Vec::new() };
            return Ok(Report { selection, tags });
        }
        Err(Error::invalid_fields(errors))
    }

    fn period(&self, now: Timestamp, errors: &mut Vec<FieldError>) -> Period {
        let to = self.to.unwrap_or(now);
        let from = self.from.unwrap_or_else(|| to.minus(PERIOD_DEFAULT));
        if from >= to {
            errors.push(field_error("from", "invalid_period", "from must be before to"));
        }
        Period { from, to }
    }

    fn include(&self, errors: &mut Vec<FieldError>) -> Include {
        let mut include = Include::default();
        for name in self.include.iter().flat_map(|list| list.split(',')).map(str::trim) {
            match name {
                "bots" => include.bots = true,
                "previews" => include.previews = true,
                "prefetches" => include.prefetches = true,
                "heads" => include.heads = true,
                _ => {
                    let message = "expected any of bots, previews, prefetches, heads";
                    errors.push(field_error("include", "invalid_value", message));
                }
            }
        }
        include
    }
}

/// An empty value stands for the absence of the property.
fn filter(dimension: Dimension, values: &[String], errors: &mut Vec<FieldError>) -> Filter {
    let mut any_of: Vec<Option<Value>> = Vec::with_capacity(values.len());
    for text in values {
        match dimension.parse_value(text) {
            _ if text.is_empty() => any_of.push(None),
            Ok(value) => any_of.push(Some(value)),
            Err(error) => errors.push(field_error(dimension.as_str(), "invalid_value", error.to_string())),
        }
    }
    Filter { dimension, any_of }
}

fn field_error(parameter: &str, code: &'static str, message: impl Into<String>) -> FieldError {
    FieldError { pointer: parameter.to_owned(), code, message: message.into() }
}

/// The period of the same length that ends where this one starts.
#[must_use]
pub fn previous(period: Period) -> Period {
    Period { from: period.from.minus(period.to.since(period.from)), to: period.from }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn check(request: &ReportRequest) -> Result<Report> {
        request.check(WorkspaceId::new(), at("2026-05-31T00:00:00Z"))
    }

    fn values(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nothing_asked_is_the_last_thirty_days_of_people() {
        let selection = check(&ReportRequest::default()).expect("a report").selection;
        assert_eq!(selection.period, Period { from: at("2026-05-01T00:00:00Z"), to: at("2026-05-31T00:00:00Z") });
        assert_eq!(selection.include, Include::default());
        assert_eq!(selection.filters, []);
    }

    #[test]
    fn the_previous_period_is_as_long_and_ends_where_this_one_starts() {
        let period = Period { from: at("2026-05-01T00:00:00Z"), to: at("2026-05-08T00:00:00Z") };
        assert_eq!(previous(period), Period { from: at("2026-04-24T00:00:00Z"), to: at("2026-05-01T00:00:00Z") });
    }

    #[test]
    fn filters_and_inclusions_are_understood() {
        let request = ReportRequest {
            include: values(&["bots,previews", "heads"]),
            filters: vec![
                (ReportDimension::Click(Dimension::Country), values(&["de", ""])),
                (ReportDimension::Tag, values(&["Summer"])),
                (ReportDimension::Click(Dimension::Os), Vec::new()),
            ],
            ..ReportRequest::default()
        };
        let report = check(&request).expect("a report");
        assert_eq!(report.selection.include, Include { bots: true, previews: true, prefetches: false, heads: true });
        let any_of = vec![Some(Value::Text("DE".into())), None];
        assert_eq!(report.selection.filters, [Filter { dimension: Dimension::Country, any_of }]);
        assert_eq!(report.tags, ["summer"]);
    }

    #[test]
    fn every_error_is_told_with_its_parameter() {
        let request = ReportRequest {
            from: Some(at("2026-06-01T00:00:00Z")),
            include: values(&["robots"]),
            filters: vec![
                (ReportDimension::Click(Dimension::Device), values(&["phone", "mobile"])),
                (ReportDimension::Click(Dimension::City), vec!["x".into(); VALUES_MAX + 1]),
            ],
            ..ReportRequest::default()
        };
        let error = check(&request).expect_err("errors");
        let parameters: Vec<_> = error.fields.iter().map(|field| field.pointer.as_str()).collect();
        assert_eq!(parameters, ["from", "include", "device", "city"]);
    }
}
