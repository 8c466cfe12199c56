//! Rules as people write them, in the API's JSON and in the records that edges keep.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::condition_fields::ConditionFields;
use super::outcome_fields::OutcomeFields;
use crate::domain::url::Destination;

/// One rule of a smart link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Names the rule in analytics: 1 to 64 characters, unique within the link.
    #[schema(min_length = 1, max_length = 64, example = "German phones")]
    pub name: String,
    /// All must be true. An empty list is always true.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub conditions: Vec<Condition>,
    /// Where the visitors go for whom all conditions are true.
    pub outcome: Outcome,
}

/// One condition: what is asked of the visitor, and whether the response is turned round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ConditionFields")]
pub struct Condition {
    /// What is asked.
    #[serde(flatten)]
    pub test: Test,
    /// Whether the condition is true exactly where the test is not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub negate: bool,
}

/// What is asked of a visitor. Each is true if any listed value fits, and false if the visitor's side of it is unknown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Test {
    /// The visitor's country.
    Countries {
        /// ISO 3166-1 alpha-2 codes in capital letters, 1 to 300.
        any_of: Vec<String>,
    },
    /// The visitor's part of a country.
    Regions {
        /// ISO 3166-2 codes such as `DE-BY`, 1 to 300.
        any_of: Vec<String>,
    },
    /// The visitor's kind of device.
    Devices {
        /// Kinds of device, 1 to 300.
        any_of: Vec<Device>,
    },
    /// The visitor's operating system.
    Os {
        /// Names in any case: `iOS`, `Android`, `Windows`, `macOS`, `Linux`… 1 to 300.
        any_of: Vec<String>,
    },
    /// The visitor's browser.
    Browsers {
        /// Names in any case: `Chrome`, `Safari`, `Firefox`, `Edge`… 1 to 300.
        any_of: Vec<String>,
    },
    /// The visitor's most preferred language.
    Languages {
        /// Language tags (RFC 5646), 1 to 300; `en` fits `en-GB`. `no` is `nb`, `iw` is `he`, `in` is `id`, `ji` is `yi`, `zh-TW` is
        /// `zh-Hant` and `zh-CN` is `zh-Hans`.
        any_of: Vec<String>,
    },
    /// Weekly or dated windows, by the clocks of a time zone.
    TimeWindows {
        /// IANA name, such as `Europe/Berlin`.
        time_zone: String,
        /// The windows, 1 to 300.
        any_of: Vec<TimeWindow>,
    },
    /// The page that the visitor comes from.
    ReferrerHosts {
        /// Host names, 1 to 300; `example.com` fits whatever is under it too, and `www.example.com` fits `example.com`.
        any_of: Vec<String>,
    },
    /// The `User-Agent` header.
    UserAgent {
        /// A regular expression that the header contains, in any case; at most 512 characters.
        pattern: String,
    },
    /// The query string of the short link.
    Query {
        /// `key` (present) or `key=value` (present with this value), not percent-encoded, 1 to 300.
        any_of: Vec<String>,
    },
    /// Bots, link previews and prefetches.
    Bots,
}

/// A stretch of time, by the clocks of the condition's time zone. What is left out does not limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeWindow {
    /// Days of the week on which the window begins; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 7)]
    pub days: Vec<Weekday>,
    /// `HH:MM`, inclusive; the start of the day if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "09:00")]
    pub from: Option<String>,
    /// `HH:MM`, exclusive; the end of the day if left out. If it is before `from`, the window passes midnight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "17:30")]
    pub until: Option<String>,
    /// The first date on which the window begins, `YYYY-MM-DD`, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date", example = "2026-12-01")]
    pub first_date: Option<String>,
    /// The last date on which the window begins, `YYYY-MM-DD`, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date", example = "2026-12-24")]
    pub last_date: Option<String>,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it all")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// A kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// A personal computer.
    Desktop,
    /// A phone.
    Mobile,
    /// A tablet.
    Tablet,
    /// A television or a console.
    Tv,
    /// Anything else, or unknown.
    Other,
}

/// Where the visitors of a rule go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", try_from = "OutcomeFields")]
pub enum Outcome {
    /// All to one place.
    Destination {
        /// An absolute URL, at most 8 KiB.
        destination_url: Destination,
    },
    /// Each visitor to one of several, always the same one, in proportion to the weights.
    Split {
        /// The places, 1 to 20; at least one has a weight above 0.
        variants: Vec<Variant>,
    },
}

/// One destination of a split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Names the variant in analytics: 1 to 64 characters, unique within the split.
    #[schema(min_length = 1, max_length = 64, example = "New page")]
    pub name: String,
    /// Its share in proportion to the other weights, 0 to 10,000.
    #[schema(maximum = 10_000, example = 50)]
    pub weight: u32,
    /// Where its visitors go: an absolute URL, at most 8 KiB.
    #[schema(value_type = String, format = "uri", max_length = 8192, example = "https://example.com/new")]
    pub destination_url: Destination,
}
