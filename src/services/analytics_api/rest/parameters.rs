//! The query strings of analytics.

use serde::Deserialize;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use crate::domain::id::LinkId;
use crate::domain::time::Timestamp;
use crate::http::pagination::Limit;
use crate::infra::click_store::Dimension;
use crate::services::analytics_api::calendar::Interval;
use crate::services::analytics_api::dimension::ReportDimension;
use crate::services::analytics_api::export::ExportFormat;
use crate::services::analytics_api::request::ReportRequest;

/// What a report is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Compare {
    /// The period of the same length before.
    Previous,
}

/// The form of a file that is sent while it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum LinesFormat {
    /// Comma-separated values (RFC 4180) with a header line.
    #[default]
    Csv,
    /// One JSON object a line.
    Ndjson,
}

impl From<LinesFormat> for ExportFormat {
    fn from(format: LinesFormat) -> Self {
        match format {
            LinesFormat::Csv => Self::Csv,
            LinesFormat::Ndjson => Self::Ndjson,
        }
    }
}

/// What may be counted too, by name; several of them in one value are separated by commas.
fn include_schema() -> Array {
    let names = "(bots|previews|prefetches|heads|opted_out)";
    let item = ObjectBuilder::new().schema_type(Type::String).pattern(Some(format!("^{names}(,{names})*$")));
    ArrayBuilder::new().items(item).build()
}

