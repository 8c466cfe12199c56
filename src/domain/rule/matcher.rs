//! The compiled form of one test. Asking it allocates nothing once a regular expression has warmed up.

use super::country::{self, CountryCode, Region};
use super::field_errors::{FieldErrors, ValueError, check_length};
use super::lists::{Listed, ListsBuilder};
use super::time_windows::TimeWindows;
use super::value_index::{FoundLists, ListNumber};
use super::{AgentClass, Device, Test, TestKind, Visitor, agent_names, language, query, referrer, user_agent};
use crate::domain::time::Timestamp;

/// What a test became.
#[derive(Debug)]
pub(super) enum Matcher {
    /// In order, for binary search.
    Countries(Box<[CountryCode]>),
    Regions(Box<[Region]>),
    Devices(Box<[Device]>),
    /// By their canonical names.
    Os(Box<[Box<str>]>),
    /// By their canonical names.
    Browsers(Box<[Box<str>]>),
    Languages(ListNumber),
    TimeWindows(TimeWindows),
    ReferrerHosts(ListNumber),
    UserAgent(Box<user_agent::Pattern>),
    Query(ListNumber),
    Bots,
}

impl Matcher {
    /// Compiles the test of the condition at `pointer`; none if that is impossible, which has then been noted.
    pub fn compile(pointer: &str, test: &Test, lists: &mut ListsBuilder, errors: &mut FieldErrors) -> Option<Self> {
        let list = &format!("{pointer}/any_of");
        Some(match test {
            Test::Countries { any_of } => {
                let mut codes = errors.check_list(list, any_of, |value| country::parse(value));
                codes.sort_unstable();
                Self::Countries(codes)
            }
            Test::Regions { any_of } => Self::Regions(errors.check_list(list, any_of, |value| Region::parse(value))),
            Test::Devices { any_of } => Self::Devices(errors.check_list(list, any_of, |device| Ok(*device))),
            Test::Os { any_of } => {
                Self::Os(errors.check_list(list, any_of, |name| parse_name(name, agent_names::canonical_os)))
            }
            Test::Browsers { any_of } => {
                Self::Browsers(errors.check_list(list, any_of, |name| parse_name(name, agent_names::canonical_browser)))
            }
            Test::Languages { any_of } => Self::Languages(
                lists.add(Listed::Languages, errors.check_list(list, any_of, |value| language::parse(value))),
            ),
            Test::TimeWindows { time_zone, any_of } => {
                Self::TimeWindows(TimeWindows::compile(pointer, time_zone, any_of, errors)?)
            }
            Test::ReferrerHosts { any_of } => {
                let domains = errors.check_list(list, any_of, |value| referrer::parse(value));
                Self::ReferrerHosts(lists.add(Listed::ReferrerHosts, domains))
            }
            Test::UserAgent { pattern } => {
                Self::UserAgent(Box::new(errors.check(format!("{pointer}/pattern"), user_agent::parse(pattern))?))
            }
            Test::Query { any_of } => {
                Self::Query(lists.add(Listed::Parameters, errors.check_list(list, any_of, |value| query::parse(value))))
            }
            Test::Bots => Self::Bots,
        })
    }

    /// Whether the test is true of this visitor, of whom the link's lists hold something, at this moment.
    pub fn fits(&self, visitor: &Visitor<'_>, found: &FoundLists, now: Timestamp) -> bool {
        match self {
            Self::Countries(codes) => visitor.country.is_some_and(|country| country::is_one_of(country, codes)),
            Self::Regions(regions) => visitor
                .country
                .zip(visitor.subdivision)
                .is_some_and(|(country, subdivision)| regions.iter().any(|region| region.is(country, subdivision))),
            Self::Devices(devices) => visitor.agent.is_some_and(|agent| devices.contains(&agent.device)),
            Self::Os(names) => visitor.agent.is_some_and(|agent| is_named(&agent.os, names)),
            Self::Browsers(names) => visitor.agent.is_some_and(|agent| is_named(&agent.browser, names)),
            Self::Languages(list) | Self::ReferrerHosts(list) | Self::Query(list) => found.contain(*list),
            Self::TimeWindows(windows) => windows.contain(now),
            Self::UserAgent(pattern) => pattern.is_in(visitor.user_agent),
            Self::Bots => is_bot(visitor),
        }
    }

    /// What the test looks at in this visitor, for people; none if it is unknown or absent.
    pub fn observe(&self, visitor: &Visitor<'_>, now: Timestamp) -> Option<String> {
        let seen = match self {
            Self::Countries(_) => visitor.country?.to_owned(),
            Self::Regions(_) => format!("{}-{}", visitor.country?, visitor.subdivision?),
            Self::Devices(_) => format!("{:?}", visitor.agent?.device).to_lowercase(),
            Self::Os(_) => visitor.agent?.os.to_string(),
            Self::Browsers(_) => visitor.agent?.browser.to_string(),
            Self::Languages(_) => language::preferred(visitor.accept_language)?.to_owned(),
            Self::TimeWindows(windows) => {
                format!("{} {}", windows.local(now)?.format("%A %Y-%m-%d %H:%M"), windows.zone())
            }
            Self::ReferrerHosts(_) => referrer::host_of(visitor.referrer)?.to_owned(),
            Self::UserAgent(_) => visitor.user_agent.to_owned(),
            Self::Query(_) => visitor.query.to_owned(),
            Self::Bots => match visitor.agent {
                _ if visitor.prefetch => "prefetch".to_owned(),
                Some(agent) => format!("{:?}", agent.class).to_lowercase(),
                None => return None,
            },
        };
        Some(seen).filter(|seen| !seen.is_empty())
    }

    /// The kind of test that this was.
    pub const fn kind(&self) -> TestKind {
        match self {
            Self::Countries(_) => TestKind::Countries,
            Self::Regions(_) => TestKind::Regions,
            Self::Devices(_) => TestKind::Devices,
            Self::Os(_) => TestKind::Os,
            Self::Browsers(_) => TestKind::Browsers,
            Self::Languages(_) => TestKind::Languages,
            Self::TimeWindows(_) => TestKind::TimeWindows,
            Self::ReferrerHosts(_) => TestKind::ReferrerHosts,
            Self::UserAgent(_) => TestKind::UserAgent,
            Self::Query(_) => TestKind::Query,
            Self::Bots => TestKind::Bots,
        }
    }

    /// Memory on the heap, in bytes, without what is in the link's lists; for a regular expression the most that it may take.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Countries(codes) => size_of_val::<[CountryCode]>(codes),
            Self::Regions(regions) => size_of_val::<[Region]>(regions) + 3 * regions.len(),
            Self::Devices(devices) => size_of_val::<[Device]>(devices),
            Self::Os(names) | Self::Browsers(names) => names.iter().map(|name| size_of_val(name) + name.len()).sum(),
            Self::TimeWindows(windows) => windows.heap_bytes(),
            Self::UserAgent(pattern) => pattern.heap_bytes(),
            Self::Languages(_) | Self::ReferrerHosts(_) | Self::Query(_) | Self::Bots => 0,
        }
    }
}

fn parse_name(name: &str, canonical: fn(&str) -> &str) -> Result<Box<str>, ValueError> {
    check_length(name.trim()).map(|name| canonical(name).into())
}

fn is_named(name: &str, names: &[Box<str>]) -> bool {
    names.iter().any(|listed| listed.eq_ignore_ascii_case(name))
}

fn is_bot(visitor: &Visitor<'_>) -> bool {
    visitor.prefetch || visitor.agent.is_some_and(|agent| matches!(agent.class, AgentClass::Bot | AgentClass::Preview))
}
