//! Smart-link rules: an ordered list; the first rule whose conditions are all
//! true wins; if none matches, the link's own destination is used.

use serde::{Deserialize, Serialize};

use super::url::Destination;

/// The most rules that one link may have.
pub const RULES_MAX: usize = 50;
/// The most conditions that one rule may have.
pub const CONDITIONS_MAX: usize = 20;
/// The most values that one condition may list.
pub const VALUES_MAX: usize = 300;
/// The most destinations that one split may have.
pub const VARIANTS_MAX: usize = 20;

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Names the rule in analytics: 1 to 64 characters, unique within the link.
    pub name: String,
    /// All must be true. An empty list is always true.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// Where visitors that it matches go.
    pub outcome: Outcome,
}

/// One condition: what is asked of the visitor, and whether the answer is turned round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// True where the test is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub negate: bool,
    /// The test.
    #[serde(flatten)]
    pub test: Test,
}

/// What is asked of a visitor. Each is true if any listed value fits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Test {
    /// ISO 3166-1 alpha-2 codes.
    Countries { any_of: Vec<String> },
    /// ISO 3166-2 codes such as `DE-BY`.
    Regions { any_of: Vec<String> },
    /// Kinds of device.
    Devices { any_of: Vec<Device> },
    /// Operating systems by name, in any case: `iOS`, `Android`, `Windows`, `macOS`, `Linux`…
    Os { any_of: Vec<String> },
    /// Browsers by name, in any case: `Chrome`, `Safari`, `Firefox`, `Edge`…
    Browsers { any_of: Vec<String> },
    /// Language tags (RFC 5646); `en` fits `en-GB`. Only the visitor's most preferred language counts.
    Languages { any_of: Vec<String> },
    /// Weekly or dated windows in a time zone.
    TimeWindows {
        /// IANA name, such as `Europe/Berlin`.
        time_zone: String,
        any_of: Vec<TimeWindow>,
    },
    /// Host names; `example.com` fits `www.example.com` too.
    ReferrerHosts { any_of: Vec<String> },
    /// A regular expression over the `User-Agent` header, in any case.
    UserAgent { pattern: String },
    /// `key` (present) or `key=value` (present with this value).
    Query { any_of: Vec<String> },
    /// Bots, link previews and prefetches.
    Bots,
}

/// A stretch of time. What is left out does not limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeWindow {
    /// Days of the week; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Weekday>,
    /// `HH:MM` local time, inclusive. With `until` before `from`, the window passes midnight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// `HH:MM` local time, exclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// First local date, `YYYY-MM-DD`, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_date: Option<String>,
    /// Last local date, `YYYY-MM-DD`, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_date: Option<String>,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// All to one place.
    Destination { destination_url: Destination },
    /// Each visitor to one of several, always the same one, in proportion to the weights.
    Split { variants: Vec<Variant> },
}

/// One destination of a split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Names the variant in analytics: 1 to 64 characters, unique within the split.
    pub name: String,
    /// Its share in proportion to the other weights, 0 to 10,000.
    pub weight: u32,
    /// Where its visitors go.
    pub destination_url: Destination,
}

/// What a rule may ask about a visitor. Facts that no rule of a link asks for may be left out.
#[derive(Debug, Clone, Copy)]
pub struct Visitor<'a> {
    /// ISO 3166-1 alpha-2 code.
    pub country: Option<&'a str>,
    /// ISO 3166-2 code.
    pub region: Option<&'a str>,
    /// The `User-Agent` header, empty if absent.
    pub user_agent: &'a str,
    /// What the user agent was found to be.
    pub agent: Option<&'a Agent>,
    /// The `Accept-Language` header, empty if absent.
    pub accept_language: &'a str,
    /// The `Referer` header, empty if absent.
    pub referrer: &'a str,
    /// The raw query string without `?`, empty if absent.
    pub query: &'a str,
    /// Whether the request says that it is a prefetch (`Sec-Purpose`, `Purpose`).
    pub prefetch: bool,
    /// Equal for the same visitor of the same link; chooses the variant of a split.
    pub visitor_hash: u64,
}

/// What a user agent was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Kind of device.
    pub device: Device,
    /// Operating system, such as `iOS`; empty if unknown.
    pub os: Box<str>,
    /// Browser, such as `Mobile Safari`; empty if unknown.
    pub browser: Box<str>,
    /// What sort of program it is.
    pub class: AgentClass,
}

/// What sort of program sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentClass {
    /// A person's browser or app.
    Human,
    /// A crawler, a monitor or a script.
    Bot,
    /// A messenger or a social network that makes a preview of the link.
    Preview,
}