/// Makes the query string of one operation: its own parameters, and those that say which clicks it is about, whenever they were.
macro_rules! filter_parameters {
    ($(#[$doc:meta])* $name:ident { $($(#[$own_doc:meta])* $own:ident: $own_type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(super) struct $name {
            $($(#[$own_doc])* pub $own: $own_type,)*
            /// Counts what is left out by default: `bots`, `previews`, `prefetches`, `heads`, `opted_out`. Repeat it, or separate by commas.
            #[serde(default)]
            #[param(schema_with = include_schema)]
            pub include: Vec<String>,
            /// Only these links, by id. This and the other filters: repeat one for any of several values; different ones
            /// hold together; an empty value stands for clicks without the property. `!` in front of a value means all clicks but
            /// those; `~` those that have the text within, where the property is free text; `\` before either of them is itself.
            #[serde(default)]
            pub link: Vec<String>,
            /// Only these domains, by id.
            #[serde(default)]
            pub domain: Vec<String>,
            /// Only links that now carry any of these tags, by name.
            #[serde(default)]
            pub tag: Vec<String>,
            /// Only these slugs as they were asked for.
            #[serde(default)]
            pub slug: Vec<String>,
            /// What was answered: `redirect` if absent, or the orphans `missing`, `gone` and `root`. Those of the default domain that
            /// belong to no link are in the reports of one workspace of the instance.
            #[serde(default)]
            pub kind: Vec<String>,
            /// Only these statuses.
            #[serde(default)]
            pub status: Vec<String>,
            /// Only these countries, such as `DE` (ISO 3166-1).
            #[serde(default)]
            pub country: Vec<String>,
            /// Only these regions, such as `DE-BY` (ISO 3166-2).
            #[serde(default)]
            pub region: Vec<String>,
            /// Only these cities.
            #[serde(default)]
            pub city: Vec<String>,
            /// Only these autonomous systems, by number.
            #[serde(default)]
            pub asn: Vec<String>,
            /// Only these kinds of device: `desktop`, `mobile`, `tablet`, `tv`, `other`.
            #[serde(default)]
            pub device: Vec<String>,
            /// Only these operating systems.
            #[serde(default)]
            pub os: Vec<String>,
            /// Only these browsers.
            #[serde(default)]
            pub browser: Vec<String>,
            /// Only these sorts of program: `human` if absent, `bot`, `preview`. Takes the place of `include` for them.
            #[serde(default)]
            pub agent: Vec<String>,
            /// Only these referring hosts, lower-case; empty for direct visits.
            #[serde(default)]
            pub referrer: Vec<String>,
            /// Only these languages, such as `de`.
            #[serde(default)]
            pub language: Vec<String>,
            /// Only these values of `utm_source`.
            #[serde(default)]
            pub utm_source: Vec<String>,
            /// Only these values of `utm_medium`.
            #[serde(default)]
            pub utm_medium: Vec<String>,
            /// Only these values of `utm_campaign`.
            #[serde(default)]
            pub utm_campaign: Vec<String>,
            /// Only these values of `utm_term`.
            #[serde(default)]
            pub utm_term: Vec<String>,
            /// Only these values of `utm_content`.
            #[serde(default)]
            pub utm_content: Vec<String>,
            /// Only these smart-link rules, by name.
            #[serde(default)]
            pub rule: Vec<String>,
            /// Only these variants of splits, by name.
            #[serde(default)]
            pub variant: Vec<String>,
            /// `true` for scans of QR codes, `false` for the rest.
            #[serde(default)]
            pub qr: Vec<String>,
        }

        impl $name {
            /// Which clicks are asked about, of no period.
            pub(super) fn of_any_time(&self) -> ReportRequest {
                let filters = ReportDimension::all().map(|dimension| (dimension, self.values_of(dimension).to_vec()));
                ReportRequest { from: None, to: None, include: self.include.clone(), filters: filters.collect() }
            }

            fn values_of(&self, dimension: ReportDimension) -> &[String] {
                let ReportDimension::Click(dimension) = dimension else { return &self.tag };
                match dimension {
                    Dimension::Link => &self.link,
                    Dimension::Domain => &self.domain,
                    Dimension::Slug => &self.slug,
                    Dimension::Kind => &self.kind,
                    Dimension::Status => &self.status,
                    Dimension::Country => &self.country,
                    Dimension::Region => &self.region,
                    Dimension::City => &self.city,
                    Dimension::Asn => &self.asn,
                    Dimension::Device => &self.device,
                    Dimension::Os => &self.os,
                    Dimension::Browser => &self.browser,
                    Dimension::Agent => &self.agent,
                    Dimension::Referrer => &self.referrer,
                    Dimension::Language => &self.language,
                    Dimension::UtmSource => &self.utm_source,
                    Dimension::UtmMedium => &self.utm_medium,
                    Dimension::UtmCampaign => &self.utm_campaign,
                    Dimension::UtmTerm => &self.utm_term,
                    Dimension::UtmContent => &self.utm_content,
                    Dimension::Rule => &self.rule,
                    Dimension::Variant => &self.variant,
                    Dimension::Qr => &self.qr,
                }
            }
        }
    };
}

/// The same for what is about a period.
macro_rules! report_parameters {
    ($(#[$doc:meta])* $name:ident { $($(#[$own_doc:meta])* $own:ident: $own_type:ty,)* }) => {
        filter_parameters! {
            $(#[$doc])*
            $name {
                $($(#[$own_doc])* $own: $own_type,)*
                /// The first moment of the period; thirty days before `to` if absent.
                #[param(nullable = false)]
                from: Option<Timestamp>,
                /// The first moment after the period; now if absent.
                #[param(nullable = false)]
                to: Option<Timestamp>,
            }
        }

        impl $name {
            /// Which clicks are asked about.
            pub(super) fn report(&self) -> ReportRequest {
                ReportRequest { from: self.from, to: self.to, ..self.of_any_time() }
            }
        }
    };
}

filter_parameters! {
    /// Of the live clicks.
    LiveParameters {}
}

report_parameters! {
    /// Of the summary.
    SummaryParameters {
        /// `previous` adds the period of the same length before.
        #[param(inline, nullable = false)]
        compare: Option<Compare>,
    }
}

report_parameters! {
    /// Of the funnel.
    FunnelParameters {}
}

report_parameters! {
    /// Of the time series.
    TimeseriesParameters {
        /// How long the buckets are; a day if absent.
        #[serde(default)]
        #[param(inline, required = false)]
        interval: Interval,
        /// Whose minutes, hours, days, weeks and months they are: an IANA name; UTC if absent.
        #[param(nullable = false, example = "Europe/Berlin")]
        time_zone: Option<String>,
        /// `previous` adds the period of the same length before.
        #[param(inline, nullable = false)]
        compare: Option<Compare>,
    }
}

report_parameters! {
    /// Of the hours of the week.
    HoursOfWeekParameters {
        /// Whose hours and days they are: an IANA name; UTC if absent.
        #[param(nullable = false, example = "Europe/Berlin")]
        time_zone: Option<String>,
    }
}

report_parameters! {
    /// Of the breakdown.
    BreakdownParameters {
        /// What clicks are told apart by.
        #[param(inline)]
        dimension: ReportDimension,
        /// How many values are listed; the rest is summed up as `other`.
        #[serde(default)]
        #[param(inline, required = false)]
        limit: Limit,
        /// `previous` adds what each listed value had in the period of the same length before.
        #[param(inline, nullable = false)]
        compare: Option<Compare>,
    }
}

report_parameters! {
    /// Of the raw clicks.
    EventsParameters {
        /// How many clicks a page has.
        #[serde(default)]
        #[param(inline, required = false)]
        limit: Limit,
        /// `next_cursor` of the page before, with the same filters.
        #[param(nullable = false)]
        cursor: Option<String>,
    }
}

report_parameters! {
    /// Of the export.
    ExportParameters {
        /// The form of the file; `csv` if absent.
        #[serde(default)]
        #[param(inline, required = false)]
        format: LinesFormat,
    }
}

/// Of the sparklines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SparklinesParameters {
    /// The links, by id: repeat it, for 1 to 100 of them.
    #[serde(default)]
    #[param(required = true, min_items = 1, max_items = 100)]
    pub link: Vec<LinkId>,
    /// Whose days they are: an IANA name; UTC if absent.
    #[param(nullable = false, example = "Europe/Berlin")]
    pub time_zone: Option<String>,
}

report_parameters! {
    /// Of what a shared page is about.
    ShareFilters {}
}

report_parameters! {
    /// Of what a file of clicks is about.
    ExportFilters {}
}
