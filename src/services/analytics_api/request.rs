//! What a caller asks about, checked as a whole: every error is told at once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::dimension::{ReportDimension, TAG};
use crate::domain::error::{Error, FieldError, Result};
use crate::domain::folded_text::name_key;
use crate::domain::id::WorkspaceId;
use crate::domain::query_limits::QueryLimits;
use crate::domain::time::Timestamp;
use crate::infra::click_store::{Dimension, Filter, Include, Period, Selection};

/// The period where the request names none: the last thirty days.
const PERIOD_DEFAULT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The most values of one filter.
const VALUES_MAX: usize = 100;

/// Which clicks, as the caller puts it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ReportRequest {
    /// The first moment; thirty days before `to` if absent.
    pub from: Option<Timestamp>,
    /// The first moment after the period; now if absent.
    pub to: Option<Timestamp>,
    /// What is counted although it is left out by default; each may be a list with commas.
    pub include: Vec<String>,
    /// Values of dimensions; any value of one and all dimensions together. An empty value is a click without the property, `!` in front
    /// of a value means all clicks but those, `~` those that have the text within, `\` before either of them itself.
    pub filters: Vec<(ReportDimension, Vec<String>)>,
}

/// Which clicks, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The clicks, apart from the tags of their links.
    pub selection: Selection,
    /// Names of tags of which the link must carry one, lower-case; empty if any link will do.
    pub tags: Vec<String>,
    /// Names of tags of which the link must carry none.
    pub tags_not: Vec<String>,
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
        let (mut tags, mut tags_not) = (Vec::new(), Vec::new());
        for (dimension, values) in self.filters.iter().filter(|(_, values)| !values.is_empty()) {
            if values.len() > VALUES_MAX {
                let message = format!("a filter has at most {VALUES_MAX} values");
                errors.push(field_error(dimension.as_str(), "too_many_values", message));
                continue;
            }
            match dimension {
                ReportDimension::Tag => {
                    for wanted in values.iter().map(|text| Wanted::read(text)) {
                        let names = if wanted.negated { &mut tags_not } else { &mut tags };
                        names.extend(wanted.tag(&mut errors));
                    }
                }
                ReportDimension::Click(dimension) => filters.extend(both_filters(*dimension, values, &mut errors)),
            }
        }
        if errors.is_empty() {
            let (hidden_links, limits) = (Vec::new(), QueryLimits::default());
            let selection = Selection { workspace_id, period, include, filters, hidden_links, limits };
            return Ok(Report { selection, tags, tags_not });
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
                "opted_out" => include.opted_out = true,
                _ => {
                    let message = "expected any of bots, previews, prefetches, heads, opted_out";
                    errors.push(field_error("include", "invalid_value", message));
                }
            }
        }
        include
    }
}

/// One value of a filter, as it was written.
struct Wanted<'a> {
    negated: bool,
    is_part: bool,
    text: &'a str,
}

impl<'a> Wanted<'a> {
    fn read(written: &'a str) -> Self {
        let (negated, rest) = written.strip_prefix('!').map_or((false, written), |rest| (true, rest));
        let (is_part, rest) = rest.strip_prefix('~').map_or((false, rest), |rest| (true, rest));
        let unescaped = rest.strip_prefix('\\').filter(|text| text.starts_with(['!', '~', '\\']));
        Self { negated, is_part, text: unescaped.unwrap_or(rest) }
    }

    /// The key of a tag's name.
    fn tag(&self, errors: &mut Vec<FieldError>) -> Option<String> {
        if self.is_part {
            errors.push(field_error(TAG, "invalid_value", "tags are named whole: leave ~ out"));
            return None;
        }
        Some(name_key(self.text))
    }

    /// Adds the value to a filter. An empty one stands for the absence of the property.
    fn add_to(&self, filter: &mut Filter) -> std::result::Result<(), String> {
        match filter.dimension.parse_value(self.text) {
            _ if self.is_part && !filter.dimension.is_free_text() => {
                return Err("only free text has parts: leave ~ out".to_owned());
            }
            _ if self.is_part && self.text.is_empty() => return Err("write the text to look for after ~".to_owned()),
            _ if self.text.is_empty() => filter.any_of.push(None),
            Err(error) => return Err(error.to_string()),
            Ok(_) if self.is_part => filter.any_part.push(self.text.into()),
            Ok(value) => filter.any_of.push(Some(value)),
        }
        Ok(())
    }
}

/// The filter on the values that are wanted and the one on those that are not, where there are any.
fn both_filters(
    dimension: Dimension,
    values: &[String],
    errors: &mut Vec<FieldError>,
) -> impl Iterator<Item = Filter> + use<> {
    let wanted = Filter::any_of(dimension, Vec::new());
    let mut filters = [wanted.clone(), Filter { negated: true, ..wanted }];
    for value in values.iter().map(|text| Wanted::read(text)) {
        let [wanted, unwanted] = &mut filters;
        let filter = if value.negated { unwanted } else { wanted };
        if let Err(message) = value.add_to(filter) {
            errors.push(field_error(dimension.as_str(), "invalid_value", message));
        }
    }
    filters.into_iter().filter(|filter| !filter.any_of.is_empty() || !filter.any_part.is_empty())
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
    use crate::infra::click_store::Value;

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
        let include = Include { bots: true, previews: true, heads: true, ..Include::default() };
        assert_eq!(report.selection.include, include);
        let any_of = vec![Some(Value::Text("DE".into())), None];
        assert_eq!(report.selection.filters, [Filter::any_of(Dimension::Country, any_of)]);
        assert_eq!(report.tags, ["summer"]);
    }

    #[test]
    fn values_are_left_out_and_looked_for_within_others() {
        let request = ReportRequest {
            filters: vec![
                (ReportDimension::Click(Dimension::Country), values(&["!de", "!"])),
                (ReportDimension::Click(Dimension::Referrer), values(&["~News", "example.com", "!~spam"])),
                (ReportDimension::Click(Dimension::UtmSource), values(&["\\!a", "\\~b", "\\\\c", "\\d"])),
                (ReportDimension::Tag, values(&["Summer", "!Winter"])),
            ],
            ..ReportRequest::default()
        };
        let report = check(&request).expect("a report");
        let text = |text: &str| Some(Value::Text(text.into()));
        let negated = |filter| Filter { negated: true, ..filter };
        let containing = |part: &str, filter| Filter { any_part: vec![part.into()], ..filter };
        let expected = [
            negated(Filter::any_of(Dimension::Country, vec![text("DE"), None])),
            containing("News", Filter::any_of(Dimension::Referrer, vec![text("example.com")])),
            negated(containing("spam", Filter::any_of(Dimension::Referrer, Vec::new()))),
            Filter::any_of(Dimension::UtmSource, vec![text("!a"), text("~b"), text("\\c"), text("\\d")]),
        ];
        assert_eq!(report.selection.filters, expected);
        assert_eq!((report.tags, report.tags_not), (values(&["summer"]), values(&["winter"])));
        for (dimension, wrong) in [
            (ReportDimension::Click(Dimension::Country), "~D"),
            (ReportDimension::Click(Dimension::Link), "!~lnk"),
            (ReportDimension::Click(Dimension::City), "~"),
            (ReportDimension::Tag, "~sum"),
        ] {
            let request = ReportRequest { filters: vec![(dimension, values(&[wrong]))], ..ReportRequest::default() };
            assert_eq!(check(&request).expect_err("an error").fields[0].pointer, dimension.as_str());
        }
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
